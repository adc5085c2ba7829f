//! How fast reviews are judged a second time: live reviews come first.

use std::time::Duration;

/// For each unit of time at work, so many at rest: at most an eighth of one processor
const REST: u32 = 7;

/// Below this the timer of the runtime is too coarse
const SHORTEST: Duration = Duration::from_millis(2);

/// Collects the rest that is due until it is worth a pause
#[derive(Debug, Default)]
pub(super) struct Pace {
    due: Duration,
}

impl Pace {
    /// Notes work; returns a pause to make now
    pub(super) fn worked(&mut self, time: Duration) -> Option<Duration> {
        self.due = self.due.saturating_add(time.saturating_mul(REST));
        (self.due >= SHORTEST).then(|| std::mem::take(&mut self.due))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_work_is_collected_into_one_pause() {
        let mut pace = Pace::default();
        let work = Duration::from_micros(100);
        let pauses: Vec<_> = (0..6).map(|_| pace.worked(work)).collect();
        let due = Some(Duration::from_micros(2100));
        assert_eq!(pauses, [None, None, due, None, None, due]);
        let long = Duration::from_millis(3);
        assert_eq!(pace.worked(long), Some(long * REST));
    }
}
