//! A clock that a test sets forward.

use crate::support::account::Account;
use revox_mirror::clock::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// The mirror's clock, some minutes ahead of the machine's.
pub(crate) struct Ahead(Arc<AtomicI64>);

impl Ahead {
    /// Gives the account's mirror such a clock.
    pub(crate) fn of(account: &mut Account) -> Self {
        let minutes = Arc::new(AtomicI64::new(0));
        let (ahead, system) = (Arc::clone(&minutes), Clock::system());
        account.mirror.clock = Clock::from_fn(move || {
            let minutes = u64::try_from(ahead.load(Ordering::SeqCst)).unwrap_or(0);
            system.now() + Duration::from_mins(minutes)
        });
        Self(minutes)
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, minutes: i64) {
        self.0.fetch_add(minutes, Ordering::SeqCst);
    }
}
