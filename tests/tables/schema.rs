//! The tables as Postgres sees them after the migrations: that they are those of the design, that everything is
//! described, keyed and named, and that what the database computes is right.
//!
//! Owns the promises of `migrations/`. Leaves what is written into the tables to the tests of the store.

mod catalog;
mod design;

use crate::support::database::TestDatabase;
use design::{BOOKKEEPING, TABLES, VIEWS};
use sqlx::migrate::Migrator;
use sqlx::{Connection, PgConnection};
use std::collections::BTreeMap;
use std::path::Path;

fn migrations_dir() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations"))
}

async fn migrator() -> Migrator {
    let mut migrator = Migrator::new(migrations_dir()).await.expect("the migrations can be read");
    migrator.dangerous_set_table_name("revox_sync._sqlx_migrations");
    migrator
}

async fn connect(database: &TestDatabase) -> PgConnection {
    PgConnection::connect(database.url()).await.expect("the test's database can be reached")
}

/// Applies the migrations the way the program does: the schema of the migrator's own table comes first.
async fn migrate(connection: &mut PgConnection) {
    sqlx::raw_sql("create schema if not exists revox_sync")
        .execute(&mut *connection)
        .await
        .expect("the schema can be made");
    migrator().await.run(connection).await.expect("the migrations apply");
}

async fn names(connection: &mut PgConnection, query: &'static str) -> Vec<String> {
    sqlx::query_scalar(query).fetch_all(connection).await.expect("the catalog can be read")
}

/// What holds columns, by `pg_class.relkind`.
const TABLE_KINDS: &[&str] = &["r", "p"];
const VIEW_KINDS: &[&str] = &["v", "m"];

/// The columns of each table or view of a schema, in order.
async fn columns(
    connection: &mut PgConnection,
    schema: &str,
    kinds: &[&str],
) -> BTreeMap<String, Vec<String>> {
    let pairs: Vec<(String, Vec<String>)> = sqlx::query_as(
        "select c.relname::text, array_agg(a.attname::text order by a.attnum)
         from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         where c.relnamespace = to_regnamespace($1) and c.relkind::text = any($2)
         group by c.relname",
    )
    .bind(schema)
    .bind(kinds)
    .fetch_all(connection)
    .await
    .expect("the catalog can be read");
    pairs.into_iter().collect()
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[tokio::test]
async fn the_tables_and_views_are_those_of_the_design() {
    let database = TestDatabase::fresh().await;
    let mut connection = connect(&database).await;
    migrate(&mut connection).await;

    for (names, kinds) in [(TABLES, TABLE_KINDS), (VIEWS, VIEW_KINDS)] {
        let expected: BTreeMap<_, _> =
            names.iter().map(|(name, columns)| ((*name).to_owned(), words(columns))).collect();
        assert_eq!(columns(&mut connection, "revox", kinds).await, expected);
    }

    let bookkeeping = columns(&mut connection, "revox_sync", TABLE_KINDS).await;
    for (table, expected) in BOOKKEEPING {
        let found = bookkeeping.get(*table).unwrap_or_else(|| panic!("there is no revox_sync.{table}"));
        for column in words(expected) {
            assert!(found.contains(&column), "revox_sync.{table} has no column {column}");
        }
    }
}

const START: &str = "2026-01-01T10:00:00Z";
const EARLIEST: &str = "4714-11-24 00:00:00Z BC";
const LATEST: &str = "294276-12-31 23:59:59Z";

/// An attempt's name, its three times (started, answered, ended), and the seconds it rang and was talked in.
type Attempt = (&'static str, [Option<&'static str>; 3], [Option<f64>; 2]);

const ATTEMPTS: &[Attempt] = &[
    (
        "answered",
        [Some(START), Some("2026-01-01T10:00:07.5Z"), Some("2026-01-01T11:01:07.75+00:00")],
        [Some(7.5), Some(3660.25)],
    ),
    (
        "in another zone",
        [Some(START), Some("2026-01-01T12:00:07+02:00"), Some("2026-01-01T10:00:08Z")],
        [Some(7.0), Some(1.0)],
    ),
    ("not answered", [Some(START), None, Some("2026-01-01T10:00:30Z")], [Some(30.0), None]),
    ("still ringing", [Some(START), None, None], [None, None]),
    ("still talking", [Some(START), Some("2026-01-01T10:00:05Z"), None], [Some(5.0), None]),
    ("start unknown", [None, Some("2026-01-01T10:00:05Z"), Some("2026-01-01T10:00:09Z")], [None, Some(4.0)]),
    ("nothing known", [None, None, None], [None, None]),
    (
        "out of order",
        [Some("2026-01-01T10:00:02Z"), Some(START), Some("2026-01-01T09:59:57Z")],
        [Some(-2.0), Some(-3.0)],
    ),
    ("no time at all", [Some(START), None, Some(START)], [Some(0.0), None]),
    ("answered never", [Some(START), Some("infinity"), Some("2026-01-01T10:00:30Z")], [None, None]),
    ("ends never", [Some("-infinity"), Some(START), Some("infinity")], [None, None]),
    ("all infinite", [Some("infinity"), Some("infinity"), Some("infinity")], [None, None]),
    (
        "far apart",
        [Some(EARLIEST), Some(LATEST), Some(EARLIEST)],
        [Some(9_435_184_819_199.0), Some(-9_435_184_819_199.0)],
    ),
];

#[tokio::test]
async fn the_durations_of_an_attempt_follow_from_its_times_and_no_time_raises_an_error() {
    let database = TestDatabase::fresh().await;
    let mut connection = connect(&database).await;
    migrate(&mut connection).await;

    for (id, [started, answered, ended], [ring, talk]) in ATTEMPTS {
        let found: (Option<f64>, Option<f64>) = sqlx::query_as(
            "insert into revox.call_attempts (id, started_at, answered_at, ended_at, _first_seen_at, _synced_at)
             values ($1, $2::text::timestamptz, $3::text::timestamptz, $4::text::timestamptz, now(), now())
             returning ring_seconds, talk_seconds",
        )
        .bind(id)
        .bind(started)
        .bind(answered)
        .bind(ended)
        .fetch_one(&mut connection)
        .await
        .unwrap_or_else(|error| panic!("{id}: {error}"));
        assert_eq!(found, (*ring, *talk), "{id}");
    }
}

#[tokio::test]
async fn a_second_migration_changes_nothing() {
    let database = TestDatabase::fresh().await;
    let mut connection = connect(&database).await;
    migrate(&mut connection).await;
    let applied =
        "select version::text || ' ' || installed_on::text from revox_sync._sqlx_migrations order by version";
    let before = names(&mut connection, applied).await;
    assert_eq!(before.len(), migrator().await.iter().count());

    migrate(&mut connection).await;
    assert_eq!(names(&mut connection, applied).await, before);
}

#[tokio::test]
async fn a_role_that_may_not_create_schemas_can_migrate_those_made_for_it() {
    let database = TestDatabase::fresh().await;
    let mut connection = connect(&database).await;
    // A role that every server has and that may create no schema, so that the test leaves none behind.
    sqlx::raw_sql(
        "create schema revox;
         create schema revox_sync;
         grant usage, create on schema revox, revox_sync to pg_read_all_data;
         set role pg_read_all_data;",
    )
    .execute(&mut connection)
    .await
    .expect("the tests' role may act as another");
    let refused = sqlx::raw_sql("create schema elsewhere").execute(&mut connection).await;
    assert!(refused.is_err(), "the role is to be one without the right");

    migrator().await.run(&mut connection).await.expect("the migrations apply");
    assert_eq!(columns(&mut connection, "revox", TABLE_KINDS).await.len(), TABLES.len());
    assert_eq!(columns(&mut connection, "revox", VIEW_KINDS).await.len(), VIEWS.len());
}

#[test]
fn every_migration_is_named_for_what_it_does_and_opens_with_the_reason() {
    let mut seen = 0;
    for entry in std::fs::read_dir(migrations_dir()).expect("the directory can be read") {
        let path = entry.expect("the entry can be read").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("the name is text").to_owned();
        let (version, rest) = name.split_once('_').unwrap_or_else(|| panic!("{name} has no number"));
        assert!(version.len() == 14 && version.bytes().all(|byte| byte.is_ascii_digit()), "{name}");
        let words = rest.strip_suffix(".sql").unwrap_or_else(|| panic!("{name} is not SQL"));
        assert!(words.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        let text = std::fs::read_to_string(&path).expect("the file can be read");
        assert!(text.starts_with("-- "), "{name} does not say why");
        assert!(text.lines().count() < 400, "{name} is too long");
        seen += 1;
    }
    assert!(seen > 0);
}
