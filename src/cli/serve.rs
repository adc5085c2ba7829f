//! `ramgate serve`: puts the parts together and runs them until a signal.
//!
//! ```text
//! flags -> logs -> certificate -> sockets -> watches of the configuration -> ready -> signal -> end
//! ```
//!
//! What can fail for good fails before the sockets are bound. What may come later (the API server, the first complete
//! configuration) is waited for while `/ready` says what is missing.

pub(crate) mod authorize;
pub(crate) mod certificate;
pub(crate) mod gate;
pub(crate) mod readiness;
pub(crate) mod settings;
pub(crate) mod watchdog;

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::{Client, Config};
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;

use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::serve::certificate::Certificate;
use crate::cli::serve::gate::{Gate, Surrounding};
use crate::cli::serve::readiness::{Ready, Tasks};
pub(super) use crate::cli::serve::settings::ServeArgs;
use crate::cli::serve::settings::{ClientAuthority, Settings, Source};
use crate::cli::serve::watchdog::Watchdog;
use crate::cluster::api::watches::Watches;
use crate::cluster::{ClusterSource, Followed, KeyStore, Rules, Surroundings, View};
use crate::config::folder::FolderSource;
use crate::config::reload::Reloader;
use crate::config::{Status, Store};
use crate::server::admin::{Admin, Readiness};
use crate::server::certificate::mounted;
use crate::server::certificate::slot::Slot;
use crate::server::clients::AuthorityFile;
use crate::server::limits::ConnectionLimits;
use crate::server::listener::Listener;
use crate::server::reviews::Reviews;
use crate::server::shutdown::Phases;
use crate::server::{Server, shutdown};
use crate::telemetry::log;
use crate::telemetry::metrics::Metrics;

/// How often to see whether everything is there, while it is not
const READY_LOOK: Duration = Duration::from_millis(5);

/// How long the API server may be silent on a connection: longer than any watch call, which it ends by itself
const API_SILENCE: Duration = Duration::from_secs(90);

/// Runs the server until it is told to stop
///
/// # Errors
/// Flags that contradict each other, an address or certificate that cannot be used, a second signal.
pub(super) fn run(args: ServeArgs) -> Result<Exit, CommandError> {
    let started = Instant::now();
    let settings = args
        .check()
        .map_err(|mistakes| CommandError::Usage(mistakes.join("\n")))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::io("the runtime", error))?;
    let served = runtime.block_on(serve(settings, started));
    // Watches and reads that are under way are not waited for
    runtime.shutdown_background();
    served
}

async fn serve(settings: Settings, started: Instant) -> Result<Exit, CommandError> {
    let Settings {
        source,
        ports,
        modes,
        authorize,
        limits,
        shutdown_delay,
        certificate,
        stamp_secret,
        stamp_upgrade_after,
        webhook_configuration,
        installed_webhooks,
        cluster_config,
        stale_after,
        real_node_names,
        log_format,
        log_filter,
    } = settings;
    log::start(log_format, log_filter).map_err(|error| CommandError::Usage(error.to_string()))?;
    // Refused only if a provider is there already, and then it is this one
    let _installed = aws_lc_rs::default_provider().install_default();
    let mut signals = shutdown::signals().map_err(|error| CommandError::io("signals", error))?;

    let metrics = Arc::new(Metrics::new().map_err(|error| failed("metrics", error))?);
    let slot = Slot::new(Arc::clone(&metrics));
    let origin = Origin::of(source).await?;
    let pod = std::env::var("POD_NAME").unwrap_or_else(|_| some_name());
    let certificate = Certificate::start(certificate, origin.client(), &pod, &slot, &metrics)?;

    let tasks = Tasks::default();
    let clients = clients(ports.client_authority, &metrics, &tasks)?;

    let listener = bind(ports.listen).await?;
    let admin_listener = bind(ports.admin_listen).await?;
    let probe_listener = match ports.probe_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        reviews = %listener.address(),
        admin = %admin_listener.address(),
        probes = probe_listener.as_ref().map(|listener| listener.address().to_string()),
        "listening"
    );

    let store = Arc::new(Store::default());
    certificate.keep(&tasks);
    let (surrounding, watchdog) = match origin {
        Origin::Cluster { client, namespace } => {
            let watches = Watches::new(client.clone(), stale_after);
            let keys = KeyStore::new(&watches, &namespace, &stamp_secret, &pod, stamp_upgrade_after);
            let rules = webhook_configuration
                .map(|name| Rules::new(watches.clone(), &namespace, &name, installed_webhooks, &pod));
            let followed = Followed {
                keys: Some(Arc::new(keys)),
                rules: rules.map(Arc::new),
                profile: Some(Arc::default()),
            };
            follow(&tasks, &followed, &watches, &store);
            let view = View::new(client, Arc::clone(&store), followed.clone());
            let view = Arc::new(view);
            let surroundings = Surroundings::new(watches.clone(), Arc::clone(&view));
            let reloader = Reloader::new(Arc::clone(&store), Some(surroundings));
            let configuration = ClusterSource::new(&watches, &namespace, pod, Arc::clone(&store), reloader);
            let configuration = configuration.with_cluster_config(cluster_config);
            tasks.spawn("the watch of the ConfigMaps", configuration.run());
            let watchdog = Watchdog {
                store: Arc::clone(&store),
                view: Arc::clone(&view),
                followed,
                real_node_names,
                watches,
            };
            tasks.spawn("the watchdog", watchdog.clone().keep(Arc::clone(&metrics)));
            (Surrounding::Watched(view), Some(watchdog))
        }
        Origin::Folder(folder) => {
            let reloader = Reloader::new(Arc::clone(&store), None);
            tasks.spawn(
                "the watch of the folder",
                FolderSource::new(folder, reloader).run(),
            );
            let surrounding = Surrounding::empty().map_err(|error| failed("the key of stamps", error))?;
            (surrounding, None)
        }
    };
    tasks.spawn(
        "the count of reloads",
        count(Arc::clone(&store), Arc::clone(&metrics)),
    );

    let readiness = Arc::new(Ready {
        store: Arc::clone(&store),
        slot: Arc::clone(&slot),
        tasks,
        watchdog,
    });
    tokio::spawn(announce(Arc::clone(&readiness), started));
    let phases = Phases::default();
    let gate = Arc::new(Gate {
        store,
        surrounding,
        modes,
        authorize,
    });
    let server = Server {
        listener,
        admin_listener,
        probe_listener,
        tls: slot
            .server_config_for(clients)
            .map_err(|error| failed("TLS", error))?,
        reviews: Reviews::new(gate, Arc::clone(&metrics), limits),
        admin: Arc::new(Admin {
            readiness,
            phases: phases.clone(),
            metrics,
        }),
        limits: ConnectionLimits::REVIEWS,
        peers: ports.peers,
        shutdown_delay,
        phases,
    };
    server
        .run(&mut signals)
        .await
        .map_err(|error| CommandError::Usage(error.to_string()))?;
    Ok(Exit::Good)
}

/// Where configuration comes from, with what it takes to get it
enum Origin {
    Folder(PathBuf),
    Cluster { client: Client, namespace: String },
}

impl Origin {
    async fn of(source: Source) -> Result<Self, CommandError> {
        match source {
            Source::Folder(folder) => Ok(Self::Folder(folder)),
            Source::Cluster { namespace } => {
                let config = Config::infer().await;
                let mut config = config.map_err(|error| failed("the way to the cluster's API", error))?;
                config.read_timeout = Some(API_SILENCE);
                let client = Client::try_from(config);
                let client = client.map_err(|error| failed("the way to the cluster's API", error))?;
                Ok(Self::Cluster { client, namespace })
            }
        }
    }

    fn client(&self) -> Option<&Client> {
        match self {
            Self::Folder(_) => None,
            Self::Cluster { client, .. } => Some(client),
        }
    }
}

async fn bind(address: SocketAddr) -> Result<Listener, CommandError> {
    let listener = Listener::bind(address).await;
    listener.map_err(|error| CommandError::Usage(error.to_string()))
}

/// What the certificates of clients are verified with; nobody has to have one unless an authority is given
fn clients(
    authority: Option<ClientAuthority>,
    metrics: &Arc<Metrics>,
    tasks: &Tasks,
) -> Result<Arc<dyn ClientCertVerifier>, CommandError> {
    let Some(ClientAuthority { file, names }) = authority else {
        return Ok(WebPkiClientVerifier::no_client_auth());
    };
    let loaded = AuthorityFile::load(file, names, Arc::clone(metrics));
    let (file, clients) =
        loaded.map_err(|error| CommandError::Usage(format!("--client-ca-file: {error}")))?;
    tasks.spawn("the watch of the clients' authority", file.keep(mounted::LOOK));
    Ok(clients)
}

/// Starts to follow the single objects that judging depends on
fn follow(tasks: &Tasks, followed: &Followed, watches: &Watches, store: &Arc<Store>) {
    if let Some(keys) = &followed.keys {
        tasks.spawn("the watch of the stamps' keys", Arc::clone(keys).keep());
    }
    if let Some(rules) = followed.rules.clone() {
        let watch = async move { rules.keep().await };
        tasks.spawn("the watch of the webhook configurations", watch);
    }
    if let Some(profile) = &followed.profile {
        let watch = Arc::clone(profile).keep(watches.clone(), Arc::clone(store));
        tasks.spawn("the watch of the eci-profile", watch);
    }
}

/// Keeps the metrics of the configuration in step
async fn count(store: Arc<Store>, metrics: Arc<Metrics>) {
    let mut changes = store.subscribe();
    loop {
        let status: Status = changes.borrow_and_update().clone();
        metrics.configured(&status);
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// Tells once that everything is there
async fn announce(readiness: Arc<Ready>, started: Instant) {
    loop {
        let report = readiness.report();
        if report.missing.is_empty() {
            let startup_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            return tracing::info!(generation = report.generation, startup_ms, "ready");
        }
        tokio::time::sleep(READY_LOOK).await;
    }
}

/// A name for a process that is no pod
fn some_name() -> String {
    format!("ramgate-{:016x}", RandomState::new().hash_one(std::process::id()))
}

fn failed(what: &str, error: impl std::error::Error + Send + Sync + 'static) -> CommandError {
    CommandError::io(what, io::Error::other(error))
}
