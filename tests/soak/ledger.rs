//! What came back: counts, times, and everything that should not be.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use crate::trickle::Trickle;

/// How long after a kill a request may break on it: the connections break at once, the endpoint goes a second later
const KILL_WINDOW: Duration = Duration::from_secs(3);

/// Which series of the metrics a review counts in
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Series {
    /// Series in which the real API server's requests count as well
    Shared,
    /// Series in which only the generator's reviews count, so that sums must agree
    Own,
}

/// What one replica was asked, and what it answered
pub(crate) struct Tally {
    pub(crate) name: String,
    pub(crate) port: u16,
    killed: OnceLock<Instant>,
    sent: [AtomicU64; 2],
    answered: [AtomicU64; 2],
    /// The newest generations of policies and of the directory that its answers showed
    pub(crate) newest: [AtomicU64; 2],
}

impl Tally {
    pub(crate) fn new(name: &str, port: u16) -> Self {
        Self {
            name: name.to_owned(),
            port,
            killed: OnceLock::new(),
            sent: Default::default(),
            answered: Default::default(),
            newest: Default::default(),
        }
    }

    pub(crate) fn sent(&self, series: Series) {
        self.sent[series as usize].fetch_add(1, Ordering::SeqCst);
    }

    /// Takes a request back of which nothing was written
    pub(crate) fn unsent(&self, series: Series) {
        self.sent[series as usize].fetch_sub(1, Ordering::SeqCst);
    }

    pub(crate) fn answered(&self, series: Series) {
        self.answered[series as usize].fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn all_sent(&self, series: Series) -> u64 {
        self.sent[series as usize].load(Ordering::SeqCst)
    }

    pub(crate) fn all_answered(&self, series: Series) -> u64 {
        self.answered[series as usize].load(Ordering::SeqCst)
    }

    /// Notes that it is about to be killed
    pub(crate) fn killed(&self) {
        let _ = self.killed.set(Instant::now());
    }

    /// Whether it was killed after an instant
    pub(crate) fn was_killed_since(&self, instant: Instant) -> bool {
        self.killed.get().is_some_and(|&killed| killed >= instant)
    }

    /// Whether a request may break on it at this instant, because it was killed
    pub(crate) fn excuses(&self, at: Instant) -> bool {
        let killed = self.killed.get();
        killed.is_some_and(|&killed| at >= killed && at.duration_since(killed) <= KILL_WINDOW)
    }
}

/// What became of one review
pub(crate) enum Outcome {
    /// Answered, and the answer is right
    Right,
    /// In flight on a connection of a replica that was killed; the API server denies the request
    LostByKill,
    /// Sent to the address of a killed replica before the endpoint was gone; the API server denies the request
    RefusedByKill,
    /// Not answered, and nothing explains it
    Failed(String),
    /// Allowed, though it must be denied
    LetThrough(String),
    /// Denied, though it must be allowed
    HeldUp(String),
    /// Answered otherwise than it must be
    Wrong(String),
}

/// The counts of [`Outcome`]s, in their order
pub(crate) const OUTCOMES: [&str; 7] = [
    "right",
    "lost in flight by a kill",
    "refused after a kill",
    "failed",
    "let through",
    "held up",
    "wrong",
];

/// Everything that came back
#[derive(Default)]
pub(crate) struct Ledger {
    counts: [AtomicU64; 7],
    latencies: Mutex<Vec<u32>>,
    problems: Mutex<Vec<String>>,
    /// Longest use of an outdated configuration in milliseconds, in calm and in storm
    lags: [AtomicU64; 2],
    begun: OnceLock<Instant>,
    pub(crate) trickle: Trickle,
}

impl Ledger {
    /// Starts the clock of the messages
    pub(crate) fn begin(&self) {
        let _ = self.begun.set(Instant::now());
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.get().map_or(Duration::ZERO, Instant::elapsed)
    }

    pub(crate) fn book(&self, outcome: Outcome) {
        let (index, text) = match outcome {
            Outcome::Right => (0, None),
            Outcome::LostByKill => (1, None),
            Outcome::RefusedByKill => (2, None),
            Outcome::Failed(text) => (3, Some(text)),
            Outcome::LetThrough(text) => (4, Some(text)),
            Outcome::HeldUp(text) => (5, Some(text)),
            Outcome::Wrong(text) => (6, Some(text)),
        };
        self.counts[index].fetch_add(1, Ordering::Relaxed);
        if let Some(text) = text {
            self.problem(&format!("{}: {text}", OUTCOMES[index]));
        }
    }

    pub(crate) fn took(&self, time: Duration) {
        let micros = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
        self.latencies.lock().expect("latencies").push(micros);
    }

    /// Writes down what must not be; the run goes on, and fails at its end
    pub(crate) fn problem(&self, text: &str) {
        let line = format!("{:>6.1} s  {text}", self.elapsed().as_secs_f64());
        let mut problems = self.problems.lock().expect("problems");
        if problems.len() < 200 {
            println!("PROBLEM {line}");
        }
        problems.push(line);
    }

    /// Writes down what was done
    pub(crate) fn event(&self, text: &str) {
        println!("{:>6.1} s  {text}", self.elapsed().as_secs_f64());
    }

    /// An answer by a configuration that was outdated for so long when the review was sent
    pub(crate) fn lagged(&self, by: Duration, calm: bool) {
        let lag = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.lags[usize::from(!calm)].fetch_max(lag, Ordering::Relaxed);
    }

    pub(crate) fn counts(&self) -> [u64; 7] {
        std::array::from_fn(|index| self.counts[index].load(Ordering::Relaxed))
    }

    pub(crate) fn lags(&self) -> [u64; 2] {
        std::array::from_fn(|index| self.lags[index].load(Ordering::Relaxed))
    }

    /// The times since the last call, in microseconds, in order
    pub(crate) fn take_latencies(&self) -> Vec<u32> {
        let mut latencies = std::mem::take(&mut *self.latencies.lock().expect("latencies"));
        latencies.sort_unstable();
        latencies
    }

    pub(crate) fn problems(&self) -> Vec<String> {
        self.problems.lock().expect("problems").clone()
    }
}
