//! `run --once`: one pass over the account, then exit.

use super::Context;
use super::database::{self, Database, Whose};
use super::exit::{CommandError, Exit};
use super::{interrupt, pass};
use crate::api::Client;
use crate::store::{Store, StoreError};
use crate::sync::{self, Mirror, PassOptions};
use clap::Args;
use clap::builder::NonEmptyStringValueParser;

/// `run`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub(super) struct RunArguments {
    /// Make one pass over every campaign, then exit
    #[arg(long)]
    once: bool,
    /// Only this campaign; may be given several times
    #[arg(long = "campaign", value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    campaigns: Vec<String>,
    /// Read everything, whatever earlier passes have seen
    #[arg(long)]
    full: bool,
    /// Write nothing; say what would be written
    #[arg(long)]
    dry_run: bool,
    /// The key or the base URL now belongs to another account than the mirror's, and that is meant
    #[arg(long)]
    accept_account: bool,
    /// What an earlier pass reported as suspicious is meant: rows or campaigns that it found gone are marked as gone,
    /// and no others
    #[arg(long)]
    accept_deletions: bool,
    /// Do not apply migrations; fail when some are missing
    #[arg(long)]
    no_migrate: bool,
}

pub(super) async fn run(context: &Context, arguments: &RunArguments) -> anyhow::Result<Exit> {
    if !arguments.once {
        return Err(CommandError::NotYet {
            what: "the daemon comes with a later version: this one makes single passes",
            instead: "use `revox-mirror run --once`, from cron or a systemd timer if it is to be repeated",
        }
        .into());
    }
    let settings = &context.settings;
    let base_url = settings.revox.base_url();
    let client = Client::new(pass::client_options(settings, base_url, settings.revox.api_key()?))?;

    if arguments.dry_run && !database::exists(settings, Whose::Mirror)? {
        context.terminal.note("There is no mirror on this machine yet: everything counts as new.");
        return interrupt::or_signal(make_pass(context, arguments, client, None)).await;
    }
    let database = interrupt::or_signal(Database::open(settings, Whose::Mirror)).await?;
    context.say_how_to_connect(&database);
    let outcome = interrupt::or_signal(async {
        let store = prepare(context, &database, arguments).await?;
        make_pass(context, arguments, client, store).await
    })
    .await;
    context.close(database).await;
    outcome
}

/// The store, fit for the pass; none for a dry run over a database that has no mirror yet.
async fn prepare(
    context: &Context,
    database: &Database,
    arguments: &RunArguments,
) -> anyhow::Result<Option<Store>> {
    let store = database.connect().await?;
    if arguments.dry_run {
        return match store.check_schema().await {
            Ok(()) => Ok(Some(store)),
            Err(StoreError::SchemaOlder { .. }) => {
                context
                    .terminal
                    .note("The database has no mirror of this version yet: everything counts as new.");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        };
    }
    store.check_rights().await?;
    if arguments.no_migrate {
        store.check_schema().await?;
    } else {
        store.migrate().await?;
    }
    Ok(Some(store))
}

async fn make_pass(
    context: &Context,
    arguments: &RunArguments,
    client: Client,
    store: Option<Store>,
) -> anyhow::Result<Exit> {
    let mirror = Mirror {
        client,
        base_url: context.settings.revox.base_url().to_owned(),
        store,
        settings: pass::sync_settings(&context.settings),
        clock: context.clock.clone(),
        progress: pass::progress(&context.terminal),
    };
    let options = PassOptions {
        campaigns: arguments.campaigns.clone(),
        full: arguments.full,
        dry_run: arguments.dry_run,
        accept_account: arguments.accept_account,
        accept_deletions: arguments.accept_deletions,
        lease_wait: pass::LEASE_WAIT,
        trigger: "once",
    };
    let report = sync::run_pass(&mirror, &options).await;
    if let Some(store) = &mirror.store {
        store.close().await;
    }
    let report = report?;
    pass::show_summary(context, &report, arguments.dry_run);
    Ok(Exit::of_report(&report))
}
