//! The flags of `serve`, as clap reads them.

use std::path::PathBuf;

use clap::Args;

use crate::admission::Mode;
use crate::admission::outcome::mode::OnDifference;
use crate::cli::serve::serve_settings::namespace_override::NamespaceOverride;
use crate::cli::serve::serve_settings::ports::PortArgs;
use crate::telemetry::log::LogFormat;

/// Answer AdmissionReviews over HTTPS
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Read policies and directory documents from this folder
    #[arg(long, value_name = "DIR")]
    pub(super) config_dir: Option<PathBuf>,
    /// Judge by the candidate in this folder as well, which decides nothing
    #[arg(long, value_name = "DIR", requires = "config_dir")]
    pub(super) candidate_dir: Option<PathBuf>,
    /// Read them from the ConfigMaps of this namespace that are labelled ramgate.io/config
    #[arg(long, value_name = "NS")]
    pub(super) namespace: Option<String>,
    #[command(flatten)]
    pub(super) ports: PortArgs,
    /// What a denial does: enforce, warn or audit
    #[arg(long, default_value_t = Mode::Warn)]
    pub(super) mode: Mode,
    /// What a denial does in one namespace
    #[arg(long, value_name = "NS=MODE")]
    pub(super) namespace_mode: Vec<NamespaceOverride<Mode>>,
    /// Effect of containers that differ from the stamp of a controller's pod: record or refuse
    #[arg(long, value_name = "record|refuse", default_value_t = OnDifference::Record)]
    pub(super) stamp_contents: OnDifference,
    /// That effect in one namespace
    #[arg(long, value_name = "NS=record|refuse")]
    pub(super) namespace_stamp_contents: Vec<NamespaceOverride<OnDifference>>,
    /// Answer SubjectAccessReviews at /authorize too: deny reading of pods on ECI that RAM would not show
    #[arg(long)]
    pub(super) authorize: bool,
    /// Milliseconds in which every review is answered; keep it below timeoutSeconds of the webhooks
    #[arg(long, value_name = "MS", default_value_t = 2500)]
    pub(super) deadline: u64,
    /// Reviews evaluated at a time; more are denied as overload
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub(super) max_inflight: usize,
    /// Milliseconds to go on serving after SIGTERM, until no API server comes here any more
    #[arg(long, value_name = "MS", default_value_t = 5000)]
    pub(super) shutdown_delay_ms: u64,
    /// Certificate chain, PEM; followed when it changes
    #[arg(long, value_name = "FILE")]
    pub(super) tls_cert_file: Option<PathBuf>,
    /// Private key of the certificate, PEM
    #[arg(long, value_name = "FILE")]
    pub(super) tls_key_file: Option<PathBuf>,
    /// Secret in the namespace for the self-made CA that all replicas share; made if there is none
    #[arg(long, value_name = "NAME")]
    pub(super) tls_secret: Option<String>,
    /// DNS name or IP address of the self-made certificate [default: localhost, 127.0.0.1, ::1]
    #[arg(long, value_name = "NAME")]
    pub(super) tls_name: Vec<String>,
    /// Name of ramgate's webhook configurations: their rules say which carriers may be trusted, and caBundle is kept in
    /// step with the self-made CA
    #[arg(long, value_name = "NAME")]
    pub(super) webhook_configuration: Option<String>,
    /// ConfigMap in the namespace in which the chart left digests of the webhook entries: the live ones are compared with it
    #[arg(long, value_name = "NAME")]
    pub(super) installed_webhooks: Option<String>,
    /// ConfigMap in the namespace without whose section `cluster` no configuration is complete: the chart renders it
    #[arg(long, value_name = "NAME")]
    pub(super) cluster_config: Option<String>,
    /// Seconds after which a replica whose watches the API server does not answer is not ready any more
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(super) stale_after: u64,
    /// Secret in the namespace for the keys of stamps, which all replicas share; made if there is none
    #[arg(long, value_name = "NAME", default_value = "ramgate-stamp")]
    pub(super) stamp_secret: String,
    /// Seconds of life after which this replica lets stamps be written in their second form, where the Secret is that of an
    /// older version: longer than a roll-out takes, since older replicas read the first form alone
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    pub(super) stamp_upgrade_after: u64,
    /// Regular expression of the whole name of real nodes, as the webhook rules have it: a virtual node with such a name
    /// is an alarm
    #[arg(long, value_name = "REGEX")]
    pub(super) real_node_names: Option<String>,
    /// Write the self-made CA certificate to this file, PEM
    #[arg(long, value_name = "FILE")]
    pub(super) ca_file: Option<PathBuf>,
    /// How log lines are written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Json)]
    pub(super) log_format: LogFormat,
    /// Which log lines are written: a level, or a filter such as info,ramgate=debug
    #[arg(long, value_name = "FILTER", default_value = "info")]
    pub(super) log_level: String,
}
