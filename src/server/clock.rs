//! Instants: one that threads share without a lock, and an addition that cannot overflow.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Stands for no instant
const NONE: u64 = u64::MAX;

/// An instant that may be missing, shared without a lock; its unit is the millisecond
#[derive(Debug)]
pub(super) struct AtomicInstant {
    epoch: Instant,
    /// Milliseconds after the epoch, or `NONE`
    milliseconds: AtomicU64,
}

impl AtomicInstant {
    /// An instant that is not before the epoch
    pub(super) fn new(epoch: Instant, instant: Instant) -> Self {
        let new = Self {
            epoch,
            milliseconds: AtomicU64::new(NONE),
        };
        new.set(instant);
        new
    }

    /// The instant, without the fraction of its last millisecond
    pub(super) fn get(&self) -> Option<Instant> {
        let milliseconds = self.milliseconds.load(Ordering::Acquire);
        (milliseconds != NONE).then(|| later(self.epoch, Duration::from_millis(milliseconds)))
    }

    /// Sets another instant
    pub(super) fn set(&self, instant: Instant) {
        let after = instant.saturating_duration_since(self.epoch).as_millis();
        let milliseconds = u64::try_from(after).unwrap_or(u64::MAX);
        self.milliseconds
            .store(milliseconds.min(NONE.wrapping_sub(1)), Ordering::Release);
    }

    /// Leaves no instant
    pub(super) fn clear(&self) {
        self.milliseconds.store(NONE, Ordering::Release);
    }
}

/// The instant after a duration; `start` itself if the clock's range ends before
pub(super) fn later(start: Instant, by: Duration) -> Instant {
    start.checked_add(by).unwrap_or(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_instant_is_kept_to_the_millisecond_until_it_is_cleared() {
        let epoch = Instant::now();
        let shared = AtomicInstant::new(epoch, later(epoch, Duration::from_micros(2700)));
        assert_eq!(shared.get(), Some(later(epoch, Duration::from_millis(2))));
        shared.clear();
        assert_eq!(shared.get(), None);
        shared.set(epoch);
        assert_eq!(shared.get(), Some(epoch));
    }
}
