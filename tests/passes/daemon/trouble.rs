//! What becomes of trouble while the daemon runs.

use super::admin::address_of;
use super::small;
use crate::support::cluster::{local_options, open_directory};
use crate::support::http::get;
use crate::support::running::until;
use crate::support::setting::Setting;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use revox_mirror::localdb::LocalDb;
use revox_mirror::simulator::{Fault, FaultKind};
use secrecy::ExposeSecret;
use std::path::Path;
use std::time::Duration;

/// Stops a cluster as `pg_ctl stop --mode fast` does, and waits for its end.
async fn shut_down(directory: &Path) {
    let file = directory.join("cluster/postmaster.pid");
    let text = std::fs::read_to_string(&file).unwrap();
    let process: i32 = text.lines().next().unwrap().trim().parse().unwrap();
    kill(Pid::from_raw(process), Signal::SIGINT).unwrap();
    until("Postgres has ended", async || !file.exists()).await;
}

/// Starts it again.
async fn start_again(directory: &Path) -> LocalDb {
    LocalDb::start(local_options(directory)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_restarts_or_stays_away_for_a_while_is_survived() {
    let directory = open_directory();
    let first = LocalDb::start(local_options(directory.path())).await.unwrap();
    let mut setting = Setting::over(small(2, 2000), first.url().expose_secret()).await;
    setting.set("REVOX_MIRROR__SYNC__BATCH_ROWS", "100");
    setting.simulator.inject(Fault::new(FaultKind::Slow(Duration::from_millis(80))).on_path("/rows"));
    let daemon = setting.daemon(&[("REVOX_MIRROR__ADMIN__LISTEN", "127.0.0.1:0")]);
    let address = address_of(&daemon).await;
    let committed = "select coalesce(sum(walk_next_page), 0)::bigint from revox_sync.checkpoints";
    until("pages are committed", async || setting.count(committed).await > 2).await;

    // It restarts in the middle of both passes.
    shut_down(directory.path()).await;
    let second = start_again(directory.path()).await;
    setting.simulator.clear_faults();
    let complete = "select count(*) from revox_sync.checkpoints where completed_at is not null";
    setting.until_count(complete, 2).await;
    setting.until_equal().await;

    // It is away for many ticks.
    shut_down(directory.path()).await;
    daemon.says("the database is away").await;
    // Which the admin server says, and within the time that a scrape has.
    let reason = get(&address, "/readyz").await;
    assert_eq!(reason.status, 503);
    assert!(reason.body.contains("the database cannot be relied on: "), "{}", reason.body);
    assert!(get(&address, "/metrics").await.body.contains("revox_mirror_database_up 0\n"));
    assert!(get(&address, "/").await.body.contains("The database cannot be read"));
    let requests = setting.simulator.requests().total;
    let tries = daemon.count("the database is away");
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert!(daemon.count("the database is away") - tries <= 5, "the pauses grow:\n{}", daemon.log());
    assert!(
        setting.simulator.requests().total - requests <= 12,
        "the API is not asked for what cannot be kept"
    );
    let third = start_again(directory.path()).await;
    setting.simulator.edit(|account| account.append_rows(0, 4).unwrap());
    setting.until_equal().await;
    daemon.says("the database is back").await;
    until("it is ready again", async || get(&address, "/readyz").await.status == 200).await;
    daemon.stop().await;
    drop((first, second, third));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_refused_in_the_middle_parks_the_account_and_what_was_due_is_not_asked_for() {
    let mut setting = Setting::new(small(8, 20)).await;
    setting.set("REVOX_MIRROR__API__MAX_TRIES", "1");
    setting.set("REVOX_MIRROR__SYNC__MAX_CONCURRENT_CAMPAIGNS", "1");
    setting.set("REVOX_MIRROR__SCHEDULE__CRON", "0 0 0 1 1 *");
    setting.simulator.inject(Fault::new(FaultKind::Slow(Duration::from_millis(1500))).on_path("/rows"));
    let daemon = setting.daemon(&[("REVOX_MIRROR__ADMIN__LISTEN", "127.0.0.1:0")]);
    let address = address_of(&daemon).await;
    daemon.says("the list was looked at").await;
    setting.simulator.inject(Fault::new(FaultKind::Status(401)));
    let before = setting.simulator.requests().total;
    daemon.says("the account is parked until somebody acts").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let asked = setting.simulator.requests().total - before;
    assert!(asked <= 5, "{asked} requests although seven more campaigns were due");
    let page = get(&address, "/").await.body;
    assert!(page.contains("Somebody has to act: account default is parked"), "{page}");
    assert!(!page.contains("look at it in Revox"), "it is the key, and no campaign:\n{page}");
    setting.simulator.clear_faults();
    daemon.signal(Signal::SIGHUP);
    setting.until_equal().await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_alone_that_is_answered_with_401_is_held_back_and_nothing_else() {
    let mut setting = Setting::new(small(3, 20)).await;
    setting.set("REVOX_MIRROR__API__MAX_TRIES", "1");
    let ids = setting.simulator.campaign_ids();
    setting.simulator.inject(Fault::new(FaultKind::Status(401)).on_path(format!("{}/rows", ids[0])));
    let daemon = setting.daemon(&[]);
    daemon.says("a pass failed").await;
    let complete = "select count(*) from revox_sync.checkpoints where completed_at is not null";
    setting.until_count(complete, 2).await;
    setting.simulator.edit(|account| account.append_rows(1, 4).unwrap());
    setting.until_count("select count(*) from revox.campaign_rows", 44).await;
    let run = daemon.stop().await;
    assert!(!run.err.contains("parked"), "{}", run.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_is_away_is_waited_for_with_growing_pauses() {
    let mut setting = Setting::new(small(1, 20)).await;
    setting.set("REVOX_MIRROR__API__MAX_TRIES", "1");
    let daemon = setting.daemon(&[]);
    daemon.says("the daemon runs").await;
    setting.until_equal().await;
    setting.simulator.inject(Fault::new(FaultKind::Status(503)));
    daemon.says("the list could not be read").await;
    let refused = setting.list_requests();
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    assert_eq!(
        setting.list_requests(),
        refused,
        "four ticks passed, and nothing was asked within the first pause"
    );
    setting.simulator.clear_faults();
    setting.simulator.edit(|account| account.append_rows(0, 2).unwrap());
    setting.until_equal().await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_that_fails_is_held_back_and_leaves_the_others_alone() {
    let mut setting = Setting::new(small(2, 20)).await;
    setting.set("REVOX_MIRROR__API__MAX_TRIES", "1");
    let ids = setting.simulator.campaign_ids();
    setting.simulator.inject(Fault::new(FaultKind::Status(500)).on_path(format!("{}/rows", ids[0])));
    let daemon = setting.daemon(&[]);
    daemon.says("the daemon runs").await;
    let complete = "select count(*) from revox_sync.checkpoints where completed_at is not null";
    setting.until_count(complete, 1).await;
    for _ in 0..3 {
        let lists = setting.list_requests();
        setting.simulator.edit(|account| account.append_rows(1, 1).unwrap());
        until("the next tick", async || setting.list_requests() > lists).await;
    }
    let failed: i64 = setting.count("select count(*) from revox_sync.runs where outcome = 'failed'").await;
    assert_eq!(failed, 1, "it was not tried in every tick");
    let rows: i64 = sqlx::query_scalar("select count(*) from revox.campaign_rows where campaign_id = $1")
        .bind(&ids[1])
        .fetch_one(&setting.pool)
        .await
        .unwrap();
    assert!(rows >= 20);
    setting.simulator.clear_faults();
    setting.until_count(complete, 2).await;
    setting.until_equal().await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_behind_the_key_is_refused_and_said_and_changes_nothing() {
    let setting = Setting::new(small(1, 20)).await;
    setting.run(&[]).await.exits(0);
    setting.execute("update revox_sync.accounts set organization_id = 'org_before'").await;
    setting.execute("update revox.campaigns set organization_id = 'org_before'").await;
    let daemon = setting.daemon(&[]);
    daemon.says("the account is parked until somebody acts").await;
    assert!(daemon.log().contains("--accept-account"));
    daemon.stop().await;
    let kept =
        "select count(*) from revox.campaigns where organization_id = 'org_before' and _deleted_at is null";
    assert_eq!(setting.count(kept).await, 1);
}
