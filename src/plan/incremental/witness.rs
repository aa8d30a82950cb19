//! Finding out how several statuses are written: by a page that must show two of them if it works.
//!
//! An API may take only one status, or the last one, or the whole value as one. A page with rows of one status
//! tells nothing of that, so a page is asked for where the mirror knows rows of two.

use super::question::{Filtering, Purpose, Question, ShownRow, Writing};
use super::sequence::{CALLING, FINISHED, FIRST_UNKNOWN, SCHEDULED, Sequence, StatusId, WAITING};

/// A question about two statuses, and what the mirror knows of them.
#[derive(Debug)]
pub(super) struct Witness {
    names: Vec<String>,
    page: u64,
    /// Rows of the one that has more, and of both.
    larger: u64,
    both: u64,
    /// Rows of any status or none.
    all: u64,
}

/// What an answer tells of a way of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Testimony {
    /// It works.
    Works,
    /// It does not.
    Fails,
    /// The list is about as long as it should be, and yet no witness.
    Unclear,
}

impl Witness {
    /// Chooses the page, if the mirror holds two statuses that stand on one. The steadiest statuses come first.
    pub(super) fn new(sequence: &Sequence, page_size: u64) -> Option<Self> {
        let documented = FINISHED.iter().chain(&[SCHEDULED]).chain(&WAITING).chain(&[CALLING]).copied();
        let others = sequence.named().filter(|status| *status >= FIRST_UNKNOWN);
        let mut held = documented.chain(others).filter(|status| sequence.count_all(&[*status]) > 0);
        let (one, other) = (held.next()?, held.next()?);
        let page = page_with_both(sequence, [one, other], page_size)?;
        let counts = [one, other].map(|status| sequence.count_all(&[status]) as u64);
        Some(Self {
            names: [one, other].iter().filter_map(|it| sequence.name(*it)).map(str::to_owned).collect(),
            page,
            larger: counts.iter().copied().max()?,
            both: counts.iter().sum(),
            all: sequence.len() as u64,
        })
    }

    /// The question, for one way of writing.
    pub(super) fn question(&self, writing: Writing) -> Question {
        Question { statuses: self.names.clone(), writing, page: self.page, purpose: Purpose::Witness }
    }

    /// What a page tells.
    pub(super) fn hear(&self, total: Option<u64>, rows: &[ShownRow]) -> Testimony {
        let fits = |row: &ShownRow| row.status.as_ref().is_some_and(|status| self.names.contains(status));
        let (Some(total), true) = (total, !rows.is_empty() && rows.iter().all(fits)) else {
            return Testimony::Fails;
        };
        if total * 2 <= self.larger + self.both {
            return Testimony::Fails;
        }
        // A list as long as the campaign may be one without a filter.
        if shows_several(&self.names, rows) && total * 2 < self.both + self.all {
            Testimony::Works
        } else {
            Testimony::Unclear
        }
    }
}

/// Whether the rows have two or more of the statuses, and none else.
pub(super) fn shows_several(names: &[String], rows: &[ShownRow]) -> bool {
    let mut shown: Vec<&str> = rows.iter().filter_map(|row| row.status.as_deref()).collect();
    let all_have_one = shown.len() == rows.len();
    shown.sort_unstable();
    shown.dedup();
    all_have_one && shown.len() > 1 && shown.iter().all(|status| names.iter().any(|name| name == status))
}

/// The way to try after one that failed: the other, then none.
pub(super) fn next_writing(failed: Writing) -> Option<Writing> {
    match failed {
        Writing::Comma => Some(Writing::Repeated),
        Writing::Repeated => None,
    }
}

/// The way of writing that is known to work.
pub(super) fn known_writing(filtering: Filtering) -> Option<Writing> {
    match filtering {
        Filtering::Comma => Some(Writing::Comma),
        Filtering::Repeated => Some(Writing::Repeated),
        Filtering::Unknown | Filtering::Single | Filtering::Ignored | Filtering::Refused => None,
    }
}

/// The page of the list of both statuses that holds most of the one it holds less of.
fn page_with_both(sequence: &Sequence, statuses: [StatusId; 2], page_size: u64) -> Option<u64> {
    let ranks = sequence.ranks_of(&statuses, 0..sequence.len());
    let size = usize::try_from(page_size).unwrap_or(usize::MAX);
    let fewer = |ranks: &[usize]| {
        let ones = ranks.iter().filter(|rank| sequence.status_id(**rank) == statuses[0]).count();
        ones.min(ranks.len() - ones)
    };
    let pages = ranks.chunks(size).map(fewer).enumerate();
    let (page, rows) = pages.max_by_key(|(_, rows)| *rows)?;
    (rows > 0).then_some(page as u64)
}
