//! What later passes cost in requests, counted by the simulator: a campaign of 100,000 rows in pages of 100.

mod support;

use chrono::{DateTime, TimeDelta, Utc};
use revox_mirror::clock::Clock;
use revox_mirror::simulator::{EPOCH, Mix, Options};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use support::account::{Account, passing};

const ROWS: usize = 100_000;

/// The time of the simulator and of the mirror, in seconds after the simulator's epoch.
#[derive(Clone, Default)]
struct Time(Arc<AtomicI64>);

impl Time {
    fn clock(&self) -> Clock {
        let seconds = Arc::clone(&self.0);
        Clock::from_fn(move || {
            let now = EPOCH + seconds.load(Ordering::Relaxed);
            DateTime::<Utc>::from_timestamp(now, 0).unwrap()
        })
    }

    fn pass(&self, time: TimeDelta) {
        self.0.fetch_add(time.num_seconds(), Ordering::Relaxed);
    }
}

/// A mirrored account of one campaign.
async fn mirrored(mix: Mix) -> (Account, Time) {
    let time = Time::default();
    let options =
        Options { campaigns: 1, rows: ROWS, turns: 0, mix, clock: Some(time.clock()), ..Options::default() };
    let mut account = Account::new(options).await;
    account.mirror.clock = time.clock();
    account.mirror.settings.batch_rows = 1_000;
    let started = std::time::Instant::now();
    account.complete_pass(&passing()).await;
    eprintln!("backfill {:?}", started.elapsed());
    (account, time)
}

/// Makes an incremental pass that must be complete, five minutes later; what it cost.
async fn cost(account: &Account, time: &Time) -> u64 {
    time.pass(TimeDelta::minutes(5));
    account.simulator.reset_requests();
    let started = std::time::Instant::now();
    account.complete_pass(&passing()).await;
    eprintln!("pass {:?}", started.elapsed());
    let kind: String = sqlx::query_scalar("select kind from revox_sync.runs order by id desc limit 1")
        .fetch_one(&account.pool)
        .await
        .unwrap();
    assert_eq!(kind, "incremental");
    account.simulator.requests().total
}

/// Moves the calls of rows on: three steps bring one from nothing to its end.
fn advance(account: &Account, rows: impl IntoIterator<Item = usize>, steps: usize) {
    account.simulator.edit(|account| {
        for row in rows {
            (0..steps).for_each(|_| account.advance_call(0, row).unwrap());
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn dialled_in_the_order_of_the_rows() {
    let (account, time) = mirrored(Mix::DialledInOrder).await;
    let unchanged = cost(&account, &time).await;
    advance(&account, 60_000..60_010, 1);
    advance(&account, 61_000..61_010, 3);
    account.simulator.edit(|account| account.append_rows(0, 5)).unwrap();
    let moved = cost(&account, &time).await;
    eprintln!("unchanged {unchanged}, moved {moved}");
    assert!(unchanged <= 15 && moved <= 25);
}
