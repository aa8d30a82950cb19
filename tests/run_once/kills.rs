//! Killed at any instant, interrupted, or run twice at once: the next run goes on, and nothing is lost or doubled.

use crate::setting::Setting;
use crate::support::program::{self, signal};
use nix::sys::signal::Signal;
use revox_mirror::simulator::Options;
use std::time::Duration;
use tokio::process::Child;

/// Pages of each of the two campaigns.
const PAGES: u64 = 35;

/// What one kill may cost: the batch that was not committed and the pages in flight, of both campaigns.
const PAGES_A_KILL: u64 = 20;

async fn large() -> Setting {
    let options = Options {
        campaigns: 2,
        rows: 3_500,
        turns: 1,
        latency: Duration::from_millis(10),
        ..Options::default()
    };
    Setting::new(options).await
}

/// A moment in the life of a run.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// It has asked for so many pages.
    Asked(u64),
    /// It has committed so many pages.
    Committed(u64),
}

/// Pages that are committed, of walks that are not finished.
async fn committed(setting: &Setting) -> u64 {
    let is_there =
        "select count(*) from pg_tables where schemaname = 'revox_sync' and tablename = 'checkpoints'";
    if setting.count(is_there).await == 0 {
        return 0;
    }
    let pages = "select coalesce(sum(walk_next_page), 0)::bigint from revox_sync.checkpoints";
    u64::try_from(setting.count(pages).await).unwrap()
}

/// Waits for the moment; false when the program has ended before it.
async fn wait_for(setting: &Setting, child: &mut Child, moment: Moment) -> bool {
    let (asked, done) = (setting.rows_requests(), committed(setting).await);
    loop {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        let has_come = match moment {
            Moment::Asked(pages) => setting.rows_requests() >= asked + pages,
            Moment::Committed(pages) => committed(setting).await >= done + pages,
        };
        if has_come {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_again_and_again_goes_on_where_it_was() {
    let setting = large().await;
    let moments = [
        Moment::Asked(1),
        Moment::Asked(4),
        Moment::Committed(3),
        Moment::Asked(6),
        Moment::Committed(6),
        Moment::Committed(1),
        Moment::Asked(9),
        Moment::Committed(3),
        Moment::Asked(2),
        Moment::Committed(6),
    ];
    let mut kills = 0;
    for moment in moments {
        let mut child = setting.start(&[]);
        let has_come = wait_for(&setting, &mut child, moment).await;
        signal(&child, Signal::SIGKILL);
        let run = program::ended(child).await;
        if has_come && run.code.is_none() {
            kills += 1;
        } else {
            run.exits(0);
        }
    }
    assert!(kills >= 8, "only {kills} kills came in time");
    let done = committed(&setting).await;
    assert!(done >= 15, "{done} pages were carried over from run to run");
    let asked = setting.rows_requests();
    setting.run(&[]).await.exits(0);
    setting.assert_equal().await;
    let last = setting.rows_requests() - asked;
    assert!(last <= 2 * PAGES - done, "the last run asked for {last} pages, when {done} were there");
    let (asked, bound) = (asked + last, 2 * PAGES + kills * PAGES_A_KILL);
    assert!(asked <= bound, "{asked} pages were asked for, and {bound} are allowed after {kills} kills");
    let doubled = "select count(*) from (select campaign_id, row_index from revox.campaign_rows
                   where _deleted_at is null group by 1, 2 having count(*) > 1) doubled";
    assert_eq!(setting.count(doubled).await, 0);
    setting.run(&["--full"]).await.exits(0);
    setting.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_late_has_little_left_to_do() {
    let setting = large().await;
    let mut child = setting.start(&[]);
    assert!(
        wait_for(&setting, &mut child, Moment::Committed(2 * PAGES / 3)).await,
        "it ended before the kill"
    );
    signal(&child, Signal::SIGKILL);
    program::ended(child).await;
    let done = committed(&setting).await;
    setting.simulator.reset_requests();
    setting.run(&[]).await.exits(0);
    let asked = setting.rows_requests();
    assert!(asked <= 2 * PAGES - done, "{asked} pages were asked for, when {done} were there");
    setting.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_ends_cleanly_and_the_next_one_goes_on() {
    let setting = large().await;
    for interrupt in [Signal::SIGINT, Signal::SIGTERM] {
        let mut child = setting.start(&[]);
        assert!(wait_for(&setting, &mut child, Moment::Asked(9)).await, "it ended before the signal");
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
    assert_eq!(setting.count("select count(*) from revox.campaign_rows").await, 7_000);
}
