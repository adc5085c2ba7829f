//! The arguments of `ramgate check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::admission::offline::Extra;

/// Judge manifests as the webhooks of a cluster would, in mode enforce
#[derive(Debug, Args)]
pub(in crate::cli) struct CheckArgs {
    /// Manifests (YAML or JSON): files, folders that are searched for them, or - for standard input
    #[arg(short = 'f', long = "filename", value_name = "FILE|DIR|-", required = true)]
    pub(super) files: Vec<PathBuf>,
    /// The directory with policies (NAME.json) and directory documents (*.yaml)
    #[arg(long, value_name = "DIR")]
    pub(super) config_dir: PathBuf,
    /// The Kubernetes user who asks; system:serviceaccount:NAMESPACE:NAME for a service account
    #[arg(long = "as", value_name = "USER")]
    pub(super) user: String,
    /// A group of that user; a service account has its own without this
    #[arg(long = "as-group", value_name = "GROUP")]
    pub(super) groups: Vec<String>,
    /// What the authenticator says of that user besides, such as canonicalArn=acs:ram::ACCOUNT:user/NAME; repeatable
    #[arg(long = "as-user-extra", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(super) extra: Vec<(String, String)>,
    /// What is done to each pod
    #[arg(long, value_enum, default_value_t = PodOperation::Create)]
    pub(super) operation: PodOperation,
    /// The pods as they are before an update; repeatable
    #[arg(long, value_name = "FILE")]
    pub(super) old: Vec<PathBuf>,
    /// What else the cluster holds: namespaces, service accounts, nodes, pods, eci-profile; repeatable
    #[arg(long, value_name = "FILE|DIR")]
    pub(super) objects: Vec<PathBuf>,
    /// Exit with 2 for whatever is doubtful: warnings, denials that are only possible, unlisted kinds with marks of ECI
    #[arg(long)]
    pub(super) strict: bool,
    /// Show every question to RAM with every statement that was read for it
    #[arg(long)]
    pub(super) explain: bool,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!(
            "`{text}` is not KEY=VALUE, such as canonicalArn=acs:ram::1234567890123456:user/alice"
        )),
    }
}

impl CheckArgs {
    /// A question that no command line asks, with every question to RAM; its files are read by whoever asks
    pub(in crate::cli) fn asked(user: String, groups: Vec<String>, operation: PodOperation) -> Self {
        Self {
            files: Vec::new(),
            config_dir: PathBuf::new(),
            user,
            groups,
            extra: Vec::new(),
            operation,
            old: Default::default(),
            objects: Default::default(),
            strict: false,
            explain: true,
        }
    }

    /// The extra information of the user, as the API server writes it
    pub(super) fn user_extra(&self) -> Extra {
        let mut extra = Extra::new();
        for (key, value) in &self.extra {
            extra.entry(key.clone()).or_default().push(value.clone());
        }
        extra
    }
}

/// What is done to a pod
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum PodOperation {
    /// The pod is created
    Create,
    /// The pod of --old becomes this one
    Update,
    /// The pod is deleted
    Delete,
    /// A command is run in the pod
    Exec,
}

impl PodOperation {
    /// Its name on the command line
    pub(super) fn name(self) -> Option<String> {
        let value = self.to_possible_value();
        value.map(|value| value.get_name().to_owned())
    }
}
