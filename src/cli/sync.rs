//! `ramgate sync`: reads RAM from the cloud and writes it into named ConfigMaps, once.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use kube::Client;
use serde_json::{Map, Value, json};
use tracing_subscriber::EnvFilter;

use crate::alibaba_cloud::{CloudClient, CredentialSource, Endpoints, Network, Patience, Region, Transport};
use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::live_cluster::{block_on, check_name, kube_config, no_connection};
use crate::cli::output::{Output, print, print_json};
use crate::import::OwnDocuments;
use crate::sync;
use crate::sync::{Loss, NamedConfigMaps, SyncError, SyncOutcome, SyncSettings, Written};
use crate::telemetry::log;
use crate::telemetry::log::LogFormat;

/// Read RAM from Alibaba Cloud and write it into named ConfigMaps, once
///
/// The exit code is 2 if so much would be gone that somebody has to accept it, and then nothing is written.
#[derive(Debug, Args)]
pub(super) struct SyncArgs {
    /// The namespace of the ConfigMaps
    #[arg(long, value_name = "NS", default_value = "ramgate-system")]
    namespace: String,
    /// A ConfigMap for policies; repeatable, filled in this order
    #[arg(long, value_name = "NAME", required = true)]
    policy_config_map: Vec<String>,
    /// A ConfigMap for the directory; repeatable, filled in this order
    #[arg(long, value_name = "NAME", required = true)]
    directory_config_map: Vec<String>,
    /// The cluster's region
    #[arg(long, value_name = "REGION")]
    region: Region,
    /// The account that the credentials must be of
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// The section `account` is in a document of your own, so none is written
    #[arg(long, requires = "account")]
    own_account_section: bool,
    /// A resource group that a document of your own defines, such as the default one; repeatable
    #[arg(long, value_name = "ID")]
    own_resource_group: Vec<String>,
    /// A policy that a document of your own defines, because ramgate cannot read RAM's; repeatable
    #[arg(long, value_name = "NAME")]
    own_policy: Vec<String>,
    /// How many users, groups, roles, policies, attachments and memberships together may be gone
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    accept_loss: usize,
    /// Over which network the cloud's APIs are reached
    #[arg(long, value_enum, default_value_t = Network::Public)]
    network: Network,
    /// How many seconds all calls may take together
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    deadline: u64,
    /// The certificate authorities that the cloud's hosts are trusted by, PEM
    #[arg(
        long,
        value_name = "FILE",
        env = "SSL_CERT_FILE",
        default_value = "/etc/ssl/certs/ca-certificates.crt"
    )]
    ca_file: PathBuf,
    /// Connect to this loopback address instead of the cloud's hosts, for tests; names and certificates stay theirs
    #[arg(long, value_name = "ADDR", value_parser = loopback)]
    connect_to: Option<SocketAddr>,
}

/// An address that only this machine answers at
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text
        .parse()
        .map_err(|_| "this is no address, such as 127.0.0.1:8443".to_owned())?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err("only a loopback address may stand in for the cloud".to_owned())
}

pub(super) fn run(args: &SyncArgs, output: Output) -> Result<Exit, CommandError> {
    args.check_names()?;
    // No filter from outside: at level debug, libraries write what they send
    let started = log::start(LogFormat::Text, EnvFilter::new("ramgate=info"));
    started.map_err(|error| CommandError::Usage(error.to_string()))?;
    let outcome = block_on(args.sync())?;
    Ok(match &outcome {
        SyncOutcome::Written(written) => {
            print_written(written, output)?;
            Exit::Good
        }
        SyncOutcome::HeldBack(loss) => {
            print_loss(loss, output)?;
            Exit::Denied
        }
    })
}

impl SyncArgs {
    fn check_names(&self) -> Result<(), CommandError> {
        check_name("--namespace", &self.namespace)?;
        let names = || self.policy_config_map.iter().chain(&self.directory_config_map);
        for name in names() {
            check_name("--policy-config-map or --directory-config-map", name)?;
            if names().filter(|other| *other == name).count() > 1 {
                return Err(CommandError::Usage(format!("ConfigMap {name} is named twice")));
            }
        }
        Ok(())
    }

    async fn sync(&self) -> Result<SyncOutcome, CommandError> {
        let source = CredentialSource::from_environment(|name| std::env::var(name).ok());
        let source = source.map_err(CommandError::Usage)?;
        let transport = Transport::new(&self.ca_file, self.connect_to);
        let transport = transport
            .map_err(|error| CommandError::io(format!("--ca-file {}", self.ca_file.display()), error))?;
        let endpoints = Endpoints {
            network: self.network,
            region: self.region.clone(),
        };
        let patience = Patience::new(Duration::from_secs(self.deadline));
        let cloud = CloudClient::new(transport, endpoints, source, patience);
        let kubernetes = Client::try_from(kube_config(None).await?).map_err(no_connection)?;
        let config_maps = NamedConfigMaps::new(
            kubernetes,
            &self.namespace,
            self.policy_config_map.clone(),
            self.directory_config_map.clone(),
        );
        Ok(sync::run(&cloud, &config_maps, &self.settings()).await?)
    }

    fn settings(&self) -> SyncSettings {
        let account = self.account.as_deref().filter(|_| self.own_account_section);
        SyncSettings {
            account: self.account.clone(),
            own: OwnDocuments::stated(
                account.map(|account| (account, self.region.as_str())),
                &self.own_resource_group,
                &self.own_policy,
            ),
            region: self.region.as_str().to_owned(),
            accepted_loss: self.accept_loss,
        }
    }
}

impl From<SyncError> for CommandError {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Invalid(faults) => Self::Invalid(faults),
            SyncError::ConfigMap(error) if error.is_half() => Self::Half(error.to_string()),
            other => Self::Usage(format!("{other}; nothing was written")),
        }
    }
}

fn print_written(written: &Written, output: Output) -> Result<(), CommandError> {
    match output {
        Output::Human => {
            let notes: String = written
                .notes
                .iter()
                .map(|note| format!("note: {note}\n"))
                .collect();
            let counts: Vec<String> = written
                .counts
                .iter()
                .map(|(kind, count)| format!("{count} {kind}"))
                .collect();
            let changed = match written.changed.is_empty() {
                true => "no ConfigMap differs".to_owned(),
                false => format!("written: {}", written.changed.join(", ")),
            };
            print(&format!(
                "{notes}account {}: {}; {changed}\n",
                written.account,
                counts.join(", ")
            ))
        }
        Output::Json => {
            let counts: Map<String, Value> = written
                .counts
                .iter()
                .map(|(kind, count)| ((*kind).to_owned(), json!(count)))
                .collect();
            print_json(&json!({
                "account": written.account,
                "counts": counts,
                "changed": written.changed,
                "notes": written.notes,
            }))
        }
    }
}

fn print_loss(loss: &Loss, output: Output) -> Result<(), CommandError> {
    match output {
        Output::Human => print(&format!(
            "held back, nothing was written: {loss} would be gone. If that is meant, give --accept-loss {}\n",
            loss.total()
        )),
        Output::Json => {
            let kinds: Vec<Value> = loss
                .kinds()
                .iter()
                .map(|loss| json!({"kind": loss.kind, "before": loss.before, "gone": loss.gone}))
                .collect();
            print_json(&json!({"heldBack": kinds, "acceptLoss": loss.total()}))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_stands_in_for_the_cloud() {
        assert!(loopback("127.0.0.1:1").is_ok() && loopback("[::1]:1").is_ok());
        for address in [
            "10.0.0.1:443",
            "0.0.0.0:443",
            "ram.aliyuncs.com:443",
            "127.0.0.1",
            "[::ffff:127.0.0.1]:1",
            "",
        ] {
            assert!(loopback(address).is_err(), "{address}");
        }
    }
}
