//! Says on a terminal how far long work is.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::cli::output::Format;

/// Work that ends before this says nothing
const QUIET: Duration = Duration::from_secs(1);

/// How often a line is written anew
const INTERVAL: Duration = Duration::from_millis(200);

/// A line on standard error that says how far a command is, if that is a terminal
pub(super) struct Progress {
    work: &'static str,
    is_on: bool,
    next: Mutex<Line>,
}

struct Line {
    due: Instant,
    is_shown: bool,
}

impl Progress {
    /// Progress of some work, such as `diff: searched`
    pub(super) fn new(work: &'static str) -> Self {
        let now = Instant::now();
        Self {
            work,
            is_on: io::stderr().is_terminal(),
            next: Mutex::new(Line {
                due: now.checked_add(QUIET).unwrap_or(now),
                is_shown: false,
            }),
        }
    }

    /// The same for a command that prints in this format: programs get what they asked for and nothing else
    pub(super) fn in_format(work: &'static str, format: Format) -> Self {
        let mut progress = Self::new(work);
        progress.is_on &= format == Format::Human;
        progress
    }

    /// Says how much is done, unless it was said just now
    pub(super) fn say(&self, done: usize, all: usize) {
        let now = Instant::now();
        // A thread that finds another one writing has nothing to add
        let Ok(mut line) = self.next.try_lock() else {
            return;
        };
        if !self.is_on || now < line.due {
            return;
        }
        line.due = now.checked_add(INTERVAL).unwrap_or(now);
        line.is_shown = true;
        write(&format!("\r{} {done} of {all}\u{1b}[K", self.work));
    }
}

impl Drop for Progress {
    /// Clears the line, so that the result starts where it stood
    fn drop(&mut self) {
        let line = self.next.get_mut().unwrap_or_else(PoisonError::into_inner);
        if line.is_shown {
            write("\r\u{1b}[K");
        }
    }
}

/// Writes to standard error; progress that cannot be shown is no failure
fn write(text: &str) {
    let mut error = io::stderr().lock();
    drop(error.write_all(text.as_bytes()).and_then(|()| error.flush()));
}
