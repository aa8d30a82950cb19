//! `demo --once`: the simulator, the embedded Postgres and one pass, with nothing to set up.

use super::database::{Database, Whose};
use super::exit::{CommandError, Exit};
use super::questions;
use super::{Context, interrupt, pass};
use crate::api::Client;
use crate::simulator::{Options, Simulator};
use crate::sync::{self, Mirror, PassOptions};
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection, PgConnection};

/// `demo`.
#[derive(Debug, Args)]
pub(super) struct DemoArguments {
    /// Mirror a simulated account once, then exit
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
    if !arguments.once {
        return Err(CommandError::NotYet {
            what: "the living demo comes with the daemon, in a later version",
            instead: "use `revox-mirror demo --once`",
        }
        .into());
    }
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
    let database = interrupt::or_signal(Database::open(&context.settings, Whose::Demo)).await?;
    let outcome = interrupt::or_signal(show(context, &simulator, key, &database)).await;
    context.close(database).await;
    simulator.stop().await;
    let exit = outcome?;
    context.terminal.print(
        "\nThe database is kept. Look further with `revox-mirror psql --demo`: try \\dt revox.* or \\d+ revox.calls\n\
         For an account of your own: REVOX_API_KEY=... revox-mirror run --once",
    );
    Ok(exit)
}

async fn show(
    context: &Context,
    simulator: &Simulator,
    key: SecretString,
    database: &Database,
) -> anyhow::Result<Exit> {
    let settings = &context.settings;
    let store = database.connect().await?;
    let mut connection = PgConnection::connect(database.url().expose_secret()).await?;
    // Each demo begins anew: an account of another size or seed would look like a mass deletion.
    sqlx::raw_sql("drop schema if exists revox, revox_sync cascade").execute(&mut connection).await?;
    store.migrate().await?;
    let mirror = Mirror {
        client: Client::new(pass::client_options(settings, &simulator.base_url(), key))?,
        base_url: simulator.base_url(),
        store: Some(store),
        settings: pass::sync_settings(settings),
        clock: context.clock.clone(),
        progress: pass::progress(&context.terminal),
    };
    let options = PassOptions { accept_account: true, trigger: "demo", ..PassOptions::default() };
    let report = sync::run_pass(&mirror, &options).await;
    if let Some(store) = &mirror.store {
        store.close().await;
    }
    let report = report?;
    pass::show_summary(context, &report, false);

    let terminal = &context.terminal;
    terminal.print("\nWhat landed:\n");
    terminal.print(&questions::ask(&mut connection, questions::TABLE_COUNTS).await?);
    for question in questions::QUESTIONS {
        terminal.print(&format!("\n{}\n\n{}\n", question.words, question.sql.trim_end()));
        terminal.print(&questions::ask(&mut connection, question.sql).await?);
    }
    connection.close().await?;
    Ok(Exit::of_report(&report))
}
