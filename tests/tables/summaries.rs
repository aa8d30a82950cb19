//! The views that count over many calls: summed up or not, they say what counting now says.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by a panic")]

use crate::support::account::{Account, full, passing};
use crate::support::running::until;
use crate::support::setting::Setting;
use revox_mirror::simulator::{Flavour, NewerApi, Options};
use revox_mirror::store::{Marked, Store};
use revox_mirror::upkeep::sum_up;
use sqlx::AssertSqlSafe;
use std::collections::BTreeSet;
use tokio_util::sync::CancellationToken;

const VIEWS: [&str; 10] = [
    "campaign_funnel",
    "daily_activity",
    "hourly_answer_rate",
    "call_outcomes",
    "attempt_outcomes",
    "dial_errors",
    "tool_usage",
    "talk_ratio",
    "assistant_scorecard",
    "voice_latency",
];

async fn account_of(campaigns: usize, rows: usize) -> Account {
    let flavour = Flavour::Newer(NewerApi::default());
    Account::new(Options { campaigns, rows, turns: 16, flavour, ..Options::default() }).await
}

fn store(account: &Account) -> &Store {
    account.mirror.store.as_ref().unwrap()
}

async fn sum_all_up(account: &Account) -> usize {
    sum_up(store(account), false, &CancellationToken::new()).await.unwrap()
}

/// What is marked, in words.
async fn marked(account: &Account) -> BTreeSet<(String, String)> {
    let marked = store(account).marked_summaries(false).await.unwrap();
    marked.into_iter().map(|Marked { owner_kind, owner_id, .. }| (owner_kind, owner_id)).collect()
}

async fn lines(account: &Account, schema: &str, view: &str) -> Vec<String> {
    // An assistant that the API does not name has no line of its own.
    let key =
        if view.starts_with("assistant") || view.starts_with("voice") { "assistant" } else { "campaign" };
    let statement = format!("select v::text from {schema}.{view} v where {key}_id is not null order by 1");
    sqlx::query_scalar(AssertSqlSafe(statement)).fetch_all(&account.pool).await.unwrap()
}

/// What a view says of what the mirror holds of each campaign, and what of it may still change.
async fn copy_counts(account: &Account, view: &str) -> Vec<String> {
    let statement = format!(
        "select concat_ws(' ', campaign_id, rows_live, calls_live, calls_open, calls_unsettled) from {view} order by 1"
    );
    sqlx::query_scalar(AssertSqlSafe(statement)).fetch_all(&account.pool).await.unwrap()
}

/// Fails where a view does not say what counting now says; gives the lines that there are.
async fn assert_true(account: &Account) -> usize {
    let mut count = 0;
    for view in VIEWS {
        let said = lines(account, "revox", view).await;
        assert_eq!(said, lines(account, "revox_sync", view).await, "{view}");
        assert!(!said.is_empty(), "{view}");
        count += said.len();
    }
    assert_eq!(
        copy_counts(account, "revox.sync_freshness").await,
        copy_counts(account, "revox_sync.copy_counts").await
    );
    count
}

/// Has every summary say nothing, so that a view that says something has counted.
async fn empty_summaries(account: &Account) {
    sqlx::query("update revox_sync.summaries set lines = '[]'").execute(&account.pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_summed_up_is_what_counting_says_and_is_asked_instead() {
    let account = account_of(3, 40).await;
    account.complete_pass(&passing()).await;
    let kinds: BTreeSet<String> = marked(&account).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, BTreeSet::from(["assistant".to_owned(), "campaign".to_owned()]));
    assert_true(&account).await;
    assert!(sum_all_up(&account).await > 3);
    assert_eq!(marked(&account).await, BTreeSet::new());
    assert_true(&account).await;
    assert_eq!(sum_all_up(&account).await, 0, "nothing is summed up twice");
    empty_summaries(&account).await;
    assert_eq!(lines(&account, "revox", "daily_activity").await, [""; 0], "the summaries are what is asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_summary_is_not_believed_from_the_commit_on_that_changes_what_it_sums_up() {
    let account = account_of(4, 30).await;
    account.complete_pass(&passing()).await;
    account.complete_pass(&full()).await;
    sum_all_up(&account).await;
    let campaign = account.simulator.campaign_ids()[2].clone();
    for round in 0..6 {
        account.simulator.edit(|account| account.advance_calls(&campaign, 7)).unwrap();
        account.complete_pass(&passing()).await;
        let marked = marked(&account).await;
        assert!(marked.contains(&("campaign".to_owned(), campaign.clone())), "{round}: {marked:?}");
        let campaigns = marked.iter().filter(|(kind, _)| kind == "campaign").count();
        assert_eq!(campaigns, 1, "{round}: the others are believed");
        assert_true(&account).await;
        if round % 2 == 1 {
            sum_all_up(&account).await;
            assert_true(&account).await;
        }
    }
    // A campaign that is gone takes its calls out of its assistant's lines.
    sum_all_up(&account).await;
    account.simulator.edit(|account| account.delete_campaign(&campaign)).unwrap();
    account.pass(&passing()).await.unwrap();
    account.pass(&passing()).await.unwrap();
    assert_eq!(account.count("select count(*) from revox.campaign_funnel").await, 3);
    assert_true(&account).await;
    sum_all_up(&account).await;
    assert_true(&account).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_settles_is_counted_though_nothing_else_of_it_is_written() {
    let account = account_of(2, 30).await;
    account.complete_pass(&passing()).await;
    account.complete_pass(&full()).await;
    sum_all_up(&account).await;
    let campaign = &account.simulator.campaign_ids()[1];
    for unsettled_since in ["now()", "null"] {
        let before = copy_counts(&account, "revox.sync_freshness").await;
        let touch = format!(
            "update revox_sync.row_states set unsettled_since = {unsettled_since} where campaign_id = $1"
        );
        for _ in 0..2 {
            sqlx::query(AssertSqlSafe(touch.clone())).bind(campaign).execute(&account.pool).await.unwrap();
        }
        assert_eq!(marked(&account).await, BTreeSet::from([("campaign".to_owned(), campaign.clone())]));
        assert_ne!(copy_counts(&account, "revox.sync_freshness").await, before);
        assert_true(&account).await;
        sum_all_up(&account).await;
        assert_true(&account).await;
    }
    sqlx::query("update revox_sync.row_states set position = position, read_by = read_by")
        .execute(&account.pool)
        .await
        .unwrap();
    assert_eq!(marked(&account).await, BTreeSet::new(), "what does not count leaves no mark");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_while_it_is_summed_up_is_seen_and_waits_for_nothing() {
    let account = account_of(1, 30).await;
    account.complete_pass(&passing()).await;
    sum_all_up(&account).await;
    let mut writer = account.pool.begin().await.unwrap();
    sqlx::query("update revox.call_attempts set result = 'human' where result is distinct from 'human'")
        .execute(&mut *writer)
        .await
        .unwrap();
    // Nothing is committed, so that there is nothing to do; a mark of another one is worked off beside the open transaction.
    assert_eq!(sum_all_up(&account).await, 0);
    sqlx::query("update revox.calls set status = status").execute(&account.pool).await.unwrap();
    assert!(sum_all_up(&account).await > 1);
    writer.commit().await.unwrap();
    assert!(marked(&account).await.len() > 1, "the marks of the writer have outlived the summing up");
    assert_true(&account).await;
    sum_all_up(&account).await;
    assert_true(&account).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_at_a_time_sums_one_up() {
    let account = account_of(1, 10).await;
    account.complete_pass(&passing()).await;
    let owner = store(&account).marked_summaries(false).await.unwrap().remove(0);
    let mut other = account.pool.begin().await.unwrap();
    sqlx::query("select pg_advisory_xact_lock(hashtext('revox summaries'), hashtext($1))")
        .bind(&owner.owner_id)
        .execute(&mut *other)
        .await
        .unwrap();
    assert!(!store(&account).sum_up(&owner).await.unwrap());
    other.rollback().await.unwrap();
    assert!(store(&account).sum_up(&owner).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_long_is_spared_and_a_stop_is_heard() {
    let account = account_of(2, 10).await;
    account.complete_pass(&passing()).await;
    let stopped = CancellationToken::new();
    stopped.cancel();
    assert_eq!(sum_up(store(&account), false, &stopped).await.unwrap(), 0);
    sum_all_up(&account).await;
    sqlx::query("update revox_sync.summaries set took = '1 hour' where summary = 'daily_activity'")
        .execute(&account.pool)
        .await
        .unwrap();
    sqlx::query("update revox.campaign_rows set row_index = row_index").execute(&account.pool).await.unwrap();
    assert_eq!(sum_up(store(&account), true, &CancellationToken::new()).await.unwrap(), 0);
    assert_true(&account).await;
    assert_eq!(sum_all_up(&account).await, 2, "a single pass leaves nothing behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_time_zone_makes_other_days_at_once() {
    let account = account_of(2, 40).await;
    store(&account).save_reporting_time_zone("UTC").await.unwrap();
    account.complete_pass(&passing()).await;
    sum_all_up(&account).await;
    let before = lines(&account, "revox", "daily_activity").await;
    store(&account).save_reporting_time_zone("UTC").await.unwrap();
    assert_eq!(marked(&account).await, BTreeSet::new(), "the same zone is no news");
    store(&account).save_reporting_time_zone("Pacific/Kiritimati").await.unwrap();
    assert_ne!(lines(&account, "revox", "daily_activity").await, before);
    assert_true(&account).await;
    sum_all_up(&account).await;
    assert_true(&account).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_pass_leaves_nothing_to_sum_up_and_the_daemon_follows_changes() {
    const MARKS: &str = "select count(*) from revox_sync.summary_marks";
    const SUMMED: &str =
        "select coalesce(max(extract(epoch from summed_at) * 1000000), 0)::bigint from revox_sync.summaries";
    let setting = Setting::new(Options { campaigns: 2, rows: 60, turns: 1, ..Options::default() }).await;
    setting.run(&[]).await.exits(0);
    assert_eq!(setting.count(MARKS).await, 0);
    let before = setting.count(SUMMED).await;
    assert!(before > 0);
    let campaign = setting.simulator.campaign_ids()[0].clone();
    setting.simulator.edit(|account| account.advance_calls(&campaign, usize::MAX)).unwrap();
    let daemon = setting.daemon(&[("REVOX_MIRROR__SCHEDULE__CRON", "*/2 * * * * *")]);
    until("what changed is summed up", async || {
        setting.count(SUMMED).await > before && setting.count(MARKS).await == 0
    })
    .await;
    daemon.stop().await;
}
