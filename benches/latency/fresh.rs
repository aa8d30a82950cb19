//! A daemon over campaigns that live: how long after a change in the API its row shows it.
//!
//! Owns the changes (rows that are added, calls that are launched and calls that move on) and the waiting for each. A change that does not show within ten intervals is lost, and said.

use crate::postgres::{Database, Server};
use crate::processes::usage_so_far;
use crate::{Delays, LOOK, migrate, program};
use anyhow::{Context, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use revox_mirror::clock::Clock;
use revox_mirror::simulator::{Fault, FaultKind, Flavour, Options, Simulator};
use sqlx::{Connection, PgConnection};
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// Rows of each campaign: more than are read whole whenever anything may have changed.
const ROWS: usize = 800;

/// How long each answer of the API takes.
const LATENCY: Duration = Duration::from_millis(20);

/// The longest pause between two changes.
const PAUSE: u64 = 800;

/// How long the first pass may take.
const BACKFILL: Duration = Duration::from_mins(2);

/// What is measured.
pub(crate) struct Living<'a> {
    pub(crate) server: &'a Server,
    pub(crate) flavour: Flavour,
    /// Seconds between two looks.
    pub(crate) interval: u32,
    /// Which rows change when.
    pub(crate) seed: u64,
}

/// What was found.
pub(crate) struct Found {
    pub(crate) delays: Delays,
    /// Changes that did not show.
    pub(crate) lost: usize,
    /// Requests a pass.
    pub(crate) requests: f64,
    /// Of the daemon, a pass.
    pub(crate) cpu_seconds: f64,
}

impl Living<'_> {
    /// Makes this many changes in this many campaigns.
    pub(crate) async fn measure(&self, campaigns: usize, changes: usize) -> anyhow::Result<Found> {
        let clock = Some(Clock::system());
        let options = Options { flavour: self.flavour, campaigns, rows: ROWS, clock, ..Options::default() };
        let simulator = Simulator::start(options).await?;
        simulator.edit(|account| account.render_all());
        simulator.inject(Fault::new(FaultKind::Slow(LATENCY)));
        let database = self.server.create_database("fresh").await?;
        migrate(&database, &simulator)?;
        let mut daemon = program(&database, &simulator)
            .arg("run")
            .env("REVOX_MIRROR__SCHEDULE__CRON", format!("*/{} * * * * *", self.interval))
            .env("REVOX_MIRROR__ADMIN__LISTEN", "")
            .spawn()?;
        let found = self.watch(&simulator, &database, daemon.id(), campaigns, changes).await;
        kill(Pid::from_raw(i32::try_from(daemon.id())?), Signal::SIGTERM)?;
        let status = tokio::task::spawn_blocking(move || daemon.wait()).await??;
        ensure!(status.success(), "the daemon ended with {status}");
        simulator.stop().await;
        self.server.drop_database(database).await?;
        found
    }

    async fn watch(
        &self,
        simulator: &Simulator,
        database: &Database,
        daemon: u32,
        campaigns: usize,
        changes: usize,
    ) -> anyhow::Result<Found> {
        let mut connection = database.connect().await?;
        wait_for_backfill(&mut connection, campaigns).await?;
        let began = Instant::now();
        simulator.reset_requests();
        let cpu_before = usage_so_far(daemon, began).cpu_seconds;
        let patience = Duration::from_secs(10 * u64::from(self.interval));
        let mut random = StdRng::seed_from_u64(self.seed);
        let (mut made, mut lost) = (HashSet::new(), 0);
        let (mut waiting, mut seconds): (Vec<Change>, Vec<f64>) = (Vec::new(), Vec::new());
        let mut next = Instant::now();
        while made.len() < changes || !waiting.is_empty() {
            if made.len() < changes && next.elapsed() > Duration::ZERO {
                let (campaign, row) = (random.random_range(0..campaigns), random.random_range(0..ROWS));
                // No row changes twice, so that no change is taken for another.
                if let Some(change) =
                    Change::make(simulator, campaign, row, random.random_range(0..3), &made)?
                {
                    made.insert(change.row_id.clone());
                    waiting.push(change);
                    next = Instant::now() + Duration::from_millis(random.random_range(0..=PAUSE));
                }
            }
            let held = look(&mut connection, &waiting).await?;
            waiting.retain(|change| {
                let shows = held.get(&change.row_id).is_some_and(|held| change.expected.is_met(held));
                let is_late = change.at.elapsed() > patience;
                if shows {
                    seconds.push(change.at.elapsed().as_secs_f64());
                } else if is_late {
                    lost += 1;
                }
                !shows && !is_late
            });
            tokio::time::sleep(5 * LOOK).await;
        }
        #[expect(clippy::cast_precision_loss, reason = "requests are few")]
        let (requests, passes) = {
            let requests = simulator.requests();
            (requests.total as f64, requests.count("GET /campaigns") as f64)
        };
        let cpu_seconds = usage_so_far(daemon, began).cpu_seconds - cpu_before;
        connection.close().await?;
        Ok(Found {
            delays: Delays::of(seconds),
            lost,
            requests: requests / passes,
            cpu_seconds: cpu_seconds / passes,
        })
    }
}

/// The call and its status of each row that is waited for, as the mirror holds them.
async fn look(
    connection: &mut PgConnection,
    waiting: &[Change],
) -> anyhow::Result<HashMap<String, (Option<String>, Option<String>)>> {
    let ids: Vec<&str> = waiting.iter().map(|change| change.row_id.as_str()).collect();
    let held: Vec<(String, Option<String>, Option<String>)> = sqlx::query_as(
        "select r.id, r.call_id, c.status
         from revox.campaign_rows r
         left join revox.calls c on c.id = r.call_id
         where r.id = any($1)",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    Ok(held.into_iter().map(|(row, call, status)| (row, (call, status))).collect())
}

async fn wait_for_backfill(connection: &mut PgConnection, campaigns: usize) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let done: i64 = sqlx::query_scalar(
            "select count(*) from revox_sync.checkpoints where completed_at is not null and full_walk_at is not null",
        )
        .fetch_one(&mut *connection)
        .await?;
        if usize::try_from(done)? == campaigns {
            return Ok(());
        }
        ensure!(began.elapsed() < BACKFILL, "the first pass did not end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A change in the API.
struct Change {
    at: Instant,
    row_id: String,
    expected: Expected,
}

/// How it is seen in the mirror.
enum Expected {
    /// The row is there.
    Row,
    /// Its call is another than before, in this status.
    Call { status: String },
    /// Its call has this status.
    Status(String),
}

impl Expected {
    fn is_met(&self, (call, held): &(Option<String>, Option<String>)) -> bool {
        match self {
            Self::Row => true,
            Self::Call { status } => call.is_some() && held.as_ref() == Some(status),
            Self::Status(status) => held.as_ref() == Some(status),
        }
    }
}

const FINAL: [&str; 3] = ["completed", "cancelled", "errored"];

impl Change {
    /// Adds a row, gives one that has none a call, or moves the call of one on; none where that row cannot change so.
    fn make(
        simulator: &Simulator,
        campaign: usize,
        row: usize,
        kind: u32,
        made: &HashSet<String>,
    ) -> anyhow::Result<Option<Self>> {
        simulator.edit(|account| {
            let at = Instant::now();
            if kind == 0 {
                account.append_rows(campaign, 1)?;
                let row_id = account.row_ids(campaign)?.last().context("a row was added")?.clone();
                return Ok(Some(Self { at, row_id, expected: Expected::Row }));
            }
            let row_id = account.row_ids(campaign)?.get(row).context("a row that is there")?.clone();
            let status = account.call_status(campaign, row)?;
            let expected = match status {
                _ if made.contains(&row_id) => return Ok(None),
                None => {
                    account.replace_call(campaign, row)?;
                    let status = account.call_status(campaign, row)?.unwrap_or_default();
                    Expected::Call { status: status.to_owned() }
                }
                Some(status) if !FINAL.contains(&status) => {
                    account.advance_call(campaign, row)?;
                    let after = account.call_status(campaign, row)?.unwrap_or_default();
                    if after == status {
                        return Ok(None);
                    }
                    Expected::Status(after.to_owned())
                }
                Some(_) => return Ok(None),
            };
            Ok(Some(Self { at, row_id, expected }))
        })
    }
}
