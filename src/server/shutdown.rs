//! Leaving in order, so that no request fails because a replica goes.
//!
//! ```text
//! Serving --signal--> Leaving (not ready, still serving, "Connection: close") --delay--> Draining --> end
//! ```
//!
//! An API server keeps its connections and does not notice that an endpoint has gone; only an answer that closes the
//! connection makes it look again.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::server::listener::Drained;

/// How far the end has come
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Business as usual
    #[default]
    Serving,
    /// Told to stop: no longer ready, still answering
    Leaving,
    /// No new connections; what is in flight is brought to an end
    Draining,
}

/// The phase, shared by all who must know
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

    /// Goes on to a later phase; there is no way back
    pub fn enter(&self, phase: Phase) {
        self.0.send_if_modified(|current| {
            let later = phase > *current;
            *current = phase.max(*current);
            later
        });
    }
}

/// Waits until no new work is wanted
pub(super) async fn draining(mut phase: watch::Receiver<Phase>) {
    // A sender that is gone cannot ask any more, and the process is at its end
    let _phase = phase.wait_for(|phase| *phase == Phase::Draining).await;
}

/// The requests to stop, in the order of their arrival
pub(crate) type Signals = mpsc::Receiver<&'static str>;

/// The process was told twice to stop
#[derive(Debug, thiserror::Error)]
#[error("stopped at once by a second signal, with reviews unanswered")]
pub struct Aborted;

/// SIGTERM and SIGINT from now on
///
/// # Errors
/// The operating system can refuse to report signals.
pub(crate) fn signals() -> io::Result<Signals> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // The second signal ends the process, so that no third needs a place
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

/// Waits for a signal and walks through the phases until the listener has drained
pub(super) async fn follow(
    phases: &Phases,
    signals: &mut Signals,
    delay: Duration,
    mut serving: JoinHandle<Drained>,
) -> Result<(), Aborted> {
    // A closed channel means that nobody can ask: the same as being asked
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
