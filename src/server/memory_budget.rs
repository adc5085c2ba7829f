//! The memory that all request bodies share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::server::limits::ReviewLimits;

/// The bytes that bodies may take together
#[derive(Debug)]
pub(super) struct MemoryBudget {
    free: AtomicUsize,
    /// The bytes that large bodies leave to small ones
    spare: usize,
}

impl MemoryBudget {
    /// A budget of so many bytes
    pub(super) fn new(bytes: usize) -> Arc<Self> {
        Arc::new(Self {
            free: AtomicUsize::new(bytes),
            spare: bytes / 8,
        })
    }

    #[cfg(test)]
    pub(super) fn free(&self) -> usize {
        self.free.load(Ordering::Acquire)
    }
}

/// The bytes that one body takes, given back on drop
#[derive(Debug)]
pub(super) struct MemoryReservation {
    budget: Arc<MemoryBudget>,
    bytes: usize,
}

/// The budget has not enough bytes left
#[derive(Debug)]
pub(super) struct BudgetExhausted;

impl MemoryReservation {
    /// A reservation of no bytes
    pub(super) fn empty(budget: &Arc<MemoryBudget>) -> Self {
        Self {
            budget: Arc::clone(budget),
            bytes: 0,
        }
    }

    /// Reserves more bytes
    ///
    /// A body over [`ReviewLimits::INLINE`] leaves an eighth of the budget to small ones.
    ///
    /// # Errors
    /// There are not that many bytes left. Then nothing is taken.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), BudgetExhausted> {
        let total = self.bytes.saturating_add(bytes);
        let is_large = total > ReviewLimits::INLINE;
        let spare = if is_large { self.budget.spare } else { 0 };
        self.budget
            .free
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |free| {
                free.checked_sub(bytes).filter(|left| *left >= spare)
            })
            .map_err(|_| BudgetExhausted)?;
        self.bytes = total;
        Ok(())
    }
}

impl Drop for MemoryReservation {
    fn drop(&mut self) {
        self.budget.free.fetch_add(self.bytes, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "tests")]

    use super::*;

    #[test]
    fn large_bodies_leave_room_for_small_ones() {
        let budget = MemoryBudget::new(8 * ReviewLimits::INLINE);
        let mut large = MemoryReservation::empty(&budget);
        assert!(large.grow(7 * ReviewLimits::INLINE).is_ok() && large.grow(1).is_err());
        let mut small = MemoryReservation::empty(&budget);
        assert!(small.grow(ReviewLimits::INLINE).is_ok() && small.grow(1).is_err());
        drop(small);
        let mut large = MemoryReservation::empty(&budget);
        assert!(large.grow(ReviewLimits::INLINE + 1).is_err());
        assert!(
            MemoryReservation::empty(&budget)
                .grow(ReviewLimits::INLINE)
                .is_ok()
        );
    }
}
