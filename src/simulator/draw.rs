//! Seeded chance: every draw of the simulator goes through here, so that a seed makes one account.

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use std::ops::Range;

/// A stream of draws.
#[derive(Debug, Clone)]
pub(super) struct Draw(SmallRng);

impl Draw {
    /// The stream of `seed`; the same seed gives the same draws.
    pub(super) fn new(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }

    /// A seed for a stream of its own.
    pub(super) fn seed(&mut self) -> u64 {
        self.0.random()
    }

    /// A stream of its own that goes on from here.
    pub(super) fn branch(&mut self) -> Self {
        Self::new(self.seed())
    }

    /// A number within `range`, which is not empty.
    pub(super) fn number(&mut self, range: Range<u64>) -> u64 {
        self.0.random_range(range)
    }

    /// A number within `range`, which is not empty.
    pub(super) fn count(&mut self, range: Range<usize>) -> usize {
        self.0.random_range(range)
    }

    /// Whether something happens that happens `percent` times in 100.
    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.0.random_ratio(percent.min(100), 100)
    }

    /// One item of a table.
    pub(super) fn pick<T: Copy>(&mut self, table: &[T]) -> T {
        table.choose(&mut self.0).copied().expect("the simulator's tables are not empty")
    }

    /// One item of a table in which an item stands with its weight.
    pub(super) fn weighted<T: Copy>(&mut self, table: &[(T, u32)]) -> T {
        table
            .choose_weighted(&mut self.0, |(_, weight)| *weight)
            .map(|(item, _)| *item)
            .expect("the simulator's weights are positive")
    }

    /// A random id in the form of a UUID.
    pub(super) fn uuid(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.0.random()).into_uuid().to_string()
    }

    /// A French mobile number in E.164.
    pub(super) fn phone(&mut self) -> String {
        format!("+336{:08}", self.number(10_000_000..100_000_000))
    }

    /// Letters and digits, as providers like them in ids and keys.
    pub(super) fn token(&mut self, prefix: &str, length: usize) -> String {
        const LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        let mut token = prefix.to_owned();
        for _ in 0..length {
            token.push(char::from(self.pick(LETTERS)));
        }
        token
    }
}
