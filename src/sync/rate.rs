//! An account's rate limit, held by all processes together.

use crate::api::{Reserved, SharedPace};
use crate::store::Store;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

struct OfAccount {
    store: Store,
    account: Arc<str>,
}

/// The pace of an account, kept in its mirror's database.
#[must_use]
pub fn shared_pace(store: Store, account: &str) -> Arc<dyn SharedPace> {
    Arc::new(OfAccount { store, account: account.into() })
}

impl SharedPace for OfAccount {
    fn reserve(&self, slots: u32, apart: Duration, patience: Duration) -> BoxFuture<'_, Option<Reserved>> {
        async move {
            let reserved = self.store.reserve_slots(&self.account, slots, apart, patience).await;
            match reserved {
                Ok(Ok(first_in)) => Some(Reserved::From(first_in)),
                Ok(Err(first_in)) => Some(Reserved::NotBefore(first_in)),
                Err(error) => {
                    tracing::debug!(%error, "the pace is this process's own for now");
                    None
                }
            }
        }
        .boxed()
    }

    fn pause(&self, pause: Duration) -> BoxFuture<'_, ()> {
        async move {
            if let Err(error) = self.store.pause_account(&self.account, pause).await {
                tracing::debug!(%error, "other processes do not learn of the API's pause");
            }
        }
        .boxed()
    }
}
