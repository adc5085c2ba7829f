//! How long, how fast, in which order.

use std::fmt;
use std::time::Duration;

/// What one round of all faults takes, with pauses, on a busy machine
pub(crate) const ROUND: Duration = Duration::from_secs(240);

/// The run's variables
///
/// | variable | default |
/// | --- | --- |
/// | `RAMGATE_SOAK_SECONDS` | 240 |
/// | `RAMGATE_SOAK_RATE` | 1000 reviews a second, 200 for a debug build |
/// | `RAMGATE_SOAK_SEED` | 1 |
/// | `RAMGATE_SOAK_REPORT` | `target/soak/report.txt` |
pub(crate) struct Settings {
    pub(crate) duration: Duration,
    pub(crate) rate: u32,
    pub(crate) seed: u64,
}

impl Settings {
    pub(crate) fn read() -> Self {
        let number = |name: &str, default: u64| {
            let text = std::env::var(name).ok();
            text.map_or(default, |text| {
                text.parse()
                    .unwrap_or_else(|_| panic!("{name} is `{text}`, which is no number"))
            })
        };
        // With debug assertions a review costs ten times as much processor time.
        let rate = if cfg!(debug_assertions) { 200 } else { 1000 };
        Self {
            duration: Duration::from_secs(number("RAMGATE_SOAK_SECONDS", ROUND.as_secs())),
            rate: u32::try_from(number("RAMGATE_SOAK_RATE", rate)).expect("a rate"),
            seed: number("RAMGATE_SOAK_SEED", 1),
        }
    }

    /// How often every fault happens
    pub(crate) fn rounds(&self) -> u64 {
        (self.duration.as_secs() / ROUND.as_secs()).max(1)
    }

    /// Whether replicas are left alone in a round, so that some get old: the middle third of a long run
    pub(crate) fn is_quiet(&self, round: u64) -> bool {
        let rounds = self.rounds();
        rounds >= 3 && round >= rounds / 3 && round < 2 * rounds / 3
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} s, {} reviews a second, {} rounds of faults, seed {}, {} build",
            self.duration.as_secs(),
            self.rate,
            self.rounds(),
            self.seed,
            if cfg!(debug_assertions) {
                "debug"
            } else {
                "release"
            },
        )
    }
}
