//! What all jobs of a round have in common: keys, what was written already, what has been found out about the API.

use super::list::{self, Listing};
use super::parents::Written;
use super::{Mirror, PassOptions};
use crate::normalize::{Erased, Hasher};
use crate::plan::{Filtering, Shape};
use crate::store::{AccountState, Holder, StoreError};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What the jobs of a round share.
pub(super) struct Shared {
    pub(super) hasher: Hasher,
    /// What was erased before the round began.
    pub(super) erased: Arc<Erased>,
    pub(super) holder: Holder,
    pub(super) written: Arc<Written>,
    /// As many permits as there are processors.
    pub(super) processors: Arc<Semaphore>,
    /// How the API pages, once it is known. Held while one campaign finds out, so that the others wait.
    pub(super) shape: tokio::sync::Mutex<Option<Shape>>,
    /// How the API filters by status, as far as it is known.
    pub(super) filtering: tokio::sync::Mutex<Filtering>,
}

/// What the database keeps for every round.
pub(super) struct Keys {
    hasher: Hasher,
    erased: Erased,
}

impl Keys {
    pub(super) async fn load(mirror: &Mirror, options: &PassOptions) -> Result<Self, StoreError> {
        Ok(Self { hasher: mirror.hasher(!options.dry_run).await?, erased: mirror.erased().await? })
    }
}

impl Shared {
    pub(super) fn new(mirror: &Mirror, keys: Keys, held: &AccountState, listing: &Listing) -> Arc<Self> {
        Arc::new(Self {
            hasher: keys.hasher,
            erased: Arc::new(keys.erased),
            holder: Holder::this_process(),
            written: Arc::new(Written::new(list::assistants(listing))),
            processors: Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from))),
            // Where smaller pages are wanted than before, it is found out anew how the API gives them.
            shape: tokio::sync::Mutex::new(
                held.shape.filter(|shape| shape.is_within(mirror.settings.page_size)),
            ),
            filtering: tokio::sync::Mutex::new(held.filtering),
        })
    }
}
