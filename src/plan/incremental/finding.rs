//! What a pass has found, and the evidence for it.

use super::question::{Filtering, Purpose};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The reason of [`Finding::Contrary`] when nothing is wrong but so much is to be read that a walk costs less.
pub(super) const WALK_IS_CHEAPER: &str = "a walk over all pages is cheaper";

/// What a pass has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Everything that the evidence covers is in line: each list has as many rows as the mirror, and every row
    /// that left one was seen elsewhere.
    Proven(Evidence),
    /// It changes faster than it can be read. What was read is right; the next pass may try again.
    Moving(String),
    /// Something does not fit, and only a full walk can tell. The reason is a sentence for `revox_sync.runs`.
    Contrary(String),
}

/// What a pass rests on, for `revox_sync.runs.evidence`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Pages read, by purpose.
    pub requests: BTreeMap<Purpose, u64>,
    /// Rows of the campaign, when an unfiltered page said so.
    pub total: Option<u64>,
    /// Whether `total` is that of the campaign's `row_stats`, when both are known.
    pub listed_total_agrees: Option<bool>,
    /// Rows of each list that was asked for, by its statuses joined by commas.
    pub lists: BTreeMap<String, u64>,
    /// Rows without a call: those in no list. None when not every list was asked for.
    pub without_call: Option<u64>,
    /// How the API takes filters, as far as it has been found out.
    pub filtering: Filtering,
    /// Known rows that were shown with another status than the known one.
    pub rows_changed: u64,
    /// Rows behind the last known one.
    pub rows_appended: u64,
    /// How often a list was begun anew because it had moved or did not add up.
    pub restarts: u32,
}

impl Evidence {
    /// Pages read.
    #[must_use]
    pub fn requests_made(&self) -> u64 {
        self.requests.values().sum()
    }
}
