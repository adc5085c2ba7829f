//! Numbers that look random and are the same for the same seed.

use std::sync::atomic::{AtomicU64, Ordering};

/// SplitMix64: each number is a hash of how many were asked for before
pub(crate) struct Chance {
    state: AtomicU64,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            state: AtomicU64::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
        }
    }

    fn next(&self) -> u64 {
        let state = self.state.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is at least 1
    pub(crate) fn below(&self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Brings a list into another order
    pub(crate) fn shuffle<T>(&self, list: &mut [T]) {
        for index in (1..list.len()).rev() {
            list.swap(index, self.below(index + 1));
        }
    }
}
