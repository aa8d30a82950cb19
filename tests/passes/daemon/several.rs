//! Several daemons on one database.

use super::small;
use crate::support::program;
use crate::support::running::{Running, until};
use crate::support::setting::Setting;
use nix::sys::signal::Signal;
use revox_mirror::simulator::{Fault, FaultKind};
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use std::str::FromStr;
use std::time::Duration;

/// Pairs of runs of one campaign that overlap, by the clock of the processes, all of which run here.
const OVERLAPS: &str = "select count(*) from revox_sync.runs a join revox_sync.runs b
                        on a.campaign_id = b.campaign_id and a.id < b.id
                        where a.finished_at > b.started_at and a.error is distinct from
                              'broken off; what it committed stays'";

#[tokio::test(flavor = "multi_thread")]
async fn three_daemons_share_an_account_and_ask_for_its_list_once_a_tick() {
    let setting = Setting::new(small(12, 60)).await;
    setting.simulator.inject(Fault::new(FaultKind::Slow(Duration::from_millis(60))).on_path("/rows"));
    let more = [
        ("REVOX_MIRROR__SCHEDULE__CRON", "*/2 * * * * *"),
        ("REVOX_MIRROR__SYNC__MAX_CONCURRENT_CAMPAIGNS", "2"),
    ];
    let daemons: Vec<Running> = (0..3).map(|_| setting.daemon(&more)).collect();
    for daemon in &daemons {
        daemon.says("the daemon runs").await;
    }
    setting.until_equal().await;
    for daemon in &daemons {
        assert!(daemon.count("campaign started") > 0, "each of them has worked:\n{}", daemon.log());
    }
    let before = setting.list_requests();
    tokio::time::sleep(Duration::from_secs(8)).await;
    let lists = setting.list_requests() - before;
    assert!((3..=6).contains(&lists), "{lists} lists in four ticks of three daemons");
    for round in 0..3 {
        setting.simulator.edit(|account| {
            for campaign in 0..12 {
                account.advance_calls(campaign, 2 + round).unwrap();
            }
        });
        setting.until_equal().await;
    }
    for daemon in daemons {
        daemon.stop().await;
    }
    assert_eq!(setting.count(OVERLAPS).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_campaigns_of_a_daemon_that_is_killed_are_taken_over() {
    let mut setting = Setting::new(small(2, 3000)).await;
    setting.set("REVOX_MIRROR__SYNC__BATCH_ROWS", "100");
    setting.simulator.inject(Fault::new(FaultKind::Slow(Duration::from_millis(100))).on_path("/rows"));
    // The list is asked for once: what is taken over is known from the first one's work alone.
    let more = [("REVOX_MIRROR__SCHEDULE__CRON", "0 0 0 1 1 *")];
    let first = setting.daemon(&more);
    first.says("the daemon runs").await;
    until("both campaigns are under way", async || {
        setting.count("select count(*) from revox_sync.checkpoints where walk_next_page > 0").await == 2
    })
    .await;
    let second = setting.daemon(&more);
    second.says("the list was read a moment ago").await;
    let epochs: i64 =
        setting.count("select sum(epoch)::bigint from revox_sync.leases where scope like 'campaign:%'").await;
    first.kill().await;
    setting.simulator.clear_faults();
    until("both campaigns are complete", async || {
        setting.count("select count(*) from revox_sync.checkpoints where completed_at is not null").await == 2
    })
    .await;
    setting.assert_equal().await;
    assert_eq!(setting.list_requests(), 1);
    let raised: i64 =
        setting.count("select sum(epoch)::bigint from revox_sync.leases where scope like 'campaign:%'").await;
    assert!(raised >= epochs + 2, "a takeover raises the epoch: {epochs}, {raised}");
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_pass_beside_a_daemon_works_on_what_is_free_and_says_what_is_not() {
    let mut setting = Setting::new(small(2, 1000)).await;
    setting.set("REVOX_MIRROR__SYNC__BATCH_ROWS", "100");
    let ids = setting.simulator.campaign_ids();
    setting
        .simulator
        .inject(Fault::new(FaultKind::Slow(Duration::from_millis(1500))).on_path(format!("{}/rows", ids[0])));
    let daemon = setting.daemon(&[("REVOX_MIRROR__SYNC__MAX_CONCURRENT_CAMPAIGNS", "1")]);
    daemon.says("campaign started").await;
    let run = setting.run(&["--wait", "1s"]).await;
    // Which of the two the daemon has begun with is its own affair.
    run.exits(3).says("another revox-mirror works on this campaign");
    setting.simulator.clear_faults();
    setting.until_equal().await;
    daemon.stop().await;
    assert_eq!(setting.count(OVERLAPS).await, 0);
}

const COMMITTED: &str = "select count(*) from revox_sync.checkpoints where walk_next_page > 1";
const COMPLETE: &str = "select count(*) from revox_sync.checkpoints where completed_at is not null";
const EPOCHS: &str = "select sum(epoch)::bigint from revox_sync.leases where scope like 'campaign:%'";

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_slept_past_its_lease_writes_nothing_when_it_wakes() {
    let mut setting = Setting::new(small(1, 2000)).await;
    setting.set("REVOX_MIRROR__SYNC__BATCH_ROWS", "100");
    setting.set("REVOX_MIRROR__DAEMON__LEASE_TTL", "3s");
    setting.simulator.inject(Fault::new(FaultKind::Slow(Duration::from_millis(150))).on_path("/rows"));
    let sleeper = setting.start(&[]);
    until("pages are committed", async || is_there(&setting).await && setting.count(COMMITTED).await == 1)
        .await;
    program::signal(&sleeper, Signal::SIGSTOP);
    let epochs = setting.count(EPOCHS).await;
    setting.simulator.clear_faults();
    let daemon = setting.daemon(&[]);
    setting.until_count(COMPLETE, 1).await;
    // What the sleeper has read by now is old.
    setting.simulator.edit(|account| {
        account.advance_calls(0, 30).unwrap();
        account.append_rows(0, 50).unwrap();
    });
    setting.until_equal().await;
    assert!(setting.count(EPOCHS).await > epochs, "a takeover raises the epoch");
    program::signal(&sleeper, Signal::SIGCONT);
    let run = program::ended(sleeper).await;
    run.exits(3).says("is no longer held, so nothing was written");
    setting.assert_equal().await;
    daemon.stop().await;
    setting.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_over_is_not_held_up_by_a_process_that_stands_still_in_the_middle_of_a_copy() {
    let mut setting = Setting::new(small(1, 50)).await;
    setting.set("REVOX_MIRROR__DAEMON__LEASE_TTL", "3s");
    setting.program(&["migrate"]).await.exits(0);
    let campaign = &setting.simulator.campaign_ids()[0];
    // As one would leave it that was frozen: a campaign that nobody else can write, and a COPY that waits for its next piece.
    let options = PgConnectOptions::from_str(setting.database().url()).unwrap();
    let mut frozen = options.application_name("revox-mirror").connect().await.unwrap();
    let begun = format!(
        "begin; insert into revox.campaigns (id, _first_seen_at, _synced_at) values ('{campaign}', now(), now())"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(begun)).execute(&mut frozen).await.unwrap();
    let copy =
        frozen.copy_in_raw("copy revox.campaign_rows (id) from stdin with (format binary)").await.unwrap();
    setting
        .execute(
            "insert into revox_sync.leases (scope, holder, epoch, expires_at, renewed_at)
             values ('account:default', 'elsewhere', 1, now() - interval '1s', now() - interval '4s')",
        )
        .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    setting.run(&[]).await.exits(0).says("stood still in the middle of a COPY");
    setting.assert_equal().await;
    assert!(copy.finish().await.is_err(), "its connection was ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_single_passes_at_once_leave_each_campaign_to_one_of_them() {
    let setting = Setting::new(small(4, 600)).await;
    let passes = (0..4).map(|_| setting.run(&["--wait", "1m"]));
    for run in futures::future::join_all(passes).await {
        run.exits(0);
    }
    setting.assert_equal().await;
    assert_eq!(setting.count(OVERLAPS).await, 0, "no two passes of a campaign at once");
    let left = "select count(*) from revox_sync.leases where expires_at > clock_timestamp()";
    assert_eq!(setting.count(left).await, 0, "every lease was given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rate_of_an_account_is_one_for_all_that_ask() {
    let mut setting = Setting::new(small(6, 400)).await;
    setting.set("REVOX_MIRROR__API__REQUESTS_PER_SECOND", "20");
    setting.run(&["--campaign", &setting.simulator.campaign_ids()[0]]).await.exits(0);
    let daemons: Vec<Running> = (0..3).map(|_| setting.daemon(&[])).collect();
    for daemon in &daemons {
        daemon.says("the daemon runs").await;
    }
    // While all of them have work: requests in a stretch, counted by the database's clock against what was reserved.
    let reserved =
        "select extract(epoch from next_slot_at - clock_timestamp())::float8 from revox_sync.paces";
    let clock = std::time::Instant::now();
    let before = setting.simulator.requests().total;
    setting.until_equal().await;
    let requests = setting.simulator.requests().total - before;
    let seconds = clock.elapsed().as_secs_f64();
    let ahead: f64 = sqlx::query_scalar(reserved).fetch_one(&setting.pool).await.unwrap();
    assert!(ahead < 60.0, "the reservations do not run away: {ahead}");
    let most = 20.0 * (seconds + 1.0) + 15.0;
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let asked = requests as f64;
    assert!(asked <= most, "{asked} requests in {seconds} s at 20 a second");
    let worked = daemons.iter().filter(|daemon| daemon.count("campaign started") > 0).count();
    assert!(worked > 1, "more than one of them has asked");
    for daemon in daemons {
        daemon.stop().await;
    }
}

/// The migrations are one transaction.
async fn is_there(setting: &Setting) -> bool {
    setting.count("select count(to_regclass('revox_sync.checkpoints'))").await == 1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_sleeps_within_a_transaction_holds_nobody_up_for_long() {
    let mut setting = Setting::new(small(1, 2000)).await;
    setting.set("REVOX_MIRROR__SYNC__BATCH_ROWS", "100");
    setting.set("REVOX_MIRROR__DAEMON__LEASE_TTL", "6s");
    setting.simulator.inject(Fault::new(FaultKind::Slow(Duration::from_millis(150))).on_path("/rows"));
    let sleeper = setting.start(&[]);
    until("pages are committed", async || is_there(&setting).await && setting.count(COMMITTED).await == 1)
        .await;
    // Its next commit has written rows, and waits for this lock; there it falls asleep.
    let mut lock = setting.pool.begin().await.unwrap();
    sqlx::query("select 1 from revox_sync.checkpoints for update").execute(&mut *lock).await.unwrap();
    let waiting = "select count(*) from pg_stat_activity
                   where datname = current_database() and application_name = 'revox-mirror'
                     and wait_event_type = 'Lock'";
    until("it waits within a transaction", async || setting.count(waiting).await > 0).await;
    program::signal(&sleeper, Signal::SIGSTOP);
    lock.commit().await.unwrap();
    // One that looks pages up may be there besides.
    let idle = "select coalesce(array_agg(pid), '{}') from pg_stat_activity
                where datname = current_database() and application_name = 'revox-mirror'
                  and state = 'idle in transaction' and (pid = any($1) or $1 is null)";
    let asleep = async |among: Option<Vec<i32>>| -> Vec<i32> {
        sqlx::query_scalar(idle).bind(among).fetch_one(&setting.pool).await.unwrap()
    };
    until("it sleeps within a transaction", async || !asleep(None).await.is_empty()).await;
    let sleeping = asleep(None).await;
    setting.simulator.clear_faults();
    let daemon = setting.daemon(&[("REVOX_MIRROR__DAEMON__LEASE_TTL", "6s")]);
    setting.until_count(COMPLETE, 1).await;
    setting.until_equal().await;
    until("the server has ended the sleeper's transactions", async || {
        asleep(Some(sleeping.clone())).await.is_empty()
    })
    .await;
    program::signal(&sleeper, Signal::SIGCONT);
    program::ended(sleeper).await.exits(3);
    setting.assert_equal().await;
    daemon.stop().await;
}
