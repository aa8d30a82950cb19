//! A search that is refused, stops early, lies about its total, or is not in order: everything is read in full, the
//! run says why, and it is recovered from.

use super::{finish_all_calls, last_reason, newer, readings, search, searches};
use crate::support::account::{Account, full, passing};
use crate::support::hands::Hands;
use chrono::TimeDelta;
use revox_mirror::simulator::{
    Fault, FaultKind, Flavour, NewerApi, Options, Oversize, SearchSort, SearchTotal,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_refuses_to_sort_is_said_not_asked_in_every_pass_and_taken_up_again() {
    let hands = Hands::at("2026-03-02T09:00:00Z");
    let refusing = NewerApi { search_sort: SearchSort::Refused400, ..NewerApi::default() };
    for begins_refusing in [true, false] {
        let first = if begins_refusing { refusing } else { NewerApi::default() };
        let options = Options {
            campaigns: 2,
            rows: 30,
            turns: 1,
            flavour: Flavour::Newer(first),
            clock: Some(hands.clock()),
            ..Options::default()
        };
        let mut account = Account::new(options).await;
        account.mirror.clock = hands.clock();
        account.simulator.edit(finish_all_calls);
        account.complete_pass(&passing()).await;
        account.simulator.set_flavour(Flavour::Newer(refusing));
        account.simulator.reset_requests();
        for pass in 0..4 {
            hands.advance(TimeDelta::minutes(5));
            account.simulator.edit(|account| account.edit_metadata(0, 0)).unwrap();
            account.complete_pass(&passing()).await;
            let reason = last_reason(&account, 0).await;
            assert!(
                reason.contains("refuses the search") && reason.contains("sort_by must be"),
                "{pass}: {reason}"
            );
            account.assert_equal().await;
        }
        let asked = if begins_refusing { 0 } else { 9 };
        assert_eq!(searches(&account), asked, "one pass asks in every way, and the next ones not at all");
        hands.advance(TimeDelta::minutes(30));
        account.complete_pass(&passing()).await;
        assert_eq!(searches(&account), asked, "within the hour it is not asked again");
        // After it it is, and sorts.
        account.simulator.set_flavour(Flavour::Newer(NewerApi::default()));
        hands.advance(TimeDelta::minutes(20));
        account.complete_pass(&full()).await;
        account.simulator.edit(|account| account.edit_metadata(0, 1)).unwrap();
        hands.advance(TimeDelta::minutes(5));
        account.complete_pass(&passing()).await;
        account.assert_equal().await;
        hands.advance(TimeDelta::minutes(5));
        account.complete_pass(&passing()).await;
        account.simulator.edit(|account| account.edit_metadata(0, 2)).unwrap();
        hands.advance(TimeDelta::minutes(5));
        account.simulator.reset_requests();
        account.complete_pass(&passing()).await;
        assert_eq!(last_reason(&account, 0).await, "incremental");
        assert_eq!(readings(&account), 0);
        account.assert_equal().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_stops_early_or_is_not_in_order_is_not_believed_for_that_pass() {
    let tens = NewerApi { search_max_page_size: 10, ..NewerApi::default() };
    let cases = [
        (FaultKind::EmptyRows, 1, "ended before"),
        (FaultKind::EmptyRows, 2, "ended before"),
        (FaultKind::Backwards, 1, "order"),
        (FaultKind::Backwards, 2, "order"),
        (FaultKind::Status(500), 2, "the search failed"),
        (FaultKind::Status(400), 2, "refused before the watermark"),
        (FaultKind::HtmlOk, 1, "the search failed"),
    ];
    for (kind, request, reason) in cases {
        let mut account = newer(tens, 2, 40).await;
        account.mirror.client = impatient(&account);
        account.simulator.edit(|account| (0..25).for_each(|row| account.edit_metadata(0, row).unwrap()));
        account.simulator.inject(Fault::new(kind.clone()).on_path("/call/search").nth(request));
        account.complete_pass(&passing()).await;
        let said = last_reason(&account, 0).await;
        assert!(said.contains(reason), "{kind:?} of request {request}: {said}");
        account.assert_equal().await;
        account.simulator.clear_faults();
        account.complete_pass(&passing()).await;
        account.simulator.edit(|account| account.edit_metadata(1, 3)).unwrap();
        account.complete_pass(&passing()).await;
        assert_eq!(last_reason(&account, 1).await, "incremental", "{kind:?} of request {request}");
        account.assert_equal().await;
    }
}

/// A client that tries but once.
fn impatient(account: &Account) -> revox_mirror::api::Client {
    let options = crate::support::account::client_options(&account.simulator, "demo-key");
    revox_mirror::api::Client::new(revox_mirror::api::ClientOptions { max_tries: 1, ..options }).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_search_says_of_its_total_and_its_page_size_nothing_is_lost() {
    let tens = NewerApi { search_max_page_size: 10, ..NewerApi::default() };
    for search_total in [SearchTotal::True, SearchTotal::Absent, SearchTotal::OfPage] {
        for search_oversize in [Oversize::Refuse400, Oversize::Clamp] {
            let account = newer(NewerApi { search_total, search_oversize, ..tens }, 2, 40).await;
            for rows in [0..3, 0..25, 0..80] {
                account.simulator.edit(|account| {
                    rows.for_each(|row| account.edit_metadata(row / 40, row % 40).unwrap());
                });
                account.complete_pass(&passing()).await;
                account.assert_equal().await;
            }
            if search_total == SearchTotal::True {
                assert_eq!(
                    search(&account, "paging").await.as_deref(),
                    Some("[1, 10]"),
                    "{search_oversize:?}"
                );
                assert_eq!(readings(&account), 0, "{search_oversize:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_sorts_by_something_else_loses_nothing() {
    let ignoring = NewerApi { search_sort: SearchSort::Ignored, ..NewerApi::default() };
    let account = newer(ignoring, 2, 40).await;
    for row in [3, 17, 0] {
        account.simulator.edit(|account| account.edit_metadata(0, row)).unwrap();
        account.complete_pass(&passing()).await;
        let reason = last_reason(&account, 0).await;
        assert!(reason.contains("order"), "{reason}");
        account.assert_equal().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_leaves_out_calls_that_the_mirror_holds_is_not_believed() {
    let account = newer(NewerApi::default(), 2, 40).await;
    account.simulator.edit(|account| (0..4).for_each(|row| account.edit_metadata(0, row).unwrap()));
    account.complete_pass(&passing()).await;
    // The newest of those is shown no more, and what changes now is another one's.
    let id = account.simulator.edit(|account| account.call_id(0, 3).unwrap().unwrap());
    sqlx::query("update revox.calls set updated_at = updated_at + interval '500 ms' where id = $1")
        .bind(&id)
        .execute(&account.pool)
        .await
        .unwrap();
    account.simulator.edit(|account| {
        account.touch(1).unwrap();
        account.leave_out_of_search(Some(id));
        account.edit_metadata(0, 1).unwrap();
    });
    account.complete_pass(&passing()).await;
    let reason = last_reason(&account, 0).await;
    assert!(reason.contains("leaves out calls"), "{reason}");
    account.simulator.edit(|account| account.leave_out_of_search(None));
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_changes_than_are_worth_searching_for_are_read_in_full_once_and_the_search_goes_on() {
    let mut account = newer(NewerApi { search_max_page_size: 10, ..NewerApi::default() }, 2, 60).await;
    let most = account.mirror.settings.max_bytes_in_flight;
    account.mirror.settings.max_bytes_in_flight = 64 << 10;
    account.simulator.edit(|account| (0..60).for_each(|row| account.edit_metadata(0, row).unwrap()));
    account.complete_pass(&passing()).await;
    let reason = last_reason(&account, 0).await;
    assert!(reason.contains("worth searching for") || reason == "full", "{reason}");
    account.assert_equal().await;
    account.mirror.settings.max_bytes_in_flight = most;
    account.complete_pass(&passing()).await;
    account.simulator.edit(|account| account.edit_metadata(0, 7)).unwrap();
    account.simulator.reset_requests();
    account.complete_pass(&passing()).await;
    assert_eq!((last_reason(&account, 0).await.as_str(), searches(&account)), ("incremental", 1));
    account.assert_equal().await;
}
