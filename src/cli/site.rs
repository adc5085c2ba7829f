//! A live cluster, as the commands for administrators read it: from a laptop, with the caller's own rights.

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use kube::config::KubeConfigOptions;
use kube::{Client, Config};
use rustls::crypto::aws_lc_rs;

use crate::analysis::survey::live::{Installation, Missing, ReadError, Reader, Scope};
use crate::analysis::survey::{Judge, SurveyedCluster, live};
use crate::cli::configuration as directory;
use crate::cli::report::Problem;
use crate::config;
use crate::config::Configuration;

/// How long the API server may be silent: longer than any page of a list takes
const SILENCE: Duration = Duration::from_secs(90);

/// Which cluster, and what of it is ramgate's
#[derive(Debug, Args)]
pub(super) struct SiteArgs {
    /// The namespace that ramgate is installed in
    #[arg(long, value_name = "NS", default_value = "ramgate-system")]
    namespace: String,
    /// Judge by the documents of this directory, the cluster section included, and not by those of the ConfigMaps
    #[arg(long, value_name = "DIR")]
    config_dir: Option<PathBuf>,
    /// The Secret with the keys of the stamps, if not the one that ramgate's Deployment names
    #[arg(long, value_name = "NAME")]
    stamp_secret: Option<String>,
    /// The name of the webhook configurations, if not the one that ramgate's Deployment names
    #[arg(long, value_name = "NAME")]
    webhook_configuration: Option<String>,
    /// The context of the kubeconfig, if not the current one
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
}

/// Which namespaces workloads are looked for in
#[derive(Debug, Args)]
pub(super) struct ScopeArgs {
    /// All namespaces
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// This namespace; without it the one of the context
    #[arg(
        short = 'n',
        long = "in",
        value_name = "NS",
        conflicts_with = "all_namespaces"
    )]
    within: Option<String>,
}

/// The way to a cluster, and how ramgate is installed there
pub(super) struct Site<'a> {
    args: &'a SiteArgs,
    pub(super) reader: Reader,
    pub(super) installation: Installation,
    default_namespace: String,
}

/// Everything that judging depends on
pub(super) struct Ground {
    pub(super) configuration: Configuration,
    pub(super) cluster: SurveyedCluster,
    pub(super) notes: Vec<String>,
    now: Timestamp,
}

/// Runs what waits for answers of an API server
pub(super) fn run<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    // Refused only if a provider is there already, and then it is this one
    let _installed = aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Problem::io("the runtime", error))?;
    runtime.block_on(work)
}

/// What could not be read
pub(super) fn unread(error: ReadError) -> Problem {
    let hint = match error.is_forbidden() {
        true => "; this command reads the cluster with your own rights",
        false => "",
    };
    Problem::Usage(format!("{error}{hint}"))
}

impl<'a> Site<'a> {
    /// Connects, and looks how ramgate is installed
    pub(super) async fn open(args: &'a SiteArgs) -> Result<Self, Problem> {
        for (flag, name) in [
            ("--namespace", Some(&args.namespace)),
            ("--stamp-secret", args.stamp_secret.as_ref()),
            ("--webhook-configuration", args.webhook_configuration.as_ref()),
        ] {
            name.map_or(Ok(()), |name| named(flag, name))?;
        }
        let away = |error| Problem::io("the way to the cluster's API", error);
        let mut config = match &args.context {
            None => Config::infer()
                .await
                .map_err(|error| away(io::Error::other(error)))?,
            Some(context) => {
                let options = KubeConfigOptions {
                    context: Some(context.clone()),
                    ..KubeConfigOptions::default()
                };
                let config = Config::from_kubeconfig(&options).await;
                config.map_err(|error| away(io::Error::other(error)))?
            }
        };
        config.read_timeout = Some(SILENCE);
        let default_namespace = config.default_namespace.clone();
        let client = Client::try_from(config).map_err(|error| away(io::Error::other(error)))?;
        let reader = Reader::new(client);
        let mut installation = Installation::read(&reader, &args.namespace)
            .await
            .map_err(unread)?;
        if let Some(secret) = &args.stamp_secret {
            installation.stamp_secret.clone_from(secret);
        }
        if let Some(name) = &args.webhook_configuration {
            installation.webhook_configuration.clone_from(name);
        }
        Ok(Self {
            args,
            reader,
            installation,
            default_namespace,
        })
    }

    /// The namespace that ramgate is installed in
    pub(super) fn release(&self) -> &str {
        &self.args.namespace
    }

    /// Where workloads are looked for
    pub(super) fn scope(&self, args: &ScopeArgs) -> Result<Scope, Problem> {
        Ok(match args.all_namespaces {
            true => Scope::Everywhere,
            false => Scope::Namespace(self.within(args)?),
        })
    }

    /// The namespace that single objects are in
    pub(super) fn within(&self, args: &ScopeArgs) -> Result<String, Problem> {
        self.namespace(args.within.as_ref())
    }

    /// The namespace that is given, or that of the context
    pub(super) fn namespace(&self, given: Option<&String>) -> Result<String, Problem> {
        let namespace = given.unwrap_or(&self.default_namespace);
        named("--in", namespace)?;
        Ok(namespace.clone())
    }

    /// Reads everything that judging depends on
    pub(super) async fn ground(&self) -> Result<Ground, Problem> {
        let release = self.release();
        let documents = match &self.args.config_dir {
            Some(folder) => directory::documents(folder)?,
            None => live::configuration(&self.reader, release).await.map_err(unread)?,
        };
        if documents.is_empty() {
            return Err(Problem::Usage(format!(
                "there is no configuration in namespace {release}, no ConfigMap with label ramgate.io/config: --namespace is \
                 where ramgate is installed, the namespace of workloads is -n"
            )));
        }
        let configuration = config::load(&documents).map_err(Problem::Invalid)?;
        let (cluster, missing) = live::cluster(&self.reader, release, &self.installation, &configuration)
            .await
            .map_err(unread)?;
        Ok(Ground {
            configuration,
            cluster,
            notes: missing.into_iter().map(|Missing(note)| note).collect(),
            now: Timestamp::now(),
        })
    }
}

impl Ground {
    pub(super) fn judge(&self) -> Judge<'_> {
        Judge {
            configuration: &self.configuration,
            cluster: &self.cluster,
            now: self.now,
        }
    }
}

#[cfg(test)]
impl Ground {
    /// What a test makes up
    pub(super) fn of(town: crate::analysis::survey::fixture::Town) -> Self {
        Self {
            configuration: town.configuration,
            cluster: town.cluster,
            notes: Vec::new(),
            now: crate::analysis::survey::fixture::now(),
        }
    }
}

/// Notes as they stand above a result
pub(super) fn noted(notes: &[String]) -> String {
    notes.iter().map(|note| format!("note: {note}\n")).collect()
}

/// Refuses what cannot be the name of an object, since it becomes a part of a path
pub(super) fn named(what: &str, name: &str) -> Result<(), Problem> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    let is_name = !name.is_empty() && name.len() <= 253 && name.chars().all(fits);
    match is_name && name.starts_with(|c: char| c != '.' && c != '-') {
        true => Ok(()),
        false => Err(Problem::Usage(format!(
            "{what}: `{name}` is no name of an object: small letters, digits, `-` and `.`"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_name_never_becomes_part_of_a_path() {
        for name in ["", ".", "..", "../secrets", "a/b", "a?b", "A", "-a", "a b"] {
            assert!(named("--in", name).is_err(), "{name}");
        }
        assert!(named("--in", "shop-1.eu").is_ok());
    }
}
