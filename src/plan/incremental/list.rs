//! A filtered list: which of its pages were read in this pass, and what lies between them.

use super::knowledge::Knowledge;
use super::sequence::{CALLING, FINISHED, FIRST_UNKNOWN, SCHEDULED, Sequence, StatusId, WAITING};
use std::collections::BTreeMap;
use std::ops::Range;

/// Pages that a list of calls under way may have to be read whole in every pass.
const PAGES_READ_WHOLE: u64 = 15;
/// Pages up to which the waiting calls are one list, which is read whole.
const PAGES_OF_WAITING: u64 = 3;
/// Guesses that a list begins with, and may have at most.
const GUESSES: (u32, u32) = (2, 4);

/// The ranks between the first and the last row of a page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    pub(super) first: usize,
    pub(super) last: usize,
    /// Whether it showed rows that the mirror knew otherwise.
    pub(super) has_news: bool,
}

/// Pages that were not read, between two that were.
#[derive(Debug, Clone)]
pub(super) struct Gap {
    /// The pages.
    pub(super) pages: Range<u64>,
    /// The ranks that their rows have.
    pub(super) ranks: Range<usize>,
    /// Rows that the API has on them.
    pub(super) rows: u64,
    /// Rows that are known to be there.
    pub(super) known: u64,
    /// Whether the page before has news; and the one behind.
    pub(super) beside_news: (bool, bool),
}

impl Gap {
    /// As many rows as are known: nothing to look for. Rows that are not to be read at all must be known to none.
    pub(super) fn is_closed(&self) -> bool {
        self.rows == self.known
    }
}

/// A list of rows with one of some statuses.
#[derive(Debug)]
pub(super) struct List {
    pub(super) statuses: Vec<StatusId>,
    pub(super) names: Vec<String>,
    /// Whether every page is read.
    pub(super) whole: bool,
    /// The page to begin with.
    pub(super) opening: u64,
    /// Rows of the list by the pages at hand.
    pub(super) total: Option<u64>,
    /// Rows of the list by the last page of this pass.
    pub(super) last_total: Option<u64>,
    pub(super) pages: BTreeMap<u64, Stretch>,
    pub(super) restarts: u32,
    /// Rows that had been found changed in this pass when the list was last begun anew.
    pub(super) news_before: u64,
    /// Pages that may be read on a guess: fewer with each miss.
    pub(super) guesses: u32,
}

impl List {
    fn new(sequence: &Sequence, statuses: Vec<StatusId>, page_size: u64) -> Self {
        let names = statuses.iter().filter_map(|status| sequence.name(*status)).map(str::to_owned).collect();
        let rows = sequence.count_all(&statuses) as u64;
        let pages = rows.div_ceil(page_size);
        let is_under_way = |status: &StatusId| *status == CALLING || *status >= FIRST_UNKNOWN;
        let whole = statuses.iter().all(is_under_way) && pages <= PAGES_READ_WHOLE || statuses == WAITING;
        Self {
            statuses,
            names,
            whole,
            opening: pages.saturating_sub(1),
            total: None,
            last_total: None,
            pages: BTreeMap::new(),
            restarts: 0,
            news_before: 0,
            guesses: GUESSES.0,
        }
    }

    /// The statuses as they are named in the evidence.
    pub(super) fn label(&self) -> String {
        self.names.join(",")
    }

    /// Pages that the list has for sure, or that it should have.
    pub(super) fn page_count(&self, sequence: &Sequence, page_size: u64) -> u64 {
        let rows = self.total.unwrap_or_else(|| sequence.count_all(&self.statuses) as u64);
        rows.div_ceil(page_size)
    }

    /// Forgets which pages were read; what they showed remains known.
    pub(super) fn restart(&mut self, total: Option<u64>, opening: u64) {
        self.restarts += 1;
        self.total = total;
        self.pages.clear();
        self.opening = opening;
        // Read whole again only where that is cheap: it was just done.
        self.whole &= opening < PAGES_OF_WAITING;
    }

    /// Whether a page fits between those that were read.
    pub(super) fn has_room_for(&self, page: u64, stretch: Stretch) -> bool {
        let before = self.pages.range(..page).next_back();
        let behind = self.pages.range(page.saturating_add(1)..).next();
        before.is_none_or(|(_, it)| it.last < stretch.first)
            && behind.is_none_or(|(_, it)| it.first > stretch.last)
    }

    /// A page on a guess was read: when it had news, more may be.
    pub(super) fn judge_guess(&mut self, had_news: bool) {
        if had_news {
            self.guesses = (self.guesses + 2).min(GUESSES.1);
        }
    }

    /// What lies between the pages that were read.
    pub(super) fn gaps(&self, knowledge: &Knowledge, page_size: u64) -> Vec<Gap> {
        let Some(total) = self.total else { return Vec::new() };
        let sequence = &knowledge.sequence;
        let mut gaps = Vec::new();
        let (mut page, mut rank, mut news) = (0, 0, false);
        let mut add = |pages: Range<u64>, ranks: Range<usize>, rows: u64, beside_news: (bool, bool)| {
            let known = sequence.count(&self.statuses, ranks.clone()) as u64;
            if rows > 0 || known > 0 {
                gaps.push(Gap { pages, ranks, rows, known, beside_news });
            }
        };
        for (at, stretch) in &self.pages {
            let rows = (at - page) * page_size;
            add(page..*at, rank..stretch.first, rows, (news, stretch.has_news));
            (page, rank, news) = (at + 1, stretch.last + 1, stretch.has_news);
        }
        let rows = total.saturating_sub(page * page_size);
        add(page..total.div_ceil(page_size), rank..sequence.len(), rows, (news, false));
        gaps
    }
}

/// Adds the lists that are needed and not there yet.
///
/// `all` asks for every list, else only for calls under way; `several` says whether a list may have more than
/// one status. Waiting calls move on within their class, so that they are one list only where it is read whole.
pub(super) fn add_lists(
    lists: &mut Vec<List>,
    sequence: &Sequence,
    page_size: u64,
    all: bool,
    several: bool,
) {
    let waiting = (sequence.count_all(&WAITING) as u64).div_ceil(page_size);
    let mut groups: Vec<Vec<StatusId>> = Vec::new();
    if all {
        groups.push(vec![CALLING]);
        groups.push(vec![SCHEDULED]);
        for (group, as_one) in [(&WAITING[..], waiting <= PAGES_OF_WAITING), (&FINISHED[..], true)] {
            if several && as_one {
                groups.push(group.to_vec());
            } else {
                groups.extend(group.iter().map(|status| vec![*status]));
            }
        }
    } else if sequence.count_all(&[CALLING]) > 0 {
        groups.push(vec![CALLING]);
    }
    let unknown = sequence.named().filter(|status| *status >= FIRST_UNKNOWN);
    groups.extend(unknown.filter(|status| sequence.count_all(&[*status]) > 0).map(|status| vec![status]));
    for group in groups {
        let is_new = |status: &StatusId| lists.iter().all(|list: &List| !list.statuses.contains(status));
        if group.iter().all(is_new) {
            lists.push(List::new(sequence, group, page_size));
        }
    }
}

/// The list of finished calls with the most rows, and the page of it whose turn it is.
///
/// Places follow the golden ratio: however many passes there were, they lie well spread.
pub(super) fn set_probe(lists: &mut [List], sequence: &Sequence, page_size: u64, probe: u64) {
    let finished = lists.iter_mut().filter(|list| list.statuses.iter().all(|it| FINISHED.contains(it)));
    let largest = finished.max_by_key(|list| sequence.count_all(&list.statuses));
    if let Some(list) = largest {
        let pages = list.page_count(sequence, page_size);
        let turn = probe.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let place = (u128::from(turn) * u128::from(pages)) >> 64;
        list.opening = u64::try_from(place).unwrap_or(0);
    }
}

/// Whether the list is one of finished calls that [`set_probe`] may have chosen a page of.
pub(super) fn is_probe(list: &List) -> bool {
    list.restarts == 0 && list.statuses.iter().all(|it| FINISHED.contains(it))
}
