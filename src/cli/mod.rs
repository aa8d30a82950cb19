//! The command line: one file a command, and what they share.
//!
//! Owns: arguments, exit codes, how results, errors and progress are shown, the options that other modules get
//! out of the configuration. Leaves the work to the modules that the commands call.

mod accounts;
mod bars;
mod check;
mod database;
mod demo;
mod erase;
mod exit;
mod interrupt;
mod migrate;
mod pass;
mod psql;
mod questions;
mod ready;
mod run;
mod serve;
mod sharing;
mod simulate;
mod status;
mod table;
mod terminal;
mod upkeep;
mod verify;

pub use exit::Exit;

use crate::clock::Clock;
use crate::config::{LogFormat, Settings};
use crate::observe::{LogOptions, install_logs};
use clap::{Parser, Subcommand};
use database::Database;
use exit::Failure;
use std::path::PathBuf;
use std::time::Duration;
use terminal::Terminal;

/// How long tasks that are cut off may take to notice.
const RUNTIME_GRACE: Duration = Duration::from_secs(2);

const AFTER_HELP: &str = "\
Exit codes: 0 complete; 2 usage or configuration; 3 partial, (status) stale or (verify) not equal; 4 key refused; 5 database unreachable or unfit; \
1 anything else.

Configuration, weakest first: the defaults, the file after --config, the environment: REVOX_API_KEY (or \
REVOX_API_KEY_FILE), REVOX_BASE_URL, DATABASE_URL, and REVOX_MIRROR__SECTION__KEY for everything else. Without \
DATABASE_URL the mirror runs a Postgres of its own.";

/// Keeps a Postgres copy of a Revox account's calling campaigns.
#[derive(Debug, Parser)]
#[command(name = "revox-mirror", version, after_help = AFTER_HELP, arg_required_else_help = true)]
pub struct Arguments {
    /// A configuration file (TOML)
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Mirror the account as a daemon that a schedule drives; with --once, in one pass
    Run(run::RunArguments),
    /// Look at configuration, key, database, rights and schema, and say what to do about each
    Check,
    /// Show what the mirror holds, how fresh it is and what went wrong, without asking the API
    Status(status::StatusArguments),
    /// Read the API again and prove the mirror equal to it, or list what differs
    Verify(verify::VerifyArguments),
    /// Remove a person, or a call with whom it was made to, from every table, and keep them from coming back
    Erase(erase::EraseArguments),
    /// Ask the daemon on this machine whether it is ready: exits 0 or 1, for health checks
    Ready(ready::ReadyArguments),
    /// Apply the migrations that are missing (run does so, too)
    Migrate,
    /// Open psql on the mirror's database
    Psql(psql::PsqlArguments),
    /// Mirror a simulated account that lives into a Postgres of its own, with nothing to set up
    Demo(demo::DemoArguments),
    /// Serve a look-alike of the Revox API
    Simulate(simulate::SimulateArguments),
}

/// What every command works with.
#[derive(Clone)]
struct Context {
    settings: Settings,
    terminal: Terminal,
    clock: Clock,
    /// The file after `--config`.
    config: Option<PathBuf>,
    /// The account is simulated, whatever the configuration says.
    is_demo: bool,
}

/// Reads the command line. What is no command has been answered already: help, the version, a usage error.
pub fn read_arguments() -> Result<Arguments, Exit> {
    Arguments::try_parse().map_err(|error| terminal::show_usage(&error))
}

/// Runs a command to its end, shows its error if it has one, and says how the program is to exit.
#[must_use]
pub fn run(arguments: &Arguments) -> Exit {
    let clock = Clock::system();
    let settings = match Settings::load(arguments.config.as_deref()) {
        Ok(settings) => settings,
        Err(error) => return fail(&Terminal::new(LogFormat::Auto, clock), &error.into()),
    };
    let terminal = Terminal::new(settings.log.format(), clock.clone());
    let logs = LogOptions {
        level: &settings.log.level,
        json: terminal.is_json(),
        colours: terminal.bars().is_some(),
    };
    install_logs(logs, terminal.clone());
    let config = arguments.config.clone();
    let context = Context { settings, terminal, clock, config, is_demo: false };
    match run_to_end(&context, &arguments.command) {
        Ok(exit) => match context.terminal.lost_result() {
            None => exit,
            Some(error) => {
                fail(&context.terminal, &anyhow::anyhow!("the result could not be written: {error}"))
            }
        },
        Err(error) => fail(&context.terminal, &error),
    }
}

/// Threads for what computes or waits for the system: as many as compute at once, and as many again for names that are looked up.
/// Those that are idle take turns, and each keeps memory of its own.
fn blocking_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).max(2) * 2
}

fn run_to_end(context: &Context, command: &Command) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(blocking_threads())
        .build()?;
    let outcome = runtime.block_on(async {
        match command {
            Command::Run(arguments) => run::run(context, arguments).await,
            Command::Check => check::run(context).await,
            Command::Status(arguments) => status::run(context, arguments).await,
            Command::Verify(arguments) => verify::run(context, arguments).await,
            Command::Erase(arguments) => erase::run(context, arguments).await,
            Command::Ready(arguments) => ready::run(context, arguments).await,
            Command::Migrate => migrate::run(context).await,
            Command::Psql(arguments) => psql::run(context, arguments).await,
            Command::Demo(arguments) => Box::pin(demo::run(context, arguments)).await,
            Command::Simulate(arguments) => simulate::run(context, arguments).await,
        }
    });
    runtime.shutdown_timeout(RUNTIME_GRACE);
    outcome
}

fn fail(terminal: &Terminal, error: &anyhow::Error) -> Exit {
    terminal.fail(&Failure::from(error));
    Exit::of_error(error)
}

impl Context {
    /// Says how to look into the embedded Postgres.
    fn say_how_to_connect(&self, database: &Database) {
        if let Some(line) = database.connection_line() {
            self.terminal.note(&format!(
                "The mirror is kept in an embedded Postgres. Look into it with `revox-mirror psql`, or while this \
                 command runs with:\n  {line}"
            ));
        }
    }

    /// Stops the embedded Postgres. That it could not be stopped does not undo what was done.
    async fn close(&self, database: Database) {
        if let Err(error) = database.close().await {
            tracing::warn!(error = format!("{error:#}"), "the embedded Postgres was not stopped");
        }
    }
}
