//! What is known of the rows in the course of a pass: what the mirror knew, and what the pages read have shown.

use super::sequence::{MISSING, Sequence, StatusId};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The rows, and what this pass has learned of them.
#[derive(Debug)]
pub(super) struct Knowledge {
    pub(super) sequence: Sequence,
    /// A bit for each row: whether a page of this pass has shown it.
    shown: Vec<u64>,
    /// Rows that left the list that they were known in, with the status they had.
    pub(super) missing: BTreeMap<usize, StatusId>,
    /// Rows that were shown with another status than the known one, and appended ones.
    pub(super) news: BTreeSet<usize>,
    /// Whether something changed while the pass was reading.
    pub(super) moved: bool,
    pub(super) rows_changed: u64,
    pub(super) rows_appended: u64,
}

impl Knowledge {
    pub(super) fn new(sequence: Sequence) -> Self {
        let shown = vec![0; sequence.len().div_ceil(64)];
        Self {
            sequence,
            shown,
            missing: BTreeMap::new(),
            news: BTreeSet::new(),
            moved: false,
            rows_changed: 0,
            rows_appended: 0,
        }
    }

    /// Takes a known row as a page shows it; whether that is news.
    pub(super) fn absorb(&mut self, rank: usize, status: Option<&str>) -> bool {
        let status = self.sequence.number(status);
        let known = self.sequence.status_id(rank);
        let before = self.missing.remove(&rank).unwrap_or(known);
        let was_shown = self.mark(rank);
        if known != status {
            self.sequence.set_status(rank, status);
        }
        let is_news = before != status;
        if is_news {
            self.moved |= was_shown;
            self.rows_changed += 1;
            self.news.insert(rank);
        }
        is_news
    }

    /// Takes a row behind the last known one.
    pub(super) fn append(&mut self, key: [u8; 16], status: Option<&str>) {
        let rank = self.sequence.len();
        self.sequence.push(key, status);
        self.mark(rank);
        self.news.insert(rank);
        self.rows_appended += 1;
    }

    /// Rows of a list within `ranks` that the API does not show there: each is missing until it is seen again.
    pub(super) fn miss(&mut self, statuses: &[StatusId], ranks: Range<usize>, shown: &[usize]) {
        for rank in self.sequence.ranks_of(statuses, ranks) {
            if shown.binary_search(&rank).is_err() {
                self.missing.insert(rank, self.sequence.status_id(rank));
                self.sequence.set_status(rank, MISSING);
            }
        }
    }

    /// Whether pages of this pass have shown rows of a list within `ranks`. They count as not shown from now on:
    /// what is read next is newer.
    pub(super) fn doubt(&mut self, statuses: &[StatusId], ranks: Range<usize>) -> bool {
        let mut were_shown = false;
        for rank in self.sequence.ranks_of(statuses, ranks) {
            if let Some(bits) = self.shown.get_mut(rank / 64) {
                were_shown |= *bits >> (rank % 64) & 1 == 1;
                *bits &= !(1 << (rank % 64));
            }
        }
        were_shown
    }

    /// Whether a page of this pass has shown the row.
    pub(super) fn is_shown(&self, rank: usize) -> bool {
        self.shown.get(rank / 64).is_some_and(|bits| bits >> (rank % 64) & 1 == 1)
    }

    /// Marks a row as shown; whether it was.
    fn mark(&mut self, rank: usize) -> bool {
        let was_shown = self.is_shown(rank);
        if self.shown.len() <= rank / 64 {
            self.shown.resize(rank / 64 + 1, 0);
        }
        if let Some(bits) = self.shown.get_mut(rank / 64) {
            *bits |= 1 << (rank % 64);
        }
        was_shown
    }
}
