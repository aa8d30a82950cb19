//! One pass over an account: the list, then each campaign, side by side.
//!
//! Owns: the order of things. Leaves to `plan`: what to read and what it proves; to `api`, `normalize` and
//! `store`: doing it. [`account`](self) lists and shares out, `campaign` decides and ends, `begin` and `walk` read page
//! after page, `closing` begins their end, `round` is what an account's list has shown and the jobs that come of it, `incremental` the pages that the plan asks for, `feed` the calls that the newer API's search shows, `page`
//! turns one page into records, `gathered` brings them into the database, `confirm` reads again where rows are
//! missing, `gone` looks after campaigns that the list no longer shows, `typed` after the views of single campaigns.

mod account;
mod begin;
mod campaign;
mod closing;
mod confirm;
mod failure;
mod feed;
mod gathered;
mod gone;
mod incremental;
mod known;
mod leases;
mod list;
mod lone;
mod page;
mod paging;
mod parents;
mod rate;
mod reading;
mod round;
mod round_end;
mod rows;
#[cfg(feature = "sabotage")]
mod sabotage;
mod seen;
mod shared;
mod stream;
mod typed;
mod verdict;
mod walk;
mod walks;

pub use account::run_pass;
pub use failure::FailureKind;
pub use leases::wait_for_lease;
pub use paging::first_rows;
pub use rate::shared_pace;
pub use round::{Job, Round, begin_round, lone_job};
pub use round_end::RoundEnd;
pub use rows::{Rows, ask_rows};
pub use walks::Walks;

use crate::api::{ApiError, Client, Cost};
use crate::clock::Clock;
use crate::normalize;
use crate::observe::Progress;
use crate::plan::{Known, Outcome, Rhythm, Suspicion};
use crate::store::{Store, StoreError};
use crate::typed::OwnerKind;
use chrono::TimeDelta;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How passes are made.
#[derive(Debug, Clone)]
pub struct SyncSettings {
    /// Rows a page that are asked for at most.
    pub page_size: u32,
    /// Campaigns walked side by side.
    pub max_concurrent_campaigns: usize,
    /// Rows a batch (one transaction) at most.
    pub batch_rows: usize,
    /// Bytes of answers held in memory at most, in all.
    pub max_bytes_in_flight: usize,
    /// Pages under way at once, at most: campaigns that are read side by side share them.
    pub pages_ahead: usize,
    /// Campaigns of at most so many pages are read whole whenever anything may have changed.
    pub walk_pages_at_most: u64,
    /// How long after its last attempt a call may still change.
    pub settle_window: Duration,
    /// How often everything is read again.
    pub full_walk_every: Duration,
    /// The same, at most, of a campaign in which nothing happens any more.
    pub full_walk_at_most: Duration,
    /// The longest pause between looks at a quiet campaign that nothing speaks for and whose word cannot be relied on.
    pub look_at_most: Duration,
    /// How long a lease holds when it is not renewed.
    pub lease_ttl: Duration,
    /// Whether each campaign has a view of its own.
    pub views_per_campaign: bool,
    /// Whether each assistant has one.
    pub views_per_assistant: bool,
    /// What the operator wants kept.
    pub normalize: normalize::Options,
}

impl SyncSettings {
    /// Whose views are made.
    fn viewed(&self) -> Vec<OwnerKind> {
        let campaigns = self.views_per_campaign.then_some(OwnerKind::Campaign);
        let assistants = self.views_per_assistant.then_some(OwnerKind::Assistant);
        campaigns.into_iter().chain(assistants).collect()
    }

    fn rhythm(&self) -> Rhythm {
        let difference = |duration| TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX);
        Rhythm {
            full_walk_every: difference(self.full_walk_every),
            full_walk_at_most: difference(self.full_walk_at_most),
            look_at_most: difference(self.look_at_most),
        }
    }
}

/// What one pass is asked to do.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a wish of its own")]
pub struct PassOptions {
    /// Only these campaigns; empty: all.
    pub campaigns: Vec<String>,
    /// Read everything, whatever the checkpoints say.
    pub full: bool,
    /// Write nothing, say what would be written.
    pub dry_run: bool,
    /// The list may come from another organization or base URL than last time.
    pub accept_account: bool,
    /// What an earlier pass reported as suspicious is meant, and no more than that.
    pub accept_deletions: bool,
    /// How long to wait for a campaign that another process works on.
    pub lease_wait: Duration,
    /// How long to wait for the account's list that another process reads, when that is longer.
    pub list_wait: Duration,
    /// What set the pass off, for `revox_sync.runs.trigger`: `once`, `schedule`, `hook`, `demo`.
    pub trigger: &'static str,
}

impl PassOptions {
    /// Whether a campaign is to be read in full, whatever else is known of it.
    fn wants_all(&self, known: &Known) -> bool {
        self.full || (self.accept_deletions && known.suspicion.is_some())
    }
}

/// Rows of `revox.campaign_rows`, by what happened (or, in a dry run, would happen) to them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// Rows that the API showed.
    pub seen: u64,
    /// New ones.
    pub inserted: u64,
    /// Known ones that differ.
    pub updated: u64,
    /// Known ones that were passed over.
    pub unchanged: u64,
    /// Rows that are gone.
    pub tombstoned: u64,
    /// Pieces that could not land.
    pub rejected: u64,
    /// Those among them that were not there before.
    pub rejected_new: u64,
}

/// How one campaign's pass went.
#[derive(Debug, Clone)]
pub struct CampaignReport {
    /// The campaign.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it is not complete, in plain words.
    pub note: Option<String>,
    /// What kind of failure kept it from being complete; none for one that a person or the next pass sees to.
    pub failure: Option<FailureKind>,
    /// What happened to its rows.
    pub rows: RowCounts,
    /// What it cost.
    pub cost: Cost,
}

impl CampaignReport {
    fn skipped(id: String, name: String) -> Self {
        Self {
            id,
            name,
            outcome: Outcome::Skipped,
            note: None,
            failure: None,
            rows: RowCounts::default(),
            cost: Cost::default(),
        }
    }

    /// Nothing was read: it was suspicious a short while ago.
    fn still_suspicious(listed: &list::ListedCampaign, suspicion: Suspicion) -> Self {
        let note = format!("{} rows would vanish, as an earlier pass has reported", suspicion.deletions);
        let skipped = Self::skipped(listed.campaign().id.clone(), listed.name().to_owned());
        Self { outcome: Outcome::Suspicious, note: Some(note), ..skipped }
    }

    fn failed(id: String, name: String, failure: FailureKind, note: String) -> Self {
        let skipped = Self::skipped(id, name);
        Self { outcome: Outcome::Failed, failure: Some(failure), note: Some(note), ..skipped }
    }

    /// A pass that was due and was not begun.
    #[must_use]
    pub fn left_alone(id: String, name: String) -> Self {
        Self::failed(id, name, FailureKind::Stopped, "it was not begun".to_owned())
    }

    /// A pass whose task panicked.
    #[must_use]
    pub fn broken(id: String, name: String) -> Self {
        Self::failed(id, name, FailureKind::Broken, "the pass broke off; see the log".to_owned())
    }
}

/// How a pass went.
#[derive(Debug, Clone, Default)]
pub struct PassReport {
    /// One for each campaign that was to be looked at, in the order of the list.
    pub campaigns: Vec<CampaignReport>,
    /// What all of it cost, the list included.
    pub cost: Cost,
    /// Why campaigns that are gone from the API were not tombstoned: a person should look first.
    pub suspicious: Option<String>,
    /// Pieces of the list that could not land and were not known before.
    pub rejected_new: u64,
    /// Campaigns that were tombstoned because the API no longer has them.
    pub campaigns_tombstoned: u64,
}

/// Why a pass could not be made at all.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The campaign that was asked for is not in the account.
    #[error("the account has no campaign {id}")]
    UnknownCampaign {
        /// As it was given.
        id: String,
    },
    /// The list comes from elsewhere than the mirror's.
    #[error("the mirror holds {held}, and the API answers for {found}")]
    AnotherAccount {
        /// The organization or base URL that the mirror holds.
        held: String,
        /// The one that answered.
        found: String,
    },
    /// The campaign list could not be read.
    #[error("the campaign list cannot be read")]
    List(#[source] ApiError),
    /// The database failed.
    #[error("{}", .0.heading())]
    Store(#[from] StoreError),
    /// Another process holds the account's list.
    #[error("another revox-mirror reads the account's list")]
    Busy,
}

/// All that a pass works with.
#[derive(Clone)]
pub struct Mirror {
    /// The account's name in the configuration.
    pub account: Arc<str>,
    /// The API.
    pub client: Client,
    /// The base URL, as it is shown and remembered.
    pub base_url: String,
    /// The database; `None` only for a dry run on a machine that has no mirror yet.
    pub store: Option<Store>,
    /// How passes are made.
    pub settings: SyncSettings,
    /// The time.
    pub clock: Clock,
    /// Is told how it goes.
    pub progress: Arc<dyn Progress>,
    /// Ends passes between two pages: what is under way is committed first.
    pub stop: CancellationToken,
    /// The walks under way.
    pub walks: Walks,
}
