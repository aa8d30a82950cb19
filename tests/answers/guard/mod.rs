//! What the mirror takes for gone, what it takes for suspicious, and what bad input cannot do, from the simulator
//! into a real Postgres.
//!
//! A file a subject: `rows` and `campaigns` that vanish, their `revival`, `refusals`, and `bad_input`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod bad_input;
mod campaigns;
mod refusals;
mod resting;
mod revival;
mod rows;

use crate::support::account::{Account, passing};
use revox_mirror::sync::{CampaignReport, PassOptions};

/// A pass that accepts what an earlier one reported.
fn accepting() -> PassOptions {
    PassOptions { accept_deletions: true, ..passing() }
}

/// Rows that are tombstoned.
async fn dead_rows(account: &Account) -> i64 {
    account.count("select count(*) from revox.campaign_rows where _deleted_at is not null").await
}

/// Campaigns that are tombstoned.
async fn dead_campaigns(account: &Account) -> i64 {
    account.count("select count(*) from revox.campaigns where _deleted_at is not null").await
}

/// What is said of a campaign's pass.
fn note(report: &CampaignReport) -> &str {
    report.note.as_deref().unwrap_or("")
}
