//! The set of rows that a walk has seen, with their places.

use crate::normalize::Hash;

/// A total that is a lie takes no more room than this many rows.
const MOST_EXPECTED: u64 = 1_000_000;

/// As much of a hash as tells the rows of a campaign apart: of ten million, two have the same part once in a quadrillion campaigns.
type Part = [u8; 12];

/// The set of rows that a walk has seen, with their places: sixteen bytes a row, and twelve until it is settled, since most of the
/// memory that a walk takes beyond its batches is this.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// In the order of the walk; all zeros for a row without an id.
    rows: Vec<Part>,
    /// Their places in the order of the hashes, of each row the first; none until it is settled.
    order: Option<Vec<u32>>,
}

fn part(hash: &Hash) -> Part {
    hash.first_chunk().copied().unwrap_or_default()
}

impl Seen {
    /// Makes room for so many rows at once: room that grows by doubling is half empty, and is held twice while it grows.
    pub(super) fn expect(&mut self, rows: u64) {
        let rows = usize::try_from(rows.min(MOST_EXPECTED)).unwrap_or_default();
        self.rows.reserve_exact(rows.saturating_sub(self.rows.len()));
    }

    /// Appends rows in the order of the walk; a zero hash takes a place and is no row.
    pub(super) fn extend(&mut self, hashes: &[Hash]) {
        self.rows.extend(hashes.iter().map(part));
        self.order = None;
    }

    /// Sorts; returns how many distinct rows there are.
    pub(super) fn settle(&mut self) -> u64 {
        let rows = &self.rows;
        let at = |place: &u32| usize::try_from(*place).ok().and_then(|place| rows.get(place));
        let order = self.order.get_or_insert_with(|| {
            let places = (0..u32::MAX).zip(rows);
            let mut order: Vec<u32> =
                places.filter(|(_, row)| **row != Part::default()).map(|(place, _)| place).collect();
            order.sort_unstable_by_key(|place| (at(place), *place));
            order.dedup_by(|later, first| at(later) == at(first));
            order
        });
        u64::try_from(order.len()).unwrap_or(u64::MAX)
    }

    /// Where a row stood, once settled.
    pub(super) fn place_of(&self, hash: &Hash) -> Option<u64> {
        let at = |place: u32| usize::try_from(place).ok().and_then(|place| self.rows.get(place));
        let order = self.order.as_deref()?;
        let index = order.binary_search_by_key(&Some(&part(hash)), |place| at(*place)).ok()?;
        order.get(index).copied().map(u64::from)
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
        assert_eq!(seen.place_of(&hash(9)), None, "not settled yet");
        assert_eq!(seen.settle(), 2);
        seen.extend(&[hash(9), hash(1)]);
        assert_eq!(seen.settle(), 3);
        assert_eq!(seen.settle(), 3);
        assert_eq!(seen.place_of(&hash(9)), Some(0));
        assert_eq!(seen.place_of(&hash(3)), Some(2));
        assert_eq!(seen.place_of(&hash(1)), Some(4));
        assert_eq!(seen.place_of(&hash(0)), None, "a row without an id takes a place and is no row");
        assert_eq!(seen.place_of(&hash(7)), None);
    }
}
