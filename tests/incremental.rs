//! Later passes: what they find, what they cost in requests, and when they give way to a full walk.

mod support;

use revox_mirror::simulator::{Filters, Flavour, NewerApi, OlderApi, Options, SeveralStatuses};
use support::account::{Account, full, passing};

/// An account of the older API whose campaigns are looked through rather than walked.
async fn older(api: OlderApi, campaigns: usize, rows: usize) -> Account {
    let options =
        Options { campaigns, rows, turns: 1, flavour: Flavour::Older(api), ..Options::default() };
    let mut account = Account::new(options).await;
    account.mirror.settings.walk_pages_at_most = 0;
    account.mirror.settings.page_size = 10;
    account.complete_pass(&passing()).await;
    account.simulator.reset_requests();
    account
}

/// Brings every call to its end, long ago by the mirror's clock: nothing is unsettled.
fn finish_all_calls(account: &Account) {
    account.simulator.edit(|account| {
        for campaign in 0..account.campaign_ids().len() {
            while account.advance_calls(campaign, usize::MAX).unwrap() > 0 {}
        }
    });
}

/// How the last pass of a campaign was made: its kind, and what it says of a full walk that it had to make.
async fn last_run(account: &Account) -> (String, Option<String>) {
    sqlx::query_as("select kind, evidence ->> 'fell_back' from revox_sync.runs order by id desc limit 1")
        .fetch_one(&account.pool)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_account_costs_one_request_on_either_api() {
    for flavour in [Flavour::Older(OlderApi::default()), Flavour::Newer(NewerApi::default())] {
        let account = Account::new(Options { campaigns: 7, rows: 30, flavour, ..Options::default() }).await;
        finish_all_calls(&account);
        account.complete_pass(&passing()).await;
        account.complete_pass(&full()).await;
        account.simulator.reset_requests();
        account.complete_pass(&passing()).await;
        assert_eq!(account.simulator.requests().total, 1, "{flavour:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_moved_on_and_rows_that_came_are_found() {
    for several_statuses in [SeveralStatuses::Comma, SeveralStatuses::Repeated, SeveralStatuses::Never] {
        let api = OlderApi { several_statuses, ..OlderApi::default() };
        let account = older(api, 1, 600).await;
        for _ in 0..4 {
            account.simulator.edit(|account| {
                account.advance_calls(0, 7).unwrap();
                account.append_rows(0, 3).unwrap();
            });
            account.complete_pass(&passing()).await;
            assert_eq!(last_run(&account).await, ("incremental".to_owned(), None), "{several_statuses:?}");
            account.assert_equal().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_newer_api_changed_calls_are_read_from_the_search() {
    let options = Options {
        campaigns: 4,
        rows: 120,
        turns: 1,
        flavour: Flavour::Newer(NewerApi::default()),
        ..Options::default()
    };
    let account = Account::new(options).await;
    account.complete_pass(&passing()).await;
    for changes in [1, 60, 130] {
        // Calls that have none yet would get new ones: only what is under way moves.
        let changed = account.simulator.edit(|account| {
            let mut changed = 0;
            for campaign in 0..4 {
                for row in 0..120 {
                    let has_call = account.call_id(campaign, row).unwrap().is_some();
                    if changed < changes && has_call {
                        account.edit_metadata(campaign, row).unwrap();
                        changed += 1;
                    }
                }
            }
            changed
        });
        account.simulator.reset_requests();
        account.complete_pass(&passing()).await;
        let requests = account.simulator.requests();
        assert!(requests.total <= 3 + changed / 50, "{changed} changes cost {requests:?}");
        assert_eq!(requests.count("GET /campaigns/{id}/rows"), 0, "{requests:?}");
        account.assert_equal().await;
    }
}
