//! Seeded chance: every draw of a case goes through here, so that a seed makes one case.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::ops::Range;

/// A stream of draws.
#[derive(Debug, Clone)]
pub(crate) struct Chance(SmallRng);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }

    /// A number within `range`, which is not empty.
    pub(crate) fn number(&mut self, range: Range<u64>) -> u64 {
        self.0.random_range(range)
    }

    /// The same for places and counts.
    pub(crate) fn count(&mut self, range: Range<usize>) -> usize {
        self.0.random_range(range)
    }

    /// Whether something happens that happens `percent` times in 100.
    pub(crate) fn happens(&mut self, percent: u32) -> bool {
        self.0.random_ratio(percent, 100)
    }

    /// One item of a table.
    pub(crate) fn pick<'a, T>(&mut self, table: &'a [T]) -> &'a T {
        &table[self.count(0..table.len())]
    }
}
