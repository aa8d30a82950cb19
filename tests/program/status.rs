//! `status` as a process over a mirror that passes have filled: what it shows, as text and as JSON, and how it exits.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use crate::support::account::{Account, full, passing};
use crate::support::cluster::open_directory;
use crate::support::database::TestDatabase;
use crate::support::program::{self, Run};
use chrono::{DateTime, Utc};
use revox_mirror::simulator::{Fault, FaultKind, Options};
use serde_json::Value;

fn small() -> Options {
    Options { campaigns: 2, rows: 60, turns: 1, ..Options::default() }
}

/// Runs `status` with nothing but the database's address: it must not need a key.
async fn status(url: &str, more: &[&str]) -> Run {
    let arguments: Vec<&str> = ["status"].iter().chain(more).copied().collect();
    program::run(&arguments, &[("DATABASE_URL", url), ("REVOX_MIRROR__LOG__FORMAT", "text")]).await
}

/// The object of `status --json`, which must exit with this code.
async fn object(url: &str, more: &[&str], code: i32) -> Value {
    let run = status(url, &[&["--json"], more].concat()).await;
    run.exits(code);
    serde_json::from_str(&run.out).unwrap()
}

/// Rows of a query as JSON, by way of Postgres' own conversion.
async fn rows(account: &Account, query: &str) -> Vec<Value> {
    let statement = format!("select to_jsonb(q)::text from ({query}) q");
    let rows: Vec<String> =
        sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_all(&account.pool).await.unwrap();
    rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect()
}

async fn execute(account: &Account, statements: &'static str) {
    sqlx::raw_sql(statements).execute(&account.pool).await.unwrap();
}

/// Every field of `expected` stands in `found` with the same value; times may be written in two ways.
#[track_caller]
fn assert_holds(found: &Value, expected: &Value) {
    let time = |value: &Value| value.as_str().and_then(|text| text.parse::<DateTime<Utc>>().ok());
    for (name, value) in expected.as_object().unwrap() {
        let shown = &found[name];
        assert!(found.get(name).is_some(), "{name} is missing in {found}");
        if name.ends_with("_at") || name.ends_with("_through") {
            assert_eq!(time(shown), time(value), "{name}: {shown} and {value}");
            assert_eq!(shown.is_null(), value.is_null(), "{name}");
        } else {
            assert_eq!(shown, value, "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_backfill_it_shows_what_the_mirror_holds_and_asks_the_api_nothing() {
    let account = Account::new(small()).await;
    account.complete_pass(&passing()).await;
    account.simulator.reset_requests();

    let object = object(account.database.url(), &[], 0).await;
    let campaigns = rows(&account, "select * from revox.sync_freshness order by campaign_name").await;
    assert_eq!(object["campaigns"].as_array().unwrap().len(), campaigns.len());
    for (found, expected) in object["campaigns"].as_array().unwrap().iter().zip(&campaigns) {
        assert_holds(found, expected);
        assert_eq!(found["is_stale"], Value::Null);
    }
    let totals = rows(
        &account,
        "select (select count(*) from revox.campaigns where _deleted_at is null) as campaigns,
                (select count(*) from revox.campaign_rows where _deleted_at is null) as rows_live,
                (select count(*) from revox.calls where _deleted_at is null) as calls_live,
                (select count(*) from revox.calls
                 where _deleted_at is null and status not in ('completed', 'cancelled', 'errored')) as calls_open,
                (select count(*) from revox.calls c
                 join revox.campaign_rows r on r.call_id = c.id
                 join revox_sync.row_states s on s.row_id = r.id
                 where c.status in ('completed', 'cancelled', 'errored')
                   and s.unsettled_since is not null) as calls_unsettled,
                (select count(*) from revox_sync.rejects) as rejects",
    )
    .await;
    assert_holds(&object["totals"], &totals[0]);
    assert!(totals[0]["calls_open"].as_i64() > Some(0) && totals[0]["calls_live"].as_i64() > Some(0));
    let accounts =
        rows(&account, "select name, organization_id, base_url, listed_at from revox_sync.accounts").await;
    assert_holds(&object["accounts"][0], &accounts[0]);
    assert_eq!(
        (&object["is_mirrored"], &object["is_stale"], &object["note"]),
        (&true.into(), &Value::Null, &Value::Null)
    );
    let oldest = campaigns.iter().map(|campaign| campaign["complete_through"].as_str()).min().unwrap();
    let parse = |text: Option<&str>| text.unwrap().parse::<DateTime<Utc>>().unwrap();
    assert_eq!(parse(object["complete_through"].as_str()), parse(oldest));

    let text = status(account.database.url(), &[]).await;
    text.exits(0).says("complete through").says("full complete").says("never walked to the end");
    let all = text.out.lines().find(|line| line.starts_with("all ")).unwrap();
    let words: Vec<&str> = all.split_whitespace().collect();
    let expected =
        ["rows_live", "calls_live", "calls_open", "calls_unsettled"].map(|name| totals[0][name].to_string());
    assert_eq!(words[1..5], expected, "{}", text.out);
    assert!(text.err.is_empty() && !text.out.contains('\u{1b}'), "{text:?}");
    assert_eq!(account.simulator.requests().total, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_passes_are_shown_with_what_they_read_and_why() {
    let account = Account::new(Options { campaigns: 1, rows: 1_500, turns: 1, ..Options::default() }).await;
    account.complete_pass(&passing()).await;
    account.simulator.edit(|account| account.append_rows(0, 3)).unwrap();
    account.complete_pass(&passing()).await;

    let object = object(account.database.url(), &["--runs", "9"], 0).await;
    let runs = rows(
        &account,
        "select id, account, campaign_id, kind, outcome, started_at, finished_at, trigger,
                evidence ->> 'why' as why, evidence ->> 'fell_back' as fell_back, requests, bytes, rows_seen,
                rows_inserted, rows_updated, rows_unchanged, rows_tombstoned, rejected, error
         from revox_sync.runs order by id desc",
    )
    .await;
    assert_eq!(object["runs"].as_array().unwrap().len(), 2);
    for (found, expected) in object["runs"].as_array().unwrap().iter().zip(&runs) {
        assert_holds(found, expected);
    }
    assert_eq!(
        (&object["runs"][0]["why"], &object["runs"][0]["rows_inserted"]),
        (&"the campaign changed".into(), &3.into())
    );
    assert_eq!((&runs[0]["kind"], &runs[1]["kind"]), (&"incremental".into(), &"full".into()));
    assert_eq!(object["runs"][0]["campaign_name"], object["campaigns"][0]["campaign_name"]);
    assert_holds(
        &object["campaigns"][0],
        &rows(&account, "select kind as last_kind, requests as last_requests from revox_sync.runs order by id desc limit 1")
            .await[0],
    );

    status(account.database.url(), &[]).await.exits(0).says("incremental complete");

    execute(
        &account,
        "update revox_sync.runs
         set kind = 'full', evidence = '{\"why\": \"the campaign changed\", \"fell_back\": \"the lists do not add up\"}'
         where id = (select max(id) from revox_sync.runs)",
    )
    .await;
    let run = status(account.database.url(), &["--runs", "1"]).await;
    run.exits(0).says("the campaign changed").says("the lists do not add up");
    assert!(!run.out.contains("never walked to the end"), "one pass was asked for: {}", run.out);
    let none = status(account.database.url(), &["--runs", "0"]).await;
    assert!(!none.out.contains("The last passes"), "{}", none.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_without_an_end_is_under_way_or_broken_off() {
    let account = Account::new(small()).await;
    account.complete_pass(&passing()).await;
    execute(
        &account,
        "update revox_sync.runs set outcome = null, finished_at = null where id = (select max(id) from revox_sync.runs)",
    )
    .await;
    status(account.database.url(), &[]).await.exits(0).says("broken off");
    // Leased to a process of this machine that does not run any more, then to one that nothing is known of.
    execute(
        &account,
        "update revox_sync.leases
         set expires_at = now() + interval '1 hour', holder = regexp_replace(holder, '/[0-9]+/[0-9]+/', '/4194305/77/')",
    )
    .await;
    status(account.database.url(), &[]).await.exits(0).says("broken off");
    execute(&account, "update revox_sync.leases set holder = 'elsewhere/1/1/x'").await;
    let run = status(account.database.url(), &[]).await;
    run.exits(0).says("under way");
    assert!(!run.out.contains("broken off"), "{}", run.out);
    let object = object(account.database.url(), &[], 0).await;
    let under_way = |run: &&Value| run["is_under_way"] == true && run["outcome"].is_null();
    assert_eq!(object["runs"].as_array().unwrap().iter().filter(under_way).count(), 1, "{object}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_campaign_that_is_older_than_allowed_exits_3() {
    let account = Account::new(Options { campaigns: 3, rows: 5, turns: 1, ..Options::default() }).await;
    account.complete_pass(&passing()).await;
    let url = account.database.url();
    status(url, &["--max-age", "1h"]).await.exits(0);
    execute(
        &account,
        "update revox_sync.checkpoints set complete_through = now() - interval '2 hours'
         where campaign_id = (select min(id) from revox.campaigns)",
    )
    .await;
    status(url, &["--max-age", "1h"])
        .await
        .exits(3)
        .says("Stale: the copies of 1 of 3 campaigns are older than 1h.")
        .says("2 h ago");
    status(url, &["--max-age", "3h"]).await.exits(0);
    status(url, &[]).await.exits(0);
    let stale = object(url, &["--max-age", "1h"], 3).await;
    assert_eq!((&stale["is_stale"], &stale["max_age_seconds"]), (&true.into(), &3600.into()));
    let count = stale["campaigns"].as_array().unwrap().iter().filter(|it| it["is_stale"] == true).count();
    assert_eq!(count, 1);

    execute(
        &account,
        "update revox_sync.checkpoints set complete_through = null
         where campaign_id = (select max(id) from revox.campaigns)",
    )
    .await;
    status(url, &["--max-age", "3h"]).await.exits(3).says("never");
    // What is gone cannot be stale.
    execute(
        &account,
        "update revox.campaigns set _deleted_at = now()
         where id in ((select min(id) from revox.campaigns), (select max(id) from revox.campaigns))",
    )
    .await;
    status(url, &["--max-age", "1h"]).await.exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_wrong_is_said_with_what_to_do() {
    let account = Account::new(Options { campaigns: 2, rows: 300, turns: 1, ..Options::default() }).await;
    account.simulator.edit(|account| account.set_raw_row(1, 3, "17")).unwrap();
    account
        .simulator
        .edit(|account| account.set_raw_row(1, 4, "{\"id\":\"odd\",\"from_the_future\":1}"))
        .unwrap();
    account.complete_pass(&passing()).await;
    let ids = account.simulator.campaign_ids();
    account.simulator.edit(|account| (0..100).try_for_each(|_| account.delete_row(0, 100))).unwrap();
    account.simulator.inject(Fault::new(FaultKind::Status(403)).on_path(format!("{}/rows", ids[1])));
    account.pass(&full()).await.unwrap();

    let run = status(account.database.url(), &[]).await;
    run.exits(0)
        .says("100 of 300 would vanish")
        .says("is suspicious: so much would have vanished")
        .says("--accept-deletions")
        .says("ended as failed: ")
        .says("could not land: revox_sync.rejects")
        .says("from_the_future (number), first seen ")
        .says(" in odd, last seen ")
        .says("see revox_sync.drift");
    let object = object(account.database.url(), &[], 0).await;
    let campaign = |id: &String| {
        let mut campaigns = object["campaigns"].as_array().unwrap().iter();
        campaigns.find(|campaign| campaign["campaign_id"] == **id).unwrap()
    };
    assert_eq!(campaign(&ids[0])["is_suspicious"], true);
    assert_eq!(campaign(&ids[0])["last_outcome"], "suspicious");
    assert_eq!(campaign(&ids[1])["last_outcome"], "failed");
    assert_eq!(campaign(&ids[1])["is_suspicious"], false);
    assert!(campaign(&ids[1])["last_error"].as_str().unwrap().contains("403"));
    assert_holds(
        campaign(&ids[1]),
        &rows(&account, "select count(*) as rejects from revox_sync.rejects where campaign_id <> ''").await
            [0],
    );
    let drift = rows(
        &account,
        "select count(*) as count, (array_agg(path order by first_seen_at desc, path, kind))[1] as newest_path,
                (array_agg(first_seen_in order by first_seen_at desc, path, kind))[1] as newest_first_seen_in,
                (array_agg(last_seen_in order by first_seen_at desc, path, kind))[1] as newest_last_seen_in,
                (array_agg(count order by first_seen_at desc, path, kind))[1] as newest_count
         from revox_sync.drift",
    )
    .await;
    assert_holds(&object["drift"], &drift[0]);
    assert!(drift[0]["count"].as_i64() > Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_whose_campaigns_vanish_is_shown_as_suspicious() {
    let account = Account::new(Options { campaigns: 6, rows: 5, turns: 1, ..Options::default() }).await;
    account.complete_pass(&passing()).await;
    for id in account.simulator.campaign_ids().iter().take(3) {
        account.simulator.edit(|account| account.delete_campaign(id.as_str())).unwrap();
    }
    account.pass(&passing()).await.unwrap();
    let run = status(account.database.url(), &[]).await;
    assert!(!run.out.contains("suspicious"), "one pass proves nothing: {}", run.out);
    account.pass(&passing()).await.unwrap();
    status(account.database.url(), &[])
        .await
        .exits(0)
        .says("Account default is suspicious: 3 campaigns would have vanished")
        .says("--accept-deletions");
    let object = object(account.database.url(), &[], 0).await;
    assert_eq!(object["accounts"][0]["suspicious_campaigns"], 3);
    assert!(object["accounts"][0]["suspicious_at"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_a_mirror_is_said_plainly_and_left_alone() {
    let database = TestDatabase::fresh().await;
    status(database.url(), &[])
        .await
        .exits(0)
        .says("no mirror of this version yet")
        .says("revox-mirror migrate");
    status(database.url(), &["--max-age", "1h"]).await.exits(3);
    let object = object(database.url(), &["--max-age", "1h"], 3).await;
    assert_eq!((&object["is_mirrored"], &object["is_stale"]), (&false.into(), &true.into()));
    assert!(object["note"].as_str().unwrap().contains("migrate"));
    assert_eq!((&object["campaigns"], &object["totals"]["rows_live"]), (&Value::Array(vec![]), &0.into()));
    let pool = sqlx::PgPool::connect(database.url()).await.unwrap();
    let schemas = "select count(*) from pg_namespace where nspname in ('revox', 'revox_sync')";
    assert_eq!(sqlx::query_scalar::<_, i64>(schemas).fetch_one(&pool).await.unwrap(), 0);

    // A machine without any database gets none by being looked at.
    let directory = open_directory();
    let data = directory.path().join("data");
    let environment =
        [("REVOX_MIRROR__LOCALDB__DATA_DIR", data.to_str().unwrap()), ("REVOX_MIRROR__LOG__FORMAT", "text")];
    program::run(&["status"], &environment).await.exits(0).says("There is no mirror on this machine yet");
    program::run(&["status", "--max-age", "1h"], &environment).await.exits(3);
    program::run(&["status", "--demo"], &environment).await.exits(0).says("demo --once");
    assert!(!data.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_is_empty_half_filled_or_of_the_future_is_told_apart() {
    let account = Account::new(small()).await;
    let url = account.database.url();
    status(url, &[]).await.exits(0).says("The mirror holds no campaign.");
    status(url, &["--max-age", "1h"]).await.exits(3).says("Stale: no list was read within 1h.");

    account.simulator.inject(Fault::new(FaultKind::Status(403)).on_path("/rows"));
    account.pass(&passing()).await.unwrap();
    status(url, &[]).await.exits(0).says("never").says("full failed").says("Account default");
    status(url, &["--max-age", "1h"]).await.exits(3).says("the copies of 2 of 2 campaigns");

    execute(
        &account,
        "insert into revox_sync._sqlx_migrations (version, description, success, checksum, execution_time)
         values (99991231235959, 'of the future', true, '\\x00', 0)",
    )
    .await;
    status(url, &[]).await.exits(5).says("99991231235959").says("newer version");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_only_read_sees_the_status() {
    let account = Account::new(small()).await;
    account.complete_pass(&passing()).await;
    let role = format!("reader_{}", account.database.name());
    let run_sql = async |statements: String| {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statements)).execute(&account.pool).await.unwrap();
    };
    run_sql(format!(
        "create role {role} login password 'of-a-reader';
         grant usage on schema revox, revox_sync to {role};
         grant select on all tables in schema revox, revox_sync to {role}"
    ))
    .await;
    let mut url = url::Url::parse(account.database.url()).unwrap();
    url.set_username(&role).unwrap();
    url.set_password(Some("of-a-reader")).unwrap();
    let run = status(url.as_str(), &["--max-age", "1h"]).await;
    run_sql(format!("drop owned by {role}; drop role {role}")).await;
    run.exits(0).says("full complete");
}
