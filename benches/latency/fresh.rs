//! A daemon over campaigns that live: how long after a change in the API its row shows it.
//!
//! Owns the changes and the waiting for each. A change that does not show within ten intervals is lost, and said.

use crate::postgres::{Database, Server};
use crate::processes::usage_so_far;
use crate::{Delays, LOOK, migrate, program};
use anyhow::{Context, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use revox_mirror::simulator::{Fault, FaultKind, Flavour, Options, Simulator};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Rows of each campaign.
const ROWS: usize = 200;

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
    pub(crate) arguments_seed: u64,
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
        let options = Options { flavour: self.flavour, campaigns, rows: ROWS, ..Options::default() };
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
        let pool = PgPoolOptions::new().max_connections(8).connect(database.url()).await?;
        wait_for_backfill(&pool, campaigns).await?;
        let began = Instant::now();
        simulator.reset_requests();
        let cpu_before = usage_so_far(daemon, began).cpu_seconds;
        let patience = Duration::from_secs(10 * u64::from(self.interval));
        let mut random = StdRng::seed_from_u64(self.arguments_seed);
        let mut waits = JoinSet::new();
        for _ in 0..changes {
            let pause = random.random_range(0..=PAUSE);
            tokio::time::sleep(Duration::from_millis(pause)).await;
            let (campaign, row) = (random.random_range(0..campaigns), random.random_range(0..ROWS));
            let change = Change::make(simulator, &pool, campaign, row, random.random_bool(0.5)).await?;
            let pool = pool.clone();
            waits.spawn(async move { tokio::time::timeout(patience, change.shows(&pool)).await.ok() });
        }
        let mut seconds = Vec::new();
        let mut lost = 0;
        while let Some(ended) = waits.join_next().await {
            match ended? {
                Some(delay) => seconds.push(delay?),
                None => lost += 1,
            }
        }
        let passes = began.elapsed().as_secs_f64() / f64::from(self.interval);
        let cpu_seconds = usage_so_far(daemon, began).cpu_seconds - cpu_before;
        #[expect(clippy::cast_precision_loss, reason = "requests are few")]
        let requests = simulator.requests().total as f64 / passes;
        pool.close().await;
        Ok(Found { delays: Delays::of(seconds), lost, requests, cpu_seconds: cpu_seconds / passes })
    }
}

async fn wait_for_backfill(pool: &PgPool, campaigns: usize) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let done: i64 = sqlx::query_scalar(
            "select count(*) from revox_sync.checkpoints where completed_at is not null and full_walk_at is not null",
        )
        .fetch_one(pool)
        .await?;
        if usize::try_from(done)? == campaigns {
            return Ok(());
        }
        ensure!(began.elapsed() < BACKFILL, "the first pass did not end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A change in the API, and how it is seen in the mirror.
struct Change {
    at: Instant,
    row_id: String,
    /// The call that the row had before; none for a row that is new.
    former_call: Option<Option<String>>,
}

impl Change {
    /// Adds a row, or gives one a new call.
    async fn make(
        simulator: &Simulator,
        pool: &PgPool,
        campaign: usize,
        row: usize,
        is_new: bool,
    ) -> anyhow::Result<Self> {
        if is_new {
            let ids = simulator.edit(|account| {
                account.append_rows(campaign, 1)?;
                account.row_ids(campaign)
            })?;
            let row_id = ids.last().context("a row was added")?.clone();
            return Ok(Self { at: Instant::now(), row_id, former_call: None });
        }
        let ids = simulator.edit(|account| account.row_ids(campaign))?;
        let row_id = ids.get(row).context("a row that is there")?.clone();
        let former = sqlx::query_scalar("select call_id from revox.campaign_rows where id = $1")
            .bind(&row_id)
            .fetch_one(pool)
            .await?;
        simulator.edit(|account| account.replace_call(campaign, row))?;
        Ok(Self { at: Instant::now(), row_id, former_call: Some(former) })
    }

    /// Waits until it shows; seconds.
    async fn shows(self, pool: &PgPool) -> anyhow::Result<f64> {
        loop {
            let held: Option<Option<String>> =
                sqlx::query_scalar("select call_id from revox.campaign_rows where id = $1")
                    .bind(&self.row_id)
                    .fetch_optional(pool)
                    .await?;
            if held.is_some_and(|call| self.former_call.as_ref().is_none_or(|former| *former != call)) {
                return Ok(self.at.elapsed().as_secs_f64());
            }
            tokio::time::sleep(5 * LOOK).await;
        }
    }
}
