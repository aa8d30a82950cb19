//! An API whose answers cannot be true: bounded work, a reason, the next campaign's turn, and nothing is lost.

use super::rows::with_rows;
use super::{dead_rows, note};
use crate::support::account::{Account, full, passing};
use revox_mirror::plan::Outcome;
use revox_mirror::simulator::{Fault, FaultKind, Options, ShownTotal};
use revox_mirror::sync::{PassOptions, PassReport};
use serde_json::{Value, json};

/// Requests after which an API stops to lie, so that a walk that follows it ends, and the test fails.
const ENOUGH: u64 = 2_000;

/// Lets the first campaign say its true total after so many requests.
fn come_to_an_end(account: &Account) {
    account.simulator.on_request(|number, _, account| {
        if number == ENOUGH {
            account.override_total(0, None).unwrap();
        }
    });
}

/// Makes a pass that ends, the second campaign's well; returns it with the requests for rows of the first.
async fn bounded_pass(account: &Account) -> (PassReport, usize) {
    account.simulator.reset_requests();
    let report = account.pass(&full()).await.unwrap();
    assert_eq!(report.campaigns[1].outcome, Outcome::Complete, "{:?}", report.campaigns[1].note);
    assert!(!note(&report.campaigns[0]).is_empty());
    let requests = usize::try_from(report.campaigns[0].cost.requests).unwrap();
    (report, requests)
}

async fn two_campaigns() -> Account {
    let account = Account::new(Options { campaigns: 2, ..with_rows(250) }).await;
    account.complete_pass(&passing()).await;
    account
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_that_grow_faster_than_they_can_be_read_end_partial() {
    let account = two_campaigns().await;
    let id = account.simulator.campaign_ids()[0].clone();
    let mut total = 250;
    account.simulator.on_request(move |number, path, account| {
        if path.contains(&id) && number < ENOUGH {
            total += 1_000;
            account.override_total(0, Some(ShownTotal::Number(total))).unwrap();
        }
    });
    let (report, requests) = bounded_pass(&account).await;
    assert_eq!(report.campaigns[0].outcome, Outcome::Partial);
    assert!(note(&report.campaigns[0]).contains("the total changed"), "{report:?}");
    assert!(requests < 400, "{requests} requests");
    assert_eq!(dead_rows(&account).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_appended_faster_than_they_can_be_read_end_partial() {
    let account = two_campaigns().await;
    let id = account.simulator.campaign_ids()[0].clone();
    account.simulator.on_request(move |number, path, account| {
        if path.contains(&id) && number < ENOUGH {
            account.append_rows(0, 150).unwrap();
        }
    });
    let (report, requests) = bounded_pass(&account).await;
    assert_eq!(report.campaigns[0].outcome, Outcome::Partial);
    assert!(requests < 1_000, "{requests} requests");
    account.simulator.on_request(|_, _, _| {});
    account.complete_pass(&full()).await;
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_that_goes_on_does_not_follow_a_total_that_runs_away() {
    let account = Account::new(Options { campaigns: 2, ..with_rows(1_500) }).await;
    let id = account.simulator.campaign_ids()[0].clone();
    account.simulator.inject(Fault::new(FaultKind::Status(404)).on_path(format!("{id}/rows?page=12")));
    assert_eq!(account.pass(&passing()).await.unwrap().campaigns[0].outcome, Outcome::Failed);
    account.simulator.clear_faults();
    let mut total = 1_500;
    account.simulator.on_request(move |number, path, account| {
        if path.contains(&id) && number < ENOUGH {
            total += 300;
            account.append_rows(0, 100).unwrap();
            account.override_total(0, Some(ShownTotal::Number(total))).unwrap();
        }
    });
    let report = account.pass(&passing()).await.unwrap();
    assert_eq!(report.campaigns[0].outcome, Outcome::Partial);
    assert!(report.campaigns[0].cost.requests < 1_000, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_comes_again_for_ever_ends_partial() {
    let huge = Some(ShownTotal::Number(1_000_000_000));
    for total in [None, huge] {
        let account = two_campaigns().await;
        let id = account.simulator.campaign_ids()[0].clone();
        account.simulator.edit(|account| account.override_total(0, total)).unwrap();
        come_to_an_end(&account);
        account.simulator.inject(Fault::new(FaultKind::SamePage).on_path(format!("{id}/rows")));
        let (report, requests) = bounded_pass(&account).await;
        assert_eq!(report.campaigns[0].outcome, Outcome::Partial);
        assert!(note(&report.campaigns[0]).contains("100 distinct rows were seen of"), "{report:?}");
        assert!(requests < 200, "{requests} requests");
        assert_eq!(dead_rows(&account).await, 0);
        account.simulator.clear_faults();
        account.simulator.edit(|account| account.override_total(0, None)).unwrap();
        account.complete_pass(&full()).await;
        account.assert_equal().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_total_that_no_page_bears_out_ends_partial() {
    let account = two_campaigns().await;
    let total = Some(ShownTotal::Number(usize::MAX >> 11));
    account.simulator.edit(|account| account.override_total(0, total)).unwrap();
    come_to_an_end(&account);
    let (report, requests) = bounded_pass(&account).await;
    assert_eq!(report.campaigns[0].outcome, Outcome::Partial);
    assert!(note(&report.campaigns[0]).contains("250 distinct rows were seen of"), "{report:?}");
    assert!(requests < 200, "{requests} requests");
    assert_eq!(dead_rows(&account).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_goes_back_in_time_is_read_in_full_and_followed() {
    let account = two_campaigns().await;
    let row = account.simulator.truth(0).unwrap().swap_remove(5);
    let before: Value =
        serde_json::from_str(&account.simulator.edit(|account| account.campaign_truth(0)).unwrap()).unwrap();
    account.simulator.edit(|account| account.edit_input_data(0, 5)).unwrap();
    account.complete_pass(&passing()).await;
    account.assert_equal().await;
    // The row and the campaign are as they were an edit ago: a backup was restored.
    account.simulator.edit(|account| {
        account.set_raw_row(0, 5, row.as_str()).unwrap();
        account.set_raw_campaign(0, Some(before.to_string())).unwrap();
    });
    let report = account.complete_pass(&passing()).await;
    assert_eq!(report.campaigns[0].outcome, Outcome::Complete);
    assert_eq!(report.campaigns[0].rows.updated, 1, "the API is the truth");
    let why = "select count(*) from revox_sync.runs
               where kind = 'full' and evidence ->> 'why' = 'the campaign''s updated_at went back'";
    assert_eq!(account.count(why).await, 1, "and the run says so");
    let row: Value = serde_json::from_str(&row).unwrap();
    let input = "select input_data from revox.campaign_rows where id = $1";
    let held: Value =
        sqlx::query_scalar(input).bind(row["id"].as_str()).fetch_one(&account.pool).await.unwrap();
    assert_eq!(held, row["input_data"]);
    let updated_at = "select updated_at = $2::timestamptz from revox.campaigns where id = $1";
    let followed: bool = sqlx::query_scalar(sqlx::AssertSqlSafe(updated_at))
        .bind(before["id"].as_str())
        .bind(before["updated_at"].as_str())
        .fetch_one(&account.pool)
        .await
        .unwrap();
    assert!(followed);
    assert_eq!(dead_rows(&account).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_another_campaign_stay_where_they_are() {
    let account = two_campaigns().await;
    let [other, victim] = account.simulator.campaign_ids().try_into().unwrap();
    account.simulator.inject(Fault::new(FaultKind::WrongCampaign).on_path(format!("{victim}/rows")));
    let held = async || -> Value {
        let statement = "select jsonb_object_agg(campaign_id, rows) from (
                             select campaign_id, count(*) as rows from revox.campaign_rows
                             where _deleted_at is null group by campaign_id) as held";
        sqlx::query_scalar(statement).fetch_one(&account.pool).await.unwrap()
    };
    let expected = json!({ other.as_str(): 250, victim.as_str(): 250 });
    for _ in 0..2 {
        let report = account.pass(&full()).await.unwrap();
        assert_eq!(report.campaigns[0].outcome, Outcome::Complete, "{:?}", report.campaigns[0].note);
        assert_ne!(report.campaigns[1].outcome, Outcome::Complete);
        assert!(note(&report.campaigns[1]).contains("rows of another campaign"), "{report:?}");
        assert_eq!(held().await, expected);
    }
    account.simulator.clear_faults();
    account.complete_pass(&full()).await;
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_were_first_shown_under_another_campaign_come_to_their_own() {
    // (rows a campaign, whether a person is asked before so many are given up)
    for (rows, is_suspicious) in [(40, false), (90, true)] {
        let account = Account::new(Options { campaigns: 2, ..with_rows(rows) }).await;
        let [thief, owner] = account.simulator.campaign_ids().try_into().unwrap();
        account.simulator.inject(Fault::new(FaultKind::WrongCampaign).on_path(format!("{thief}/rows")));
        let only = |id: &String| PassOptions { campaigns: vec![id.clone()], ..passing() };
        account.complete_pass(&only(&thief)).await;
        let report = account.pass(&only(&owner)).await.unwrap();
        assert!(note(&report.campaigns[0]).contains("rows of another campaign"), "{report:?}");
        let doubted = "select count(*) from revox_sync.checkpoints where full_walk_at is null";
        assert_eq!(account.count(doubted).await, 2, "neither is proven any more");
        account.simulator.clear_faults();
        let report = account.pass(&passing()).await.unwrap();
        let is_asked = report.campaigns[0].outcome == Outcome::Suspicious;
        assert_eq!(is_asked, is_suspicious, "{:?}", report.campaigns[0]);
        if is_asked {
            let accepted = account.pass(&PassOptions { accept_deletions: true, ..full() }).await.unwrap();
            assert_eq!(accepted.campaigns[0].outcome, Outcome::Complete);
        }
        account.complete_pass(&full()).await;
        account.assert_equal().await;
    }
}
