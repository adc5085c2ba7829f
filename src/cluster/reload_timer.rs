//! The time of the next reload.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How long a reload waits for another change: several ConfigMaps are applied one after the other
const QUIET_PERIOD: Duration = Duration::from_millis(100);
/// How long a reload waits at most, however many changes come
const MAX_WAIT: Duration = Duration::from_millis(400);
/// The wait before a good configuration that could not be put in force is tried again
const RETRY: Duration = Duration::from_secs(2);

/// Collects changes into one reload
#[derive(Debug, Default)]
pub(crate) struct ReloadTimer {
    first_change: Option<Instant>,
    due_at: Option<Instant>,
}

impl ReloadTimer {
    /// A timer for a reload that failed and is to be repeated
    pub(crate) fn retry() -> Self {
        Self {
            first_change: None,
            due_at: Instant::now().checked_add(RETRY),
        }
    }

    /// Notes a change: the reload waits for the quiet period after it, but at most for the longest wait
    ///
    /// ```text
    /// changes at 0 and 90 ms          -> reload at 190 ms
    /// changes at 0, 90, …, 390 ms     -> reload at 400 ms
    /// ```
    pub(crate) fn change(&mut self, now: Instant) {
        let first = *self.first_change.get_or_insert(now);
        let latest = first.checked_add(MAX_WAIT);
        self.due_at = now.checked_add(QUIET_PERIOD).min(latest);
    }

    /// Waits until the reload is due; for ever if nothing has changed
    pub(crate) async fn due(&self) {
        match self.due_at {
            Some(at) => sleep_until(at).await,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_changes_wait_for_quiet_but_not_for_ever() {
        let mut timer = ReloadTimer::default();
        let start = Instant::now();
        timer.change(start);
        assert_eq!(timer.due_at, Some(start + QUIET_PERIOD));
        timer.change(start + Duration::from_millis(90));
        assert_eq!(timer.due_at, Some(start + Duration::from_millis(190)));
        timer.change(start + Duration::from_millis(390));
        assert_eq!(timer.due_at, Some(start + MAX_WAIT));
    }
}
