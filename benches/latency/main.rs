//! How long people wait: for the first row, for the demo, for a change in the API to show in Postgres.
//!
//! Owns the order of the stages and the table. `fresh` measures a daemon that lives; the server and the look at processes are
//! those of the bench of backfills.
//!
//! Nothing here fails because it took long: figures are for people to compare.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench says what it found")]

mod fresh;
#[path = "../backfill/postgres.rs"]
#[expect(dead_code, reason = "the bench of backfills uses all of it")]
mod postgres;
#[path = "../backfill/processes.rs"]
#[expect(dead_code, reason = "the bench of backfills uses all of it")]
mod processes;
#[path = "../backfill/report.rs"]
#[expect(dead_code, reason = "the bench of backfills uses all of it")]
mod report;

use anyhow::{Context, ensure};
use clap::Parser;
use postgres::{Database, Server};
use revox_mirror::simulator::{Flavour, NewerApi, OlderApi, Options, Simulator};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often it is looked whether something is there.
const LOOK: Duration = Duration::from_millis(2);

/// Measures how long people wait
#[derive(Debug, Parser)]
#[command(bin_name = "cargo bench --bench latency --")]
struct Arguments {
    /// How often each start is measured
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Changes that are waited for in each setting
    #[arg(long, default_value_t = 120)]
    changes: usize,
    /// Campaigns that live
    #[arg(long, default_value_t = 50)]
    campaigns: usize,
    /// Which rows change when
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// Delays of one kind, in seconds.
pub(crate) struct Delays(Vec<f64>);

impl Delays {
    fn of(mut seconds: Vec<f64>) -> Self {
        seconds.sort_by(f64::total_cmp);
        Self(seconds)
    }

    /// The delay that this share of all is no longer than.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "delays are few"
    )]
    fn quantile(&self, share: f64) -> f64 {
        let place = ((self.0.len() as f64 * share).ceil() as usize).saturating_sub(1);
        self.0.get(place).copied().unwrap_or(f64::NAN)
    }

    fn print(&self, what: &str) {
        println!(
            "{what:<56} {:>6} {:>8.3} {:>8.3} {:>8.3}",
            self.0.len(),
            self.quantile(0.5),
            self.quantile(0.95),
            self.quantile(1.0)
        );
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let server = Server::start(None).await?;
    let measured = measure(&arguments, &server).await;
    server.stop().await?;
    measured
}

async fn measure(arguments: &Arguments, server: &Server) -> anyhow::Result<()> {
    println!("seed {}", arguments.seed);
    println!("{:<56} {:>6} {:>8} {:>8} {:>8}", "seconds", "times", "median", "95 %", "longest");
    let options = Options { campaigns: 4, rows: 5_000, ..Options::default() };
    let simulator = Simulator::start(options).await?;
    simulator.edit(|account| account.render_all());
    for (what, is_migrated) in [
        ("start to the first row, database at hand", true),
        ("start to the first row, empty database", false),
    ] {
        let mut delays = Vec::new();
        for round in 0..arguments.rounds {
            eprintln!("{what}, {} of {}", round + 1, arguments.rounds);
            delays.push(first_row(server, &simulator, is_migrated).await?);
        }
        Delays::of(delays).print(what);
    }
    simulator.stop().await;

    let mut delays = Vec::new();
    for round in 0..arguments.rounds {
        eprintln!("demo, {} of {}", round + 1, arguments.rounds);
        delays.push(cold_demo().await?);
    }
    Delays::of(delays).print("demo --once, nothing there");

    for (flavour, name) in
        [(Flavour::Older(OlderApi::default()), "pages"), (Flavour::Newer(NewerApi::default()), "search")]
    {
        for interval in [5, 15] {
            let living = fresh::Living { server, flavour, interval, seed: arguments.seed };
            eprintln!("{} campaigns every {interval} s, API with {name}", arguments.campaigns);
            let found = living.measure(arguments.campaigns, arguments.changes).await?;
            let what = format!("change to row, every {interval} s, API with {name}");
            found.delays.print(&what);
            println!(
                "{:<56} {:>6} {:>8.3} {:>8.3} {:>8.3}",
                "  of that beyond the interval",
                "",
                found.delays.quantile(0.5) - f64::from(interval),
                found.delays.quantile(0.95) - f64::from(interval),
                found.delays.quantile(1.0) - f64::from(interval)
            );
            println!(
                "  lost {}; {:.1} requests and {:.3} CPU seconds of the daemon a pass",
                found.lost, found.requests, found.cpu_seconds
            );
        }
    }
    Ok(())
}

/// The real binary.
pub(crate) fn program(database: &Database, simulator: &Simulator) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_revox-mirror"));
    command
        .env("DATABASE_URL", database.url())
        .env("REVOX_API_KEY", Options::default().api_key)
        .env("REVOX_BASE_URL", simulator.base_url())
        .env("REVOX_MIRROR__LOG__LEVEL", "error")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit());
    command
}

/// Makes the schema.
pub(crate) fn migrate(database: &Database, simulator: &Simulator) -> anyhow::Result<()> {
    let status = program(database, simulator).arg("migrate").status()?;
    ensure!(status.success(), "the schema could not be made: {status}");
    Ok(())
}

/// From the start of `run --once` until somebody else sees a row.
async fn first_row(server: &Server, simulator: &Simulator, is_migrated: bool) -> anyhow::Result<f64> {
    let database = server.create_database("first").await?;
    if is_migrated {
        migrate(&database, simulator)?;
    }
    let mut connection = database.connect().await?;
    let started = Instant::now();
    let mut child = program(&database, simulator).args(["run", "--once"]).spawn()?;
    let seconds = loop {
        // Before the schema is made the table is not there either.
        let found =
            sqlx::query("select from revox.campaign_rows limit 1").fetch_optional(&mut connection).await;
        if matches!(found, Ok(Some(_))) {
            break started.elapsed().as_secs_f64();
        }
        ensure!(child.try_wait()?.is_none(), "the mirror has ended without a row");
        tokio::time::sleep(LOOK).await;
    };
    child.kill()?;
    child.wait()?;
    drop(connection);
    server.drop_database(database).await?;
    Ok(seconds)
}

/// The demo with a directory that has nothing in it.
async fn cold_demo() -> anyhow::Result<f64> {
    // The server's account must be able to enter it when root runs the bench.
    let open = std::fs::Permissions::from_mode(0o755);
    let directory = tempfile::Builder::new().prefix("revox-mirror-").permissions(open).tempdir()?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_revox-mirror"));
    command
        .args(["demo", "--once"])
        .env("REVOX_MIRROR__LOCALDB__DATA_DIR", directory.path().join("data"))
        .env("REVOX_MIRROR__LOG__LEVEL", "error")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit());
    let started = Instant::now();
    let status = tokio::task::spawn_blocking(move || command.status()).await?.context("starting the demo")?;
    ensure!(status.success(), "the demo ended with {status}");
    Ok(started.elapsed().as_secs_f64())
}
