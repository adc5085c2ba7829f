//! `ramgate explore`: a page on this machine that shows whom the policies allow what.
//!
//! ```text
//! browser -> server::Listener (127.0.0.1) -> gate (Host, Origin, token) -> routes -> page (fixed files)
//!                                                                              -> matrix, cell, verdict, differences
//! folders or cluster -> origin -> snapshot (both configurations, replaced as a whole) --^
//! ```

mod cell;
mod circumstances;
mod column;
mod differences;
mod evidence;
mod gate;
mod matrix;
mod names;
mod origin;
mod page;
mod person;
mod places;
mod reply;
mod routes;
mod search;
mod snapshot;
mod verdict;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use rustls::crypto::aws_lc_rs;
use serde_json::json;

use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::explore::gate::Gate;
use crate::cli::explore::origin::Origins;
use crate::cli::explore::routes::Explorer;
use crate::cli::output::{Output, print, print_error, print_json};
use crate::cli::{live_cluster, manifest};
use crate::server::limits::ConnectionLimits;
use crate::server::listener::{Listener, Port, Transport};
use crate::server::peers::Peers;
use crate::server::shutdown::{self, Phase, Phases};
use crate::telemetry::metrics::Metrics;

/// Bounds of the connections; a browser opens six
const LIMITS: ConnectionLimits = ConnectionLimits {
    connections: 32,
    handshake: Duration::from_secs(5),
    first_request: Duration::from_secs(5),
    idle: Duration::from_secs(150),
    age: Duration::from_secs(3600),
    head: 16 * 1024,
    drain: Duration::from_secs(1),
};

/// Show on a page of this machine whom the policies allow what
///
/// It prints an address for a browser and serves until it is interrupted. Whoever has the address reads all policies:
/// it holds a secret, and only this machine reaches it.
#[derive(Debug, Args)]
pub(super) struct ExploreArgs {
    /// The directory with policies (NAME.json) and directory documents (*.yaml), read again when it changes; without it
    /// the ConfigMaps of the cluster are read
    #[arg(long, value_name = "DIR")]
    config_dir: Option<PathBuf>,
    /// A directory whose documents stand in for those of the same name: the page shows what that changes
    #[arg(long, value_name = "DIR")]
    candidate: Option<PathBuf>,
    /// What else the cluster holds, for manifests that are pasted in: namespaces, service accounts, nodes, eci-profile;
    /// repeatable
    #[arg(long, value_name = "FILE|DIR")]
    objects: Vec<PathBuf>,
    /// The port on 127.0.0.1; 0 takes any that is free
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
    /// The namespace that ramgate is installed in, for the ConfigMaps
    #[arg(long, value_name = "NS", default_value = "ramgate-system")]
    namespace: String,
    /// The context of the kubeconfig, if not the current one
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
}

pub(super) fn run(args: &ExploreArgs, output: Output) -> Result<Exit, CommandError> {
    // Fails only if a provider is installed already, which is then this one
    let _installed = aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| CommandError::io("the runtime", error))?;
    runtime.block_on(explore(args, output))
}

async fn explore(args: &ExploreArgs, output: Output) -> Result<Exit, CommandError> {
    let mut signals = shutdown::signals().map_err(|error| CommandError::io("signals", error))?;
    live_cluster::check_name("--namespace", &args.namespace)?;
    let objects = manifest::read(&args.objects)?.all()?;
    let mut origins = Origins::open(args).await?;
    let snapshot = origins.first_snapshot().await?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    let listener = Listener::bind(address)
        .await
        .map_err(|error| CommandError::Usage(error.to_string()))?;
    let gate = Gate::new(listener.address().port())?;
    let url = gate.url();
    let explorer = Arc::new(Explorer::new(gate, snapshot, objects));
    let metrics = Metrics::new().map_err(|error| CommandError::Usage(error.to_string()))?;
    let port = Port {
        transport: Transport::Plain,
        limits: LIMITS,
        peers: Peers::default(),
        metrics: Arc::new(metrics),
    };
    let phases = Phases::default();
    let router = routes::router(Arc::clone(&explorer));
    let serving = tokio::spawn(listener.serve(port, router, phases.watch()));
    tokio::spawn(async move { origins.watch(&explorer).await });
    match output {
        Output::Human => {
            print(&format!("{url}\n"))?;
            print_error("open it in a browser; Ctrl-C ends it\n");
        }
        Output::Json => print_json(&json!({"url": url}))?,
    }
    let _name = signals.recv().await;
    phases.enter(Phase::Draining);
    // It ends by itself within the time for draining
    drop(serving.await);
    Ok(Exit::Good)
}

#[cfg(test)]
mod tests;
