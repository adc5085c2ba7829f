//! A live cluster, as the commands for administrators reach it: with the caller's kubeconfig and rights.

use std::error::Error as _;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use kube::config::{InferConfigError, KubeConfigOptions};
use kube::{Client, Config};
use rustls::crypto::aws_lc_rs;

use crate::analysis::survey::live::{
    ApiClient, Installation, ReadError, Scope, read_cluster, read_configuration,
};
use crate::analysis::survey::{AssumedOwners, Reapplication, SurveyedCluster, WorkloadEvaluator};
use crate::cli::command_error::CommandError;
use crate::cli::configuration::documents;
use crate::cli::misnamed_user::misnamed_owners;
use crate::config;
use crate::config::Configuration;

/// The longest silence of the API server: longer than any page of a list takes
const READ_TIMEOUT: Duration = Duration::from_secs(90);

/// Which cluster, and what of it is ramgate's
#[derive(Debug, Args)]
pub(super) struct LiveClusterArgs {
    /// The namespace that ramgate is installed in
    #[arg(long, value_name = "NS", default_value = "ramgate-system")]
    namespace: String,
    /// Judge by the documents in this folder, the cluster section included, and not by those of the ConfigMaps
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
pub(super) struct NamespaceArgs {
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
    workload_namespace: Option<String>,
}

/// A connection to a cluster, and how ramgate is installed there
pub(super) struct LiveCluster<'a> {
    args: &'a LiveClusterArgs,
    pub(super) client: ApiClient,
    pub(super) installation: Installation,
    default_namespace: String,
}

/// Everything that the evaluation of a workload depends on
pub(super) struct EvaluationInput {
    pub(super) configuration: Configuration,
    pub(super) cluster: SurveyedCluster,
    reapplication: Reapplication,
    /// Notes about what is missing, and what the evaluation assumes instead
    pub(super) notes: Vec<String>,
    pub(super) now: Timestamp,
}

/// Runs a future that talks to an API server
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
    // Fails only if a provider is installed already, which is then this one
    let _installed = aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::io("the runtime", error))?;
    runtime.block_on(work)
}

impl From<ReadError> for CommandError {
    fn from(error: ReadError) -> Self {
        let hint = if error.is_forbidden() {
            "; this command reads the cluster with your own rights"
        } else {
            ""
        };
        Self::Usage(format!("{error}{hint}"))
    }
}

impl<'a> LiveCluster<'a> {
    /// Connects, and reads how ramgate is installed
    ///
    /// # Errors
    ///
    /// A flag is no name, there is no kubeconfig, or the API server does not answer.
    pub(super) async fn connect(args: &'a LiveClusterArgs) -> Result<Self, CommandError> {
        for (flag, name) in [
            ("--namespace", Some(&args.namespace)),
            ("--stamp-secret", args.stamp_secret.as_ref()),
            ("--webhook-configuration", args.webhook_configuration.as_ref()),
        ] {
            name.map_or(Ok(()), |name| check_name(flag, name))?;
        }
        let config = kube_config(args.context.clone()).await?;
        let default_namespace = config.default_namespace.clone();
        let client = ApiClient::new(Client::try_from(config).map_err(no_connection)?);
        let mut installation = Installation::read(&client, &args.namespace).await?;
        if let Some(secret) = &args.stamp_secret {
            installation.stamp_secret.clone_from(secret);
        }
        if let Some(name) = &args.webhook_configuration {
            installation.webhook_configuration.clone_from(name);
        }
        Ok(Self {
            args,
            client,
            installation,
            default_namespace,
        })
    }

    /// The namespace that ramgate is installed in
    pub(super) fn release_namespace(&self) -> &str {
        &self.args.namespace
    }

    /// The namespaces in which workloads are looked for
    ///
    /// # Errors
    ///
    /// The namespace is no name.
    pub(super) fn scope(&self, args: &NamespaceArgs) -> Result<Scope, CommandError> {
        Ok(if args.all_namespaces {
            Scope::AllNamespaces
        } else {
            Scope::Namespace(self.workload_namespace(args)?)
        })
    }

    /// The namespace of single objects
    ///
    /// # Errors
    ///
    /// The namespace is no name.
    pub(super) fn workload_namespace(&self, args: &NamespaceArgs) -> Result<String, CommandError> {
        self.namespace(args.workload_namespace.as_ref())
    }

    /// The given namespace, or that of the kubeconfig's context
    ///
    /// # Errors
    ///
    /// The namespace is no name.
    pub(super) fn namespace(&self, given: Option<&String>) -> Result<String, CommandError> {
        let namespace = given.unwrap_or(&self.default_namespace);
        check_name("--in", namespace)?;
        Ok(namespace.clone())
    }

    /// Reads everything that the evaluation depends on
    ///
    /// # Errors
    ///
    /// There is no valid configuration, the API server does not answer, or the caller lacks a right.
    pub(super) async fn evaluation_input(
        &self,
        owners: AssumedOwners,
    ) -> Result<EvaluationInput, CommandError> {
        let release = self.release_namespace();
        let documents = match &self.args.config_dir {
            Some(folder) => documents(folder)?,
            None => read_configuration(&self.client, release).await?,
        };
        if documents.is_empty() {
            return Err(CommandError::Usage(format!(
                "there is no configuration in namespace {release}, no ConfigMap with label ramgate.io/config: --namespace is \
                 where ramgate is installed, the namespace of workloads is -n; before the installation give --config-dir"
            )));
        }
        let configuration = config::load(&documents).map_err(CommandError::Invalid)?;
        let (cluster, mut notes) =
            read_cluster(&self.client, release, &self.installation, &configuration).await?;
        notes.extend(misnamed_owners(&owners, &configuration));
        let reapplication = Reapplication::new(&configuration, &cluster, owners);
        Ok(EvaluationInput {
            configuration,
            cluster,
            reapplication,
            notes,
            now: Timestamp::now(),
        })
    }
}

pub(super) async fn kube_config(context: Option<String>) -> Result<Config, CommandError> {
    let mut config = match context {
        None => Config::infer().await.map_err(|error| no_kubeconfig(&error))?,
        context => {
            let options = KubeConfigOptions {
                context,
                ..KubeConfigOptions::default()
            };
            Config::from_kubeconfig(&options).await.map_err(no_connection)?
        }
    };
    config.read_timeout = Some(READ_TIMEOUT);
    Ok(config)
}

/// Neither a kubeconfig nor a pod's service account leads to a cluster
pub(super) fn no_kubeconfig(error: &InferConfigError) -> CommandError {
    let kubeconfig = error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string);
    CommandError::Usage(format!(
        "the way to the cluster's API: {kubeconfig}; and this is no pod with a service account: set KUBECONFIG to the path of a \
         kubeconfig, or write ~/.kube/config"
    ))
}

pub(super) fn no_connection(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> CommandError {
    CommandError::io("the way to the cluster's API", io::Error::other(error))
}

impl EvaluationInput {
    pub(super) fn evaluator(&self) -> WorkloadEvaluator<'_> {
        WorkloadEvaluator {
            configuration: &self.configuration,
            cluster: &self.cluster,
            reapplication: &self.reapplication,
            now: self.now,
        }
    }
}

#[cfg(test)]
impl EvaluationInput {
    /// The configuration and cluster of a test
    pub(super) fn of(test: crate::analysis::survey::test_cluster::TestCluster) -> Self {
        Self {
            reapplication: Reapplication::new(&test.configuration, &test.cluster, test.owners),
            configuration: test.configuration,
            cluster: test.cluster,
            notes: Vec::new(),
            now: crate::analysis::survey::test_cluster::now(),
        }
    }
}

/// The notes as lines above a result
pub(super) fn note_lines(notes: &[String]) -> String {
    notes.iter().map(|note| format!("note: {note}\n")).collect()
}

/// Refuses text that is no name of an object, since names become part of a path
///
/// # Errors
///
/// `name` is no DNS subdomain name.
pub(super) fn check_name(what: &str, name: &str) -> Result<(), CommandError> {
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    let is_short = !name.is_empty() && name.len() <= 253;
    if is_short && name.chars().all(is_allowed) && !name.starts_with(['.', '-']) {
        return Ok(());
    }
    Err(CommandError::Usage(format!(
        "{what}: `{name}` is no name of an object: small letters, digits, `-` and `.`"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_name_never_becomes_part_of_a_path() {
        for name in ["", ".", "..", "../secrets", "a/b", "a?b", "A", "-a", "a b"] {
            assert!(check_name("--in", name).is_err(), "{name}");
        }
        assert!(check_name("--in", "shop-1.eu").is_ok());
    }
}
