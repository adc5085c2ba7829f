//! How much a search may cost, counted in statements and conditions that are looked at, since the engine has no clock.

use std::cell::Cell;

/// Statements and conditions looked at before a search gives up: some 10 ms of one core
const MOST: usize = 100_000;

/// What is left of it
#[derive(Debug)]
pub(super) struct Budget {
    left: Cell<usize>,
    /// Whether something was left out because there is not enough
    cut: Cell<bool>,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self {
            left: Cell::new(MOST),
            cut: Cell::new(false),
        }
    }

    /// Takes as much as some work costs, or nothing if there is not that much
    pub(super) fn spend(&self, work: usize) -> bool {
        let left = self.left.get().checked_sub(work);
        match left {
            Some(left) => self.left.set(left),
            None => self.cut.set(true),
        }
        left.is_some()
    }

    /// The same for work that is only worth it while it leaves half of what there is; nothing is missed without it
    pub(super) fn spend_of_half(&self, work: usize) -> bool {
        work <= self.left.get() / 2 && self.spend(work)
    }

    /// How often something of this cost can still be done
    pub(super) fn times(&self, work: usize) -> usize {
        self.left.get().checked_div(work).unwrap_or(usize::MAX)
    }

    /// Says that something was left out
    pub(super) fn cut(&self) {
        self.cut.set(true);
    }

    /// Whether something was left out
    pub(super) fn is_cut(&self) -> bool {
        self.cut.get()
    }
}
