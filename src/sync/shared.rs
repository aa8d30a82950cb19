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

impl Shared {
    pub(super) async fn new(
        mirror: &Mirror,
        options: &PassOptions,
        held: &AccountState,
        listing: &Listing,
    ) -> Result<Arc<Self>, StoreError> {
        Ok(Arc::new(Self {
            hasher: mirror.hasher(!options.dry_run).await?,
            erased: Arc::new(mirror.erased().await?),
            holder: Holder::this_process(),
            written: Arc::new(Written::new(list::assistants(listing))),
            processors: Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from))),
            shape: tokio::sync::Mutex::new(held.shape),
            filtering: tokio::sync::Mutex::new(held.filtering),
        }))
    }
}
