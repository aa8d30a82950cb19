//! Counts what requests cost.
//!
//! Owns: the counters and how a campaign's counter adds to its account's. Leaves to `client`: when to count.

use super::Cost;
use crate::observe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A counter that adds whatever it counts to its parent's too, so that a pass knows what its campaigns cost.
#[derive(Debug, Default)]
pub(super) struct CostCounter {
    requests: AtomicU64,
    retries: AtomicU64,
    bytes: AtomicU64,
    parent: Option<Arc<CostCounter>>,
}

impl CostCounter {
    /// A counter at zero below `parent`.
    pub(super) fn below(parent: Arc<Self>) -> Self {
        Self { parent: Some(parent), ..Self::default() }
    }

    /// Counts one try.
    pub(super) fn count_request(&self, is_retry: bool) {
        if is_retry {
            observe::count_retry();
        }
        for counter in self.lineage() {
            counter.requests.fetch_add(1, Ordering::Relaxed);
            counter.retries.fetch_add(u64::from(is_retry), Ordering::Relaxed);
        }
    }

    /// Counts bytes of an answer, after decompression.
    pub(super) fn count_bytes(&self, bytes: usize) {
        observe::count_answer_bytes(bytes as u64);
        for counter in self.lineage() {
            counter.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        }
    }

    /// What was counted so far.
    pub(super) fn total(&self) -> Cost {
        Cost {
            requests: self.requests.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }

    fn lineage(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |counter| counter.parent.as_deref())
    }
}
