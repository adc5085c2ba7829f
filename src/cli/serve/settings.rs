//! The flags of `serve`, checked together: every mistake is told at once.

pub(crate) mod in_namespace;
pub(crate) mod ports;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use regex::Regex;
use tracing_subscriber::EnvFilter;

use crate::admission::outcome::mode::StampContents;
use crate::admission::{Mode, Modes};
use crate::authorization::Exempt;
use crate::cli::serve::settings::in_namespace::{InNamespace, by_namespace};
pub(super) use crate::cli::serve::settings::ports::ClientAuthority;
use crate::cli::serve::settings::ports::{PortArgs, Ports};
use crate::server::certificate::authority;
use crate::server::certificate::mounted::{CertificateFile, KeyFile};
use crate::server::limits::ReviewLimits;
use crate::telemetry::log;
use crate::telemetry::log::LogFormat;

/// The longest `timeoutSeconds` of a webhook, which the deadline must stay below
const LONGEST_DEADLINE: u64 = 29_999;

/// As many judgements as no machine can run at once
const MOST_INFLIGHT: usize = 10_000;

/// Longer than any pod is given to end
const LONGEST_DELAY: u64 = 600_000;

/// Several watch calls must fit in before they are stale
const SHORTEST_STALE: u64 = 20;

/// A day: rights that were taken away for longer are no accident
const LONGEST_STALE: u64 = 86_400;

/// Names of the self-made certificate unless others are given
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Answer AdmissionReviews over HTTPS
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Read policies and directory documents from this folder
    #[arg(long, value_name = "DIR")]
    config_dir: Option<PathBuf>,
    /// Read them from the ConfigMaps of this namespace that are labelled ramgate.io/config
    #[arg(long, value_name = "NS")]
    namespace: Option<String>,
    #[command(flatten)]
    ports: PortArgs,
    /// What a denial does: enforce, warn or audit
    #[arg(long, default_value_t = Mode::Warn)]
    mode: Mode,
    /// What a denial does in one namespace
    #[arg(long, value_name = "NS=MODE")]
    namespace_mode: Vec<InNamespace<Mode>>,
    /// What a controller's pod comes to that runs something else than its stamp says: record or refuse
    #[arg(long, value_name = "record|refuse", default_value_t = StampContents::Record)]
    stamp_contents: StampContents,
    /// The same in one namespace
    #[arg(long, value_name = "NS=record|refuse")]
    namespace_stamp_contents: Vec<InNamespace<StampContents>>,
    /// Answer SubjectAccessReviews at /authorize too: deny reading of pods on ECI that RAM would not show
    #[arg(long)]
    authorize: bool,
    /// Milliseconds in which every review is answered; keep it below timeoutSeconds of the webhooks
    #[arg(long, value_name = "MS", default_value_t = 2500)]
    deadline: u64,
    /// Reviews judged at a time; more are denied as overload
    #[arg(long, value_name = "N", default_value_t = 64)]
    max_inflight: usize,
    /// Milliseconds to go on serving after SIGTERM, until no API server comes here any more
    #[arg(long, value_name = "MS", default_value_t = 5000)]
    shutdown_delay_ms: u64,
    /// Certificate chain, PEM; followed when it changes
    #[arg(long, value_name = "FILE")]
    tls_cert_file: Option<PathBuf>,
    /// Private key of the certificate, PEM
    #[arg(long, value_name = "FILE")]
    tls_key_file: Option<PathBuf>,
    /// Secret in the namespace for the self-made CA that all replicas share; made if there is none
    #[arg(long, value_name = "NAME")]
    tls_secret: Option<String>,
    /// DNS name or IP address of the self-made certificate [default: localhost, 127.0.0.1, ::1]
    #[arg(long, value_name = "NAME")]
    tls_name: Vec<String>,
    /// Name of ramgate's webhook configurations: their rules say which carriers may be trusted, and caBundle is kept in
    /// step with the self-made CA
    #[arg(long, value_name = "NAME")]
    webhook_configuration: Option<String>,
    /// ConfigMap in the namespace in which the chart left digests of the webhook entries: the live ones are held against it
    #[arg(long, value_name = "NAME")]
    installed_webhooks: Option<String>,
    /// ConfigMap in the namespace without whose section `cluster` no configuration is complete: the chart renders it
    #[arg(long, value_name = "NAME")]
    cluster_config: Option<String>,
    /// Seconds after which a replica whose watches the API server does not answer is not ready any more
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    stale_after: u64,
    /// Secret in the namespace for the keys of stamps, which all replicas share; made if there is none
    #[arg(long, value_name = "NAME", default_value = "ramgate-stamp")]
    stamp_secret: String,
    /// Seconds of life after which this replica lets stamps be written in their second form, where the Secret is that of an
    /// older version: longer than a roll-out takes, since older replicas read the first form alone
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    stamp_upgrade_after: u64,
    /// Regular expression of the whole name of real nodes, as the webhook rules have it: a virtual node with such a name
    /// is an alarm
    #[arg(long, value_name = "REGEX")]
    real_node_names: Option<String>,
    /// Write the self-made CA certificate to this file, PEM
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// How log lines are written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Json)]
    log_format: LogFormat,
    /// Which log lines are written: a level, or a filter such as info,ramgate=debug
    #[arg(long, value_name = "FILTER", default_value = "info")]
    log_level: String,
}

/// What to serve and how, free of contradictions
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) source: Source,
    pub(super) ports: Ports,
    pub(super) modes: Modes,
    /// What the authorization webhook never judges, if it is asked for
    pub(super) authorize: Option<Exempt>,
    pub(super) limits: ReviewLimits,
    pub(super) shutdown_delay: Duration,
    pub(super) certificate: CertificateSource,
    pub(super) stamp_secret: String,
    pub(super) stamp_upgrade_after: Duration,
    pub(super) webhook_configuration: Option<String>,
    pub(super) installed_webhooks: Option<String>,
    pub(super) cluster_config: Option<String>,
    pub(super) stale_after: Duration,
    pub(super) real_node_names: Option<Regex>,
    pub(super) log_format: LogFormat,
    pub(super) log_filter: EnvFilter,
}

/// Where configuration comes from
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Documents in a folder
    Folder(PathBuf),
    /// ConfigMaps of a namespace
    Cluster {
        /// The namespace
        namespace: String,
    },
}

/// Where the certificate comes from
#[derive(Clone, Debug)]
pub(super) enum CertificateSource {
    /// Files that somebody else renews
    Mounted {
        certificate: CertificateFile,
        key: KeyFile,
    },
    /// Made by this process
    Own(OwnCertificate),
}

/// A certificate made by this process, and who is told of its authority
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OwnCertificate {
    pub(super) names: Vec<String>,
    /// The Secret that holds the authority; without one it lives in memory
    pub(super) secret: Option<SharedSecret>,
    pub(super) ca_file: Option<PathBuf>,
}

/// A Secret that replicas share, and the webhook configurations that must trust it
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SharedSecret {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) webhook_configuration: Option<String>,
}

impl ServeArgs {
    /// Checks all flags together
    ///
    /// # Errors
    /// Every mistake, a sentence each.
    pub(super) fn check(self) -> Result<Settings, Vec<String>> {
        let mut mistakes = Vec::new();
        let source = self.source(&mut mistakes);
        let ports = self.ports.check(&mut mistakes);
        let modes = self.modes(&mut mistakes);
        let limits = self.limits(&mut mistakes);
        let certificate = self.certificate(&mut mistakes);
        let log_filter = log::filter(&self.log_level)
            .map_err(|error| mistakes.push(format!("--log-level: {error}")))
            .ok();
        let real_node_names = self.real_node_names(&mut mistakes);
        if self.shutdown_delay_ms > LONGEST_DELAY {
            mistakes.push(format!("--shutdown-delay-ms must be at most {LONGEST_DELAY}"));
        }
        if !(SHORTEST_STALE..=LONGEST_STALE).contains(&self.stale_after) {
            mistakes.push(format!(
                "--stale-after must be {SHORTEST_STALE} to {LONGEST_STALE} s"
            ));
        }
        if self.installed_webhooks.is_some() && self.webhook_configuration.is_none() {
            mistakes
                .push("--installed-webhooks needs --webhook-configuration, which it is held against".into());
        }
        if self.cluster_config.is_some() && self.namespace.is_none() {
            mistakes.push("--cluster-config needs --namespace, where the ConfigMap is".into());
        }
        match (source, certificate, log_filter) {
            (Some(source), Some(certificate), Some(log_filter)) if mistakes.is_empty() => Ok(Settings {
                source,
                ports,
                modes,
                authorize: self.authorize.then_some(Exempt { own: self.namespace }),
                limits,
                shutdown_delay: Duration::from_millis(self.shutdown_delay_ms),
                certificate,
                stamp_secret: self.stamp_secret,
                stamp_upgrade_after: Duration::from_secs(self.stamp_upgrade_after),
                webhook_configuration: self.webhook_configuration,
                installed_webhooks: self.installed_webhooks,
                cluster_config: self.cluster_config,
                stale_after: Duration::from_secs(self.stale_after),
                real_node_names,
                log_format: self.log_format,
                log_filter,
            }),
            _ => Err(mistakes),
        }
    }

    fn source(&self, mistakes: &mut Vec<String>) -> Option<Source> {
        match (&self.config_dir, &self.namespace) {
            (Some(folder), None) => Some(Source::Folder(folder.clone())),
            (None, Some(namespace)) => Some(Source::Cluster {
                namespace: namespace.clone(),
            }),
            (None, None) => {
                mistakes.push(
                    "give --config-dir or --namespace: the configuration must come from somewhere".into(),
                );
                None
            }
            (Some(_), Some(_)) => {
                mistakes.push("--config-dir and --namespace exclude each other".into());
                None
            }
        }
    }

    /// The names of real nodes, matched as a whole
    fn real_node_names(&self, mistakes: &mut Vec<String>) -> Option<Regex> {
        let pattern = self.real_node_names.as_ref()?;
        Regex::new(&format!("^(?:{pattern})$"))
            .map_err(|error| mistakes.push(format!("--real-node-names: {error}")))
            .ok()
    }

    fn modes(&self, mistakes: &mut Vec<String>) -> Modes {
        Modes {
            default: self.mode,
            namespaces: by_namespace("--namespace-mode", &self.namespace_mode, mistakes),
            contents: self.stamp_contents,
            namespace_contents: by_namespace(
                "--namespace-stamp-contents",
                &self.namespace_stamp_contents,
                mistakes,
            ),
        }
    }

    fn limits(&self, mistakes: &mut Vec<String>) -> ReviewLimits {
        if self.deadline == 0 || self.deadline > LONGEST_DEADLINE {
            mistakes.push(format!(
                "--deadline must be 1 to {LONGEST_DEADLINE} ms: a webhook is given 30 s at most"
            ));
        }
        if self.max_inflight == 0 || self.max_inflight > MOST_INFLIGHT {
            mistakes.push(format!("--max-inflight must be 1 to {MOST_INFLIGHT}"));
        }
        ReviewLimits::new(
            self.max_inflight.min(MOST_INFLIGHT),
            Duration::from_millis(self.deadline),
        )
    }

    fn certificate(&self, mistakes: &mut Vec<String>) -> Option<CertificateSource> {
        match (&self.tls_cert_file, &self.tls_key_file) {
            (Some(certificate), Some(key)) => {
                self.exclude_own(mistakes);
                let (certificate, key) = (CertificateFile(certificate.clone()), KeyFile(key.clone()));
                Some(CertificateSource::Mounted { certificate, key })
            }
            (None, None) => Some(CertificateSource::Own(self.own(mistakes))),
            (Some(_), None) => {
                mistakes.push("--tls-cert-file needs --tls-key-file".into());
                None
            }
            (None, Some(_)) => {
                mistakes.push("--tls-key-file needs --tls-cert-file".into());
                None
            }
        }
    }

    /// Whoever brings the certificate also brings the caBundle
    fn exclude_own(&self, mistakes: &mut Vec<String>) {
        for (given, flag) in [
            (self.tls_secret.is_some(), "--tls-secret"),
            (!self.tls_name.is_empty(), "--tls-name"),
            (self.ca_file.is_some(), "--ca-file"),
        ] {
            if given {
                mistakes.push(format!(
                    "{flag} is for the self-made certificate, not for --tls-cert-file"
                ));
            }
        }
    }

    fn own(&self, mistakes: &mut Vec<String>) -> OwnCertificate {
        let names = match self.tls_name.as_slice() {
            [] => LOCAL_NAMES.map(str::to_owned).to_vec(),
            names => names.to_vec(),
        };
        for name in &names {
            if let Err(error) = authority::check_name(name) {
                mistakes.push(format!("--tls-name `{name}`: {error}"));
            }
        }
        if self.tls_secret.is_some() && self.namespace.is_none() {
            mistakes.push("--tls-secret needs --namespace, where the Secret is".into());
        }
        if self.webhook_configuration.is_some() && self.tls_secret.is_none() {
            mistakes.push(
                "--webhook-configuration needs --tls-secret, so that all replicas have one CA, or --tls-cert-file".into(),
            );
        }
        let secret = self.namespace.as_ref().zip(self.tls_secret.as_ref());
        let secret = secret.map(|(namespace, name)| SharedSecret {
            namespace: namespace.clone(),
            name: name.clone(),
            webhook_configuration: self.webhook_configuration.clone(),
        });
        OwnCertificate {
            names,
            secret,
            ca_file: self.ca_file.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::server::peers::Peers;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        args: ServeArgs,
    }

    fn parsed(flags: &[&str]) -> Result<Settings, Vec<String>> {
        let args = Command::try_parse_from(["serve"].iter().chain(flags));
        args.map_err(|error| vec![error.to_string()])?.args.check()
    }

    #[test]
    fn a_folder_is_enough() {
        let settings = parsed(&["--config-dir", "here"]).unwrap();
        assert_eq!(settings.source, Source::Folder("here".into()));
        assert_eq!(
            (settings.ports.listen.port(), settings.ports.admin_listen.port()),
            (8443, 8080)
        );
        assert!(settings.ports.probe_listen.is_none() && settings.ports.client_authority.is_none());
        assert_eq!(settings.ports.peers, Peers::default());
        assert_eq!(settings.modes, Modes::everywhere(Mode::Warn));
        assert_eq!(
            (settings.limits.inflight, settings.limits.deadline.as_millis()),
            (64, 2500)
        );
        let CertificateSource::Own(own) = settings.certificate else {
            panic!()
        };
        assert_eq!(own.names, LOCAL_NAMES);
        assert_eq!((own.secret, own.ca_file), (None, None));
    }

    #[test]
    fn a_cluster_brings_its_secret_and_webhooks() {
        let settings = parsed(&[
            "--namespace=ramgate",
            "--mode=enforce",
            "--namespace-mode=a=audit",
            "--namespace-mode=b=warn",
            "--stamp-contents=refuse",
            "--namespace-stamp-contents=a=record",
            "--stamp-upgrade-after=60",
            "--tls-secret=ramgate-ca",
            "--tls-name=ramgate.ramgate.svc",
            "--webhook-configuration=ramgate",
        ])
        .unwrap();
        assert_eq!(
            (settings.modes.of("a"), settings.modes.of("b")),
            (Mode::Audit, Mode::Warn)
        );
        assert_eq!(settings.modes.of("c"), Mode::Enforce);
        assert_eq!(
            ["a", "c"].map(|namespace| settings.modes.contents_of(namespace)),
            [StampContents::Record, StampContents::Refuse]
        );
        assert_eq!(settings.stamp_upgrade_after.as_secs(), 60);
        let CertificateSource::Own(own) = settings.certificate else {
            panic!()
        };
        assert_eq!(own.names, ["ramgate.ramgate.svc"]);
        let secret = own.secret.unwrap();
        assert_eq!(
            (secret.namespace.as_str(), secret.name.as_str()),
            ("ramgate", "ramgate-ca")
        );
        assert_eq!(secret.webhook_configuration.as_deref(), Some("ramgate"));
    }

    #[test]
    fn who_may_ask_is_given_by_network_and_certificate() {
        let settings = parsed(&[
            "--config-dir=x",
            "--probe-listen=127.0.0.1:8081",
            "--peer=10.0.0.0/8",
            "--peer=2001:db8::/32",
            "--client-ca-file=ca.crt",
            "--client-name=kube-apiserver",
            "--client-name=api.example.com",
        ])
        .unwrap();
        assert_eq!(
            settings.ports.probe_listen.map(|address| address.port()),
            Some(8081)
        );
        let admitted = ["10.1.2.3", "2001:db8::1", "11.0.0.1"]
            .map(|address| settings.ports.peers.admit(address.parse().unwrap()));
        assert_eq!(admitted, [true, true, false]);
        assert_eq!(
            settings.ports.client_authority,
            Some(ClientAuthority {
                file: "ca.crt".into(),
                names: vec!["kube-apiserver".into(), "api.example.com".into()],
            })
        );
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let mistakes = parsed(&[
            "--deadline=0",
            "--max-inflight=0",
            "--shutdown-delay-ms=600001",
            "--stale-after=19",
            "--tls-cert-file=a",
            "--tls-key-file=b",
            "--tls-secret=c",
            "--tls-name=d",
            "--real-node-names=(",
            "--ca-file=f",
            "--log-level=ramgate=loud",
            "--namespace-mode=a=warn",
            "--namespace-mode=a=audit",
        ])
        .unwrap_err();
        for words in [
            "give --config-dir or --namespace",
            "`a`",
            "--deadline must be 1 to 29999 ms",
            "--max-inflight must be 1 to",
            "--tls-secret is for the self-made",
            "--tls-name is for",
            "--real-node-names: regex parse error",
            "--ca-file is for",
            "--log-level: `ramgate=loud`",
            "--shutdown-delay-ms must be at most",
            "--stale-after must be 20 to 86400 s",
        ] {
            assert!(
                mistakes.iter().any(|mistake| mistake.contains(words)),
                "{words}: {mistakes:#?}"
            );
        }
        assert_eq!(mistakes.len(), 11);
    }

    #[test]
    fn flags_that_need_each_other_say_so() {
        for (flags, words) in [
            (&["--namespace=a"][..], "exclude each other"),
            (&["--tls-cert-file=a"], "needs --tls-key-file"),
            (&["--tls-key-file=a"], "needs --tls-cert-file"),
            (&["--tls-secret=a"], "needs --namespace"),
            (&["--webhook-configuration=a"], "needs --tls-secret"),
            (&["--cluster-config=a"], "needs --namespace"),
            (&["--installed-webhooks=a"], "needs --webhook-configuration"),
            (&["--tls-name=a\u{e9}"], "--tls-name `a\u{e9}`"),
            (&["--namespace-mode=audit"], "`audit` is not NS=VALUE"),
            (&["--namespace-mode=a=loud"], "`loud` is not a mode"),
            (&["--mode=loud"], "`loud` is not a mode"),
            (&["--stamp-contents=deny"], "write record or refuse"),
            (&["--namespace-stamp-contents=a=deny"], "write record or refuse"),
            (&["--client-name=a"], "needs --client-ca-file"),
            (&["--peer=10.0.0.0"], "`10.0.0.0` is no network"),
            (&["--peer=10.0.0.1/8"], "write 10.0.0.0/8"),
        ] {
            let flags: Vec<_> = ["--config-dir=x"].iter().chain(flags).copied().collect();
            let mistakes = parsed(&flags).unwrap_err();
            assert_eq!(mistakes.len(), 1, "{mistakes:#?}");
            assert!(mistakes[0].contains(words), "{words}: {mistakes:#?}");
        }
    }
}
