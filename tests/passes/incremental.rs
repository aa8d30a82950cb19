//! Later passes: what they find, what they cost in requests, and when they give way to a full walk.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by a panic")]

use crate::support::account::{Account, client_options, full, passing};
use crate::support::hands::Hands;
use chrono::TimeDelta;
use revox_mirror::api::{Client, ClientOptions};
use revox_mirror::plan::Outcome;
use revox_mirror::simulator::{
    Fault, FaultKind, Filters, Flavour, NewerApi, OlderApi, Options, SeveralStatuses,
};
use revox_mirror::sync::{Job, begin_round};
use std::time::Duration;

/// An account of the older API whose campaigns are looked through rather than walked.
async fn older(api: OlderApi, campaigns: usize, rows: usize) -> Account {
    let options = Options { campaigns, rows, turns: 1, flavour: Flavour::Older(api), ..Options::default() };
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
async fn a_page_that_is_read_a_second_time_waits_for_no_page_that_waits_for_it() {
    let mut account = older(OlderApi::default(), 3, 200).await;
    // One request at a time, and each page is written before the next one is looked at: a page that shows rows which were
    // just written is read again, while others wait for their turn to be asked for.
    let options = client_options(&account.simulator, &Options::default().api_key);
    account.mirror.client = Client::new(ClientOptions { max_concurrent_requests: 1, ..options }).unwrap();
    account.mirror.settings.batch_rows = 1;
    for _ in 0..5 {
        for campaign in 0..3 {
            account.simulator.edit(|account| {
                account.advance_calls(campaign, 40).unwrap();
                account.append_rows(campaign, 3).unwrap();
            });
        }
        let options = passing();
        let pass = account.complete_pass(&options);
        tokio::time::timeout(Duration::from_mins(1), pass).await.expect("the pass ends");
        account.assert_equal().await;
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

#[tokio::test(flavor = "multi_thread")]
async fn what_the_search_cannot_tell_is_read_whole_and_the_run_says_why() {
    type Change = fn(&mut revox_mirror::simulator::Account);
    let replaced: Change = |account| account.replace_call(0, 0).unwrap();
    let appended: Change = |account| account.append_rows(0, 1).unwrap();
    let edited: Change = |account| account.edit_input_data(0, 3).unwrap();
    let edited_later: Change = |account| {
        account.edit_metadata(0, 0).unwrap();
        (0..4).for_each(|_| account.edit_input_data(0, 3).unwrap());
    };
    let changed: Change = |account| account.edit_metadata(0, 0).unwrap();
    let options = Options {
        campaigns: 2,
        rows: 60,
        turns: 1,
        flavour: Flavour::Newer(NewerApi::default()),
        ..Options::default()
    };
    let account = Account::new(options).await;
    finish_all_calls(&account);
    account.complete_pass(&passing()).await;
    let cases = [
        (replaced, None, "calls that no known row has"),
        (appended, None, "rows came or went"),
        (edited, None, "no call of it did"),
        (edited_later, None, "after the last of its calls did"),
        (changed, Some(FaultKind::Status(403)), "the search failed"),
        (changed, Some(FaultKind::Status(404)), "has no search over calls"),
    ];
    for (change, fault, reason) in cases {
        account.simulator.edit(change);
        if let Some(kind) = fault {
            account.simulator.inject(Fault::new(kind).on_path("/call/search"));
        }
        account.complete_pass(&passing()).await;
        account.simulator.clear_faults();
        let fell_back: String = sqlx::query_scalar(
            "select coalesce(evidence ->> 'fell_back', kind) from revox_sync.runs
             where campaign_id = $1 order by id desc limit 1",
        )
        .bind(&account.simulator.campaign_ids()[0])
        .fetch_one(&account.pool)
        .await
        .unwrap();
        assert!(fell_back.contains(reason), "{reason}: {fell_back}");
        account.assert_equal().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_that_are_ignored_or_refused_are_noticed_and_everything_is_read() {
    for (filters, word) in [(Filters::Ignored, "ignores"), (Filters::Refused, "refuses")] {
        let account = older(OlderApi { filters, ..OlderApi::default() }, 1, 300).await;
        for round in 0..2 {
            account.simulator.edit(|account| account.advance_calls(0, 5)).unwrap();
            account.complete_pass(&passing()).await;
            let (kind, fell_back) = last_run(&account).await;
            let fell_back = fell_back.expect("the run says why");
            assert_eq!(kind, "full");
            assert!(round == 0 || fell_back.contains(word), "{fell_back}");
            account.assert_equal().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_do_not_fit_lead_to_a_full_walk_that_says_why() {
    let lies = [
        FaultKind::Backwards,
        FaultKind::WrongTotal(-1),
        FaultKind::WrongTotal(1),
        FaultKind::EmptyRows,
        FaultKind::RepeatPage,
    ];
    for lie in lies {
        let account = older(OlderApi::default(), 1, 400).await;
        account.simulator.edit(|account| account.advance_calls(0, 5)).unwrap();
        // As many as an incremental pass may ask for; the walk after it is told the truth.
        account.simulator.inject(Fault::new(lie.clone()).on_path("/rows").times(3));
        let report = account.pass(&passing()).await.unwrap();
        let (kind, fell_back) = last_run(&account).await;
        assert_eq!(kind, "full", "{lie:?}");
        assert!(fell_back.is_some(), "{lie:?}");
        account.simulator.clear_faults();
        if report.campaigns[0].outcome != Outcome::Complete {
            account.complete_pass(&passing()).await;
        }
        account.assert_equal().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_went_or_came_in_between_lead_to_a_full_walk() {
    let account = older(OlderApi::default(), 1, 400).await;
    account.simulator.edit(|account| account.delete_row(0, 100)).unwrap();
    account.complete_pass(&passing()).await;
    assert_eq!(last_run(&account).await.0, "full");
    account.assert_equal().await;
    account.simulator.edit(|account| {
        account.delete_row(0, 50).unwrap();
        account.append_rows(0, 1).unwrap();
    });
    account.complete_pass(&passing()).await;
    let (kind, fell_back) = last_run(&account).await;
    assert_eq!(kind, "full", "the total is as it was, and the last row stands elsewhere");
    assert!(fell_back.is_some());
    account.assert_equal().await;
    account.simulator.edit(|account| account.insert_row(0, 30)).unwrap();
    account.complete_pass(&passing()).await;
    account.assert_equal().await;
    // The order is known again: what follows is found without reading everything.
    account.simulator.edit(|account| account.advance_calls(0, 3)).unwrap();
    account.complete_pass(&passing()).await;
    assert_eq!(last_run(&account).await, ("incremental".to_owned(), None));
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fingerprint_that_did_not_move_though_rows_did_is_believed_no_more() {
    let account = older(OlderApi::default(), 1, 300).await;
    finish_all_calls(&account);
    account.complete_pass(&passing()).await;
    account.simulator.edit(|account| account.quietly(|account| account.edit_input_data(0, 7))).unwrap();
    account.complete_pass(&passing()).await;
    assert_eq!(
        account.count("select count(*) from revox_sync.checkpoints where fingerprint_trusted").await,
        1
    );
    account.complete_pass(&full()).await;
    let belied = "select count(*) from revox_sync.runs where (evidence ->> 'fingerprint_belied')::boolean";
    assert_eq!(account.count(belied).await, 1, "the full walk finds it");
    account.assert_equal().await;
    account.simulator.reset_requests();
    account.complete_pass(&passing()).await;
    assert_eq!(last_run(&account).await, ("incremental".to_owned(), None), "passes read from now on");
    assert!(account.simulator.requests().total > 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn late_results_are_read_at_growing_intervals_until_the_call_is_settled() {
    let hands = Hands::at("2026-03-02T09:00:00Z");
    for flavour in [Flavour::Older(OlderApi::default()), Flavour::Newer(NewerApi::default())] {
        let options = Options {
            campaigns: 1,
            rows: 120,
            turns: 1,
            flavour,
            clock: Some(hands.clock()),
            ..Options::default()
        };
        let mut account = Account::new(options).await;
        account.mirror.clock = hands.clock();
        account.mirror.settings.walk_pages_at_most = 0;
        account.mirror.settings.page_size = 10;
        account.mirror.settings.full_walk_every = std::time::Duration::from_hours(24 * 30);
        // Everything there is ended long ago, but for one call that ends now, without its results.
        finish_all_calls(&account);
        account.complete_pass(&passing()).await;
        hands.advance(TimeDelta::days(3));
        account.complete_pass(&passing()).await;
        account.simulator.edit(|account| {
            account.append_rows(0, 1).unwrap();
            account.set_late_analysis(true);
            (0..3).for_each(|_| account.advance_call(0, 120).unwrap());
            while account.call_status(0, 120).unwrap() != Some("completed") {
                account.advance_call(0, 120).unwrap();
            }
        });
        hands.advance(TimeDelta::minutes(1));
        account.complete_pass(&passing()).await;
        account.complete_pass(&passing()).await;
        account.assert_equal().await;
        let unsettled = "select count(*) from revox_sync.row_states where unsettled_since is not null";
        assert_eq!(account.count(unsettled).await, 1);
        let mut reads = Vec::new();
        for step in 1..=(31 * 4) {
            hands.advance(TimeDelta::minutes(15));
            if step == 10 {
                account.simulator.edit(|account| account.deliver_analysis(0, 1)).unwrap();
            }
            account.simulator.reset_requests();
            account.complete_pass(&passing()).await;
            let requests = account.simulator.requests().total;
            if requests > 1 {
                reads.push((step * 15, requests));
            }
        }
        assert!((4..=6).contains(&reads.len()), "{flavour:?}: minutes and requests: {reads:?}");
        assert!(reads.iter().all(|(_, requests)| *requests == 2), "{flavour:?}: {reads:?}");
        account.assert_equal().await;
        assert_eq!(account.count(unsettled).await, 0, "{flavour:?}: it is settled in the end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_the_newer_api_are_left_to_the_process_that_has_read_the_search() {
    for (flavour, others_take_it_up) in
        [(Flavour::Older(OlderApi::default()), true), (Flavour::Newer(NewerApi::default()), false)]
    {
        let options = Options { campaigns: 2, rows: 30, turns: 1, flavour, ..Options::default() };
        let account = Account::new(options).await;
        account.complete_pass(&passing()).await;
        account.complete_pass(&passing()).await;
        let before = account.mirror.clock.now() - TimeDelta::hours(1);
        account.simulator.edit(|edited| edited.advance_calls(0, 5).unwrap());
        let read = begin_round(&account.mirror, &passing(), None).await.unwrap();
        assert!(read.is_read);
        assert!(!read.jobs.is_empty(), "the list shows that something has changed");
        // Another process comes to the same list a moment later.
        let told = begin_round(&account.mirror, &passing(), Some(before)).await.unwrap();
        assert!(!told.is_read);
        let takes = |jobs: &[Job]| jobs.iter().any(|job| read.jobs.iter().any(|it| it.id() == job.id()));
        assert_eq!(takes(&told.jobs), others_take_it_up);
        // A campaign that has to be read in full is everybody's.
        sqlx::query("update revox_sync.checkpoints set full_walk_at = null, completed_at = null, complete_through = null")
            .execute(&account.pool)
            .await
            .unwrap();
        let told = begin_round(&account.mirror, &passing(), Some(before)).await.unwrap();
        assert_eq!(told.jobs.len(), 2, "{others_take_it_up}");
    }
}
