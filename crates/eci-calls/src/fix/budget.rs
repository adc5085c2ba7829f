//! The budget of a search, counted in statements and conditions, because the engine has no clock.

use std::cell::Cell;

/// Statements and conditions that a search may read: some 10 ms on one core
const TOTAL: usize = 100_000;

/// What is left of the budget
#[derive(Debug)]
pub(crate) struct Budget {
    left: Cell<usize>,
    is_incomplete: Cell<bool>,
}

/// The error of work that costs more than is left
#[derive(Debug)]
pub(crate) struct Exhausted;

impl Budget {
    pub(crate) fn new() -> Self {
        Self {
            left: Cell::new(TOTAL),
            is_incomplete: Cell::new(false),
        }
    }

    /// Pays for some work.
    ///
    /// # Errors
    /// Less is left than the work costs. Then the search is incomplete.
    pub(crate) fn spend(&self, work: usize) -> Result<(), Exhausted> {
        let Some(left) = self.left.get().checked_sub(work) else {
            self.mark_incomplete();
            return Err(Exhausted);
        };
        self.left.set(left);
        Ok(())
    }

    /// Pays for optional work, whose lack leaves the search complete.
    ///
    /// # Errors
    /// The work costs more than half of what is left.
    pub(crate) fn spend_on_option(&self, work: usize) -> Result<(), Exhausted> {
        if work <= self.left.get() / 2 {
            self.spend(work)
        } else {
            Err(Exhausted)
        }
    }

    /// How often work of this cost can still be paid for
    pub(crate) fn times(&self, work: usize) -> usize {
        self.left.get().checked_div(work).unwrap_or(usize::MAX)
    }

    /// Records that the search leaves out something that it would have to try
    pub(crate) fn mark_incomplete(&self) {
        self.is_incomplete.set(true);
    }

    pub(crate) fn is_incomplete(&self) -> bool {
        self.is_incomplete.get()
    }
}
