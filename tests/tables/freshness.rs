//! The views of freshness over passes at times that the test sets: how far a copy is complete, and when a call is
//! settled.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use crate::support::account::{Account, full, passing};
use crate::support::hands::Hands;
use chrono::{DateTime, TimeDelta, Utc};
use revox_mirror::plan::{Outcome, is_final};
use revox_mirror::simulator::{Fault, FaultKind, Options};
use revox_mirror::sync::PassReport;
use sqlx::AssertSqlSafe;

type Time = DateTime<Utc>;

const START: &str = "2026-03-03T10:00:00Z";

/// An account of empty campaigns; the mirror and the API go by the same clock.
async fn account(campaigns: usize) -> (Account, Hands) {
    let hands = Hands::at(START);
    let options = Options { campaigns, rows: 1, turns: 1, clock: Some(hands.clock()), ..Options::default() };
    let mut account = Account::new(options).await;
    account.mirror.clock = hands.clock();
    for campaign in 0..campaigns {
        account.simulator.edit(|account| account.clear_rows(campaign)).unwrap();
    }
    (account, hands)
}

/// Moves the row's call on until it has come to its end.
fn finish_call(account: &Account, campaign: usize, row: usize) {
    for _ in 0..50 {
        account.simulator.edit(|account| account.advance_call(campaign, row)).unwrap();
    }
}

/// `is_final`, `is_settled` and `may_change_until` of the only call.
async fn settlement(account: &Account) -> (bool, bool, Option<Time>) {
    sqlx::query_as("select is_final, is_settled, may_change_until from revox.call_settlement")
        .fetch_one(&account.pool)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_settled_once_it_was_read_after_its_window() {
    let (account, hands) = account(1).await;
    account.simulator.edit(|account| account.append_rows(0, 1)).unwrap();
    // Queued, then under way: open, and nobody says until when.
    for status in ["queued_for_calling", "calling"] {
        account.simulator.edit(|account| account.advance_call(0, 0)).unwrap();
        hands.advance(TimeDelta::minutes(10));
        account.complete_pass(&passing()).await;
        let shown: String =
            sqlx::query_scalar("select status from revox.calls").fetch_one(&account.pool).await.unwrap();
        assert_eq!(shown, status);
        assert_eq!(settlement(&account).await, (false, false, None), "{status}");
    }

    finish_call(&account, 0, 0);
    hands.advance(TimeDelta::hours(2));
    account.complete_pass(&passing()).await;
    let ended: Time = sqlx::query_scalar("select max(ended_at) from revox.call_attempts")
        .fetch_one(&account.pool)
        .await
        .unwrap();
    assert!(ended < hands.now());
    let closes = Some(ended + TimeDelta::hours(24));
    assert_eq!(settlement(&account).await, (true, false, closes));

    // Read within the window: still open.
    hands.advance(TimeDelta::hours(20));
    account.complete_pass(&full()).await;
    assert_eq!(settlement(&account).await, (true, false, closes));
    // The window is over, but nobody has looked yet.
    hands.advance(TimeDelta::hours(12));
    assert!(closes < Some(hands.now()));
    assert_eq!(settlement(&account).await, (true, false, closes));
    account.complete_pass(&passing()).await;
    assert_eq!(settlement(&account).await, (true, true, None));

    let counts: (i64, i64, i64) =
        sqlx::query_as("select calls_live, calls_open, calls_unsettled from revox.sync_freshness")
            .fetch_one(&account.pool)
            .await
            .unwrap();
    assert_eq!(counts, (1, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_settled_only_when_each_row_that_shows_it_is() {
    let (account, hands) = account(2).await;
    account.simulator.edit(|account| account.append_rows(0, 1)).unwrap();
    account.simulator.edit(|account| account.append_rows(1, 1)).unwrap();
    finish_call(&account, 0, 0);
    account.simulator.edit(|account| account.share_call((0, 0), (1, 0))).unwrap();
    hands.advance(TimeDelta::hours(48));
    account.complete_pass(&passing()).await;
    assert_eq!(account.count("select count(*) from revox.campaign_rows where call_id is not null").await, 2);
    assert_eq!(settlement(&account).await, (true, true, None));

    let second = "where row_id = (select max(row_id) from revox_sync.row_states)";
    // What is known of one of the rows, whether the call is settled, and whether it is said until when it may change.
    for (change, expected) in [
        ("unsettled_since = '2026-03-05T00:00:00Z'", (false, true)),
        ("unsettled_since = null, status = 'calling'", (false, false)),
        ("unsettled_since = null, status = null", (false, false)),
        ("unsettled_since = null, status = (select status from revox.calls)", (true, false)),
    ] {
        let statement = format!("update revox_sync.row_states set {change} {second}");
        sqlx::query(AssertSqlSafe(statement)).execute(&account.pool).await.unwrap();
        let (is_final, is_settled, until) = settlement(&account).await;
        assert!(is_final);
        assert_eq!((is_settled, until.is_some()), expected, "{change}");
    }

    // A row that is gone does not count; without any, nothing vouches for the call.
    sqlx::query("update revox_sync.row_states set unsettled_since = now(), status = null")
        .execute(&account.pool)
        .await
        .unwrap();
    for (gone, expected) in [("max", false), ("min", false)] {
        let statement = format!(
            "update revox.campaign_rows set _deleted_at = now() where id = (select {gone}(id) from revox.campaign_rows)"
        );
        sqlx::query(AssertSqlSafe(statement)).execute(&account.pool).await.unwrap();
        assert_eq!(settlement(&account).await.1, expected, "{gone}");
        sqlx::query("update revox_sync.row_states set unsettled_since = null, status = (select status from revox.calls)")
            .execute(&account.pool)
            .await
            .unwrap();
        assert_eq!(settlement(&account).await.1, gone == "max", "{gone}");
    }
    sqlx::query("update revox.calls set _deleted_at = now()").execute(&account.pool).await.unwrap();
    assert_eq!(account.count("select count(*) from revox.call_settlement").await, 0, "only live calls");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_views_and_the_plan_agree_on_which_statuses_are_final() {
    let (account, _) = account(1).await;
    account.complete_pass(&passing()).await;
    let statuses = [
        Some("initializing"),
        Some("queued_for_calling"),
        Some("not_launched"),
        Some("paused"),
        Some("scheduled"),
        Some("calling"),
        Some("post_processing"),
        Some("completed"),
        Some("cancelled"),
        Some("errored"),
        Some("of another world"),
        None,
    ];
    let mut finals = 0;
    for (number, status) in statuses.into_iter().enumerate() {
        let id = format!("call-{number}");
        sqlx::query(
            "insert into revox.calls (id, campaign_id, status, _first_seen_at, _synced_at)
             select $1, id, $2, now(), now() from revox.campaigns",
        )
        .bind(&id)
        .bind(status)
        .execute(&account.pool)
        .await
        .unwrap();
        let found: bool = sqlx::query_scalar("select is_final from revox.call_settlement where call_id = $1")
            .bind(&id)
            .fetch_one(&account.pool)
            .await
            .unwrap();
        assert_eq!(found, is_final(status), "{status:?}");
        finals += i64::from(found);
    }
    assert_eq!(finals, 3);
    let open = account.count("select calls_open from revox.sync_freshness").await;
    assert_eq!(open, i64::try_from(statuses.len()).unwrap() - finals);
}

/// Up to when each campaign is complete, by the order of the list.
async fn complete_through(account: &Account) -> Vec<Option<Time>> {
    let mut through = Vec::new();
    for id in account.simulator.campaign_ids() {
        through.push(
            sqlx::query_scalar("select complete_through from revox.sync_freshness where campaign_id = $1")
                .bind(id)
                .fetch_one(&account.pool)
                .await
                .unwrap(),
        );
    }
    through
}

fn outcomes(report: &PassReport) -> Vec<Outcome> {
    report.campaigns.iter().map(|campaign| campaign.outcome).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_complete_through_the_last_pass_that_proved_it_and_never_back() {
    let (account, hands) = account(2).await;
    for campaign in 0..2 {
        account.simulator.edit(|account| account.append_rows(campaign, 150)).unwrap();
    }
    hands.advance(TimeDelta::minutes(1));
    account.complete_pass(&passing()).await;
    let first = Some(hands.now());
    assert_eq!(complete_through(&account).await, [first, first]);

    // Nothing changed: nothing is read, and the list vouches for both.
    hands.advance(TimeDelta::minutes(10));
    let report = account.pass(&passing()).await.unwrap();
    assert_eq!(outcomes(&report), [Outcome::Skipped, Outcome::Skipped]);
    let second = Some(hands.now());
    assert_eq!(complete_through(&account).await, [second, second]);

    // What is read and not proven, or not read, vouches for nothing; the other campaign moves on.
    let ids = account.simulator.campaign_ids();
    let mut third = second;
    for (fault, expected) in
        [(FaultKind::WrongTotal(5), Outcome::Partial), (FaultKind::Status(403), Outcome::Failed)]
    {
        account.simulator.edit(|account| account.append_rows(0, 1)).unwrap();
        account.simulator.inject(Fault::new(fault).on_path(format!("{}/rows?page=2", ids[0])));
        hands.advance(TimeDelta::minutes(10));
        let report = account.pass(&passing()).await.unwrap();
        assert_eq!(outcomes(&report), [expected, Outcome::Skipped], "{:?}", report.campaigns[0].note);
        third = Some(hands.now());
        assert_eq!(complete_through(&account).await, [second, third]);
        account.simulator.clear_faults();
    }
    let worst: String =
        sqlx::query_scalar("select last_outcome from revox.sync_freshness where campaign_id = $1")
            .bind(&ids[0])
            .fetch_one(&account.pool)
            .await
            .unwrap();
    assert_eq!(worst, "failed");

    hands.advance(TimeDelta::minutes(10));
    account.complete_pass(&passing()).await;
    let fourth = Some(hands.now());
    assert!(third < fourth);
    assert_eq!(complete_through(&account).await, [fourth, fourth]);
    // A machine whose clock was set back.
    hands.set(START);
    account.complete_pass(&full()).await;
    assert_eq!(complete_through(&account).await, [fourth, fourth]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_is_looked_up_by_indexes_alone() {
    let account = Account::new(Options { campaigns: 2, rows: 600, turns: 1, ..Options::default() }).await;
    account.complete_pass(&passing()).await;
    sqlx::raw_sql("analyze").execute(&account.pool).await.unwrap();
    let plan = async |columns: &str, view: &str| {
        let statement = format!(
            "explain select {columns} from revox.{view} where {} = 'any'",
            if view == "call_settlement" { "call_id" } else { "campaign_id" }
        );
        let lines: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(statement)).fetch_all(&account.pool).await.unwrap();
        lines.join("\n")
    };
    let settled = plan("is_settled", "call_settlement").await;
    for index in ["calls_pk", "campaign_rows_by_call", "row_states_pk"] {
        assert!(settled.contains(index), "{index}: {settled}");
    }
    assert!(!settled.contains("Seq Scan"), "{settled}");
    assert!(
        !plan("is_final", "call_settlement").await.contains("row_states"),
        "what is not asked for costs nothing"
    );
    let through = plan("complete_through", "sync_freshness").await;
    assert!(!through.contains("on calls") && !through.contains("on campaign_rows"), "{through}");
}

/// The questions of `docs/freshness.md`, in order.
fn documented_queries() -> Vec<String> {
    let text = include_str!("../../docs/freshness.md");
    text.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_of_a_day_are_shown_when_they_are_final_and_every_documented_query_runs() {
    let (account, hands) = account(1).await;
    account.simulator.edit(|account| account.append_rows(0, 3)).unwrap();
    (0..3).for_each(|row| finish_call(&account, 0, row));
    let ask = async || {
        let query = documented_queries().into_iter().find(|query| query.contains("ends_at")).unwrap();
        let now = format!("timestamptz '{}'", hands.now().to_rfc3339());
        let query = format!(
            "select calls from ({}) q",
            query.replace("now()", &now).trim_end().trim_end_matches(';')
        );
        let mut connection = account.pool.acquire().await.unwrap();
        sqlx::query("set timezone = 'UTC'").execute(&mut *connection).await.unwrap();
        sqlx::query_scalar::<_, i64>(AssertSqlSafe(query)).fetch_all(&mut *connection).await.unwrap()
    };
    hands.set("2026-03-03T20:00:00Z");
    account.complete_pass(&passing()).await;
    hands.set("2026-03-04T09:00:00Z");
    assert_eq!(ask().await, [0; 0], "calls may have come after the last pass");
    account.complete_pass(&passing()).await;
    assert_eq!(ask().await, [0; 0], "results may be late");
    hands.set("2026-03-04T20:00:00Z");
    account.complete_pass(&passing()).await;
    assert_eq!(ask().await, [3]);

    let queries = documented_queries();
    assert!(queries.len() >= 3);
    for query in queries {
        sqlx::raw_sql(AssertSqlSafe(query.clone()))
            .execute(&account.pool)
            .await
            .unwrap_or_else(|error| panic!("{error}: {query}"));
    }
}
