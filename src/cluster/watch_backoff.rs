//! The wait before a failed watch is tried again.

use std::time::Duration;

use kube::runtime::utils::Backoff;

/// The first wait, which doubles each time
const SHORTEST: Duration = Duration::from_millis(200);
/// The longest wait: an API server that comes back is found within this time
const LONGEST: Duration = Duration::from_secs(5);

/// Waits that grow from 200 ms to 5 s; they are short, because a stale state stays in force meanwhile
#[derive(Debug, Default)]
pub(crate) struct WatchBackoff {
    last: Duration,
}

impl Iterator for WatchBackoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.last = self.last.saturating_mul(2).clamp(SHORTEST, LONGEST);
        Some(self.last)
    }
}

impl Backoff for WatchBackoff {
    fn reset(&mut self) {
        self.last = Duration::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_start_over() {
        let mut backoff = WatchBackoff::default();
        let waits: Vec<u128> = backoff.by_ref().take(7).map(|wait| wait.as_millis()).collect();
        assert_eq!(waits, [200, 400, 800, 1600, 3200, 5000, 5000]);
        backoff.reset();
        assert_eq!(backoff.next(), Some(SHORTEST));
    }
}
