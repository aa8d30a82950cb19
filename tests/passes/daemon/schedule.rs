//! When the daemon looks, and at what.

use super::{finish, small};
use crate::support::setting::Setting;
use nix::sys::signal::Signal;
use std::io::Write;
use std::time::Duration;

fn config(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

const RUNS: &str = "select count(*) from revox_sync.runs where finished_at is not null";

#[tokio::test(flavor = "multi_thread")]
async fn changes_arrive_by_themselves_and_a_tick_without_any_costs_one_request() {
    let setting = Setting::new(small(2, 30)).await;
    let daemon = setting.daemon(&[]);
    daemon.says("the daemon runs").await;
    setting.until_equal().await;
    for _ in 0..3 {
        setting.simulator.edit(|account| {
            account.advance_calls(0, 3).unwrap();
            account.append_rows(1, 2).unwrap();
        });
        setting.until_equal().await;
    }
    // Calls under way are read again at intervals; a campaign without any is not.
    daemon.stop().await;
    let setting = Setting::new(small(2, 30)).await;
    finish(&setting.simulator, 2);
    let daemon = setting.daemon(&[("REVOX_MIRROR__SYNC__SETTLE_WINDOW", "0s")]);
    daemon.says("the daemon runs").await;
    setting.until_equal().await;
    setting.until_count(RUNS, 2).await;
    let lists = setting.list_requests();
    let all = setting.simulator.requests().total;
    crate::support::running::until("three more ticks", async || setting.list_requests() >= lists + 3).await;
    let requests = setting.simulator.requests();
    assert_eq!(requests.total - all, setting.list_requests() - lists, "{:?}", requests.recent);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_may_be_left_alone_or_have_a_pattern_of_its_own() {
    let setting = Setting::new(small(4, 20)).await;
    let ids = setting.simulator.campaign_ids();
    let own = |id: &str| format!("[schedule.campaigns.{id:?}]\ncron = \"* * * * * *\"\n");
    let file =
        config(&format!("[schedule.campaigns.{:?}]\noff = true\n{}{}", ids[0], own(&ids[1]), own(&ids[3])));
    let path = file.path().to_str().unwrap();
    let daemon = setting.daemon_with(&["--config", path], &[("REVOX_MIRROR__SCHEDULE__CRON", "0 0 0 1 1 *")]);
    daemon.says("the daemon runs").await;
    setting
        .until_count("select count(*) from revox_sync.checkpoints where completed_at is not null", 3)
        .await;
    // The list is asked for once a year, and these two every second.
    for round in 1..3 {
        setting.simulator.edit(|account| {
            for campaign in 0..4 {
                account.append_rows(campaign, 5).unwrap();
            }
        });
        for id in [&ids[1], &ids[3]] {
            crate::support::running::until("it has its new rows", async || {
                rows_of(&setting, id).await == 20 + 5 * round
            })
            .await;
        }
    }
    assert_eq!(rows_of(&setting, &ids[0]).await, 0);
    assert_eq!(rows_of(&setting, &ids[2]).await, 20);
    assert_eq!(setting.list_requests(), 1);
    daemon.stop().await;
}

async fn rows_of(setting: &Setting, id: &str) -> i64 {
    sqlx::query_scalar("select count(*) from revox.campaign_rows where campaign_id = $1")
        .bind(id)
        .fetch_one(&setting.pool)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_campaigns_that_are_due_together_the_one_of_higher_priority_goes_first() {
    let setting = Setting::new(small(4, 20)).await;
    let ids = setting.simulator.campaign_ids();
    let file = config(&format!("[schedule.campaigns.{:?}]\npriority = 5\n", ids[3]));
    let path = file.path().to_str().unwrap();
    let daemon =
        setting.daemon_with(&["--config", path], &[("REVOX_MIRROR__SYNC__MAX_CONCURRENT_CAMPAIGNS", "1")]);
    daemon.says("the daemon runs").await;
    setting.until_count("select count(distinct campaign_id) from revox_sync.runs", 4).await;
    let first: String = sqlx::query_scalar("select campaign_id from revox_sync.runs order by id limit 1")
        .fetch_one(&setting.pool)
        .await
        .unwrap();
    assert_eq!(first, ids[3]);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_starts_over_a_fresh_mirror_asks_for_nothing() {
    let setting = Setting::new(small(1, 20)).await;
    finish(&setting.simulator, 1);
    setting.run(&[]).await.exits(0);
    let before = setting.simulator.requests().total;
    // The last tick was on New Year's Day.
    let daemon = setting.daemon(&[("REVOX_MIRROR__SCHEDULE__CRON", "0 0 0 1 1 *")]);
    daemon.says("the list was read a moment ago").await;
    daemon.stop().await;
    assert_eq!(setting.simulator.requests().total, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_starts_over_a_stale_mirror_looks_at_once() {
    let setting = Setting::new(small(1, 20)).await;
    setting.run(&[]).await.exits(0);
    setting.execute("update revox_sync.accounts set listed_at = '2020-01-01'").await;
    setting.simulator.edit(|account| account.append_rows(0, 1).unwrap());
    let daemon = setting.daemon(&[("REVOX_MIRROR__SCHEDULE__CRON", "0 0 0 1 1 *")]);
    daemon.says("the list was looked at").await;
    setting.until_equal().await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ticks_that_were_missed_are_made_up_once() {
    let setting = Setting::new(small(1, 5)).await;
    let daemon = setting.daemon(&[]);
    daemon.says("the daemon runs").await;
    setting.until_equal().await;
    daemon.signal(Signal::SIGSTOP);
    let before = setting.list_requests();
    tokio::time::sleep(Duration::from_secs(5)).await;
    setting.simulator.edit(|account| account.append_rows(0, 1).unwrap());
    let slept_through = setting.list_requests() - before;
    let woken = tokio::time::Instant::now();
    daemon.signal(Signal::SIGCONT);
    setting.until_equal().await;
    let seconds = woken.elapsed().as_secs() + 1;
    let asked = setting.list_requests() - before - slept_through;
    assert!(asked <= seconds + 1, "{asked} lists in {seconds} s after five missed ticks");
    daemon.stop().await;
}
