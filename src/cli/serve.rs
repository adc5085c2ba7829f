//! `ramgate serve`: starts everything and runs it until a signal.
//!
//! ```text
//! flags -> logs -> certificate -> sockets -> watches of the configuration -> ready -> signal -> end
//! ```
//!
//! Errors that nothing can repair end the process before the sockets are bound. For what may come later (the API server,
//! the first complete configuration) it waits, while `/ready` says what is missing.

mod authorize;
mod background_tasks;
mod certificate_renewal;
mod configuration_origin;
mod failing_open;
mod handler;
mod listeners;
mod merged_modes;
mod readiness;
mod record;
mod serve_settings;
mod start_line;
mod startup_failure;
mod watchdog;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use prometheus::IntCounter;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use tracing_subscriber::EnvFilter;

use crate::candidate::Rehearsal;
use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::serve::background_tasks::BackgroundTasks;
use crate::cli::serve::certificate_renewal::CertificateRenewal;
use crate::cli::serve::configuration_origin::ConfigurationOrigin;
use crate::cli::serve::handler::WebhookHandler;
use crate::cli::serve::listeners::Listeners;
use crate::cli::serve::merged_modes::MergedModes;
use crate::cli::serve::readiness::ReadinessCheck;
use crate::cli::serve::serve_settings::ServeSettings;
use crate::cli::serve::serve_settings::ports::ClientCaSettings;
pub(super) use crate::cli::serve::serve_settings::serve_args::ServeArgs;
use crate::cli::serve::start_line::announce;
use crate::cli::serve::startup_failure::failed;
use crate::config::{Status, Store};
use crate::server::admin::Admin;
use crate::server::certificate::resolver::CertificateResolver;
use crate::server::client_certificate::ca_file::ClientCaFile;
use crate::server::limits::ConnectionLimits;
use crate::server::mounted_files::POLL_INTERVAL;
use crate::server::peers::Peers;
use crate::server::reviews::Reviews;
use crate::server::shutdown::{Phases, Signals};
use crate::server::{Server, shutdown};
use crate::telemetry::log;
use crate::telemetry::log::LogFormat;
use crate::telemetry::log_writer::LogGuard;
use crate::telemetry::metrics::Metrics;

/// How often to count the exceptions that hold: an end shows before the next scrape
const EXCEPTION_INTERVAL: Duration = Duration::from_secs(5);

/// Runs the server until a signal
///
/// # Errors
/// Flags contradict each other, an address or certificate cannot be used, or a second signal comes.
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
    // Does not wait for watches and reads that are under way
    runtime.shutdown_background();
    served
}

async fn serve(settings: ServeSettings, started: Instant) -> Result<Exit, CommandError> {
    let metrics = Arc::new(Metrics::new().map_err(|error| failed("metrics", error))?);
    let dropped = metrics.log_lines_dropped.clone();
    let (mut signals, _log) = start_process(settings.log_format, settings.log_filter, dropped)?;
    let resolver = CertificateResolver::new(Arc::clone(&metrics));
    let origin = ConfigurationOrigin::new(settings.source).await?;
    let pod = std::env::var("POD_NAME").unwrap_or_else(|_| random_name());
    let client = origin.client();
    let certificate = CertificateRenewal::start(settings.certificate, client, &pod, &resolver, &metrics)?;
    let tasks = BackgroundTasks::default();
    let clients = client_verifier(settings.ports.client_ca.as_ref(), &metrics, &tasks)?;
    let listeners = Listeners::bind(&settings.ports).await?;

    let store = Arc::new(Store::default());
    certificate.run(&tasks);
    let modes = Arc::new(MergedModes::new(settings.modes));
    let (surrounding, watchdog) =
        origin.follow(settings.cluster, modes.flags(), pod, &store, &metrics, &tasks)?;
    let enforced = watchdog.as_ref().map(|watchdog| watchdog.enforced_namespaces());
    let (rehearsal, waiting) = Rehearsal::new(
        Arc::clone(&store),
        Arc::clone(modes.flags()),
        Arc::clone(&metrics),
    );
    let counting = count_reloads(Arc::clone(&store), Arc::clone(&metrics), Arc::clone(&rehearsal));
    tasks.spawn("the count of reloads", counting);
    tasks.spawn("the judge of the candidate", Arc::clone(&rehearsal).run(waiting));
    let readiness = Arc::new(ReadinessCheck {
        store: Arc::clone(&store),
        resolver: Arc::clone(&resolver),
        tasks,
        watchdog,
    });
    tokio::spawn(announce(Arc::clone(&readiness), Arc::clone(&modes), started));

    let handler = Arc::new(WebhookHandler {
        store,
        surrounding,
        modes,
        enforced,
        authorize: settings.authorize,
        rehearsal: Arc::clone(&rehearsal),
    });
    let tls = resolver.server_config_for(clients);
    let tls = tls.map_err(|error| failed("TLS", error))?;
    let reviews = Reviews::new(handler, Arc::clone(&metrics), settings.limits);
    let admin = Admin {
        readiness,
        phases: Phases::default(),
        metrics,
        candidate: Some(rehearsal),
    };
    let (peers, delay) = (settings.ports.peers, settings.shutdown_delay);
    let server = server(listeners, tls, peers, reviews, admin, delay);
    let stopped = server.run(&mut signals).await;
    stopped.map_err(|error| CommandError::Usage(error.to_string()))?;
    Ok(Exit::Good)
}

/// The server on the bound ports
fn server(
    listeners: Listeners,
    tls: Arc<ServerConfig>,
    peers: Peers,
    reviews: Arc<Reviews>,
    admin: Admin,
    shutdown_delay: Duration,
) -> Server {
    Server {
        listener: listeners.reviews,
        admin_listener: listeners.admin,
        probe_listener: listeners.probes,
        tls,
        reviews,
        limits: ConnectionLimits::REVIEWS,
        peers,
        shutdown_delay,
        phases: admin.phases.clone(),
        admin: Arc::new(admin),
    }
}

/// Starts logs, the crypto provider and the handling of signals
fn start_process(
    format: LogFormat,
    filter: EnvFilter,
    dropped: IntCounter,
) -> Result<(Signals, LogGuard), CommandError> {
    let log = log::start_in_background(format, filter, dropped)
        .map_err(|error| CommandError::Usage(error.to_string()))?;
    // Refused only if a provider is there already, and then it is this one
    let _installed = aws_lc_rs::default_provider().install_default();
    let signals = shutdown::signals().map_err(|error| CommandError::io("signals", error))?;
    Ok((signals, log))
}

/// Verifies certificates of clients; without a CA a client needs none
fn client_verifier(
    ca: Option<&ClientCaSettings>,
    metrics: &Arc<Metrics>,
    tasks: &BackgroundTasks,
) -> Result<Arc<dyn ClientCertVerifier>, CommandError> {
    let Some(ClientCaSettings { file, names }) = ca else {
        return Ok(WebPkiClientVerifier::no_client_auth());
    };
    let loaded = ClientCaFile::load(file.clone(), names.clone(), Arc::clone(metrics));
    let (file, verifier) =
        loaded.map_err(|error| CommandError::Usage(format!("--client-ca-file: {error}")))?;
    tasks.spawn("the watch of the clients' authority", file.run(POLL_INTERVAL));
    Ok(verifier)
}

/// Sets the metrics of the configuration at each change
async fn count_reloads(store: Arc<Store>, metrics: Arc<Metrics>, rehearsal: Arc<Rehearsal>) {
    let mut changes = store.subscribe();
    loop {
        let status: Status = changes.borrow_and_update().clone();
        metrics.configuration.set(&status);
        let current = store.current();
        let exceptions = current.as_ref().map_or(&[][..], |current| &current.exceptions);
        metrics.configuration.set_exceptions(exceptions, Timestamp::now());
        rehearsal.set_metrics();
        // Exceptions end, and candidates come and lose, without a change
        let changed = tokio::time::timeout(EXCEPTION_INTERVAL, changes.changed());
        if let Ok(Err(_)) = changed.await {
            return;
        }
    }
}

/// A name for a process that runs outside a pod
fn random_name() -> String {
    format!("ramgate-{:016x}", RandomState::new().hash_one(std::process::id()))
}
