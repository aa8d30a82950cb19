//! What a simulated account and its server look like from outside: every knob a caller can turn before the start.
//!
//! How an option is honoured stands where the answers are made (`pages`, `search`, `render`).

use crate::clock::Clock;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// How a simulator is set up. `Options::default()` is a small account on a free port of loopback.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Which API is spoken at first. [`Simulator::set_flavour`](super::Simulator::set_flavour) switches it.
    pub flavour: Flavour,
    /// The bearer key that is let in.
    pub api_key: String,
    /// Where all content comes from: the same seed and options make the same account.
    pub seed: u64,
    /// How many campaigns there are at first.
    pub campaigns: usize,
    /// How many rows each campaign has at first.
    pub rows: usize,
    /// How far the campaigns have come.
    pub mix: Mix,
    /// How many transcript turns an answered attempt has. 16 makes rows of about 9 KB.
    pub turns: usize,
    /// The organization that the key belongs to.
    pub organization_id: String,
    /// Waited before each answer.
    pub latency: Duration,
    /// How counts are written.
    pub numbers: Numbers,
    /// What the campaigns show of the fields that the API calls optional.
    pub campaign_detail: CampaignDetail,
    /// Whether the query string of a `recording_url` differs on every read.
    pub fresh_signatures: bool,
    /// Whether answers are compressed for clients that accept gzip.
    pub gzip: bool,
    /// Where the account's times come from. `None`: all content is relative to [`EPOCH`], and each edit is one
    /// second later than the one before. A clock: content is relative to its time at the start, edits happen at
    /// its time, and it fills the `Date` header too.
    pub clock: Option<Clock>,
}

/// The moment that content is relative to when [`Options::clock`] is `None`, in seconds since 1970:
/// 2026-03-02T09:00:00Z.
pub const EPOCH: i64 = 1_772_442_000;

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            flavour: Flavour::default(),
            api_key: "demo-key".to_owned(),
            seed: 1,
            campaigns: 3,
            rows: 200,
            mix: Mix::default(),
            turns: 16,
            organization_id: "org_3fYt7LmQ".to_owned(),
            latency: Duration::ZERO,
            numbers: Numbers::default(),
            campaign_detail: CampaignDetail::default(),
            fresh_signatures: true,
            gzip: false,
            clock: None,
        }
    }
}

/// How far the campaigns have come at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mix {
    /// Running, finished, paused and draft ones in turn, with calls of every status.
    #[default]
    Varied,
    /// All running, dialled in the order of their rows: 60 % completed days ago, then 1 % under way, the rest
    /// without a call.
    DialledInOrder,
    /// The same, dialled in an order that has nothing to do with that of the rows.
    DialledAtRandom,
}

/// Which release of the API is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// The API of SDK 0.1.1: rows come in pages.
    Older(OlderApi),
    /// The API of SDK 0.5.0: all rows of a campaign at once, and a search over calls.
    Newer(NewerApi),
}

impl Flavour {
    /// Whether this is the newer API.
    #[must_use]
    pub fn is_newer(&self) -> bool {
        matches!(self, Self::Newer(_))
    }
}

impl Default for Flavour {
    fn default() -> Self {
        Self::Older(OlderApi::default())
    }
}

/// What the documentation of the older API leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OlderApi {
    /// The number of the first page, 0 or 1.
    pub first_page: u32,
    /// What page 0 gives where the first page is 1.
    pub page_zero: PageZero,
    /// The largest page size.
    pub max_page_size: u32,
    /// What a larger page size gives.
    pub oversize: Oversize,
    /// Which `page` and `page_size` an answer names when it took others than the asked ones.
    pub echo: Echo,
    /// What becomes of `statuses`, `result` and `query`.
    pub filters: Filters,
    /// How several `statuses` are written.
    pub several_statuses: SeveralStatuses,
}

impl Default for OlderApi {
    fn default() -> Self {
        Self {
            first_page: 1,
            page_zero: PageZero::Refuse400,
            max_page_size: 100,
            oversize: Oversize::Refuse400,
            echo: Echo::Effective,
            filters: Filters::Honoured,
            several_statuses: SeveralStatuses::Comma,
        }
    }
}

/// What page 0 gives where the first page is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageZero {
    /// 400.
    Refuse400,
    /// The first page.
    ClampToFirst,
    /// No rows, with the right total.
    EmptyRows,
}

/// What a page size above the largest gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oversize {
    /// 400.
    Refuse400,
    /// A page of the largest size.
    Clamp,
}

/// Which numbers an answer names when it took others than the asked ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Echo {
    /// The ones of the request.
    Asked,
    /// The ones that it went by.
    Effective,
}

/// What becomes of the filters `statuses`, `result` and `query`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filters {
    /// They filter the rows and the total.
    Honoured,
    /// They change nothing.
    Ignored,
    /// 400.
    Refused,
}

/// How several `statuses` are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeveralStatuses {
    /// `statuses=calling,scheduled`.
    Comma,
    /// `statuses=calling&statuses=scheduled`.
    Repeated,
    /// Not at all: the value as a whole is one status, the last one given counts.
    Never,
}

/// What the documentation of the newer API leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewerApi {
    /// What `page`, `page_size` and other query parameters of the rows give.
    pub unknown_parameters: UnknownParameters,
    /// The number of the search's first page, 0 or 1.
    pub search_first_page: u32,
    /// The search's largest page size.
    pub search_max_page_size: u32,
    /// What a larger page size gives.
    pub search_oversize: Oversize,
    /// What becomes of `sort_by: updated_at`.
    pub search_sort: SearchSort,
    /// In what order the search shows calls that changed at the same moment.
    pub search_ties: SearchTies,
    /// What the search says of `total_count`.
    pub search_total: SearchTotal,
}

impl Default for NewerApi {
    fn default() -> Self {
        Self {
            unknown_parameters: UnknownParameters::Ignored,
            search_first_page: 1,
            search_max_page_size: 100,
            search_oversize: Oversize::Refuse400,
            search_sort: SearchSort::Honoured,
            search_ties: SearchTies::Stable,
            search_total: SearchTotal::True,
        }
    }
}

/// What becomes of `sort_by: updated_at` in the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchSort {
    /// It sorts.
    Honoured,
    /// The calls come as if `created_at` had been asked for.
    Ignored,
    /// 400.
    Refused400,
}

/// In what order the search shows calls that changed at the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchTies {
    /// By their ids.
    Stable,
    /// In another order on every request, as a database without a second key to sort by may give them.
    Turning,
}

/// What the search says of `total_count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchTotal {
    /// How many calls there are.
    True,
    /// Nothing.
    Absent,
    /// How many calls are on the page.
    OfPage,
}

/// What query parameters give where the API takes none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownParameters {
    /// They change nothing.
    Ignored,
    /// 400.
    Refused400,
}

/// How counts (`page`, `page_size`, `total`, `row_index`, `calls_count`, `row_stats`) are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Numbers {
    /// `3`, as JavaScript writes it.
    #[default]
    Integers,
    /// `3.0`, as the declared type suggests.
    Floats,
}

/// Which optional fields campaigns show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CampaignDetail {
    /// `row_stats` and `assistant`.
    #[default]
    Full,
    /// `assistant` only.
    WithoutRowStats,
    /// `row_stats` only.
    WithoutAssistant,
    /// Neither.
    Bare,
}

impl CampaignDetail {
    pub(super) fn shows_row_stats(self) -> bool {
        matches!(self, Self::Full | Self::WithoutAssistant)
    }

    pub(super) fn shows_assistant(self) -> bool {
        matches!(self, Self::Full | Self::WithoutRowStats)
    }
}
