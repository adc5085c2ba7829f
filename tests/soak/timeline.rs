//! Which generation of a ConfigMap was written when, and so which one an answer may show.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::weather::Weather;

/// How long a replica may use an outdated document while nothing disturbs the control plane; a debug build on a busy
/// machine took 2.5 s
const BOUND: Duration = Duration::from_secs(if cfg!(debug_assertions) { 4 } else { 3 });

/// The same around a disturbance: watches come back with a backoff
const BOUND_IN_STORM: Duration = Duration::from_secs(60);

struct Write {
    number: u64,
    begun: Instant,
    acknowledged: Option<Instant>,
}

/// All writes of one ConfigMap, oldest first
#[derive(Default)]
pub(crate) struct Timeline {
    writes: Mutex<Vec<Write>>,
}

/// What an answer shows of its configuration
pub(crate) struct Age {
    /// For how long the document had been outdated when the review was sent
    pub(crate) outdated: Duration,
    pub(crate) calm: bool,
}

impl Age {
    pub(crate) fn is_too_old(&self) -> bool {
        self.outdated > if self.calm { BOUND } else { BOUND_IN_STORM }
    }
}

impl Timeline {
    /// A write begins; from now on the generation may be in force
    pub(crate) fn begin(&self, number: u64) {
        self.writes.lock().expect("timeline").push(Write {
            number,
            begun: Instant::now(),
            acknowledged: None,
        });
    }

    /// The API server has stored the newest write
    pub(crate) fn acknowledge(&self) {
        if let Some(newest) = self.writes.lock().expect("timeline").last_mut() {
            newest.acknowledged = Some(Instant::now());
        }
    }

    /// How old a generation is that answered a review sent at an instant; nothing if it was never written
    pub(crate) fn age(&self, number: u64, sent: Instant, weather: &Weather) -> Option<Age> {
        let writes = self.writes.lock().expect("timeline");
        let mut superseded = None;
        for write in writes.iter().rev() {
            if write.number == number {
                let superseded = superseded.unwrap_or(sent).min(sent);
                return Some(Age {
                    outdated: sent - superseded,
                    calm: weather.was_calm(superseded, sent),
                });
            }
            superseded = write.acknowledged.or(superseded);
        }
        None
    }

    /// Every generation by which a review may have been judged that was sent and answered at these instants
    pub(crate) fn possible(&self, sent: Instant, answered: Instant, weather: &Weather) -> Vec<u64> {
        let writes = self.writes.lock().expect("timeline");
        let (mut superseded, mut possible) = (None::<Instant>, vec![]);
        for write in writes.iter().rev() {
            if let Some(superseded) = superseded.filter(|&superseded| superseded < sent) {
                let age = Age {
                    outdated: sent - superseded,
                    calm: weather.was_calm(superseded, sent),
                };
                if age.is_too_old() {
                    break;
                }
            }
            if write.begun <= answered {
                possible.push(write.number);
            }
            superseded = write.acknowledged.or(superseded);
        }
        possible
    }
}
