//! Killed at any instant, interrupted, or run twice at once: the next run goes on, and nothing is lost or doubled.

use crate::setting::Setting;
use crate::support::program::{self, signal};
use nix::sys::signal::Signal;
use revox_mirror::simulator::Options;
use std::time::Duration;
use tokio::process::Child;

/// Pages of each of the two campaigns.
const PAGES: u64 = 20;

/// What one kill may cost: the batch that was not committed and the pages in flight, of both campaigns.
const PAGES_A_KILL: u64 = 20;

async fn large() -> Setting {
    let options = Options {
        campaigns: 2,
        rows: 2_000,
        turns: 2,
        latency: Duration::from_millis(10),
        ..Options::default()
    };
    Setting::new(options).await
}

/// Waits until the program has asked for so many more pages, or has ended; whether it still runs.
async fn has_asked(setting: &Setting, child: &mut Child, pages: u64) -> bool {
    let goal = setting.rows_requests() + pages;
    loop {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if setting.rows_requests() >= goal {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_again_and_again_goes_on_where_it_was() {
    let setting = large().await;
    let mut kills = 0;
    let mut went_on = 0;
    for pages in [1, 3, 8, 12, 5, 14, 2, 10, 7, 13] {
        let mut child = setting.start(&[]);
        let still_runs = has_asked(&setting, &mut child, pages).await;
        signal(&child, Signal::SIGKILL);
        let run = program::ended(child).await;
        if still_runs && run.code.is_none() {
            kills += 1;
        } else {
            run.exits(0);
        }
        went_on +=
            setting.count("select count(*) from revox_sync.checkpoints where walk_next_page > 0").await;
    }
    assert!(kills >= 8, "only {kills} kills came in time");
    assert!(went_on > 0, "no kill fell into the middle of a walk");
    setting.run(&[]).await.exits(0);
    setting.assert_equal().await;
    let (asked, bound) = (setting.rows_requests(), 2 * PAGES + kills * PAGES_A_KILL);
    assert!(asked <= bound, "{asked} pages were asked for, and {bound} are allowed after {kills} kills");
    let doubled = "select count(*) from (select campaign_id, row_index from revox.campaign_rows
                   where _deleted_at is null group by 1, 2 having count(*) > 1) doubled";
    assert_eq!(setting.count(doubled).await, 0);
    setting.run(&["--full"]).await.exits(0);
    setting.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_walk_was_nearly_done_does_not_start_over() {
    let setting = large().await;
    let mut child = setting.start(&[]);
    loop {
        let there =
            "select count(*) from pg_tables where schemaname = 'revox_sync' and tablename = 'checkpoints'";
        let committed = "select coalesce(min(walk_next_page), 0) from revox_sync.checkpoints";
        if setting.count(there).await == 1 && setting.count(committed).await >= 12 {
            break;
        }
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
    }
    signal(&child, Signal::SIGKILL);
    program::ended(child).await;
    setting.simulator.reset_requests();
    setting.run(&[]).await.exits(0);
    let asked = setting.rows_requests();
    assert!(asked <= 2 * (PAGES - 12), "{asked} pages were asked for");
    setting.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_ends_cleanly_and_the_next_one_goes_on() {
    let setting = large().await;
    for interrupt in [Signal::SIGINT, Signal::SIGTERM] {
        let mut child = setting.start(&[]);
        assert!(has_asked(&setting, &mut child, 9).await, "it ended before the signal");
        signal(&child, interrupt);
        let run = program::ended(child).await;
        run.exits(1).says("interrupted").says("the next run goes on");
        run.log();
    }
    setting.run(&[]).await.exits(0);
    let asked = setting.rows_requests();
    assert!(asked <= 2 * PAGES + 2 * PAGES_A_KILL, "{asked} pages were asked for");
    setting.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_at_once_do_not_stand_in_each_others_way() {
    let setting = large().await;
    let (one, other) = (setting.start(&[]), setting.start(&["--full"]));
    for run in [program::ended(one).await, program::ended(other).await] {
        assert!(matches!(run.code, Some(0 | 3)), "{:?}: {}", run.code, run.err);
    }
    setting.assert_equal().await;
    assert_eq!(setting.count("select count(*) from revox.campaign_rows").await, 4_000);
}
