//! The history of the calls' statuses: complete while it is kept, untouched while it is not.

use crate::support::account::{Account, full, passing};
use crate::support::hands::Hands;
use chrono::{DateTime, TimeDelta, Utc};
use revox_mirror::simulator::Options;

const START: &str = "2026-03-03T10:00:00Z";

async fn account(rows: usize) -> (Account, Hands) {
    let hands = Hands::at(START);
    let options = Options { campaigns: 1, rows, turns: 1, clock: Some(hands.clock()), ..Options::default() };
    let mut account = Account::new(options).await;
    account.mirror.clock = hands.clock();
    (account, hands)
}

async fn keep(account: &Account, keep: bool) {
    account.mirror.store.as_ref().unwrap().keep_call_statuses(keep).await.unwrap();
}

/// The statuses of the newest call, from the first to the last.
async fn statuses(account: &Account) -> Vec<(Option<String>, DateTime<Utc>)> {
    sqlx::query_as(
        "select h.status, h.seen_at
         from revox.call_status_history h
         join revox.campaign_rows r on r.call_id = h.call_id
         where r.row_index = (select max(row_index) from revox.campaign_rows)
         order by h.seen_at",
    )
    .fetch_all(&account.pool)
    .await
    .unwrap()
}

/// Calls whose last line says something else than they do.
const BEHIND: &str = "
    select count(*)
    from revox.calls c
    where c._deleted_at is null
      and c.status is distinct from (
          select h.status
          from revox.call_status_history h
          where h.call_id = c.id
          order by h.seen_at desc
          limit 1
      )";

#[tokio::test(flavor = "multi_thread")]
async fn each_status_that_a_call_was_seen_in_is_a_line_and_an_unchanged_one_is_none() {
    let (account, hands) = account(3).await;
    account.complete_pass(&passing()).await;
    assert_eq!(account.count("select count(*) from revox.call_status_history").await, 0, "it is off");

    // What was there before has its line from when it was stored.
    let stored = hands.now();
    hands.advance(TimeDelta::minutes(5));
    keep(&account, true).await;
    let calls = account.count("select count(*) from revox.calls").await;
    assert!(calls > 0);
    let since =
        format!("select count(*) from revox.call_status_history where seen_at <= '{}'", stored.to_rfc3339());
    let lines: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(since)).fetch_one(&account.pool).await.unwrap();
    assert_eq!((lines, account.count(BEHIND).await), (calls, 0));

    // A call that is new, and moves on.
    account.simulator.edit(|account| account.append_rows(0, 1)).unwrap();
    let mut expected = Vec::new();
    for _ in 0..6 {
        account.simulator.edit(|account| account.advance_call(0, 3)).unwrap();
        hands.advance(TimeDelta::minutes(10));
        account.complete_pass(&passing()).await;
        let status: Option<String> = sqlx::query_scalar(
            "select c.status from revox.calls c join revox.campaign_rows r on r.call_id = c.id where r.row_index = 3",
        )
        .fetch_one(&account.pool)
        .await
        .unwrap();
        if expected.last().is_none_or(|(last, _)| *last != status) {
            expected.push((status, hands.now()));
        }
    }
    assert!(expected.len() >= 3, "{expected:?}");
    assert_eq!(statuses(&account).await, expected);

    // Read again, and changed in something else: no line. Set up again: none either.
    let before = account.count("select count(*) from revox.call_status_history").await;
    account.simulator.edit(|account| account.edit_metadata(0, 3)).unwrap();
    hands.advance(TimeDelta::minutes(10));
    account.complete_pass(&full()).await;
    keep(&account, true).await;
    assert_eq!(account.count("select count(*) from revox.call_status_history").await, before);
    account.assert_equal().await;
    assert!(account.verify().await.is_equal());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_may_go_back_a_history_does_not() {
    let (account, hands) = account(1).await;
    keep(&account, true).await;
    account.simulator.edit(|account| account.append_rows(0, 1)).unwrap();
    account.simulator.edit(|account| account.advance_call(0, 1)).unwrap();
    account.complete_pass(&passing()).await;
    let first = statuses(&account).await;
    for _ in 0..50 {
        account.simulator.edit(|account| account.advance_call(0, 1)).unwrap();
    }
    hands.advance(TimeDelta::hours(-2));
    account.complete_pass(&full()).await;
    let both = statuses(&account).await;
    assert_eq!(both[..first.len()], first);
    assert_eq!(both.len(), first.len() + 1);
    assert!(both[first.len()].1 > first[first.len() - 1].1);
    assert_eq!(account.count(BEHIND).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_of_the_history_is_caught_up_with_and_what_was_written_stays() {
    let (account, hands) = account(40).await;
    keep(&account, true).await;
    account.complete_pass(&passing()).await;
    let kept = account.count("select count(*) from revox.call_status_history").await;
    assert_eq!(kept, account.count("select count(*) from revox.calls").await);

    keep(&account, false).await;
    for row in 0..40 {
        for _ in 0..50 {
            account.simulator.edit(|account| account.advance_call(0, row)).unwrap();
        }
    }
    hands.advance(TimeDelta::minutes(10));
    account.complete_pass(&full()).await;
    assert_eq!(account.count("select count(*) from revox.call_status_history").await, kept);
    let behind = account.count(BEHIND).await;
    assert!(behind > 0);
    keep(&account, true).await;
    assert_eq!(account.count(BEHIND).await, 0);
    assert_eq!(account.count("select count(*) from revox.call_status_history").await, kept + behind);

    // What is deleted with its call, as an erasure does, takes its lines along.
    sqlx::raw_sql(
        "delete from revox.campaign_rows;
         delete from revox.call_attempts;
         delete from revox.calls",
    )
    .execute(&account.pool)
    .await
    .unwrap();
    assert_eq!(account.count("select count(*) from revox.call_status_history").await, 0);
}

/// The question of `docs/bi.md`.
#[tokio::test(flavor = "multi_thread")]
async fn the_documented_funnel_over_time_counts_every_live_call_once_a_day() {
    let (account, hands) = account(12).await;
    keep(&account, true).await;
    account.complete_pass(&passing()).await;
    let at_first = account.count("select count(*) from revox.calls").await;
    hands.advance(TimeDelta::hours(48));
    for row in 0..12 {
        for _ in 0..50 {
            account.simulator.edit(|account| account.advance_call(0, row)).unwrap();
        }
    }
    account.complete_pass(&full()).await;
    let page = super::generated::read("docs/bi.md");
    let queries: Vec<&str> =
        page.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let query = queries.iter().find(|query| query.contains("call_status_history")).unwrap();
    let query = query.trim_end().trim_end_matches(';');
    let totals: Vec<(String, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "select day::date::text, sum(calls)::bigint from ({query}) q group by day order by day"
    )))
    .fetch_all(&account.pool)
    .await
    .unwrap();
    let calls = account.count("select count(*) from revox.calls").await;
    assert!(calls > at_first, "some had none yet");
    let days = [("2026-03-03", at_first), ("2026-03-04", at_first), ("2026-03-05", calls)];
    assert_eq!(totals, days.map(|(day, calls)| (day.to_owned(), calls)));
    let last: Vec<(Option<String>, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "select status, sum(calls)::bigint from ({query}) q where day >= '2026-03-05' group by status order by status"
    )))
    .fetch_all(&account.pool)
    .await
    .unwrap();
    let now: Vec<(Option<String>, i64)> =
        sqlx::query_as("select status, count(*) from revox.calls group by status order by status")
            .fetch_all(&account.pool)
            .await
            .unwrap();
    assert_eq!(last, now);
}
