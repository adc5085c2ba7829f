//! How long a review may take.

use std::time::Duration;

use axum::http::Uri;
use tokio::time::Instant;

use crate::server::limits::ReviewLimits;

/// Until when the body must be there and the answer given
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    started: Instant,
    /// From the headers to the end of the body
    pub(super) body: Duration,
    /// From the headers to the answer
    pub(super) deadline: Duration,
}

impl Times {
    /// The bounds, or less if the caller says that it will not wait so long
    ///
    /// An API server adds the webhook's `timeoutSeconds` to the path, as `timeout=10s`. A tenth of it is left for the
    /// way back, so that a deadline set too long still ends in an explicit denial.
    pub(super) fn new(started: Instant, limits: &ReviewLimits, uri: &Uri) -> Self {
        let patience = waits(uri).map_or(Duration::MAX, |wait| {
            wait.saturating_sub(wait.checked_div(10).unwrap_or_default())
        });
        let deadline = limits.deadline.min(patience);
        Self {
            started,
            body: limits.body_time.min(deadline),
            deadline,
        }
    }

    pub(super) fn body_until(&self) -> Instant {
        later(self.started, self.body)
    }

    pub(super) fn until(&self) -> Instant {
        later(self.started, self.deadline)
    }
}

/// How long the caller waits; `timeoutSeconds` is a whole number of seconds from 1 to 30
fn waits(uri: &Uri) -> Option<Duration> {
    let parameters = uri.query()?.split('&');
    let value = parameters
        .filter_map(|pair| pair.strip_prefix("timeout="))
        .next()?;
    let seconds = value
        .strip_suffix('s')?
        .parse()
        .ok()
        .filter(|seconds| *seconds > 0)?;
    Some(Duration::from_secs(seconds))
}

/// A moment after another; one beyond the clock's range is the moment itself
fn later(start: Instant, by: Duration) -> Instant {
    start.checked_add(by).unwrap_or(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deadline(uri: &'static str) -> u128 {
        let limits = ReviewLimits::new(1, Duration::from_millis(2500));
        Times::new(Instant::now(), &limits, &Uri::from_static(uri))
            .deadline
            .as_millis()
    }

    #[test]
    fn a_caller_that_waits_less_is_answered_before_it_gives_up() {
        assert_eq!(deadline("/validate?timeout=2s"), 1800);
        assert_eq!(deadline("/validate?x=1&timeout=1s"), 900);
        assert_eq!(deadline("/validate?timeout=3s"), 2500);
        assert_eq!(deadline("/validate?timeout=30s"), 2500);
    }

    #[test]
    fn what_is_no_timeout_changes_nothing() {
        for uri in [
            "/validate",
            "/validate?timeout=",
            "/validate?timeout=0s",
            "/validate?timeout=2",
            "/validate?timeout=-1s",
        ] {
            assert_eq!(deadline(uri), 2500, "{uri}");
        }
    }
}
