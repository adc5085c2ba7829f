//! An orderly shutdown, so that no request fails because a replica stops.
//!
//! ```text
//! Serving --signal--> Leaving (not ready, still serving, "Connection: close") --delay--> Draining --> end
//! ```
//!
//! An API server keeps its connections and does not notice that an endpoint has gone. Only an answer that closes the
//! connection makes it look for endpoints again.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// How far the shutdown has come
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// No signal yet
    #[default]
    Serving,
    /// A signal has come: no longer ready, still answering
    Leaving,
    /// No new connections; requests in flight are answered
    Draining,
}

/// The phase, shared by everything that depends on it
#[derive(Clone, Debug, Default)]
pub struct Phases(watch::Sender<Phase>);

impl Phases {
    /// The phase right now
    #[must_use]
    pub fn now(&self) -> Phase {
        *self.0.borrow()
    }

    /// Follows the phase
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Phase> {
        self.0.subscribe()
    }

    /// Goes on to a later phase; an earlier one changes nothing
    pub fn enter(&self, phase: Phase) {
        self.0.send_if_modified(|current| {
            let later = phase > *current;
            *current = phase.max(*current);
            later
        });
    }
}

/// Waits until the phase is draining
pub(super) async fn draining(mut phase: watch::Receiver<Phase>) {
    // Without a sender the process is at its end too
    let _phase = phase.wait_for(|phase| *phase == Phase::Draining).await;
}

/// How a listener ended
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were still busy when the time for draining was over
    pub cut: usize,
}

/// The names of the signals that have arrived, in order
pub(crate) type Signals = mpsc::Receiver<&'static str>;

/// A second signal ended the process
#[derive(Debug, thiserror::Error)]
#[error("stopped at once by a second signal, with reviews unanswered")]
pub struct Aborted;

/// Receives SIGTERM and SIGINT from now on
///
/// # Errors
/// The operating system refuses to report signals.
pub(crate) fn signals() -> io::Result<Signals> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // The second signal ends the process, so that there is no third
    let (sender, receiver) = mpsc::channel(2);
    tokio::spawn(async move {
        loop {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            if sender.send(name).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

/// Waits for a signal, then goes through the phases until the listener has drained
///
/// # Errors
/// A second signal arrives.
pub(super) async fn follow(
    phases: &Phases,
    signals: &mut Signals,
    delay: Duration,
    mut serving: JoinHandle<Drained>,
) -> Result<(), Aborted> {
    // Without a sender no signal can come any more, so this is the time to stop
    let name = signals.recv().await.unwrap_or("the end of the program");
    phases.enter(Phase::Leaving);
    tracing::info!(
        delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
        "stopping on {name}"
    );
    tokio::select! {
        () = tokio::time::sleep(delay) => {}
        Some(_) = signals.recv() => return Err(Aborted),
    }
    phases.enter(Phase::Draining);
    let drained = tokio::select! {
        drained = &mut serving => drained,
        Some(_) = signals.recv() => return Err(Aborted),
    };
    match drained {
        Ok(Drained { cut: 0 }) => tracing::info!("stopped, every request answered"),
        Ok(Drained { cut }) => tracing::warn!(cut, "stopped, some connections were still busy and are cut"),
        Err(error) => tracing::error!("the listener failed: {error}"),
    }
    Ok(())
}
