//! What was asked of the simulator: counters, and the last requests in full.

use std::collections::{BTreeMap, VecDeque};

/// How many requests are kept in full.
const RECENT: usize = 2_000;

/// What was asked since the start, or since [`Simulator::reset_requests`](super::Simulator::reset_requests).
#[derive(Debug, Clone, Default)]
pub struct Requests {
    /// How many requests came in, refused and failed ones included.
    pub total: u64,
    /// The same by method and path pattern, such as `GET /campaigns/{id}/rows`.
    pub by_pattern: BTreeMap<String, u64>,
    /// The last of them, the newest last: method, path and query, such as `GET /api/campaigns?x=1`.
    pub recent: VecDeque<String>,
    /// How many answers a fault spoilt.
    pub faults: u64,
    /// How many requests were under way at the same time, at most.
    pub most_at_once: u64,
    under_way: u64,
}

impl Requests {
    /// How many requests were made of one pattern, such as `GET /campaigns`.
    #[must_use]
    pub fn count(&self, pattern: &str) -> u64 {
        self.by_pattern.get(pattern).copied().unwrap_or(0)
    }

    pub(super) fn begin(&mut self, pattern: &str, request: String) {
        self.total += 1;
        *self.by_pattern.entry(pattern.to_owned()).or_default() += 1;
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(request);
        self.under_way += 1;
        self.most_at_once = self.most_at_once.max(self.under_way);
    }

    pub(super) fn end(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// Starts counting anew; requests under way stay under way.
    pub(super) fn reset(&mut self) {
        *self = Self { under_way: self.under_way, most_at_once: self.under_way, ..Self::default() };
    }
}
