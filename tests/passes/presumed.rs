//! What a walk presumes of the rows to come (that all are new, or that they come in the order in which they came before), and what
//! it does when that is wrong.

use crate::support::account::{Account, full, passing, synced};
use revox_mirror::simulator::{Fault, FaultKind, Flavour, NewerApi, OlderApi, Options};
use std::time::Duration;

fn one(rows: usize) -> Options {
    Options { campaigns: 1, rows, turns: 4, ..Options::default() }
}

/// Forgets that there ever was a pass, and what it brought of the rows before this one.
async fn forget(account: &Account, before: i64) {
    let statements = format!(
        "delete from revox_sync.row_states;
         delete from revox_sync.walk_pages;
         delete from revox_sync.checkpoints;
         create temp table gone on commit drop as select id, call_id from revox.campaign_rows where row_index < {before};
         delete from revox.transcript_turns where call_attempt_id in
             (select id from revox.call_attempts where call_id in (select call_id from gone));
         delete from revox.campaign_rows where id in (select id from gone);
         delete from revox.call_attempts where call_id in (select call_id from gone);
         delete from revox.calls where id in (select call_id from gone)"
    );
    let mut transaction = account.pool.begin().await.expect("a connection");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statements))
        .execute(&mut *transaction)
        .await
        .expect("statements that are right");
    transaction.commit().await.expect("a commit");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_were_presumed_to_be_new_and_are_not_are_read_again_from_there_on() {
    let mut account = Account::new(one(500)).await;
    account.mirror.settings.batch_rows = 100;
    account.complete_pass(&passing()).await;
    forget(&account, 200).await;
    account.simulator.reset_requests();
    let report = account.complete_pass(&passing()).await;
    assert_eq!(report.campaigns[0].rows.inserted, 200, "the others were there");
    assert_eq!(report.campaigns[0].rows.seen, 500);
    // Two pages were written, and are not read again; the three others may all have been on their way.
    let pages = account.simulator.requests().count("GET /campaigns/{id}/rows");
    assert!((6..=8).contains(&pages), "{pages} requests for 5 pages");
    account.assert_equal().await;
    assert!(account.verify().await.is_equal());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_pages_whose_rows_are_there_already_is_read_again() {
    let account = Account::new(Options { flavour: Flavour::Newer(NewerApi::default()), ..one(700) }).await;
    account.complete_pass(&passing()).await;
    forget(&account, 350).await;
    let report = account.complete_pass(&passing()).await;
    assert_eq!(report.campaigns[0].rows.seen, 700);
    account.assert_equal().await;
    assert!(account.verify().await.is_equal());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_another_campaign_among_those_that_are_presumed_to_be_new_is_refused_as_ever() {
    let account = Account::new(Options { campaigns: 2, ..one(150) }).await;
    account.complete_pass(&passing()).await;
    let ids = account.simulator.campaign_ids();
    // The second campaign is new again, and its rows are the first one's by now.
    let steal = format!(
        "delete from revox_sync.checkpoints where campaign_id = '{1}';
         update revox_sync.row_states set campaign_id = '{0}', position = position + 1000 where campaign_id = '{1}'",
        ids[0], ids[1]
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(steal)).execute(&account.pool).await.unwrap();
    let report = account.pass(&passing()).await.unwrap();
    let refused = report.campaigns.iter().find(|campaign| campaign.id == ids[1].as_str()).unwrap();
    let note = refused.note.clone().unwrap_or_default();
    assert!(
        note.contains("150 rows of another campaign") || note.contains("100 rows of another campaign"),
        "{note}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_come_in_another_order_than_before_are_known_all_the_same() {
    for order in ["-position", "(position * 7919) % 2503", "null"] {
        let account = Account::new(one(2_500)).await;
        account.complete_pass(&passing()).await;
        let before = synced(&account.pool).await;
        let shuffle = format!("update revox_sync.row_states set position = {order}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(shuffle)).execute(&account.pool).await.unwrap();
        let report = account.complete_pass(&full()).await;
        // One whose place is not known is looked at as if it had changed.
        let unchanged = if order == "null" { 0 } else { 2_500 };
        assert_eq!(report.campaigns[0].rows.unchanged, unchanged, "{order}");
        assert_eq!(synced(&account.pool).await, before, "{order}: nothing was written again");
        account.assert_equal().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_are_presumed_to_be_there_are_asked_for_once() {
    let account = Account::new(Options { campaigns: 3, ..one(950) }).await;
    account.complete_pass(&passing()).await;
    account.simulator.inject(Fault::new(FaultKind::Slow(Duration::from_millis(30))));
    account.simulator.reset_requests();
    account.complete_pass(&full()).await;
    let requests = account.simulator.requests();
    assert_eq!(requests.count("GET /campaigns/{id}/rows"), 30, "{requests:?}");
    assert_eq!(requests.total, 1 + 3 + 30, "{requests:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_that_has_shrunk_is_not_read_beyond_its_end() {
    let account = Account::new(one(950)).await;
    account.complete_pass(&passing()).await;
    for _ in 0..150 {
        account.simulator.edit(|it| it.delete_row(0, 0)).unwrap();
    }
    let report = account.complete_pass(&full()).await;
    assert_eq!((report.campaigns[0].rows.seen, report.campaigns[0].rows.tombstoned), (800, 150));
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_pages_otherwise_than_before_is_found_out_though_several_of_its_pages_were_asked_for() {
    let account = Account::new(one(950)).await;
    account.complete_pass(&passing()).await;
    account.simulator.set_flavour(Flavour::Older(OlderApi { max_page_size: 40, ..OlderApi::default() }));
    account.complete_pass(&full()).await;
    account.assert_equal().await;
}
