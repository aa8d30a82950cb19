//! `migrate`: applies the migrations that are missing.

use super::database::{Database, Whose};
use super::exit::Exit;
use super::{Context, interrupt};

pub(super) async fn run(context: &Context) -> anyhow::Result<Exit> {
    let database = interrupt::or_signal(Database::open(&context.settings, Whose::Mirror)).await?;
    context.say_how_to_connect(&database);
    let outcome = interrupt::or_signal(async {
        let store = database.connect().await?;
        store.check_rights().await?;
        let applied = store.migrate().await?;
        store.close().await;
        Ok(applied)
    })
    .await;
    context.close(database).await;
    context.terminal.print(&match outcome? {
        0 => "The schema was up to date.".to_owned(),
        1 => "1 migration was applied; the schema is up to date.".to_owned(),
        count => format!("{count} migrations were applied; the schema is up to date."),
    });
    Ok(Exit::Complete)
}
