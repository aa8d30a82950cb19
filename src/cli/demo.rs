//! `demo`: the simulator, the embedded Postgres and the daemon (or, with `--once`, one pass), with nothing to set up.

use super::accounts::chosen;
use super::accounts::{client_of, mirror_of};
use super::database::{Database, Whose, data_dir};
use super::exit::{CommandError, Exit};
use super::serve::{self, Serving};
use super::{Context, interrupt, pass, questions, upkeep};
use crate::config::{Cron, Settings};
use crate::simulator::{Options, Simulator};
use crate::store::Store;
use crate::sync::{self, PassOptions};
use anyhow::{Context as _, anyhow};
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection, PgConnection};
use std::fs::{File, TryLockError};
use std::time::Duration;

/// How often calls of the simulated account move on.
const TICK: Duration = Duration::from_secs(3);

/// How often the demo's daemon looks.
const CRON: &str = "*/5 * * * * *";

/// `demo`.
#[derive(Debug, Args)]
pub(super) struct DemoArguments {
    /// Mirror the simulated account once, ask three questions, then exit
    #[arg(long)]
    once: bool,
    /// Rows of each of the three campaigns
    #[arg(long, value_name = "N", default_value_t = 200)]
    rows: usize,
    /// The same seed makes the same account
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

pub(super) async fn run(context: &Context, arguments: &DemoArguments) -> anyhow::Result<Exit> {
    let options = Options {
        campaigns: 3,
        rows: arguments.rows,
        seed: arguments.seed,
        // Calls of the last days, as a person expects to see them.
        clock: Some(context.clock.clone()),
        ..Options::default()
    };
    let address = options.listen;
    let key = SecretString::from(options.api_key.clone());
    let simulator =
        Simulator::start(options).await.map_err(|source| CommandError::Listen { address, source })?;
    let cron = Cron::parse(CRON).map_err(|problem| anyhow!("the demo's schedule {problem}"))?;
    let settings = context.settings.of_simulated_account(simulator.base_url(), key, cron);
    let database = interrupt::or_signal(Database::open(&context.settings, Whose::Demo)).await?;
    let outcome = match only_one(&context.settings) {
        Err(error) => Err(error),
        Ok(_alone) if arguments.once => interrupt::or_signal(show(context, &settings, &database)).await,
        Ok(_alone) => live(context, settings, &simulator, &database).await,
    };
    context.close(database).await;
    simulator.stop().await;
    let exit = outcome?;
    context.terminal.print(
        "\nThe database is kept. Look further with `revox-mirror psql --demo`: try \\dt revox.* or \\d+ revox.calls\n\
         For an account of your own: REVOX_API_KEY=... revox-mirror run --once",
    );
    Ok(exit)
}

/// Held by the demo that runs: two would empty each other's tables. The system lets go of it when its holder dies.
fn only_one(settings: &Settings) -> anyhow::Result<File> {
    let path = data_dir(settings, Whose::Demo).join("demo.lock");
    let file = File::create(&path).with_context(|| format!("making {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(CommandError::DemoRuns.into()),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("locking {}", path.display())),
    }
}

/// Each demo begins anew: an account of another size or seed would look like a mass deletion.
async fn begin_anew(database: &Database) -> anyhow::Result<(Store, PgConnection)> {
    let store = database.connect().await?;
    let mut connection = PgConnection::connect(database.url().expose_secret()).await?;
    sqlx::raw_sql("drop schema if exists revox, revox_sync cascade").execute(&mut connection).await?;
    store.migrate().await?;
    Ok((store, connection))
}

/// Mirrors an account that lives, until a signal comes.
async fn live(
    context: &Context,
    settings: Settings,
    simulator: &Simulator,
    database: &Database,
) -> anyhow::Result<Exit> {
    let (store, connection) = interrupt::or_signal(begin_anew(database)).await?;
    connection.close().await?;
    let upkeep = upkeep::wanted(context, &store, &settings, true).await?;
    context.terminal.print(
        "A simulated account lives, and is mirrored every five seconds, until Ctrl-C. Look into the mirror from another \
         terminal with\n  revox-mirror psql --demo\n  revox-mirror status --demo",
    );
    simulator.live(TICK);
    let demo = Context { is_demo: true, ..context.clone() };
    serve::serve(&demo, Serving { database, store, settings, upkeep, account: None, trigger: "demo" }).await
}

async fn show(context: &Context, settings: &Settings, database: &Database) -> anyhow::Result<Exit> {
    let (store, mut connection) = begin_anew(database).await?;
    let account = chosen(settings, None)?.pop().ok_or_else(|| anyhow!("the demo has no account"))?;
    let client = client_of(settings, &account)?;
    let progress = pass::progress(&context.terminal);
    let mirror = mirror_of(context, settings, &account, client, Some(store.clone()), progress)?;
    let options = PassOptions { accept_account: true, trigger: "demo", ..PassOptions::default() };
    let upkeep = upkeep::wanted(context, &store, settings, false).await?;
    let report = sync::run_pass(&mirror, &options).await;
    if report.is_ok() {
        upkeep::look_after(&store, &upkeep).await;
    }
    upkeep::end(&store, &upkeep).await;
    store.close().await;
    let report = report?;
    pass::show_summary(context, &report, false);

    let terminal = &context.terminal;
    terminal.print("\nWhat landed:\n");
    terminal.print(&questions::ask(&mut connection, questions::TABLE_COUNTS).await?);
    for question in questions::first_questions() {
        terminal.print(&format!("\n{}\n\n{}\n", question.words, question.sql.trim_end()));
        terminal.print(&questions::ask(&mut connection, question.sql).await?);
    }
    connection.close().await?;
    Ok(Exit::of_report(&report))
}
