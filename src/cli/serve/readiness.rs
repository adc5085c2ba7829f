//! What must be there before reviews are sent here.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;

use crate::cli::serve::watchdog::Watchdog;
use crate::config::Store;
use crate::server::admin::{Readiness, Report};
use crate::server::certificate::slot::Slot;

/// Ready with a complete configuration, a certificate, and all background tasks alive
pub(super) struct Ready {
    pub(super) store: Arc<Store>,
    pub(super) slot: Arc<Slot>,
    pub(super) tasks: Tasks,
    /// None beside a folder, where there is no cluster
    pub(super) watchdog: Option<Watchdog>,
}

/// Background tasks, none of which ever ends of its own accord
#[derive(Clone, Debug, Default)]
pub(super) struct Tasks {
    ended: Arc<Mutex<Vec<&'static str>>>,
}

impl Tasks {
    /// Runs a task; should it end, the process is no longer ready, and says so
    pub(super) fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let ended = Arc::clone(&self.ended);
        tokio::spawn(async move {
            // Its text is in the log already
            let _panicked = AssertUnwindSafe(task).catch_unwind().await;
            tracing::error!("{name} has ended: this process must be restarted");
            ended.lock().unwrap_or_else(PoisonError::into_inner).push(name);
        });
    }
}

impl Readiness for Ready {
    fn report(&self) -> Report {
        let status = self.store.status();
        let mut missing = Vec::new();
        if !status.is_ready() {
            missing.push("no complete configuration has been loaded yet".to_owned());
        }
        if !self.slot.is_filled() {
            missing.push("there is no certificate yet".to_owned());
        }
        let found = self.watchdog.as_ref().map(Watchdog::look).unwrap_or_default();
        missing.extend(found.missing);
        let ended = self.tasks.ended.lock().unwrap_or_else(PoisonError::into_inner);
        missing.extend(
            ended
                .iter()
                .map(|name| format!("{name} has ended, restart the process")),
        );
        let mut last_reload_errors: Vec<_> = status.faults.iter().map(ToString::to_string).collect();
        if let Some(more) = status
            .fault_count
            .checked_sub(status.faults.len())
            .filter(|more| *more > 0)
        {
            last_reload_errors.push(format!("{more} more"));
        }
        let generation = status.is_ready().then_some(status.generation);
        Report {
            missing,
            concerns: found.concerns,
            generation,
            last_reload_errors,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::metrics::Metrics;

    #[tokio::test]
    async fn what_is_missing_is_named() {
        let ready = Ready {
            store: Arc::default(),
            slot: Slot::new(Arc::new(Metrics::new().unwrap())),
            tasks: Tasks::default(),
            watchdog: None,
        };
        assert_eq!(
            ready.report().missing,
            [
                "no complete configuration has been loaded yet",
                "there is no certificate yet"
            ]
        );
        ready.tasks.spawn("the watch of nothing", async {});
        tokio::task::yield_now().await;
        assert_eq!(
            ready.report().missing[2..],
            ["the watch of nothing has ended, restart the process"]
        );
    }
}
