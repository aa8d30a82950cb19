//! How many campaigns are read at the moment: they share the connections and the memory that there are.

use crate::room;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The walks under way over an account. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Walks(Arc<AtomicUsize>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct UnderWay(Walks);

impl Walks {
    /// Counts one more.
    pub(super) fn begin(&self) -> UnderWay {
        self.0.fetch_add(1, Ordering::Relaxed);
        UnderWay(self.clone())
    }
}

impl UnderWay {
    /// How many there are, this one included.
    pub(super) fn count(&self) -> usize {
        self.0.0.load(Ordering::Relaxed).max(1)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if self.0.0.fetch_sub(1, Ordering::Relaxed) == 1 {
            room::let_go();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Walks;

    #[test]
    fn walks_are_counted_while_they_last() {
        let walks = Walks::default();
        let one = walks.begin();
        assert_eq!(one.count(), 1);
        let other = walks.clone().begin();
        assert_eq!((one.count(), other.count()), (2, 2));
        drop(one);
        assert_eq!(other.count(), 1);
    }
}
