//! `migrate`: applies the migrations that are missing.

use super::database::{Database, Whose};
use super::exit::Exit;
use super::{Context, interrupt, sharing};

pub(super) async fn run(context: &Context) -> anyhow::Result<Exit> {
    let database = interrupt::or_signal(Database::open(&context.settings, Whose::Mirror)).await?;
    context.say_how_to_connect(&database);
    let outcome = interrupt::or_signal(async {
        let store = database.connect().await?;
        store.check_rights().await?;
        let applied = store.migrate().await?;
        store.save_reporting_time_zone(context.settings.reporting.time_zone.name()).await?;
        let before = store.missing_shares().await?.len();
        let missing = sharing::share(&store).await;
        store.close().await;
        let shared = before.saturating_sub(missing.len());
        Ok((applied, shared, missing))
    })
    .await;
    context.close(database).await;
    let (applied, shared, missing) = outcome?;
    context.terminal.print(&match applied {
        0 => "The schema was up to date.".to_owned(),
        1 => "1 migration was applied; the schema is up to date.".to_owned(),
        count => format!("{count} migrations were applied; the schema is up to date."),
    });
    if shared > 0 {
        context
            .terminal
            .print("What others read was completed: the role revox_reader, the publication revox_mirror.");
    }
    if let Some(advice) = sharing::advice(&missing) {
        context.terminal.print(&advice);
    }
    Ok(Exit::Complete)
}
