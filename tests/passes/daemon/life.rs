//! How the daemon ends, and what it takes up while it runs.

use super::small;
use crate::support::running::until;
use crate::support::setting::Setting;
use nix::sys::signal::Signal;
use revox_mirror::simulator::{Fault, FaultKind};
use std::io::Write;
use std::time::Duration;

const HELD: &str = "select count(*) from revox_sync.leases where expires_at > clock_timestamp()";
const COMMITTED: &str = "select count(*) from revox_sync.checkpoints where walk_next_page > 0";

fn slow(milliseconds: u64) -> Fault {
    Fault::new(FaultKind::Slow(Duration::from_millis(milliseconds))).on_path("/rows")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_lets_pages_under_way_end_and_gives_the_leases_back() {
    let mut setting = Setting::new(small(1, 3000)).await;
    setting.set("REVOX_MIRROR__SYNC__BATCH_ROWS", "100");
    setting.simulator.inject(slow(150));
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let daemon = setting.daemon(&[]);
        daemon.says("campaign started").await;
        let before = if signal == Signal::SIGTERM { 0 } else { setting.count(COMMITTED).await };
        until("pages are committed", async || setting.count(COMMITTED).await > 0).await;
        assert!(setting.count(HELD).await > 0);
        daemon.signal(signal);
        let run = daemon.ended().await;
        run.exits(0).says("stopping; what is under way is committed first").says("\"stopped\"");
        assert_eq!(setting.count(HELD).await, 0, "the leases are given back");
        let unended = "select count(*) from revox_sync.runs where finished_at is null";
        assert_eq!(setting.count(unended).await, 0, "the run line says how it ended");
        let outcome: String =
            sqlx::query_scalar("select outcome from revox_sync.runs order by id desc limit 1")
                .fetch_one(&setting.pool)
                .await
                .unwrap();
        assert_eq!(outcome, "partial");
        assert!(setting.count(COMMITTED).await >= before);
    }
    let committed = setting.count("select max(walk_next_page) from revox_sync.checkpoints").await;
    assert!(committed > 0);
    setting.simulator.clear_faults();
    setting.simulator.reset_requests();
    setting.run(&[]).await.exits(0);
    setting.assert_equal().await;
    let pages = setting.rows_requests();
    assert!(
        pages <= 30 - u64::try_from(committed).unwrap() + 1,
        "{pages} pages after {committed} were committed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once_and_nothing_is_lost() {
    let setting = Setting::new(small(1, 500)).await;
    setting.simulator.inject(slow(60_000).nth(3));
    let daemon = setting.daemon(&[("REVOX_MIRROR__DAEMON__SHUTDOWN_GRACE", "10m")]);
    daemon.says("campaign started").await;
    until("the slow page is asked for", async || setting.rows_requests() >= 3).await;
    daemon.signal(Signal::SIGTERM);
    daemon.says("stopping; what is under way").await;
    daemon.signal(Signal::SIGTERM);
    daemon.ended().await.exits(1).says("stopped at once; what was committed stays");
    setting.run(&[]).await.exits(0);
    setting.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_grace_is_an_end_too() {
    let setting = Setting::new(small(1, 500)).await;
    setting.simulator.inject(slow(60_000).nth(3));
    let daemon = setting.daemon(&[("REVOX_MIRROR__DAEMON__SHUTDOWN_GRACE", "1s")]);
    daemon.says("campaign started").await;
    until("the slow page is asked for", async || setting.rows_requests() >= 3).await;
    daemon.signal(Signal::SIGTERM);
    daemon.ended().await.exits(1).says("the grace is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_takes_up_what_is_safe_and_names_the_key_of_what_is_not() {
    let setting = Setting::new(small(1, 20)).await;
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    file.write_all(b"[schedule]\ncron = \"0 0 0 1 1 *\"\n").unwrap();
    let path = file.path().to_owned();
    let mut environment: Vec<(String, String)> = setting.environment.clone();
    environment.push(("REVOX_MIRROR__ADMIN__LISTEN".to_owned(), String::new()));
    let environment: Vec<(&str, &str)> =
        environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let daemon =
        crate::support::running::Running::start(&["run", "--config", path.to_str().unwrap()], &environment);
    daemon.says("the daemon runs").await;
    setting.until_equal().await;

    for (text, refusal) in [
        (
            "[schedule]\ncron = \"* * * * * *\"\n[daemon]\nlease_ttl = \"10s\"\n",
            "daemon.lease_ttl has changed",
        ),
        ("[schedule]\ncron = \"whenever\"\n", "schedule.cron must"),
        ("[schedul]\ncron = \"x\"\n", "schedul is no configuration key"),
        ("[accounts.more]\napi_key = \"k\"\n", "accounts.more has come or gone"),
    ] {
        std::fs::write(&path, text).unwrap();
        let before = daemon.count("the configuration is not taken up");
        daemon.signal(Signal::SIGHUP);
        until("the refusal is logged", async || daemon.count("the configuration is not taken up") > before)
            .await;
        let log = daemon.log();
        assert!(log.contains(refusal), "{refusal} is not in {log}");
    }
    assert_eq!(daemon.count("the configuration was read again"), 0);

    std::fs::write(&path, "[schedule]\ncron = \"* * * * * *\"\njitter = \"0s\"\n[sync]\nbatch_rows = 200\n")
        .unwrap();
    daemon.signal(Signal::SIGHUP);
    daemon.says("the configuration was read again").await;
    setting.simulator.edit(|account| account.append_rows(0, 3).unwrap());
    setting.until_equal().await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_is_told_that_it_is_ready_lives_reloads_and_stops() {
    let setting = Setting::new(small(1, 5)).await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let socket = std::sync::Arc::new(socket);
    let next = move || {
        let mut buffer = [0; 4096];
        let length = socket.recv(&mut buffer).expect("something is told in time");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let until_told = async |text: &'static str| {
        let next = next.clone();
        tokio::task::spawn_blocking(move || {
            loop {
                let told = next();
                if told.contains(text) {
                    return told;
                }
            }
        })
        .await
        .unwrap()
    };
    let daemon = setting.daemon(&[("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "600000")]);
    until_told("READY=1").await;
    until_told("WATCHDOG=1").await;
    until_told("STATUS=account default:").await;
    daemon.signal(Signal::SIGHUP);
    let reloading = until_told("RELOADING=1").await;
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    until_told("READY=1").await;
    until_told("WATCHDOG=1").await;
    daemon.signal(Signal::SIGTERM);
    until_told("STOPPING=1").await;
    daemon.ended().await.exits(0);
}
