//! The rows and calls that a walk has seen, as hashes of their ids: 16 bytes each, so 32 bytes a row.

use std::collections::HashSet;

/// A hash of an id.
pub(super) type IdHash = [u8; 16];

pub(super) fn hash(id: &str) -> IdHash {
    let mut hash = IdHash::default();
    blake3::Hasher::new().update(id.as_bytes()).finalize_xof().fill(&mut hash);
    hash
}

/// A set of ids.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Those of each earlier walk that no walk before it had seen, sorted.
    settled: Vec<Vec<IdHash>>,
    /// Those of this walk, as they came.
    fresh: Vec<IdHash>,
}

impl Seen {
    /// Makes room for as many in all, and no more: a vector that grows by itself takes up to twice what it holds.
    pub(super) fn reserve(&mut self, total: u64) {
        let total = usize::try_from(total).unwrap_or(0);
        let seen: usize = self.settled.iter().map(Vec::len).sum();
        self.fresh.reserve_exact(total.saturating_sub(seen).min(MOST_RESERVED));
    }

    /// Adds what no earlier walk has seen.
    pub(super) fn add(&mut self, id: &str) {
        self.fresh.push(hash(id));
    }

    /// Takes back what this walk has seen: it is to be looked at again.
    pub(super) fn take_back(&mut self, ids: &HashSet<&str>) {
        let hashes: HashSet<IdHash> = ids.iter().map(|id| hash(id)).collect();
        self.fresh.retain(|hash| !hashes.contains(hash));
    }

    /// Whether an earlier walk has seen it.
    pub(super) fn contains(&self, id: &str) -> bool {
        let hash = hash(id);
        self.settled.iter().any(|walk| walk.binary_search(&hash).is_ok())
    }

    pub(super) fn len(&self) -> u64 {
        let seen: usize = self.settled.iter().map(Vec::len).sum();
        u64::try_from(seen).unwrap_or(u64::MAX)
    }

    /// Ends a walk. Gives what it has seen more than once.
    pub(super) fn settle(&mut self) -> HashSet<IdHash> {
        self.fresh.sort_unstable();
        let pairs = self.fresh.windows(2);
        let twice = pairs.filter_map(|pair| match pair {
            [one, other] if one == other => Some(*one),
            _ => None,
        });
        let twice = twice.collect();
        self.fresh.dedup();
        self.settled.push(std::mem::take(&mut self.fresh));
        twice
    }
}

/// A total that lies must not take memory for what never comes.
const MOST_RESERVED: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::{Seen, hash};
    use std::collections::HashSet;

    #[test]
    fn a_walk_is_settled_once_and_what_it_takes_back_is_not_seen() {
        let mut seen = Seen::default();
        seen.reserve(3);
        for id in ["b", "a", "b", "c"] {
            seen.add(id);
        }
        assert!(!seen.contains("a"), "this walk is under way");
        seen.take_back(&HashSet::from(["c"]));
        assert_eq!(seen.settle(), HashSet::from([hash("b")]));
        assert_eq!((seen.len(), seen.contains("a"), seen.contains("c")), (2, true, false));
        seen.add("c");
        assert_eq!(seen.settle(), HashSet::new());
        assert_eq!((seen.len(), seen.contains("b"), seen.contains("c")), (3, true, true));
    }
}
