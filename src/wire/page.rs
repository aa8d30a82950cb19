//! The outermost shape of each answer: a page of rows, a list of campaigns, one campaign, the account.

use bytes::Bytes;
use std::ops::Range;

/// An answer that is not what was asked for: truncated, empty, HTML, half JSON, another shape.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("{what}")]
pub struct ShapeError {
    /// What is wrong with the answer, in plain words, without quoting it: `an empty answer`, `an HTML page`.
    pub what: String,
}

/// An answer of `GET /campaigns/{id}/rows`, split into its rows. Cheap to move; the bytes are shared.
#[derive(Debug, Clone)]
pub struct RowsPage {
    /// The answer, valid UTF-8.
    pub body: Bytes,
    /// Where each row's JSON stands in `body`, in order.
    pub rows: Vec<Range<usize>>,
    /// `total`, when the answer has it (the paged API).
    pub total: Option<u64>,
    /// `page`, when the answer has it.
    pub page: Option<u64>,
    /// `page_size`, when the answer has it.
    pub page_size: Option<u64>,
    /// Sequences of bytes that were not UTF-8 and were replaced by U+FFFD.
    pub replaced: u64,
}

impl RowsPage {
    /// Splits an answer. Numbers may be floats or strings of digits; unknown keys are passed over; `rows` must
    /// be there and be a list.
    pub fn split(body: Bytes) -> Result<Self, ShapeError> {
        let _ = body;
        unimplemented!("wire helper")
    }

    /// The JSON text of row `index` of this page.
    pub fn row(&self, index: usize) -> Option<&str> {
        let range = self.rows.get(index)?.clone();
        std::str::from_utf8(self.body.get(range)?).ok()
    }
}

/// An answer of `GET /campaigns`, split into its campaigns; also `GET /campaigns/{id}` as a list of one.
#[derive(Debug, Clone)]
pub struct CampaignList {
    /// The answer, valid UTF-8.
    pub body: Bytes,
    /// Where each campaign's JSON stands in `body`, in order.
    pub campaigns: Vec<Range<usize>>,
}

impl CampaignList {
    /// Splits `{"campaigns": [...]}`.
    pub fn split(body: Bytes) -> Result<Self, ShapeError> {
        let _ = body;
        unimplemented!("wire helper")
    }

    /// Reads `{"campaign": {...}}`.
    pub fn split_one(body: Bytes) -> Result<Self, ShapeError> {
        let _ = body;
        unimplemented!("wire helper")
    }

    /// The JSON text of campaign `index`.
    pub fn campaign(&self, index: usize) -> Option<&str> {
        let range = self.campaigns.get(index)?.clone();
        std::str::from_utf8(self.body.get(range)?).ok()
    }
}

/// The `organization_id` of an answer of `GET /users/me`, which is `{"user": {...}}`.
pub fn organization_id(body: &[u8]) -> Result<Option<String>, ShapeError> {
    let _ = body;
    unimplemented!("wire helper")
}
