//! Leases as passes hold them: waited for, and renewed while nothing is committed.

use crate::store::{Holder, Lease, Store, StoreError};
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;

/// Takes a lease, waiting for its holder, and tells whether it had to wait; `None` when it is still held at the end.
pub async fn wait_for_lease(
    store: &Store,
    scope: &str,
    holder: &Holder,
    wait: Duration,
) -> Result<Option<(Lease, bool)>, StoreError> {
    const PAUSE: Duration = Duration::from_millis(250);
    let deadline = tokio::time::Instant::now() + wait;
    let mut said = false;
    loop {
        if let Some(lease) = store.take_lease(scope, holder).await? {
            return Ok(Some((lease, said)));
        }
        if tokio::time::Instant::now() >= deadline {
            return Ok(None);
        }
        if !said {
            tracing::info!(
                scope,
                wait_seconds = wait.as_secs(),
                "another revox-mirror works on this; waiting"
            );
            said = true;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Renews a lease while pages are read and nothing is committed. Ends when it is dropped or the lease is lost;
/// the next commit then fails by itself.
pub(super) fn keep(store: Store, lease: Lease) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        loop {
            tokio::time::sleep(store.renewal_pause()).await;
            match store.keep_lease(&lease).await {
                Ok(()) => {}
                Err(error @ StoreError::LeaseLost { .. }) => {
                    tracing::warn!(scope = lease.scope(), %error, "the lease was lost");
                    return;
                }
                Err(error) => tracing::debug!(scope = lease.scope(), %error, "a lease could not be renewed"),
            }
        }
    }))
}
