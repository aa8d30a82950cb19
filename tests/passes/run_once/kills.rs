//! Killed at any instant, interrupted, or run twice at once: the next run goes on, and nothing is lost or doubled.

use crate::support::announce;
use crate::support::program::{self, signal};
use crate::support::setting::Setting;
use nix::sys::signal::Signal;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
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
async fn a_backfill_of_twenty_thousand_rows_that_is_killed_twenty_times_is_exact() {
    const PAGES: u64 = 100;
    let options = Options {
        campaigns: 2,
        rows: 10_000,
        turns: 1,
        latency: Duration::from_millis(10),
        ..Options::default()
    };
    let setting = Setting::new(options).await;
    let seed: u64 = rand::random();
    announce(&format!("the moments of the kills are those of the seed {seed}"));
    let mut chance = SmallRng::seed_from_u64(seed);
    let (mut kills, mut most_lost) = (0, 0);
    while kills < 20 {
        let (asked, done) = (setting.rows_requests(), committed(&setting).await);
        let mut child = setting.start(&[]);
        // Spread over what is left to do.
        let left = 2 * PAGES - done;
        let most = (2 * left / (21 - kills)).min(left.saturating_sub(20)).max(2);
        let moment = Moment::Asked(chance.random_range(1..=most));
        assert!(wait_for(&setting, &mut child, moment).await, "it ended before the kill {}", kills + 1);
        tokio::time::sleep(Duration::from_millis(chance.random_range(0..12))).await;
        signal(&child, Signal::SIGKILL);
        let run = program::ended(child).await;
        assert!(run.code.is_none(), "it ended before the kill {}", kills + 1);
        kills += 1;
        let lost = setting.rows_requests() - asked - (committed(&setting).await - done);
        most_lost = most_lost.max(lost);
        assert!(lost <= PAGES_A_KILL, "the kill {kills} cost {lost} pages");
    }
    let (asked, done) = (setting.rows_requests(), committed(&setting).await);
    setting.run(&[]).await.exits(0);
    let last = setting.rows_requests() - asked;
    announce(&format!(
        "20 kills cost {most_lost} pages each at most; the last run read {last} of {}",
        2 * PAGES
    ));
    assert_eq!(last, 2 * PAGES - done, "the last run reads what was not there, and nothing else");
    setting.assert_equal().await;
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
