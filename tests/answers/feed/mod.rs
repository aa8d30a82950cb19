//! The newer API's search over calls as a feed of changes, however it answers; and accounts that answer in the older
//! way today and in the newer way tomorrow.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by a panic")]

mod beginning;
mod doubt;
mod order;
mod outside;
mod switching;

use crate::support::account::{Account, passing};
use revox_mirror::simulator::{Account as Simulated, Flavour, NewerApi, Options};

/// An account of the newer API that has been read twice: its search is begun, and every call has ended.
async fn newer(api: NewerApi, campaigns: usize, rows: usize) -> Account {
    let options = Options { campaigns, rows, turns: 1, flavour: Flavour::Newer(api), ..Options::default() };
    let account = Account::new(options).await;
    account.simulator.edit(finish_all_calls);
    account.complete_pass(&passing()).await;
    account.complete_pass(&passing()).await;
    account.simulator.reset_requests();
    account
}

/// Brings every call to its end.
fn finish_all_calls(account: &mut Simulated) {
    for campaign in account.campaign_ids() {
        while account.advance_calls(&campaign, usize::MAX).unwrap() > 0 {}
    }
}

/// Why the last pass of a campaign read everything, or how it was made when it did not.
async fn last_reason(account: &Account, campaign: usize) -> String {
    sqlx::query_scalar(
        "select coalesce(evidence ->> 'fell_back', kind) from revox_sync.runs
         where campaign_id = $1 order by id desc limit 1",
    )
    .bind(&account.simulator.campaign_ids()[campaign])
    .fetch_one(&account.pool)
    .await
    .unwrap()
}

/// What is remembered of the search, under a name.
async fn search(account: &Account, name: &str) -> Option<String> {
    sqlx::query_scalar("select search ->> $1 from revox_sync.accounts")
        .bind(name)
        .fetch_one(&account.pool)
        .await
        .unwrap()
}

fn searches(account: &Account) -> u64 {
    account.simulator.requests().count("POST /call/search")
}

fn readings(account: &Account) -> u64 {
    account.simulator.requests().count("GET /campaigns/{id}/rows")
}
