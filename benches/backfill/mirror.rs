//! The real binary as a process of its own, so that its CPU and memory can be told from everyone else's.

use crate::postgres::{Database, Server};
use crate::processes::{self, Usage};
use crate::report::Figures;
use anyhow::{Context, ensure};
use revox_mirror::simulator::{Options, Simulator};
use std::process::{Command, Stdio};
use std::time::Instant;

fn command(database: &Database) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_revox-mirror"));
    command
        .env("DATABASE_URL", database.url())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .env("REVOX_MIRROR__LOG__LEVEL", "warn");
    command
}

/// Runs a command to its end; an exit code other than 0 is an error.
async fn run(mut command: Command) -> anyhow::Result<Usage> {
    let started = Instant::now();
    let child = command.spawn().context("the mirror could not be started")?;
    let watching = tokio::task::spawn_blocking(move || processes::watch(child, started));
    let (status, usage) = watching.await??;
    ensure!(status.success(), "the mirror ended with {status}");
    Ok(usage)
}

/// Brings a database to the schema.
pub(crate) async fn migrate(database: &Database) -> anyhow::Result<()> {
    let mut command = command(database);
    command.arg("migrate");
    run(command).await.map(|_| ())
}

/// One pass over the simulator's account, from the start of the process to its end.
pub(crate) async fn run_pass(
    server: &Server,
    database: &Database,
    simulator: &Simulator,
    arguments: &[&str],
) -> anyhow::Result<Figures> {
    let mut command = command(database);
    command
        .env("REVOX_API_KEY", Options::default().api_key)
        .env("REVOX_BASE_URL", simulator.base_url())
        // What is done after the pass is not the pass.
        .env("REVOX_MIRROR__SEARCH__ENABLED", "false")
        .args(["run", "--once"])
        .args(arguments);
    let meter = server.begin().await?;
    let usage = run(command).await?;
    let figures = server.end(meter, usage.elapsed).await?;
    Ok(Figures { mirror_cpu_seconds: Some(usage.cpu_seconds), peak_bytes: Some(usage.peak_bytes), ..figures })
}
