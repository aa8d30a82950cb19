//! What later passes cost in requests, counted by the simulator: a campaign of 100,000 rows in pages of 100.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by a panic")]

use crate::support::account::{Account, passing};
use crate::support::announce;
use crate::support::hands::Hands;
use chrono::TimeDelta;
use revox_mirror::simulator::{Mix, Options};

const ROWS: usize = 100_000;

/// A mirrored account of one campaign.
async fn mirrored(mix: Mix) -> (Account, Hands) {
    let time = Hands::at("2026-03-02T09:00:00Z");
    let options =
        Options { campaigns: 1, rows: ROWS, turns: 0, mix, clock: Some(time.clock()), ..Options::default() };
    let mut account = Account::new(options).await;
    account.mirror.clock = time.clock();
    account.mirror.settings.batch_rows = 1_000;
    account.mirror.settings.full_walk_every = std::time::Duration::from_hours(24 * 30);
    account.complete_pass(&passing()).await;
    (account, time)
}

/// Makes an incremental pass that must be complete, five minutes later; what it cost.
async fn cost(account: &Account, time: &Hands) -> u64 {
    time.advance(TimeDelta::minutes(5));
    account.simulator.reset_requests();
    account.complete_pass(&passing()).await;
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

/// The rows whose call has this status, the first `count` of them in an order that has nothing to do with theirs.
fn scattered(account: &Account, status: Option<&str>, count: usize) -> Vec<usize> {
    let rows = (0..ROWS).map(|row| (row * 7_919 + 13) % ROWS);
    let has_status =
        |row: &usize| account.simulator.edit(|account| account.call_status(0, *row).unwrap()) == status;
    rows.filter(has_status).take(count).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn dialled_in_the_order_of_the_rows() {
    let (account, time) = mirrored(Mix::DialledInOrder).await;
    let unchanged = cost(&account, &time).await;
    assert!(unchanged <= 15, "nothing changed, 1,000 calls are under way: {unchanged}");
    // Ten end, ten are dialled and end between two passes, five contacts are added.
    advance(&account, 60_000..60_010, 1);
    advance(&account, 61_000..61_010, 3);
    account.simulator.edit(|account| account.append_rows(0, 5)).unwrap();
    let clustered = cost(&account, &time).await;
    assert!(clustered <= 25, "20 moved on in dialling order and 5 came: {clustered}");
    let rows: Vec<usize> = scattered(&account, Some("calling"), 10);
    advance(&account, rows, 1);
    let rows = scattered(&account, None, 10);
    advance(&account, rows, 3);
    let at_random = cost(&account, &time).await;
    assert!(at_random <= 110, "20 moved on anywhere: {at_random}");
    announce(&format!(
        "in order: unchanged {unchanged}, clustered and 5 appended {clustered}, scattered {at_random}"
    ));
    a_day(&account, &time).await;
    crate::support::truth::assert_equal(&account.simulator, &account.pool).await;
}

/// Brings calls to their end.
fn settle(account: &Account, rows: impl IntoIterator<Item = usize>) {
    account.simulator.edit(|account| {
        for row in rows {
            while !matches!(account.call_status(0, row).unwrap(), Some("completed" | "errored")) {
                account.advance_call(0, row).unwrap();
            }
        }
    });
}

/// 5,000 calls in dialling order, looked at every five minutes: each takes a few minutes, and some are tried again
/// two hours later.
async fn a_day(account: &Account, time: &Hands) {
    const PASSES: usize = 288;
    const CALLS: usize = 5_000;
    let mut next = 62_000;
    // Nobody is on the line and nobody waits when the day begins.
    let rows: Vec<usize> = (60_000..62_000).chain(scattered(account, Some("calling"), ROWS)).collect();
    settle(account, rows);
    time.advance(TimeDelta::days(2));
    cost(account, time).await;
    let mut under_way: Vec<usize> = Vec::new();
    let mut retries: std::collections::VecDeque<(usize, usize)> = std::collections::VecDeque::new();
    let mut costs = Vec::new();
    for pass in 0..PASSES {
        advance(account, std::mem::take(&mut under_way), 1);
        while retries.front().is_some_and(|(due, _)| *due <= pass) {
            let Some((_, row)) = retries.pop_front() else { break };
            under_way.push(row);
            advance(account, [row], 1);
        }
        let until = 62_000 + CALLS * (pass + 1) / PASSES;
        advance(account, next..until, 2);
        // Two of three are over before the next look.
        let (over, left): (Vec<usize>, Vec<usize>) = (next..until).partition(|row| row % 3 > 0);
        advance(account, over.iter().copied(), 1);
        under_way.extend(left);
        next = until;
        let is_waiting = |row: &usize| {
            account.simulator.edit(|account| account.call_status(0, *row).unwrap()) == Some("scheduled")
        };
        // One of seven waits two hours for its next try; who else was not reached is tried again at once.
        let (waiting, again): (Vec<usize>, Vec<usize>) =
            over.into_iter().filter(is_waiting).partition(|row| row % 2 > 0);
        retries.extend(waiting.into_iter().map(|row| (pass + 24, row)));
        settle(account, again);
        costs.push(cost(account, time).await);
    }
    let requests = costs.iter().sum::<u64>();
    let passes = u64::try_from(PASSES).unwrap();
    costs.sort_unstable();
    announce(&format!(
        "a day of {passes} passes: {requests} requests, a mean of {}.{}, median {}, most {}",
        requests / passes,
        requests * 10 / passes % 10,
        costs[PASSES / 2],
        costs[PASSES - 1]
    ));
    let by_purpose: Vec<(String, i64)> = sqlx::query_as(
        "select r.key, sum(r.value::bigint)::bigint
         from revox_sync.runs, jsonb_each_text(evidence -> 'found' -> 'requests') r
         group by 1 order by 2 desc",
    )
    .fetch_all(&account.pool)
    .await
    .unwrap();
    announce(&format!("what they were for, the passes before included: {by_purpose:?}"));
    assert!(requests <= 12 * passes, "{requests} requests in {passes} passes");
}

#[tokio::test(flavor = "multi_thread")]
async fn dialled_at_random() {
    let (account, time) = mirrored(Mix::DialledAtRandom).await;
    for (ended, begun, through) in [(20, 0, 0), (10, 10, 0), (10, 5, 5), (0, 0, 20)] {
        let calling = scattered(&account, Some("calling"), ended);
        let fresh = scattered(&account, None, begun + through);
        advance(&account, calling, 1);
        advance(&account, fresh[..begun].iter().copied(), 2);
        advance(&account, fresh[begun..].iter().copied(), 3);
        account.simulator.edit(|account| account.append_rows(0, 5)).unwrap();
        let moved = cost(&account, &time).await;
        announce(&format!(
            "at random: {ended} ended, {begun} begun, {through} dialled and over, 5 appended: {moved}"
        ));
        // Calls that come and go between two looks are found by halving.
        let most = if through > 5 { 110 } else { 50 };
        assert!(moved <= most, "{moved}");
    }
    crate::support::truth::assert_equal(&account.simulator, &account.pool).await;
}
