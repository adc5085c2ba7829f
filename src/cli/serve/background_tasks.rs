//! Background tasks that must run for as long as the process lives.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;

/// Background tasks, none of which ends of its own accord
#[derive(Clone, Debug, Default)]
pub(super) struct BackgroundTasks {
    ended: Arc<Mutex<Vec<&'static str>>>,
}

impl BackgroundTasks {
    /// Runs a task; if it ends all the same, the process is no longer ready
    pub(super) fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let ended = Arc::clone(&self.ended);
        tokio::spawn(async move {
            // The panic hook has logged a panic already
            let _panicked = AssertUnwindSafe(task).catch_unwind().await;
            tracing::error!("{name} has ended: this process must be restarted");
            ended.lock().unwrap_or_else(PoisonError::into_inner).push(name);
        });
    }

    /// The names of the tasks that have ended
    pub(super) fn ended(&self) -> Vec<&'static str> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
