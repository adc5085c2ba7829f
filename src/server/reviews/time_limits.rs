//! The time limits of one review: for its body, and for its answer.

use std::time::Duration;

use axum::http::Uri;
use tokio::time::Instant;

use crate::server::clock::later;
use crate::server::limits::ReviewLimits;

/// The time limits of one review
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeLimits {
    started: Instant,
    /// From the headers to the end of the body
    pub(super) body: Duration,
    /// From the headers to the answer
    pub(super) deadline: Duration,
}

impl TimeLimits {
    /// The configured limits, or shorter ones if the caller does not wait that long
    ///
    /// An API server adds the webhook's `timeoutSeconds` to the path, as `timeout=10s`. A tenth of it is left for the
    /// way back, so that a deadline that is configured too long still ends in an explicit denial.
    ///
    /// ```text
    /// deadline 2500 ms, /validate             -> 2500 ms
    /// deadline 2500 ms, /validate?timeout=30s -> 2500 ms
    /// deadline 2500 ms, /validate?timeout=2s  -> 1800 ms
    /// ```
    pub(super) fn new(started: Instant, limits: &ReviewLimits, uri: &Uri) -> Self {
        let patience = caller_timeout(uri).map_or(Duration::MAX, |timeout| {
            timeout.saturating_sub(timeout.checked_div(10).unwrap_or_default())
        });
        let deadline = limits.deadline.min(patience);
        Self {
            started,
            body: limits.body_time.min(deadline),
            deadline,
        }
    }

    /// The time by which the body must be there
    pub(super) fn body_until(&self) -> Instant {
        later(self.started, self.body)
    }

    /// The time by which the answer must be given
    pub(super) fn until(&self) -> Instant {
        later(self.started, self.deadline)
    }
}

/// The `timeoutSeconds` of the webhook, a whole number of seconds from 1 to 30
fn caller_timeout(uri: &Uri) -> Option<Duration> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn deadline(uri: &'static str) -> u128 {
        let limits = ReviewLimits::new(1, Duration::from_millis(2500));
        TimeLimits::new(Instant::now(), &limits, &Uri::from_static(uri))
            .deadline
            .as_millis()
    }

    #[test]
    fn a_caller_with_a_shorter_timeout_is_answered_before_it_gives_up() {
        assert_eq!(deadline("/validate?timeout=2s"), 1800);
        assert_eq!(deadline("/validate?x=1&timeout=1s"), 900);
        assert_eq!(deadline("/validate?timeout=3s"), 2500);
        assert_eq!(deadline("/validate?timeout=30s"), 2500);
    }

    #[test]
    fn a_malformed_timeout_changes_nothing() {
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
