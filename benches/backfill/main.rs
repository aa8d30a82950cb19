//! What a backfill costs, beside what it must cost at least, on the same data in the same run.
//!
//! Owns the order of the stages. `mirror` runs the real binary, `floors` measures what cannot be avoided, `growth` goes from
//! few rows to many, `hardship` makes things difficult, `postgres` keeps the databases, `processes` reads what processes used,
//! `report` prints.
//!
//! Nothing here fails because it took long: figures are for people to compare.

mod floors;
mod growth;
mod hardship;
mod mirror;
mod postgres;
mod processes;
mod report;

use clap::Parser;
use mirror::Pass;
use postgres::{Database, Server};
use report::{Report, Stage};
use revox_mirror::simulator::{Fault, FaultKind, Flavour, OlderApi, Options, Simulator};
use std::time::Duration;

/// How long each answer takes in the stages with latency.
const LATENCY: Duration = Duration::from_millis(20);

/// Requests that are under way at once, as `api.max_concurrent_requests` has it.
const CONNECTIONS: usize = 8;

/// Walks of a daemon that are measured each round, behind its first one.
const WATCHED_WALKS: usize = 3;

/// The simulator gives pages of any size that a stage asks for.
const MOST_ROWS_A_PAGE: u32 = 10_000;

/// One row in so many changes before the incremental pass.
const ONE_CHANGES_IN: usize = 100;

/// Measures a backfill, the passes that follow it, and their floors
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
    /// Measure, too, how cost grows from 1,000 rows to this many (three times each; 200,000 need some 3 GB for the simulator)
    #[arg(long, value_name = "ROWS")]
    growth: Option<usize>,
    /// Measure, too, a slow database, a slow API, and pages of other sizes (once each)
    #[arg(long)]
    hardship: bool,
    /// Serve the account and wait for Ctrl-C, for those who want to look at the mirror with tools of their own
    #[arg(long)]
    serve: bool,
    /// With `--serve`: how long each answer takes, in milliseconds
    #[arg(long, value_name = "MS", requires = "serve")]
    latency: Option<u64>,
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
    if arguments.serve {
        return serve(&arguments).await;
    }
    let server = Server::start(arguments.database_url.as_deref()).await?;
    let measured = measure(&arguments, &server).await;
    server.stop().await?;
    measured?.print();
    Ok(())
}

async fn serve(arguments: &Arguments) -> anyhow::Result<()> {
    let simulator = simulate(arguments, arguments.rows).await?;
    if let Some(latency) = arguments.latency {
        simulator.inject(Fault::new(FaultKind::Slow(Duration::from_millis(latency))));
    }
    let report = Report::new(String::new());
    report.note_progress(&format!(
        "REVOX_BASE_URL={} REVOX_API_KEY={}",
        simulator.base_url(),
        Options::default().api_key
    ));
    tokio::signal::ctrl_c().await?;
    simulator.stop().await;
    Ok(())
}

async fn measure(arguments: &Arguments, server: &Server) -> anyhow::Result<Report> {
    let mut report = Report::new(server.describe().await?);
    for round in 1..=arguments.rounds {
        report.note_progress(&format!("round {round} of {}", arguments.rounds));
        // Each round has an account of its own, since passes over what has changed change it.
        let simulator = simulate(arguments, arguments.rows).await?;
        measure_round(arguments, server, &simulator, &mut report).await?;
        simulator.stop().await;
    }
    if arguments.hardship {
        hardship::measure(arguments, server, &mut report).await?;
    }
    if let Some(most) = arguments.growth {
        growth::measure(arguments, most, server, &mut report).await?;
    }
    Ok(report)
}

/// An account whose rows are rendered, so that serving them is no more than copying.
async fn simulate(arguments: &Arguments, rows: usize) -> anyhow::Result<Simulator> {
    let options = Options {
        flavour: Flavour::Older(OlderApi { max_page_size: MOST_ROWS_A_PAGE, ..OlderApi::default() }),
        campaigns: arguments.campaigns,
        rows,
        turns: arguments.turns,
        ..Options::default()
    };
    let simulator = Simulator::start(options).await?;
    simulator.edit(|account| account.render_all());
    Ok(simulator)
}

/// A new database with the schema.
async fn migrated(server: &Server, purpose: &str) -> anyhow::Result<Database> {
    let database = server.create_database(purpose).await?;
    mirror::migrate(&database).await?;
    Ok(database)
}

async fn measure_round(
    arguments: &Arguments,
    server: &Server,
    simulator: &Simulator,
    report: &mut Report,
) -> anyhow::Result<()> {
    let rows = arguments.campaigns * arguments.rows;
    let database = migrated(server, "mirror").await?;
    let pass = Pass::new(server, &database, simulator);
    let full = Pass { arguments: &["--full"], ..pass };
    let backfill = pass.run().await?;
    report.add(Stage::Backfill, rows, backfill.pass);
    report.add(Stage::UntilCounted, rows, backfill.whole);
    report.add(Stage::Unchanged, rows, full.run().await?.whole);
    report.add(Stage::Quiet, rows, pass.run().await?.whole);
    report.add(Stage::Fetch, rows, floors::fetch(simulator, CONNECTIONS).await?);

    simulator.inject(Fault::new(FaultKind::Slow(LATENCY)));
    report.add(Stage::UnchangedSlow, rows, full.run().await?.whole);
    for seconds in pass.walks_of_a_daemon(WATCHED_WALKS).await? {
        report.add(Stage::UnchangedWatched, rows, report::Figures { seconds, ..report::Figures::default() });
    }
    report.add(Stage::FetchSlow, rows, floors::fetch(simulator, CONNECTIONS).await?);
    simulator.clear_faults();

    let changed = change(simulator, arguments)?;
    let incremental = Pass { asks_for_words: false, ..pass }.run().await?;
    report.add(Stage::Incremental, changed, incremental.pass);
    report.add(Stage::IncrementalUntilCounted, changed, incremental.whole);

    let tables = floors::dump(&database).await?;
    for (stage, keys_alone) in [(Stage::Copy, false), (Stage::CopyKeysAlone, true)] {
        let target = migrated(server, "copy").await?;
        if keys_alone {
            target.drop_all_but_primary_keys().await?;
        }
        report.add(stage, rows, floors::load(server, target.url(), &tables).await?);
        server.drop_database(target).await?;
    }
    server.drop_database(database).await
}

/// Gives one row in a hundred a new call; returns how many.
fn change(simulator: &Simulator, arguments: &Arguments) -> anyhow::Result<usize> {
    let mut changed = 0;
    for campaign in 0..arguments.campaigns {
        for row in (0..arguments.rows).step_by(ONE_CHANGES_IN) {
            simulator.edit(|account| account.replace_call(campaign, row))?;
            changed += 1;
        }
    }
    Ok(changed)
}
