//! `run`: the daemon; with `--once`, one pass over every account, then exit.

use super::accounts::{chosen, client_of, mirror_of, sharing_the_rate};
use super::database::{self, Database, Whose};
use super::exit::{CommandError, Exit, Failure};
use super::serve::{self, Serving};
use super::{Context, interrupt, pass, sharing, upkeep};
use crate::api::Client;
use crate::config::Account;
use crate::store::{Store, StoreError};
use crate::sync::{self, PassOptions};
use crate::upkeep::Upkeep;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use std::time::Duration;

/// `run`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub(super) struct RunArguments {
    /// Make one pass over every campaign, then exit
    #[arg(long)]
    once: bool,
    /// Only this account of those that are configured
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Only this campaign; may be given several times
    #[arg(long = "campaign", value_name = "ID", requires = "once", value_parser = NonEmptyStringValueParser::new())]
    campaigns: Vec<String>,
    /// Read everything, whatever earlier passes have seen
    #[arg(long, requires = "once")]
    full: bool,
    /// Write nothing; say what would be written
    #[arg(long, requires = "once")]
    dry_run: bool,
    /// The key or the base URL now belongs to another account than the mirror's, and that is meant
    #[arg(long, requires = "once")]
    accept_account: bool,
    /// What an earlier pass reported as suspicious is meant: rows or campaigns that it found gone are marked as gone,
    /// and no others
    #[arg(long, requires = "once")]
    accept_deletions: bool,
    /// How long to wait for what another revox-mirror works on, such as 30s or 5m
    #[arg(long, value_name = "TIME", requires = "once", default_value = "60s", value_parser = humantime::parse_duration)]
    wait: Duration,
    /// Do not apply migrations; fail when some are missing
    #[arg(long)]
    no_migrate: bool,
}

pub(super) async fn run(context: &Context, arguments: &RunArguments) -> anyhow::Result<Exit> {
    let settings = &context.settings;
    let accounts = chosen(settings, arguments.account.as_deref())?;
    if accounts.len() > 1 && !arguments.campaigns.is_empty() {
        return Err(CommandError::WhichAccount.into());
    }
    let mut mirrored = Vec::new();
    for account in accounts {
        let client = client_of(settings, &account)?;
        mirrored.push((account, client));
    }
    if arguments.dry_run && !database::exists(settings, Whose::Mirror)? {
        context.terminal.note("There is no mirror on this machine yet: everything counts as new.");
        return interrupt::or_signal(make_passes(context, arguments, mirrored, None)).await;
    }
    let database = interrupt::or_signal(Database::open(settings, Whose::Mirror)).await?;
    context.say_how_to_connect(&database);
    let outcome = if arguments.once {
        interrupt::or_signal(async {
            let store = prepare(context, &database, arguments).await?;
            let upkeep = match &store {
                Some(store) if arguments.dry_run => {
                    upkeep::languages(store, &settings.search).await?;
                    Upkeep::default()
                }
                Some(store) => upkeep::wanted(context, store, settings, false).await?,
                None => Upkeep::default(),
            };
            let ended = make_passes(context, arguments, mirrored, store.clone()).await;
            if let Some(store) = store {
                if ended.is_ok() && !arguments.dry_run {
                    upkeep::look_after(&store, &upkeep).await;
                }
                upkeep::end(&store, &upkeep).await;
                store.close().await;
            }
            ended
        })
        .await
    } else {
        serve_until_stopped(context, arguments, &database).await
    };
    context.close(database).await;
    outcome
}

async fn serve_until_stopped(
    context: &Context,
    arguments: &RunArguments,
    database: &Database,
) -> anyhow::Result<Exit> {
    let (store, upkeep) = interrupt::or_signal(async {
        let store = database.connect().await?;
        bring_up_to_date(context, &store, arguments).await?;
        let upkeep = upkeep::wanted(context, &store, &context.settings, true).await?;
        Ok((store, upkeep))
    })
    .await?;
    let account = arguments.account.clone();
    serve::serve(
        context,
        Serving { database, store, settings: context.settings.clone(), upkeep, account, trigger: "schedule" },
    )
    .await
}

async fn bring_up_to_date(context: &Context, store: &Store, arguments: &RunArguments) -> anyhow::Result<()> {
    store.check_rights().await?;
    if arguments.no_migrate {
        store.check_schema().await?;
    } else {
        store.migrate().await?;
        sharing::share(store).await;
    }
    store.save_reporting_time_zone(context.settings.reporting.time_zone.name()).await?;
    store.keep_call_statuses(context.settings.history.call_status).await?;
    Ok(())
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
    bring_up_to_date(context, &store, arguments).await?;
    Ok(Some(store))
}

/// A pass over each account; what goes wrong with one of several leaves the others alone.
async fn make_passes(
    context: &Context,
    arguments: &RunArguments,
    mirrored: Vec<(Account, Client)>,
    store: Option<Store>,
) -> anyhow::Result<Exit> {
    let options = PassOptions {
        campaigns: arguments.campaigns.clone(),
        full: arguments.full,
        dry_run: arguments.dry_run,
        accept_account: arguments.accept_account,
        accept_deletions: arguments.accept_deletions,
        lease_wait: arguments.wait,
        list_wait: arguments.wait,
        trigger: "once",
    };
    let several = mirrored.len() > 1;
    let mut exit = Exit::Complete;
    for (account, client) in mirrored {
        if several {
            context.terminal.print(&format!("Account {}:", account.name));
        }
        let progress = pass::progress(&context.terminal);
        let mirror = mirror_of(context, &context.settings, &account, client, store.clone(), progress)?;
        // A dry run writes nothing, reservations neither.
        let mirror = if arguments.dry_run { mirror } else { sharing_the_rate(mirror) };
        let ended = sync::run_pass(&mirror, &options).await;
        exit = exit.worse(match ended {
            Ok(report) => {
                pass::show_summary(context, &report, arguments.dry_run);
                Exit::of_report(&report)
            }
            Err(error) if several => {
                let error = error.into();
                context.terminal.fail(&Failure::from(&error));
                Exit::of_error(&error)
            }
            Err(error) => return Err(error.into()),
        });
    }
    Ok(exit)
}
