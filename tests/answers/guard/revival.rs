//! What comes back is alive again.

use super::rows::with_rows;
use super::{dead_campaigns, dead_rows};
use crate::support::account::{Account, full, passing};
use revox_mirror::simulator::{Fault, FaultKind, Options};

/// Dead rows, calls and attempts.
const DEAD: &str = "
    select (select count(*) from revox.campaign_rows where _deleted_at is not null)
         + (select count(*) from revox.calls where _deleted_at is not null)
         + (select count(*) from revox.call_attempts where _deleted_at is not null)";

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_comes_back_is_alive_with_its_call_and_attempts() {
    let account = Account::new(with_rows(40)).await;
    account.complete_pass(&passing()).await;
    let place = account.simulator.edit(|account| {
        (0..40).find(|row| account.call_status(0, *row).unwrap() == Some("completed")).unwrap()
    });
    let text = account.simulator.truth(0).unwrap().swap_remove(place);
    account.simulator.edit(|account| account.delete_row(0, place)).unwrap();
    account.complete_pass(&full()).await;
    assert!(account.count(DEAD).await >= 3, "the row, its call, its attempt");
    account.assert_equal().await;
    // The very same row, as it was.
    account.simulator.edit(|account| {
        account.insert_row(0, place).unwrap();
        account.set_raw_row(0, place, text).unwrap();
    });
    let report = account.complete_pass(&full()).await;
    assert_eq!(account.count(DEAD).await, 0);
    assert_eq!(report.campaigns[0].rows.seen, 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_comes_back_is_alive() {
    let account = Account::new(with_rows(40)).await;
    account.complete_pass(&passing()).await;
    let place = account.simulator.edit(|account| {
        (0..40).find(|row| account.call_status(0, *row).unwrap() == Some("completed")).unwrap()
    });
    let text = account.simulator.truth(0).unwrap().swap_remove(place);
    account.simulator.edit(|account| account.delete_attempt(0, place)).unwrap();
    account.complete_pass(&full()).await;
    assert_eq!(account.count(DEAD).await, 1);
    account.assert_equal().await;
    account.simulator.edit(|account| account.set_raw_row(0, place, text)).unwrap();
    account.complete_pass(&full()).await;
    assert_eq!(account.count(DEAD).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_comes_back_is_alive() {
    let account = Account::new(with_rows(40)).await;
    account.complete_pass(&passing()).await;
    let (from, to) = account.simulator.edit(|account| {
        let mut called = (0..40).filter(|row| account.call_status(0, *row).unwrap() == Some("completed"));
        (called.next().unwrap(), called.next().unwrap())
    });
    let text = account.simulator.truth(0).unwrap().swap_remove(from);
    account.simulator.edit(|account| account.remove_call(0, from)).unwrap();
    account.complete_pass(&full()).await;
    assert!(account.count(DEAD).await >= 2, "the call and its attempt");
    assert_eq!(dead_rows(&account).await, 0);
    // On another row this time.
    let mut row: serde_json::Value = serde_json::from_str(&text).unwrap();
    let own = account.simulator.edit(|account| account.row_ids(0).unwrap().swap_remove(to));
    row["id"] = own.into();
    account.simulator.edit(|account| account.set_raw_row(0, to, row.to_string())).unwrap();
    account.complete_pass(&full()).await;
    let back = "select count(*) from revox.calls where _deleted_at is null and id = $1";
    let id = row["call"]["id"].as_str().unwrap();
    let alive: i64 = sqlx::query_scalar(back).bind(id).fetch_one(&account.pool).await.unwrap();
    assert_eq!(alive, 1);
    assert_eq!(dead_rows(&account).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_that_comes_back_is_alive_with_all_that_it_holds() {
    let account = Account::new(Options { campaigns: 6, ..with_rows(25) }).await;
    account.complete_pass(&passing()).await;
    let id = account.simulator.campaign_ids()[0].clone();
    account.simulator.inject(Fault::new(FaultKind::Status(404)).on_path(id.as_str()));
    account.simulator.edit(|account| account.list_campaign(0, false)).unwrap();
    account.complete_pass(&passing()).await;
    assert_eq!(account.complete_pass(&passing()).await.campaigns_tombstoned, 1);
    assert_eq!((dead_campaigns(&account).await, dead_rows(&account).await), (1, 25));
    assert!(account.count(DEAD).await > 25, "its calls and attempts, too");
    account.simulator.clear_faults();
    account.simulator.edit(|account| account.list_campaign(0, true)).unwrap();
    account.complete_pass(&passing()).await;
    assert_eq!((dead_campaigns(&account).await, account.count(DEAD).await), (0, 0));
    account.assert_equal().await;
    // It can go again, and needs two passes for it as before.
    account.simulator.edit(|account| account.delete_campaign(0)).unwrap();
    assert_eq!(account.complete_pass(&passing()).await.campaigns_tombstoned, 0);
    assert_eq!(account.complete_pass(&passing()).await.campaigns_tombstoned, 1);
    account.assert_equal().await;
}
