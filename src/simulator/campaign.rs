//! Campaigns and their rows: what is kept of them, and how rows are counted by state.

use super::call::{Call, Status};
use super::draw::Draw;
use chrono::{DateTime, Utc};
use std::cell::OnceCell;
use std::sync::Arc;

/// A campaign with its rows, in the order in which they are shown.
#[derive(Debug)]
pub(super) struct Campaign {
    pub(super) id: String,
    pub(super) seed: u64,
    pub(super) name: String,
    pub(super) status: CampaignStatus,
    /// The place of its assistant in the account.
    pub(super) assistant: usize,
    pub(super) from_phone_number: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) rows: Vec<Row>,
    /// Text that stands in the list in place of the campaign's JSON.
    pub(super) raw: Option<String>,
    /// Whether the list shows it.
    pub(super) listed: bool,
    /// What is said of the number of rows, if not the truth.
    pub(super) total: Option<ShownTotal>,
    /// The fingerprint that is shown while it stands still.
    pub(super) frozen: Option<Fingerprint>,
}

/// What a campaign says of its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CampaignStatus {
    /// The older API only.
    Draft,
    Running,
    Paused,
    Completed,
}

impl CampaignStatus {
    pub(super) fn shown(self, newer: bool) -> &'static str {
        match self {
            Self::Draft if !newer => "draft",
            Self::Running => "running",
            Self::Draft | Self::Paused => "paused",
            Self::Completed => "completed",
        }
    }
}

/// What the rows' answer says of their number when it does not say the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownTotal {
    /// Nothing: the field is absent.
    Absent,
    /// This number.
    Number(usize),
}

/// What a campaign shows of its having changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fingerprint {
    pub(super) updated_at: DateTime<Utc>,
    pub(super) status: CampaignStatus,
    pub(super) stats: RowStats,
}

/// How many rows are in which state. The states sum up to the total.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RowStats {
    pub(super) total: usize,
    pub(super) pending: usize,
    pub(super) calling: usize,
    pub(super) retry: usize,
    pub(super) completed: usize,
    pub(super) failed: usize,
    pub(super) not_launched: usize,
    pub(super) skipped: usize,
}

impl RowStats {
    /// Counts a row whose call has `status`. The older API has no `not_launched` and no `skipped`.
    pub(super) fn count(&mut self, status: Option<Status>, newer: bool) {
        self.total += 1;
        *match status {
            None | Some(Status::NotLaunched) if newer => &mut self.not_launched,
            Some(Status::Cancelled) if newer => &mut self.skipped,
            None | Some(Status::Initializing | Status::Queued | Status::NotLaunched) => &mut self.pending,
            Some(Status::Calling | Status::PostProcessing | Status::Other(_)) => &mut self.calling,
            Some(Status::Scheduled | Status::Paused) => &mut self.retry,
            Some(Status::Completed) => &mut self.completed,
            Some(Status::Errored | Status::Cancelled) => &mut self.failed,
        } += 1;
    }
}

/// A contact of a campaign.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: String,
    /// The seed of the person.
    pub(super) person: u64,
    pub(super) index: usize,
    pub(super) phone_number: String,
    /// The place of its call in the account.
    pub(super) call: Option<usize>,
    /// Raised by edits of its `input_data`.
    pub(super) revision: u64,
    /// Text that stands in place of the row's JSON.
    pub(super) raw: Option<Arc<str>>,
    /// Its JSON as far as `"call":`, until something about it changes.
    pub(super) text: OnceCell<Arc<str>>,
}

impl Row {
    pub(super) fn draw(draw: &mut Draw, index: usize) -> Self {
        Self {
            id: draw.uuid(),
            person: draw.seed(),
            index,
            phone_number: draw.phone(),
            call: None,
            revision: 0,
            raw: None,
            text: OnceCell::new(),
        }
    }
}

impl Campaign {
    /// The status of each row's call, in order.
    pub(super) fn row_statuses<'a>(&'a self, calls: &'a [Call]) -> impl Iterator<Item = Option<Status>> + 'a {
        self.rows.iter().map(|row| row.call.and_then(|call| calls.get(call)).map(|call| call.status))
    }

    /// The rows, counted.
    pub(super) fn stats(&self, calls: &[Call], newer: bool) -> RowStats {
        let mut stats = RowStats::default();
        for status in self.row_statuses(calls) {
            stats.count(status, newer);
        }
        stats
    }

    /// What the campaign shows of its state, which stands still while it is frozen.
    pub(super) fn fingerprint(&self, calls: &[Call], newer: bool) -> Fingerprint {
        self.frozen.unwrap_or_else(|| Fingerprint {
            updated_at: self.updated_at,
            status: self.status,
            stats: self.stats(calls, newer),
        })
    }
}
