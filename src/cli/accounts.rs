//! The accounts that a command works on, and the mirror of each.

use super::Context;
use super::exit::CommandError;
use super::pass;
use crate::api::Client;
use crate::config::{Account, Settings};
use crate::observe::Progress;
use crate::store::Store;
use crate::sync::{Mirror, Walks, shared_pace};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The configured accounts, or the one that is asked for.
pub(super) fn chosen(settings: &Settings, wanted: Option<&str>) -> anyhow::Result<Vec<Account>> {
    let mut accounts = settings.mirrored_accounts()?;
    if let Some(name) = wanted {
        let known = accounts.iter().map(|account| account.name.clone()).collect::<Vec<_>>().join(", ");
        accounts.retain(|account| account.name == name);
        if accounts.is_empty() {
            return Err(CommandError::UnknownAccount { name: name.to_owned(), known }.into());
        }
    }
    Ok(accounts)
}

/// The client of an account.
pub(super) fn client_of(settings: &Settings, account: &Account) -> anyhow::Result<Client> {
    Ok(Client::new(pass::client_options(settings, account))?)
}

/// All that passes over an account work with.
pub(super) fn mirror_of(
    context: &Context,
    settings: &Settings,
    account: &Account,
    client: Client,
    store: Option<Store>,
    progress: Arc<dyn Progress>,
) -> anyhow::Result<Mirror> {
    Ok(Mirror {
        account: account.name.as_str().into(),
        client,
        base_url: account.base_url.clone(),
        store,
        settings: pass::sync_settings(settings)?,
        clock: context.clock.clone(),
        progress,
        stop: CancellationToken::new(),
        walks: Walks::default(),
    })
}

/// The same mirror with its account's rate limit held together with other processes.
pub(super) fn sharing_the_rate(mirror: Mirror) -> Mirror {
    let Some(store) = mirror.store.clone() else { return mirror };
    let client = mirror.client.sharing(shared_pace(store, &mirror.account));
    Mirror { client, ..mirror }
}
