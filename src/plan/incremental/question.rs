//! What the planner asks and what it is told: pages of a campaign's rows, with or without a filter by status.

use super::sequence::RowKey;
use serde::{Deserialize, Serialize};

/// How the API takes a filter by several statuses. The caller remembers it per account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filtering {
    /// Not found out yet.
    #[default]
    Unknown,
    /// Joined by commas in one parameter.
    Comma,
    /// The parameter repeated.
    Repeated,
    /// Only one status at a time.
    Single,
    /// A filter by one status gave rows of another.
    Ignored,
    /// A filter by one status was refused.
    Refused,
}

/// How several statuses are written in one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// Joined by commas in one parameter.
    Comma,
    /// The parameter repeated.
    Repeated,
}

impl Writing {
    /// What is known of the API once this way of writing has been seen to work.
    pub(super) fn filtering(self) -> Filtering {
        match self {
            Self::Comma => Filtering::Comma,
            Self::Repeated => Filtering::Repeated,
        }
    }
}

/// Why a page is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The unfiltered page of the last known row, and those behind it.
    Tail,
    /// Finds out how several statuses are written.
    Witness,
    /// The first page of a list in this pass: for its total.
    Opening,
    /// The same, at a place that walks through the finished calls from pass to pass.
    Probe,
    /// A list that is read whole.
    Whole,
    /// Where a change is likely: beside changes that were found.
    Guess,
    /// Narrows down where a list differs.
    Search,
    /// Where a row should be that left its list: a page of another list, or its unfiltered page.
    Missing,
    /// The unfiltered page of a row that is to be read again.
    Due,
}

/// A page to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Only rows whose call has one of these; empty for all rows.
    pub statuses: Vec<String>,
    /// How they are written. Matters for more than one.
    pub writing: Writing,
    /// The page, counted from 0.
    pub page: u64,
    /// Why it is read.
    pub purpose: Purpose,
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 400 or 422.
    Refused,
    /// A page.
    Page {
        /// `total`, when it says so: rows in the whole list.
        total: Option<u64>,
        /// Its rows in their order.
        rows: Vec<ShownRow>,
    },
}

/// A row as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownRow {
    /// None when its id could not be read.
    pub key: Option<RowKey>,
    /// The status of its call; none when it has no call.
    pub status: Option<String>,
}
