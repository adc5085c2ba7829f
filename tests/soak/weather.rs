//! When the control plane was disturbed, so that a check knows what it may demand.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What watches need to come back after a disturbance: the longest backoff and the API server's own start
const RECOVERY: Duration = Duration::from_secs(15);

/// The disturbances so far
#[derive(Default)]
pub(crate) struct Weather {
    storms: Mutex<Vec<(Instant, Option<Instant>)>>,
}

impl Weather {
    /// The control plane is disturbed while the function runs
    pub(crate) fn storm<T>(&self, disturb: impl FnOnce() -> T) -> T {
        let lock = || self.storms.lock().expect("weather");
        lock().push((Instant::now(), None));
        let result = disturb();
        if let Some(last) = lock().last_mut() {
            last.1 = Some(Instant::now());
        }
        result
    }

    /// Whether nothing disturbed the control plane, or still had an effect, between two instants
    pub(crate) fn was_calm(&self, from: Instant, to: Instant) -> bool {
        let storms = self.storms.lock().expect("weather");
        let touches = |&(begun, ended): &(Instant, Option<Instant>)| {
            begun <= to && ended.is_none_or(|ended| ended + RECOVERY >= from)
        };
        !storms.iter().rev().take(4).any(touches)
    }

    /// Whether it is calm right now
    pub(crate) fn is_calm(&self) -> bool {
        let now = Instant::now();
        self.was_calm(now, now)
    }
}
