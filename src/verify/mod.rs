//! Reads the API again and lays the mirror's tables beside it, column by column.
//!
//! Owns: what the tables must hold, read from the API's JSON by code of its own, so that a mistake of the normalizer
//! does not hide here too; and when a difference counts. Leaves to `sync`: how the API pages, and putting it right;
//! to `store`: reading lines back.
//!
//! A difference counts when two looks have shown it and the API said the same in both: what moves on in between is the
//! next pass's business. Memory holds, for each campaign under way, one answer, the lines of at most
//! 300 rows of it, 32 bytes a row for what was seen, and at most 10,000 differences.
//!
//! Not everything can be decided, and what cannot is passed over: a column that the answer does not show (it keeps its
//! last value), the copies of an assistant that do not count, an id that stands on two pages, names of secrets in
//! `_extra` beyond those that the API is known to have. A call that rows of several campaigns show may belong to any of
//! them; an attempt that several calls list belongs to the one with the smallest id.

mod account;
mod assistants;
mod campaign;
mod compare;
mod configs;
mod erased;
mod json;
mod kept;
mod left_out;
mod look;
mod number;
mod retention;
mod seen;
mod shown;
mod source;
mod tables;
mod time;
mod value;

pub use account::verify;
pub use left_out::{LeftOut, NumberForm};

use crate::api::{Client, Cost};
use crate::observe::Progress;
use crate::store::{Forgotten, Store};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Differences that are kept of a campaign; when there are more, it is not read to its end.
pub const MOST_DIFFERENCES: usize = 10_000;

/// What is compared, and with what.
#[derive(Clone)]
pub struct Subject {
    /// The account's name in the configuration.
    pub account: Arc<str>,
    /// The API.
    pub client: Client,
    /// The base URL, as it is remembered.
    pub base_url: String,
    /// The mirror.
    pub store: Store,
    /// Rows a page that are asked for at most.
    pub page_size: u32,
    /// Campaigns side by side.
    pub max_concurrent_campaigns: usize,
    /// Whether the mirror keeps the prompts of speech events.
    pub keep_llm_system_prompt: bool,
    /// What of people the mirror leaves out, and the key by which they are known.
    pub left_out: Arc<LeftOut>,
    /// Is told how it goes.
    pub progress: Arc<dyn Progress>,
}

/// How a line differs. Never holds a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Difference {
    /// The table, of schema `revox` where it names no other.
    pub table: &'static str,
    /// The key; several columns are parted by a space.
    pub key: String,
    /// The column; none when it is about the line as a whole.
    pub column: Option<&'static str>,
    /// How it differs.
    pub kind: DifferenceKind,
}

/// How a line differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DifferenceKind {
    /// The API shows it and the mirror does not have it.
    Missing,
    /// The API shows it and the mirror holds it for gone.
    MarkedAsGone,
    /// The API shows it and the mirror holds another value.
    Differs,
    /// The mirror holds it for alive and the API does not show it.
    NotInTheApi,
    /// The mirror holds a part of an attempt that it does not hold.
    Orphaned,
}

impl DifferenceKind {
    /// In words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::MarkedAsGone => "marked as gone",
            Self::Differs => "differs",
            Self::NotInTheApi => "not in the API",
            Self::Orphaned => "without its attempt",
        }
    }
}

/// What was found about a campaign.
#[derive(Debug, Clone, Default)]
pub struct CampaignReport {
    /// The campaign.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Rows that were compared.
    pub rows: u64,
    /// What differs, at most [`MOST_DIFFERENCES`].
    pub differences: Vec<Difference>,
    /// Pieces of it that stand in the rejects: known not to be in the tables.
    pub rejected: u64,
    /// The first of them: the row's key and the path within the row.
    pub rejects: Vec<(String, String)>,
    /// Rows that differed in one look and moved on before the other, so that nothing can be said of them.
    pub moved: u64,
    /// Why it could not be compared to its end.
    pub failure: Option<String>,
    /// What has to be read again to put it right.
    mending: Mending,
}

/// What has to be read again to put a campaign right.
#[derive(Debug, Clone, Default)]
struct Mending {
    rows: BTreeSet<String>,
    every_row: bool,
    assistants: BTreeSet<String>,
    call_retry_configs: BTreeSet<String>,
}

impl CampaignReport {
    /// Whether it is proven equal.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.differences.is_empty() && self.failure.is_none()
    }

    /// What the next full pass is to read again.
    #[must_use]
    pub fn forgotten(&self) -> Forgotten<'_> {
        let Mending { rows, every_row, assistants, call_retry_configs } = &self.mending;
        Forgotten {
            campaign_id: &self.id,
            rows: rows.iter().map(String::as_str).collect(),
            every_row: *every_row,
            assistants: assistants.iter().map(String::as_str).collect(),
            call_retry_configs: call_retry_configs.iter().map(String::as_str).collect(),
        }
    }
}

/// What was found about an account.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// One for each campaign that was compared, in the order of the list.
    pub campaigns: Vec<CampaignReport>,
    /// Campaigns that the mirror holds for alive and the API does not have.
    pub gone: Vec<Difference>,
    /// Parts of attempts that the mirror does not hold, of whichever account, when all campaigns were compared.
    pub orphans: Vec<Difference>,
    /// What it cost.
    pub cost: Cost,
}

impl Report {
    /// Whether everything is proven equal.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.gone.is_empty() && self.orphans.is_empty() && self.campaigns.iter().all(CampaignReport::is_equal)
    }
}
