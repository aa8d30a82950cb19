//! Turns the API's JSON into the records of [`crate::records`], without I/O.
//!
//! Owns: what every field means, what happens to values that a column cannot hold, the scrubbing of other
//! parties' secrets, and the keyed hash by which an unchanged row is passed over. Leaves to `store`: how
//! records are written, and to `sync`: which rows are worth normalizing.

use crate::records::{Assistant, Call, CallRetryConfig, Campaign, CampaignRow, Drift, Reject};
use crate::wire::RowsPage;
use std::collections::BTreeMap;
use std::ops::Range;

/// Raised whenever the normalizer would make other records out of the same JSON: it seeds the row hash, so that
/// every row is looked at again.
pub const VERSION: u32 = 1;

/// JSON that nests deeper than this cannot be stored as `jsonb` for certain; what holds it is rejected.
pub const MAX_DEPTH: usize = 512;

/// Ids longer than this (in bytes) cannot be keys of an index; what has one is rejected.
pub const MAX_ID_BYTES: usize = 512;

/// Text longer than this (in bytes) in an indexed column (a status, a phone number, ...) is no such thing: the
/// column is null and the text goes to `_extra`.
pub const MAX_WORD_BYTES: usize = 512;

/// What the operator wants kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Keep `llm_system_prompt` of speech events.
    pub keep_llm_system_prompt: bool,
}

/// A keyed hash, 128 bits.
pub type Hash = [u8; 16];

/// The installation's secret key for hashes, bound to [`VERSION`] and [`Options`].
#[derive(Clone)]
pub struct Hasher {
    key: [u8; 32],
}

impl Hasher {
    /// Derives the hasher of this version and these options from the installation's random key.
    #[must_use]
    pub fn new(installation_key: &[u8; 32], options: &Options) -> Self {
        let _ = options;
        Self {
            key: *installation_key,
        }
    }

    /// The hash of a row's id, by which the set of rows seen is kept (independent of version and options).
    #[must_use]
    pub fn row_id(&self, id: &str) -> Hash {
        let _ = (id, &self.key);
        unimplemented!("normalize helper")
    }
}

/// One row of a page, hashed but not parsed.
#[derive(Debug, Clone)]
pub struct RowView {
    /// Its id; `None` when there is none that can be read and be a key.
    pub id: Option<String>,
    /// Over the row's bytes without `call.assistant` (whose id counts) and without the query string of any
    /// `recording_url`.
    pub hash: Hash,
    /// Where its JSON stands in the page's body.
    pub span: Range<usize>,
}

/// An assistant as a call shows it: one for each distinct text on a page.
#[derive(Debug, Clone)]
pub struct AssistantView {
    /// Over its text.
    pub hash: Hash,
    /// Its id, when one can be read and be a key.
    pub id: Option<String>,
    /// Where its JSON first stands in the page's body.
    pub span: Range<usize>,
}

/// A page whose rows are hashed.
#[derive(Debug, Clone)]
pub struct PageView {
    /// The page.
    pub page: RowsPage,
    /// Its rows, in order.
    pub rows: Vec<RowView>,
    /// The distinct assistants its calls show, in order of appearance.
    pub assistants: Vec<AssistantView>,
}

impl PageView {
    /// Hashes every row of a page. Never fails: a row of an unexpected shape is hashed whole.
    #[must_use]
    pub fn new(page: RowsPage, hasher: &Hasher) -> Self {
        let _ = (page, hasher);
        unimplemented!("normalize helper")
    }
}

/// What the mirror did not know, counted.
pub type DriftCounts = BTreeMap<Drift, u64>;

/// All that one row holds. When the row itself cannot land, `row` is `None` and `rejects` says why.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RowRecords {
    /// `revox.campaign_rows`.
    pub row: Option<CampaignRow>,
    /// `revox.calls` and below.
    pub call: Option<Call>,
    /// Every retry configuration that the call refers to.
    pub call_retry_configs: Vec<CallRetryConfig>,
    /// What could not land. A row that has any is looked at again in every walk.
    pub rejects: Vec<Reject>,
    /// Strings and keys in which U+0000 or a lone surrogate was replaced by U+FFFD.
    pub replaced: u64,
}

/// Normalizes one row. `position` is its place in the campaign, from 0, used as its key when it has no id.
/// The call's embedded assistant is only looked at for its id; see [`assistant`].
#[must_use]
pub fn row(json: &str, position: u64, options: &Options, drift: &mut DriftCounts) -> RowRecords {
    let _ = (json, position, options, drift);
    unimplemented!("normalize helper")
}

/// An assistant with the retry configuration it refers to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AssistantRecords {
    /// `revox.assistants` and its parts.
    pub assistant: Assistant,
    /// Its retry configuration.
    pub call_retry_configs: Vec<CallRetryConfig>,
}

/// Normalizes an assistant, from a campaign or from a call. `Err` when it has no id that can be a key.
pub fn assistant(json: &str, drift: &mut DriftCounts) -> Result<AssistantRecords, Reject> {
    let _ = (json, drift);
    unimplemented!("normalize helper")
}

/// A campaign with what it carries.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CampaignRecords {
    /// `revox.campaigns`.
    pub campaign: Campaign,
    /// Its assistant, when the answer shows one that can be read.
    pub assistant: Option<Assistant>,
    /// Every retry configuration that the two refer to.
    pub call_retry_configs: Vec<CallRetryConfig>,
    /// What could not land.
    pub rejects: Vec<Reject>,
    /// `row_stats` as canonical text (keys sorted, numbers normalized), for the fingerprint; `None` without.
    pub row_stats: Option<String>,
}

/// Normalizes a campaign of the list. `Err` when it has no id that can be a key.
pub fn campaign(json: &str, drift: &mut DriftCounts) -> Result<CampaignRecords, Reject> {
    let _ = (json, drift);
    unimplemented!("normalize helper")
}
