//! The set of rows that a walk has seen, with their places.

use crate::normalize::Hash;

/// A total that is a lie takes no more room than this many rows.
const MOST_EXPECTED: u64 = 1_000_000;

/// The set of rows that a walk has seen, with their places.
#[derive(Debug, Default)]
pub(super) struct Seen {
    rows: Vec<(Hash, u32)>,
    places: u32,
    is_sorted: bool,
}

impl Seen {
    /// Makes room for so many rows at once: room that grows by doubling is half empty, and is held twice while it grows.
    pub(super) fn expect(&mut self, rows: u64) {
        let rows = usize::try_from(rows.min(MOST_EXPECTED)).unwrap_or_default();
        self.rows.reserve_exact(rows.saturating_sub(self.rows.len()));
    }

    /// Appends rows in the order of the walk; a zero hash takes a place and is no row.
    pub(super) fn extend(&mut self, hashes: &[Hash]) {
        for hash in hashes {
            if *hash != Hash::default() {
                self.rows.push((*hash, self.places));
            }
            self.places = self.places.saturating_add(1);
        }
        self.is_sorted = false;
    }

    /// Sorts and drops doublets; returns how many distinct rows there are.
    pub(super) fn settle(&mut self) -> u64 {
        if !self.is_sorted {
            self.rows.sort_unstable();
            self.rows.dedup_by_key(|(hash, _)| *hash);
            self.is_sorted = true;
        }
        u64::try_from(self.rows.len()).unwrap_or(u64::MAX)
    }

    /// Where a row stood, once settled.
    pub(super) fn place_of(&self, hash: &Hash) -> Option<u64> {
        let index = self.rows.binary_search_by_key(hash, |(held, _)| *held).ok()?;
        self.rows.get(index).map(|(_, place)| u64::from(*place))
    }
}

#[cfg(test)]
mod tests {
    use super::Seen;

    #[test]
    fn the_set_of_rows_seen_counts_each_once_and_knows_their_places() {
        let mut seen = Seen::default();
        let hash = |byte: u8| [byte; 16];
        seen.extend(&[hash(9), hash(0), hash(3)]);
        seen.extend(&[hash(9), hash(1)]);
        assert_eq!(seen.settle(), 3);
        assert_eq!(seen.place_of(&hash(9)), Some(0));
        assert_eq!(seen.place_of(&hash(3)), Some(2));
        assert_eq!(seen.place_of(&hash(1)), Some(4));
        assert_eq!(seen.place_of(&hash(0)), None, "a row without an id takes a place and is no row");
        assert_eq!(seen.place_of(&hash(7)), None);
    }
}
