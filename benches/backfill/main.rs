//! What a backfill costs, beside what it must cost at least, on the same data in the same run.
//!
//! Owns the order of the stages. `mirror` runs the real binary, `floors` measures what cannot be avoided,
//! `postgres` keeps the databases, `processes` reads what processes used, `report` prints.
//!
//! Nothing here fails because it took long: figures are for people to compare.

mod floors;
mod mirror;
mod postgres;
mod processes;
mod report;

use clap::Parser;
use postgres::{Database, Server};
use report::{Report, Stage};
use revox_mirror::simulator::{Fault, FaultKind, Options, Simulator};
use std::time::Duration;

/// How long each answer takes in the stages with latency.
const LATENCY: Duration = Duration::from_millis(20);

/// Requests that are under way at once, as `api.max_concurrent_requests` has it.
const CONNECTIONS: usize = 8;

/// Measures a backfill, an unchanged full walk and their floors
#[derive(Debug, Parser)]
#[command(bin_name = "cargo bench --bench backfill --")]
struct Arguments {
    /// Campaigns of the account
    #[arg(long, default_value_t = 4)]
    campaigns: usize,
    /// Rows of each campaign
    #[arg(long, default_value_t = 5_000)]
    rows: usize,
    /// Turns of a transcript
    #[arg(long, default_value_t = 16)]
    turns: usize,
    /// How often everything is measured; the medians are shown
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Measure, too, the memory at ten times the rows (once; needs some 3 GB for the simulator)
    #[arg(long)]
    large: bool,
    /// A server to use, with a user that may create databases; else one is started
    #[arg(long, env = "BENCH_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let server = Server::start(arguments.database_url.as_deref()).await?;
    let measured = measure(&arguments, &server).await;
    server.stop().await?;
    measured?.print(arguments.campaigns * arguments.rows);
    Ok(())
}

async fn measure(arguments: &Arguments, server: &Server) -> anyhow::Result<Report> {
    let mut report = Report::new(server.describe().await?);
    let simulator = simulate(arguments, arguments.rows).await?;
    for round in 1..=arguments.rounds.max(1) {
        report.note_progress(&format!("round {round} of {}", arguments.rounds));
        measure_round(server, &simulator, &mut report).await?;
    }
    simulator.stop().await;
    if arguments.large {
        report.note_progress("ten times the rows");
        let simulator = simulate(arguments, arguments.rows * 10).await?;
        let database = server.create_database("large").await?;
        mirror::migrate(&database).await?;
        mirror_pass(Stage::LargeBackfill, &[], server, &database, &simulator, &mut report).await?;
        mirror_pass(Stage::LargeUnchanged, &["--full"], server, &database, &simulator, &mut report).await?;
        server.drop_database(database).await?;
        simulator.stop().await;
    }
    Ok(report)
}

/// An account whose rows are rendered, so that serving them is no more than copying.
async fn simulate(arguments: &Arguments, rows: usize) -> anyhow::Result<Simulator> {
    let options =
        Options { campaigns: arguments.campaigns, rows, turns: arguments.turns, ..Options::default() };
    let simulator = Simulator::start(options).await?;
    simulator.edit(|account| account.render_all());
    Ok(simulator)
}

async fn measure_round(server: &Server, simulator: &Simulator, report: &mut Report) -> anyhow::Result<()> {
    let database = server.create_database("mirror").await?;
    mirror::migrate(&database).await?;
    mirror_pass(Stage::Backfill, &[], server, &database, simulator, report).await?;
    mirror_pass(Stage::Unchanged, &["--full"], server, &database, simulator, report).await?;
    report.add(Stage::Fetch, floors::fetch(simulator, CONNECTIONS).await?);

    simulator.inject(Fault::new(FaultKind::Slow(LATENCY)));
    mirror_pass(Stage::UnchangedSlow, &["--full"], server, &database, simulator, report).await?;
    report.add(Stage::FetchSlow, floors::fetch(simulator, CONNECTIONS).await?);
    simulator.clear_faults();

    let tables = floors::dump(&database).await?;
    for (stage, keys_alone) in [(Stage::Copy, false), (Stage::CopyKeysAlone, true)] {
        let target = server.create_database("copy").await?;
        mirror::migrate(&target).await?;
        if keys_alone {
            target.drop_all_but_primary_keys().await?;
        }
        report.add(stage, floors::load(server, &target, &tables).await?);
        server.drop_database(target).await?;
    }
    server.drop_database(database).await
}

async fn mirror_pass(
    stage: Stage,
    arguments: &[&str],
    server: &Server,
    database: &Database,
    simulator: &Simulator,
    report: &mut Report,
) -> anyhow::Result<()> {
    simulator.reset_requests();
    let mut figures = mirror::run_pass(server, database, simulator, arguments).await?;
    figures.requests = Some(simulator.requests().total);
    report.add(stage, figures);
    Ok(())
}
