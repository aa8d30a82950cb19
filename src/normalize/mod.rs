//! Turns the API's JSON into the records of [`crate::records`], without I/O.
//!
//! Owns: what every field means, what happens to values that a column cannot hold, the scrubbing of other
//! parties' secrets, and the keyed hash by which an unchanged row is passed over. Leaves to `store`: how
//! records are written, and to `sync`: which rows are worth normalizing.

mod assistant;
mod attempt;
mod call;
mod campaign;
mod drift;
mod erased;
mod fields;
mod hash;
mod jsonb;
mod known;
mod leave_out;
mod llm_model;
mod notes;
mod privacy;
mod repair;
mod retention;
mod retry;
mod row;
mod scan;
mod secrets;
mod shape;
mod time;
mod values;

use crate::records::{Assistant, Call, CallRetryConfig, Campaign, CampaignRow, Reject, Time};
use crate::wire::Index;
use std::sync::Arc;

pub use drift::{DriftCounts, MAX_FAMILY, MAX_LINES, Sighting};
pub use erased::{Erased, ErasedRow};
pub use hash::{AssistantView, Hash, Hasher, PageView, RowView};
pub use leave_out::{PhoneNumbers, Privacy};
pub use privacy::{ErasedKind, PrivacyKey, bare_number};
pub use retention::{Cutoffs, Retention};

pub(crate) use leave_out::leave_out_of;
pub(crate) use retention::LeftOut;

/// Raised whenever the normalizer would make other records out of the same JSON: it seeds the row hash, so that
/// every row is looked at again.
pub const VERSION: u32 = 3;

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
    /// What of people is left out.
    pub privacy: Privacy,
    /// By which people are known who were erased, or whose numbers are hashed.
    pub privacy_key: Option<PrivacyKey>,
    /// What is past its time.
    pub retention: Retention,
}

impl Options {
    /// How answers are read with these options, by this version: other readings make other records out of the same JSON.
    #[must_use]
    pub fn reading(&self) -> String {
        let Self { keep_llm_system_prompt, privacy, privacy_key, retention } = self;
        let prompt = if *keep_llm_system_prompt { " with llm_system_prompt" } else { "" };
        format!("{VERSION}{prompt}{}{}", privacy.reading(privacy_key.as_ref()), retention.reading())
    }
}

/// What a call says of itself before it is normalized.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallOutline {
    /// Its id.
    pub id: String,
    /// When it changed last, when it says so.
    pub updated_at: Option<Time>,
    /// The campaign that it names.
    pub campaign_id: Option<String>,
}

/// Reads a call's outline; none without an id that can be a key.
#[must_use]
pub fn call_outline(json: &str) -> Option<CallOutline> {
    call::outline(json)
}

/// All that one row holds. When the row itself cannot land, `row` is `None` and `rejects` says why.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RowRecords {
    /// `revox.campaign_rows`.
    pub row: Option<CampaignRow>,
    /// `revox.calls` and below.
    pub call: Option<Call>,
    /// The call that the row shows and that is left out, because it is past its time.
    pub past_call: Option<String>,
    /// Every retry configuration that the call refers to.
    pub call_retry_configs: Vec<Arc<CallRetryConfig>>,
    /// What could not land. A row that has any is looked at again in every walk.
    pub rejects: Vec<Reject>,
    /// Strings and keys in which U+0000 or a lone surrogate was replaced by U+FFFD, those of the embedded assistant
    /// included.
    pub replaced: u64,
}

/// Normalizes one row, which is JSON. `position` is its place in the campaign, from 0, used as its key when it has no id.
/// The call's embedded assistant is only looked at for its id; see [`assistant`].
#[must_use]
pub fn row(json: &str, position: u64, options: &Options, drift: &mut DriftCounts) -> RowRecords {
    row::normalize(json, None, position, options, drift)
}

/// The same of a row whose index is at hand.
#[must_use]
pub fn indexed_row(
    json: &str,
    index: &Index,
    position: u64,
    options: &Options,
    drift: &mut DriftCounts,
) -> RowRecords {
    row::normalize(json, Some(index), position, options, drift)
}

/// An assistant with the retry configuration it refers to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AssistantRecords {
    /// `revox.assistants` and its parts.
    pub assistant: Assistant,
    /// Its retry configuration.
    pub call_retry_configs: Vec<Arc<CallRetryConfig>>,
    /// What of it could not land. Row keys are empty, and paths start at the assistant: the caller knows whose it is.
    pub rejects: Vec<Reject>,
    /// Strings and keys in which U+0000 or a lone surrogate was replaced by U+FFFD.
    pub replaced: u64,
}

/// Normalizes an assistant, from a campaign or from a call. `Err` when it has no id that can be a key; the
/// reject's row key and path are empty.
pub fn assistant(json: &str, drift: &mut DriftCounts) -> Result<AssistantRecords, Reject> {
    assistant::normalize(json, drift)
}

/// A campaign with what it carries.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CampaignRecords {
    /// `revox.campaigns`.
    pub campaign: Campaign,
    /// Its assistant, when the answer shows one that can be read.
    pub assistant: Option<Assistant>,
    /// Every retry configuration that the two refer to.
    pub call_retry_configs: Vec<Arc<CallRetryConfig>>,
    /// What could not land. Their row key is the campaign's id.
    pub rejects: Vec<Reject>,
    /// Strings and keys in which U+0000 or a lone surrogate was replaced by U+FFFD.
    pub replaced: u64,
    /// `row_stats` as canonical text (keys sorted, numbers normalized), for the fingerprint; `None` without.
    pub row_stats: Option<String>,
}

/// Normalizes a campaign of the list. `Err` when it has no id that can be a key; the reject's row key and path are
/// empty.
pub fn campaign(json: &str, drift: &mut DriftCounts) -> Result<CampaignRecords, Reject> {
    campaign::normalize(json, drift)
}

#[cfg(test)]
mod tests;
