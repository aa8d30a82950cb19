//! The real binary as a process of its own, so that its CPU and memory can be told from everyone else's.

use crate::postgres::{Database, Meter, Server};
use crate::processes::{self, Usage};
use crate::report::Figures;
use anyhow::{Context, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use revox_mirror::simulator::{Options, Simulator};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often the database is asked whether the pass is over.
const LOOK: Duration = Duration::from_millis(5);

/// How long a daemon is watched at most.
const WATCHED_AT_MOST: Duration = Duration::from_mins(1);

/// What a process did in the pass, and until its end.
pub(crate) struct Measured {
    /// Until the last row was committed and the last campaign was proven.
    pub(crate) pass: Figures,
    /// Until the views were made and the counts summed up, too.
    pub(crate) whole: Figures,
}

/// A pass that is made as `run --once`.
#[derive(Clone, Copy)]
pub(crate) struct Pass<'a> {
    pub(crate) server: &'a Server,
    pub(crate) database: &'a Database,
    pub(crate) simulator: &'a Simulator,
    /// Behind `run --once`.
    pub(crate) arguments: &'a [&'a str],
    /// Variables of the environment.
    pub(crate) settings: &'a [(&'a str, String)],
    /// Whether each campaign is asked for its word behind its pages: before that nothing is over.
    pub(crate) asks_for_words: bool,
}

fn command(database: &Database) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_revox-mirror"));
    command
        .env("DATABASE_URL", database.url())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .env("REVOX_MIRROR__LOG__LEVEL", "error");
    command
}

/// Brings a database to the schema.
pub(crate) async fn migrate(database: &Database) -> anyhow::Result<()> {
    let mut command = command(database);
    command.arg("migrate");
    let status = tokio::task::spawn_blocking(move || command.status()).await??;
    ensure!(status.success(), "the schema could not be made: {status}");
    Ok(())
}

impl<'a> Pass<'a> {
    /// A pass as it is by default.
    pub(crate) fn new(server: &'a Server, database: &'a Database, simulator: &'a Simulator) -> Self {
        Self { server, database, simulator, arguments: &[], settings: &[], asks_for_words: true }
    }

    /// Makes the pass, from the start of the process to its end.
    pub(crate) async fn run(&self) -> anyhow::Result<Measured> {
        let mut command = self.command();
        command.args(["run", "--once"]).args(self.arguments);
        self.simulator.reset_requests();
        let before = self.database.passes_ended().await?;
        let meter = self.server.begin().await?;
        let started = Instant::now();
        let child = command.spawn().context("the mirror could not be started")?;
        let pid = child.id();
        let mut watching = tokio::task::spawn_blocking(move || processes::watch(child, started));
        let campaigns = self.simulator.campaign_ids().len();
        let mut pass = None;
        // Whoever asks the database takes some of its time.
        let may_be_over = || {
            let words = usize::try_from(self.simulator.requests().count("GET /campaigns/{id}"))?;
            anyhow::Ok(!self.asks_for_words || words >= campaigns)
        };
        let (status, usage) = loop {
            let look = async {
                tokio::time::sleep(LOOK).await;
                if may_be_over()? { self.database.passes_ended().await } else { Ok(before) }
            };
            tokio::select! {
                ended = &mut watching => break ended??,
                ended = look, if pass.is_none() => {
                    if ended? >= before + campaigns {
                        let usage = processes::usage_so_far(pid, started);
                        pass = Some(self.figures(&meter, &usage).await?);
                    }
                }
            }
        };
        ensure!(status.success(), "the mirror ended with {status}");
        let whole = self.figures(&meter, &usage).await?;
        Ok(Measured { pass: pass.unwrap_or(whole), whole })
    }

    /// Has a daemon walk over everything in each tick, and measures from the moment it asks for the list until the last campaign is
    /// proven: `walks` times, without its first walk.
    pub(crate) async fn walks_of_a_daemon(&self, walks: usize) -> anyhow::Result<Vec<f64>> {
        let mut command = self.command();
        command
            // Ticks come late by a tenth of that, and every walk is due by then.
            .env("REVOX_MIRROR__SCHEDULE__CRON", "*/3 * * * * *")
            .env("REVOX_MIRROR__ADMIN__LISTEN", "")
            .env("REVOX_MIRROR__SYNC__FULL_WALK_EVERY", "1s")
            .env("REVOX_MIRROR__SYNC__FULL_WALK_AT_MOST", "1s")
            .arg("run");
        let lists = || self.simulator.requests().count("GET /campaigns");
        let campaigns = self.simulator.campaign_ids().len();
        self.simulator.reset_requests();
        let mut child = command.spawn().context("the mirror could not be started")?;
        let deadline = Instant::now() + WATCHED_AT_MOST;
        let mut measured = Vec::new();
        for walk in 0..=walks {
            let seen = lists();
            let asked = loop {
                ensure!(Instant::now() < deadline, "a daemon that was to walk every two seconds did not");
                if lists() > seen {
                    break Instant::now();
                }
                tokio::time::sleep(LOOK / 5).await;
            };
            let ended = self.database.passes_ended().await? + campaigns;
            while self.database.passes_ended().await? < ended {
                ensure!(Instant::now() < deadline, "a daemon's walk did not end");
                tokio::time::sleep(LOOK).await;
            }
            if walk > 0 {
                measured.push(asked.elapsed().as_secs_f64());
            }
        }
        kill(Pid::from_raw(i32::try_from(child.id())?), Signal::SIGTERM)?;
        let status = tokio::task::spawn_blocking(move || child.wait()).await??;
        ensure!(status.success(), "the daemon ended with {status}");
        Ok(measured)
    }

    /// The program over this account.
    fn command(&self) -> Command {
        let mut command = command(self.database);
        command
            .env("REVOX_API_KEY", Options::default().api_key)
            .env("REVOX_BASE_URL", self.simulator.base_url())
            // Who fills a mirror with a million conversations does not wait for their words.
            .env("REVOX_MIRROR__SEARCH__ENABLED", "false")
            .envs(self.settings.iter().map(|(name, value)| (*name, value.as_str())));
        command
    }

    async fn figures(&self, meter: &Meter, usage: &Usage) -> anyhow::Result<Figures> {
        let figures = self.server.read(meter, usage.elapsed).await?;
        let requests = self.simulator.requests();
        Ok(Figures {
            mirror_cpu_seconds: Some(usage.cpu_seconds),
            peak_bytes: Some(usage.peak_bytes),
            requests: Some(requests.total),
            ..figures
        })
    }
}
