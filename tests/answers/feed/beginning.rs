//! Where the search begins: what changed before it was first read is not lost.

use super::{finish_all_calls, last_reason, newer, readings, search};
use crate::support::account::{Account, passing};
use crate::support::hands::Hands;
use chrono::TimeDelta;
use revox_mirror::plan::Outcome;
use revox_mirror::simulator::{Fault, FaultKind, Flavour, NewerApi, Options};

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_between_the_first_reading_and_the_beginning_of_the_search_is_found() {
    let hands = Hands::at("2026-03-02T09:00:00Z");
    let options = Options {
        campaigns: 1,
        rows: 30,
        turns: 1,
        flavour: Flavour::Newer(NewerApi::default()),
        clock: Some(hands.clock()),
        ..Options::default()
    };
    let mut account = Account::new(options).await;
    account.mirror.clock = hands.clock();
    account.simulator.edit(finish_all_calls);
    account.simulator.edit(|account| {
        account.append_rows(0, 1).unwrap();
        account.set_late_analysis(true);
        while account.call_status(0, 30).unwrap() != Some("completed") {
            account.advance_call(0, 30).unwrap();
        }
    });
    hands.advance(TimeDelta::seconds(10));
    // The search is not to be had when everything is read for the first time.
    account.simulator.inject(Fault::new(FaultKind::Status(403)).on_path("/call/search"));
    account.complete_pass(&passing()).await;
    account.simulator.clear_faults();
    hands.advance(TimeDelta::minutes(2));
    // An analysis comes, which moves nothing but the call's own time, and then the search is begun.
    account.simulator.edit(|account| account.deliver_analysis(0, 1)).unwrap();
    account.simulator.edit(|account| account.edit_metadata(0, 1)).unwrap();
    for _ in 0..4 {
        hands.advance(TimeDelta::minutes(6));
        account.complete_pass(&passing()).await;
    }
    account.assert_equal().await;
    // A campaign that stood still all the time is read in full as well, once.
    assert!(search(&account, "begun_at").await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_that_stands_still_is_read_in_full_once_the_search_was_begun() {
    let options = Options {
        campaigns: 2,
        rows: 30,
        turns: 1,
        flavour: Flavour::Newer(NewerApi::default()),
        ..Options::default()
    };
    let account = Account::new(options).await;
    account.simulator.edit(finish_all_calls);
    account.simulator.inject(Fault::new(FaultKind::Status(403)).on_path("/call/search").times(1));
    account.complete_pass(&passing()).await;
    // Nothing that the list shows.
    account.simulator.edit(|account| account.quietly(|account| account.edit_metadata(1, 2))).unwrap();
    account.complete_pass(&passing()).await;
    account.complete_pass(&passing()).await;
    account.assert_equal().await;
    let whys: Vec<String> = sqlx::query_scalar("select evidence ->> 'why' from revox_sync.runs order by id")
        .fetch_all(&account.pool)
        .await
        .unwrap();
    assert!(whys.iter().any(|why| why.contains("begun after the last full walk")), "{whys:?}");
    account.simulator.reset_requests();
    account.complete_pass(&passing()).await;
    assert_eq!(account.simulator.requests().total, 1, "and then no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_watermark_waits_for_everything_that_was_read() {
    let account = newer(NewerApi::default(), 2, 30).await;
    let before = search(&account, "watermark").await;
    let campaigns = account.simulator.campaign_ids();
    account.simulator.edit(|account| {
        account.edit_metadata(0, 3).unwrap();
        account.edit_metadata(1, 4).unwrap();
        account.replace_call(1, 5).unwrap();
    });
    // The second campaign has to be read in full, and is refused.
    account.simulator.inject(Fault::new(FaultKind::Status(403)).on_path(format!("{}/rows", campaigns[1])));
    let report = account.pass(&passing()).await.unwrap();
    let outcomes: Vec<Outcome> = report.campaigns.iter().map(|campaign| campaign.outcome).collect();
    assert_eq!(outcomes, [Outcome::Complete, Outcome::Failed]);
    assert_eq!(search(&account, "watermark").await, before);
    account.simulator.clear_faults();
    account.complete_pass(&passing()).await;
    account.assert_equal().await;
    account.complete_pass(&passing()).await;
    assert!(search(&account, "watermark").await > before);
    account.simulator.reset_requests();
    account.simulator.edit(|account| account.edit_metadata(1, 6)).unwrap();
    account.complete_pass(&passing()).await;
    assert_eq!((last_reason(&account, 1).await.as_str(), readings(&account)), ("incremental", 0));
}
