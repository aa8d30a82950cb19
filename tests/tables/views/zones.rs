//! By which clock reports count: the configured zone, and the one that a phone number tells.

use crate::support::database::TestDatabase;
use crate::support::program::run;
use crate::support::setting::Setting;
use revox_mirror::simulator::Options;
use revox_mirror::store::{Store, StoreError, StoreOptions};
use sqlx::{Connection, PgConnection};
use std::time::Duration;

async fn migrated() -> (TestDatabase, Store, PgConnection) {
    let database = TestDatabase::fresh().await;
    let options = StoreOptions {
        url: database.mirror_url().to_owned().into(),
        max_connections: 2,
        lease_ttl: Duration::from_secs(30),
    };
    let (store, _) = Store::open(&options).await.unwrap();
    store.migrate().await.unwrap();
    let connection = PgConnection::connect(database.url()).await.unwrap();
    (database, store, connection)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_tells_its_zone_by_the_longest_prefix_that_is_known() {
    let (_database, _, mut connection) = migrated().await;
    for (number, expected) in [
        (Some("+33612345678"), Some("Europe/Paris")),
        (Some("33612345678"), Some("Europe/Paris")),
        (Some("+4915112345678"), Some("Europe/Berlin")),
        (Some("+447911123456"), Some("Europe/London")),
        // A country within a country's prefix.
        (Some("+390612345678"), Some("Europe/Rome")),
        (Some("+262262123456"), Some("Indian/Reunion")),
        (Some("+262269123456"), Some("Indian/Mayotte")),
        (Some("+34912345678"), Some("Europe/Madrid")),
        (Some("+34612345678"), Some("Europe/Madrid")),
        // North America is told by its areas, some by their towns.
        (Some("+12125551234"), Some("America/New_York")),
        (Some("+13125551234"), Some("America/Chicago")),
        (Some("12135551234"), Some("America/Los_Angeles")),
        (Some("+12082151234"), Some("America/Los_Angeles")),
        (Some("+12082211234"), Some("America/Denver")),
        (Some("+12083201234"), None),
        // Several zones, or none.
        (Some("+18005551234"), None),
        (Some("+74951234567"), Some("Europe/Moscow")),
        (Some("+80012345678"), None),
        // No such numbers.
        (Some("0612345678"), None),
        (Some("0033612345678"), None),
        (Some("+33"), None),
        (Some("+33 6 12 34 56 78"), None),
        (Some("++33612345678"), None),
        (Some("+3361234567890123"), None),
        (Some("sip:33612345678"), None),
        (Some("+33612345678\n"), None),
        (Some(""), None),
        (None, None),
    ] {
        let found: Option<String> = sqlx::query_scalar("select revox.number_zone($1)")
            .bind(number)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(found.as_deref(), expected, "{number:?}");
    }
    let (lines, unknown, idle): (i64, i64, i64) = sqlx::query_as(
        "select count(*),
                count(*) filter (where z.zone is not null and now() at time zone z.zone is null),
                count(*) filter (where z.zone is not distinct from (
                    select shorter.zone
                    from revox.number_zones shorter
                    where z.prefix like shorter.prefix || '_%'
                    order by length(shorter.prefix) desc
                    limit 1
                ))
         from revox.number_zones z",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert!(lines > 2900, "{lines}");
    assert_eq!(
        (unknown, idle),
        (0, 0),
        "every zone can be asked for, and no line says what a shorter prefix says"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reporting_zone_is_stored_once_and_one_that_the_server_does_not_know_is_refused() {
    let (_database, store, mut connection) = migrated().await;
    let mut zone = async || -> (String, i64, Option<String>) {
        sqlx::query_as(
            "select revox.reporting_time_zone(), count(*), max(xmin::text) from revox_sync.settings",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap()
    };
    assert_eq!(zone().await, ("UTC".to_owned(), 0, None));
    store.save_reporting_time_zone("Europe/Paris").await.unwrap();
    let stored = zone().await;
    assert_eq!((stored.0.as_str(), stored.1), ("Europe/Paris", 1));
    store.save_reporting_time_zone("Europe/Paris").await.unwrap();
    assert_eq!(zone().await, stored, "what is stored is not written again");
    let refused = store.save_reporting_time_zone("Europe/Atlantis").await.unwrap_err();
    assert!(
        matches!(&refused, StoreError::UnknownTimeZone { zone } if zone == "Europe/Atlantis"),
        "{refused}"
    );
    assert!(refused.hint().unwrap().contains("reporting.time_zone"));
    assert_eq!(zone().await, stored);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_read_revox_alone_can_ask_the_views_that_count_by_the_zone() {
    let (_database, store, mut connection) = migrated().await;
    store.save_reporting_time_zone("Asia/Tokyo").await.unwrap();
    // A role that every server has, so that the test leaves none behind.
    sqlx::raw_sql(
        "grant usage on schema revox to pg_monitor;
         grant select on all tables in schema revox to pg_monitor;
         set role pg_monitor;",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    for view in ["call_facts", "attempt_facts", "daily_activity", "hourly_answer_rate", "transcripts"] {
        let statement = format!("select count(*) from (select * from revox.{view}) v");
        sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(statement))
            .fetch_one(&mut connection)
            .await
            .unwrap();
    }
    let zone: String =
        sqlx::query_scalar("select revox.reporting_time_zone()").fetch_one(&mut connection).await.unwrap();
    assert_eq!(zone, "Asia/Tokyo");
    let refused = sqlx::query("select from revox_sync.settings").execute(&mut connection).await;
    assert!(refused.is_err(), "the bookkeeping is not theirs");
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_run_and_the_daemon_store_the_configured_zone() {
    let mut setting = Setting::new(Options { campaigns: 1, rows: 5, turns: 1, ..Options::default() }).await;
    let zone = |setting: &Setting| {
        let pool = setting.pool.clone();
        async move {
            let zone: String =
                sqlx::query_scalar("select revox.reporting_time_zone()").fetch_one(&pool).await.unwrap();
            zone
        }
    };
    setting.set("REVOX_MIRROR__REPORTING__TIME_ZONE", "Europe/Paris");
    let environment: Vec<(String, String)> = setting.environment.clone();
    let environment: Vec<(&str, &str)> =
        environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    run(&["migrate"], &environment).await.exits(0);
    assert_eq!(zone(&setting).await, "Europe/Paris");

    setting.set("REVOX_MIRROR__REPORTING__TIME_ZONE", "America/New_York");
    setting.run(&["--dry-run"]).await.exits(0);
    assert_eq!(zone(&setting).await, "Europe/Paris", "a dry run writes nothing");
    setting.run(&[]).await.exits(0);
    assert_eq!(zone(&setting).await, "America/New_York");

    setting.set("REVOX_MIRROR__REPORTING__TIME_ZONE", "Asia/Tokyo");
    let daemon = setting.daemon(&[]);
    setting.until_count("select count(*) from revox_sync.settings where time_zone = 'Asia/Tokyo'", 1).await;
    daemon.kill().await;

    setting.set("REVOX_MIRROR__REPORTING__TIME_ZONE", "Moon/Crater");
    setting.run(&[]).await.exits(2).says("reporting.time_zone must be a time zone");
}
