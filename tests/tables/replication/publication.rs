//! The publication `revox_mirror`: that it has every table, and that a subscriber ends up equal.

use crate::support::account::{client_options, full, passing, sync_settings};
use crate::support::cluster::{local_options, open_directory};
use crate::support::database::TestDatabase;
use crate::support::leaks::leaks;
use crate::support::{running, truth};
use revox_mirror::api::Client;
use revox_mirror::clock::Clock;
use revox_mirror::localdb::{LocalDb, Options as LocalOptions};
use revox_mirror::normalize::PrivacyKey;
use revox_mirror::observe::Silent;
use revox_mirror::simulator::{Flavour, NewerApi, Options, Simulator};
use revox_mirror::store::{Store, StoreOptions};
use revox_mirror::sync::{Mirror, Walks, run_pass};
use secrecy::ExposeSecret;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, PgPool};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const KEY: &str = "k";

const PRIVACY_KEY: [u8; 32] = [7; 32];

async fn store(url: &str) -> Store {
    let options =
        StoreOptions { url: url.to_owned().into(), max_connections: 8, lease_ttl: Duration::from_secs(30) };
    let (store, _) = Store::open(&options).await.unwrap();
    store.migrate().await.unwrap();
    store
}

const UNPUBLISHED: &str = "
    select c.relname::text
    from pg_class c
    where c.relnamespace = to_regnamespace('revox')
      and c.relkind in ('r', 'p')
      and not exists (
          select
          from pg_publication_tables p
          where p.pubname = 'revox_mirror' and p.schemaname = 'revox' and p.tablename = c.relname
      )";

#[tokio::test(flavor = "multi_thread")]
async fn the_publication_has_every_table_each_with_a_key_and_is_completed_after_later_migrations() {
    let database = TestDatabase::fresh().await;
    let store = store(database.url()).await;
    assert!(store.share().await.unwrap().is_empty());
    let pool = PgPoolOptions::new().max_connections(1).connect(database.url()).await.unwrap();
    let unpublished =
        async || -> Vec<String> { sqlx::query_scalar(UNPUBLISHED).fetch_all(&pool).await.unwrap() };
    assert_eq!(unpublished().await, [""; 0]);
    // Changes and deletions are told by the primary key: the default, and there is one.
    let without_identity: Vec<String> = sqlx::query_scalar(
        "select c.relname::text
         from pg_class c
         where c.relnamespace = to_regnamespace('revox')
           and c.relkind in ('r', 'p')
           and (c.relreplident <> 'd' or not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary))",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(without_identity, [""; 0]);

    sqlx::raw_sql("create table revox.made_later (id integer primary key)").execute(&pool).await.unwrap();
    assert_eq!(unpublished().await, ["made_later"]);
    let missing = store.missing_shares().await.unwrap();
    let statements: Vec<&str> = missing.iter().map(|missing| missing.statement.as_str()).collect();
    assert_eq!(statements, ["alter publication revox_mirror add table revox.made_later"]);
    assert!(store.share().await.unwrap().is_empty());
    assert_eq!(unpublished().await, [""; 0]);
}

/// A cluster whose changes can be followed.
async fn publisher(directory: &std::path::Path) -> LocalDb {
    let settings = [("wal_level", "logical"), ("fsync", "off"), ("max_connections", "60")];
    let options = LocalOptions {
        settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        ..local_options(directory)
    };
    LocalDb::start(options).await.unwrap()
}

/// Where another server finds a database, as libpq writes it.
fn conninfo(url: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    let query: std::collections::HashMap<_, _> = url.query_pairs().into_owned().collect();
    let host = query.get("host").cloned().or_else(|| url.host_str().map(str::to_owned)).unwrap();
    format!(
        "host={} port={} dbname={} user={} password={}",
        host.replace("%2F", "/"),
        query.get("port").cloned().or_else(|| url.port().map(|port| port.to_string())).unwrap_or_default(),
        url.path().trim_start_matches('/'),
        url.username(),
        url.password().unwrap_or_default()
    )
}

/// Every line of every table of schema `revox`, as a hash a table.
async fn contents(pool: &PgPool) -> Vec<(String, i64, Option<String>)> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class
         where relnamespace = to_regnamespace('revox') and relkind in ('r', 'p') order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut contents = Vec::new();
    for table in tables {
        let statement = format!(
            "select count(*), md5(string_agg(t::text, chr(10) order by t::text collate \"C\")) from revox.{table} t"
        );
        let (lines, hash) = sqlx::query_as(AssertSqlSafe(statement)).fetch_one(pool).await.unwrap();
        contents.push((table, lines, hash));
    }
    contents
}

fn mirror_over(store: Store, simulator: &Simulator) -> Mirror {
    let mut settings = sync_settings();
    settings.normalize.privacy_key = Some(PrivacyKey::new(&PRIVACY_KEY));
    Mirror {
        walks: Walks::default(),
        account: "default".into(),
        client: Client::new(client_options(simulator, KEY)).unwrap(),
        base_url: simulator.base_url(),
        store: Some(store),
        settings,
        clock: Clock::system(),
        progress: Arc::new(Silent),
        stop: CancellationToken::new(),
    }
}

/// Erases by the real program.
fn erase(database: &str, whom: &[&str]) {
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("privacy_key");
    std::fs::write(&key, PRIVACY_KEY).unwrap();
    let erased = std::process::Command::new(env!("CARGO_BIN_EXE_revox-mirror"))
        .arg("erase")
        .args(whom)
        .current_dir(directory.path())
        .env("DATABASE_URL", database)
        .env("REVOX_MIRROR__PRIVACY__KEY_FILE", &key)
        .output()
        .unwrap();
    assert!(erased.status.success(), "{}", String::from_utf8_lossy(&erased.stderr));
}

/// The digits of a person who was talked to, the id of a call with somebody else, and what else tells of them.
async fn to_be_erased(pool: &PgPool) -> Vec<String> {
    let mut traces: Vec<String> = Vec::new();
    let talks: Vec<(String, String, String)> = sqlx::query_as(
        "select r.phone_number, r.call_id, a.id
         from revox.campaign_rows r
         join revox.call_attempts a on a.call_id = r.call_id
         where exists (select from revox.transcript_turns t where t.call_attempt_id = a.id)
         order by r.id
         limit 2",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let [(number, call, attempt), (_, other_call, other_attempt)] = talks.as_slice() else {
        panic!("nobody was talked to: {talks:?}")
    };
    assert_ne!(call, other_call);
    for trace in [number.trim_start_matches('+'), other_call, call, attempt, other_attempt] {
        traces.push(trace.to_owned());
    }
    traces
}

/// New contacts, calls that move on, and ones that go.
fn change(simulator: &Simulator) {
    for campaign in 0..2 {
        simulator.edit(|account| account.append_rows(campaign, 20)).unwrap();
        for row in 0..100 {
            for _ in 0..=row % 7 {
                simulator.edit(|account| account.advance_call(campaign, row)).unwrap();
            }
        }
        simulator.edit(|account| account.replace_call(campaign, 1)).unwrap();
        simulator.edit(|account| account.delete_row(campaign, 0)).unwrap();
        simulator.edit(|account| account.edit_input_data(campaign, 5)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_ends_up_equal_through_inserts_updates_tombstones_and_deletes() {
    let directories = (open_directory(), open_directory());
    let publishing = publisher(directories.0.path()).await;
    let subscribing = LocalDb::start(local_options(directories.1.path())).await.unwrap();
    let (from, to) = (publishing.url(), subscribing.url());
    let (from, to) = (from.expose_secret(), to.expose_secret());

    let options = Options {
        campaigns: 2,
        rows: 80,
        turns: 4,
        flavour: Flavour::Newer(NewerApi::default()),
        api_key: KEY.to_owned(),
        ..Options::default()
    };
    let simulator = Simulator::start(options).await.unwrap();
    let store_of_mirror = store(from).await;
    assert!(store_of_mirror.share().await.unwrap().is_empty());
    store_of_mirror.keep_call_statuses(true).await.unwrap();
    let mirror = mirror_over(store_of_mirror, &simulator);
    run_pass(&mirror, &full()).await.unwrap();

    // The follower's tables are made by the mirror's own migrations; what is there already is copied.
    let followers = store(to).await;
    let here = PgPoolOptions::new().max_connections(2).connect(from).await.unwrap();
    let there = PgPoolOptions::new().max_connections(2).connect(to).await.unwrap();
    // What migrations fill comes from the publisher like all the rest.
    let before: Vec<String> = contents(&there)
        .await
        .into_iter()
        .filter(|(_, lines, _)| *lines > 0)
        .map(|(table, ..)| format!("delete from revox.{table}"))
        .collect();
    sqlx::raw_sql(AssertSqlSafe(before.join(";"))).execute(&there).await.unwrap();
    let subscribe = format!(
        "create subscription revox_follower connection '{}' publication revox_mirror",
        conninfo(from)
    );
    sqlx::raw_sql(AssertSqlSafe(subscribe)).execute(&there).await.unwrap();
    let until_equal = async || {
        running::until("the follower is equal", async || contents(&here).await == contents(&there).await)
            .await;
    };
    until_equal().await;
    truth::assert_equal(&simulator, &there).await;

    change(&simulator);
    run_pass(&mirror, &passing()).await.unwrap();
    run_pass(&mirror, &full()).await.unwrap();
    until_equal().await;
    truth::assert_equal(&simulator, &there).await;
    let figures: (i64, i64, i64) = sqlx::query_as(
        "select (select count(*) from revox.campaign_rows where _deleted_at is not null),
                (select count(*) from revox.call_attempts where talk_seconds is not null),
                (select count(*) from revox.call_status_history)",
    )
    .fetch_one(&there)
    .await
    .unwrap();
    assert!(figures.0 >= 2 && figures.1 > 0 && figures.2 > 0, "{figures:?}");

    let erased = to_be_erased(&here).await;
    for trace in &erased {
        assert!(!leaks(&there, trace).await.is_empty(), "{trace} can be found");
    }
    erase(from, &["--phone", &format!("+{}", erased[0]), "--call", &erased[1]]);
    until_equal().await;
    for trace in &erased {
        assert_eq!(leaks(&there, trace).await, [""; 0], "{trace}");
    }

    // The publisher's turns are partitioned meanwhile; the follower's are not.
    sqlx::raw_sql(include_str!("../../../deploy/partition-transcript-turns.sql"))
        .execute(&here)
        .await
        .unwrap();
    simulator.edit(|account| account.append_rows(1, 10)).unwrap();
    for row in 80..109 {
        for _ in 0..50 {
            simulator.edit(|account| account.advance_call(1, row)).unwrap();
        }
    }
    let turns = async || -> i64 {
        sqlx::query_scalar("select count(*) from revox.transcript_turns").fetch_one(&there).await.unwrap()
    };
    let before = turns().await;
    run_pass(&mirror, &full()).await.unwrap();
    until_equal().await;
    assert!(turns().await > before);

    sqlx::raw_sql("drop subscription revox_follower").execute(&there).await.unwrap();
    followers.close().await;
    here.close().await;
    there.close().await;
    mirror.store.as_ref().unwrap().close().await;
    subscribing.stop().await.unwrap();
    publishing.stop().await.unwrap();
}
