//! The database's side, asked directly: who holds a lease, the rate that processes share, and what a transaction that
//! is dropped in the middle leaves behind.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use crate::support::account::{Account, passing};
use crate::support::database::TestDatabase;
use crate::support::running::until;
use revox_mirror::clock::Clock;
use revox_mirror::plan::Outcome;
use revox_mirror::simulator::Options;
use revox_mirror::store::{Holder, Kind, Lease, RunLine, Store, StoreError, StoreOptions};
use revox_mirror::sync::run_pass;
use std::time::Duration;

const LEASE_TTL: Duration = Duration::from_secs(3);
const PATIENT: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

async fn open(database: &TestDatabase, max_connections: u32) -> Store {
    let url = database.mirror_url().to_owned().into();
    let options = StoreOptions { url, max_connections, lease_ttl: LEASE_TTL };
    let (store, _) = Store::open(&options).await.unwrap();
    store.migrate().await.unwrap();
    store
}

fn failed() -> RunLine {
    RunLine {
        kind: Kind::Full,
        outcome: Outcome::Failed,
        finished_at: Clock::system().now(),
        evidence: serde_json::json!({}),
        requests: 0,
        bytes: 0,
        seen: 0,
        inserted: 0,
        updated: 0,
        unchanged: 0,
        tombstoned: 0,
        rejected: 0,
        error: Some("it was stopped".to_owned()),
    }
}

/// Everything that can be done with a lease and says whether it was still held.
async fn holds(store: &Store, lease: &Lease, campaign: &str) -> [bool; 3] {
    let opened = store.open_run(lease, "default", campaign, Kind::Full, "once", Clock::system().now()).await;
    let id = opened.as_ref().copied().unwrap_or(1);
    let results =
        [store.keep_lease(lease).await, opened.map(|_| ()), store.close_run(lease, id, &failed()).await];
    results.map(|result| match result {
        Ok(()) => true,
        Err(StoreError::LeaseLost { scope }) => {
            assert_eq!(scope, campaign);
            false
        }
        Err(other) => panic!("{other}"),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_one_holders_until_it_is_given_back_or_runs_out() {
    let account = Account::new(Options { campaigns: 1, rows: 10, ..Options::default() }).await;
    account.complete_pass(&passing()).await;
    let campaign = account.simulator.campaign_ids().remove(0);
    let store = open(&account.database, 5).await;
    let (one, other) = (Holder::this_process(), Holder::this_process());

    let first = store.take_lease(&campaign, &one).await.unwrap().expect("it is free");
    assert!(store.take_lease(&campaign, &other).await.unwrap().is_none(), "another's");
    assert!(store.take_lease(&campaign, &one).await.unwrap().is_none(), "nobody has it twice");
    assert!(store.is_leased(&campaign).await.unwrap());
    assert_eq!(holds(&store, &first, &campaign).await, [true; 3]);

    store.release_lease(&first).await.unwrap();
    assert!(!store.is_leased(&campaign).await.unwrap());
    assert_eq!(holds(&store, &first, &campaign).await, [false; 3], "what was given back holds no more");

    // The next one's runs out while it sleeps; another takes the campaign over.
    let asleep = store.take_lease(&campaign, &one).await.unwrap().expect("it was given back");
    sqlx::query("update revox_sync.leases set expires_at = clock_timestamp() where scope = $1")
        .bind(&campaign)
        .execute(&account.pool)
        .await
        .unwrap();
    assert_eq!(holds(&store, &asleep, &campaign).await, [false; 3], "what ran out is not taken up again");
    let heir = store.take_lease(&campaign, &other).await.unwrap().expect("it has run out");
    let line =
        store.open_run(&heir, "default", &campaign, Kind::Full, "once", Clock::system().now()).await.unwrap();
    assert_eq!(holds(&store, &asleep, &campaign).await, [false; 3]);
    assert!(matches!(store.close_run(&asleep, line, &failed()).await, Err(StoreError::LeaseLost { .. })));
    let open_lines = "select count(*) from revox_sync.runs where finished_at is null";
    assert_eq!(account.count(open_lines).await, 1, "the heir's line stands as it was");
    store.release_lease(&asleep).await.unwrap();
    store.keep_lease(&heir).await.expect("giving back what one does not hold takes nothing from who does");
    // The same holder again, with an epoch of old.
    store.release_lease(&heir).await.unwrap();
    let again = store.take_lease(&campaign, &one).await.unwrap().expect("it was given back");
    assert_eq!(holds(&store, &asleep, &campaign).await, [false; 3], "an old epoch is no key");
    store.keep_lease(&again).await.unwrap();
    let epochs = "select max(epoch) from revox_sync.leases where scope = (select id from revox.campaigns)";
    assert_eq!(account.count(epochs).await, 4, "each that took it has a number of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_under_way_is_shown_however_many_have_begun_since() {
    let account = Account::new(Options { campaigns: 2, rows: 10, ..Options::default() }).await;
    account.complete_pass(&passing()).await;
    let store = open(&account.database, 5).await;
    let ids = account.simulator.campaign_ids();
    let lease = store.take_lease(&format!("campaign:{}", ids[0]), &Holder::this_process()).await.unwrap();
    let lease = lease.expect("it is free");
    let id =
        store.open_run(&lease, "default", &ids[0], Kind::Full, "once", Clock::system().now()).await.unwrap();
    sqlx::query(
        "insert into revox_sync.runs (account, campaign_id, kind, trigger, started_at, finished_at, outcome)
         select 'default', $1, 'full', 'once', now() + '1 min', now() + '1 min', 'complete' from generate_series(1, 20)",
    )
    .bind(&ids[1])
    .execute(&account.pool)
    .await
    .unwrap();
    let status = store.load_status(12).await.unwrap();
    let under_way: Vec<i64> = status.runs.iter().filter(|run| run.is_under_way).map(|run| run.id).collect();
    assert_eq!((under_way, status.runs.len()), (vec![id], 13), "the last twelve and this one");
    store.release_lease(&lease).await.unwrap();
    let status = store.load_status(12).await.unwrap();
    assert!(
        status.runs.iter().all(|run| !run.is_under_way),
        "without its lease it is one that was broken off"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_want_a_lease_at_once_one_gets_it() {
    let database = TestDatabase::fresh().await;
    let store = open(&database, 20).await;
    for round in 0..5 {
        let scope = format!("campaign {}", round % 2);
        let takers = (0..20).map(|_| {
            let (store, scope) = (store.clone(), scope.clone());
            tokio::spawn(async move { store.take_lease(&scope, &Holder::this_process()).await.unwrap() })
        });
        let taken = futures::future::join_all(takers).await;
        let taken: Vec<Lease> = taken.into_iter().filter_map(Result::unwrap).collect();
        assert_eq!(taken.len(), 1, "in round {round}");
        store.release_lease(&taken[0]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_write_is_told_what_its_owner_has_to_say_and_that_is_enough() {
    let account = Account::new(Options { campaigns: 1, rows: 10, ..Options::default() }).await;
    account.complete_pass(&passing()).await;
    let role = format!("writer_{}", account.database.name());
    let statement = format!("create role {role} login password 'word'");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&account.pool).await.unwrap();
    let mut url = url::Url::parse(account.database.url()).unwrap();
    url.set_username(&role).unwrap();
    url.set_password(Some("word")).unwrap();
    let options = StoreOptions { url: url.to_string().into(), max_connections: 5, lease_ttl: LEASE_TTL };
    let (store, _) = Store::open(&options).await.unwrap();
    let error = store.check_rights().await.unwrap_err();
    assert!(error.to_string().contains("may not write to the schema revox"), "{error}");
    let hint = error.hint().unwrap();
    let grants = hint.split_once("as that role: ").unwrap().1.to_owned();
    sqlx::raw_sql(sqlx::AssertSqlSafe(grants)).execute(&account.pool).await.unwrap();
    store.check_rights().await.unwrap();
    account.simulator.edit(|edited| edited.append_rows(0, 40).unwrap());
    let mirror = revox_mirror::sync::Mirror { store: Some(store.clone()), ..account.mirror.clone() };
    let report = run_pass(&mirror, &passing()).await.unwrap();
    assert_eq!(report.campaigns[0].outcome, Outcome::Complete, "{:?}", report.campaigns[0].note);
    account.assert_equal().await;
    store.close().await;
    let drop_role = format!("drop owned by {role}; drop role {role}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(drop_role)).execute(&account.pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_full_is_away_and_refuses_no_one() {
    let database = TestDatabase::fresh().await;
    let pool = sqlx::PgPool::connect(database.url()).await.unwrap();
    let role = format!("late_{}", database.name());
    let statement = format!("create role {role} login password 'word' connection limit 0");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&pool).await.unwrap();
    let mut url = url::Url::parse(database.url()).unwrap();
    url.set_username(&role).unwrap();
    url.set_password(Some("word")).unwrap();
    let options = StoreOptions { url: url.to_string().into(), max_connections: 1, lease_ttl: LEASE_TTL };
    let error = Store::open(&options).await.unwrap_err();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("drop role {role}"))).execute(&pool).await.unwrap();
    assert!(error.is_away(), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_takes_nothing_more_is_said_with_what_to_do() {
    let database = TestDatabase::fresh().await;
    open(&database, 1).await.close().await;
    let pool = sqlx::PgPool::connect(database.url()).await.unwrap();
    let full = "create function full_disk() returns trigger language plpgsql as
                    $$ begin raise 'no space left on device' using errcode = 'disk_full'; end $$;
                create trigger full_disk before insert on revox_sync.leases execute function full_disk()";
    let read_only = format!("alter database {} set default_transaction_read_only = on", database.name());
    for (trouble, words, hint) in [
        (full.to_owned(), "no space left on device (53100)", "make room on the database's disk"),
        (read_only, "in a read-only transaction (25006)", "connect to the primary"),
    ] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(trouble)).execute(&pool).await.unwrap();
        let url = database.mirror_url().to_owned().into();
        let options = StoreOptions { url, max_connections: 1, lease_ttl: LEASE_TTL };
        let (store, _) = Store::open(&options).await.unwrap();
        let error = store.take_lease("campaign:1", &Holder::this_process()).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.hint().is_some_and(|found| found.contains(hint)), "{:?}", error.hint());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_pause_that_an_api_asks_for_outlasts_an_hour_not_even_in_the_database() {
    let database = TestDatabase::fresh().await;
    let tenth = Duration::from_millis(100);
    for pause in [Duration::from_hours(24 * 365), Duration::MAX] {
        let store = open(&database, 2).await;
        store.pause_account("default", pause).await.unwrap();
        store.close().await;
        let reopened = open(&database, 2).await;
        let wait = reopened.reserve_slots("default", 10, tenth, PATIENT).await.unwrap().unwrap_err();
        assert!(wait <= HOUR && wait + PATIENT > HOUR, "{wait:?}");
        reopened.close().await;
    }
    // Lines of a version that knew no bound, or of a clock that was set back.
    let store = open(&database, 2).await;
    let pool = sqlx::PgPool::connect(database.url()).await.unwrap();
    sqlx::query(
        "update revox_sync.paces set next_slot_at = now() + '9 years', paused_until = now() + '9 years'",
    )
    .execute(&pool)
    .await
    .unwrap();
    for _ in 0..2 {
        let wait = store.reserve_slots("default", 10, tenth, PATIENT).await.unwrap().unwrap_err();
        assert!(wait <= HOUR, "{wait:?}");
    }
    let far: i64 = sqlx::query_scalar(
        "select count(*) from revox_sync.paces
         where greatest(next_slot_at, paused_until) > clock_timestamp() + '1 hour'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(far, 0, "the line itself is mended, so that the hour passes");
}

#[tokio::test(flavor = "multi_thread")]
async fn moments_follow_each_other_and_those_that_are_refused_are_nobodys() {
    let database = TestDatabase::fresh().await;
    let store = open(&database, 10).await;
    let second = Duration::from_secs(1);
    let reserve = async |patience| store.reserve_slots("default", 10, second, patience).await.unwrap();
    assert!(reserve(Duration::ZERO).await.is_ok(), "the first is free at once");
    for _ in 0..3 {
        let wait = reserve(second).await.expect_err("ten seconds away");
        assert!(wait > second * 5 && wait <= second * 10, "{wait:?}");
    }
    let next = reserve(PATIENT).await.expect("in time");
    assert!(next <= second * 10, "the refusals took nothing: {next:?}");
    // At once, from many sides: no two begin within each other's block.
    let many = futures::future::join_all((0..8).map(|_| reserve(HOUR))).await;
    let mut many: Vec<Duration> = many.into_iter().map(Result::unwrap).collect();
    many.sort_unstable();
    for pair in many.windows(2) {
        assert!(pair[1].abs_diff(pair[0]).abs_diff(second * 10) < second * 4, "{many:?}");
    }
    assert!(reserve(HOUR).await.is_ok());
    assert!(
        store.reserve_slots("another", 10, second, Duration::ZERO).await.unwrap().is_ok(),
        "its own line"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_is_dropped_in_the_middle_of_a_copy_leaves_no_connection_out_of_step() {
    let mut account = Account::new(Options { campaigns: 1, rows: 40, turns: 2, ..Options::default() }).await;
    account.complete_pass(&passing()).await;
    account.mirror.store = Some(open(&account.database, 3).await);
    let waits = "select count(*) from pg_stat_activity where datname = current_database()
                 and wait_event_type = 'Lock' and query ilike 'copy %'";
    for _ in 0..3 {
        account.simulator.edit(|edited| edited.append_rows(0, 60).unwrap());
        let rows = account.simulator.edit(|edited| edited.row_ids(0).unwrap());
        // Another transaction has written a line of the same key and has not ended, so that the COPY has to wait.
        let mut other = account.pool.begin().await.unwrap();
        sqlx::query(
            "insert into revox.campaign_rows
             select (jsonb_populate_record(r, jsonb_build_object('id', $1))).* from revox.campaign_rows r limit 1",
        )
        .bind(rows.last().unwrap())
        .execute(&mut *other)
        .await
        .unwrap();
        let mirror = account.mirror.clone();
        let pass = tokio::spawn(async move { run_pass(&mirror, &passing()).await });
        until("the COPY waits", async || account.count(waits).await == 1).await;
        pass.abort();
        assert!(pass.await.unwrap_err().is_cancelled());
        other.rollback().await.unwrap();
        account.complete_pass(&passing()).await;
        account.assert_equal().await;
    }
}
