//! The deliberate fault of a checkpoint that is committed before its rows; see `crate::sabotage`.

use super::StoreError;
use super::batch::Batch;
use super::checkpoint::save_walk;
use super::lease::Lease;
use super::open::{Store, commit};
use super::statement::query;
use crate::sabotage::Sabotage;
use std::time::Duration;

/// As long as it takes that a kill comes in between now and then.
const GAP: Duration = Duration::from_millis(5);

impl Store {
    /// Commits the checkpoint of a batch by itself. Its pages are forgotten again just before they are written with
    /// the rows.
    pub(super) async fn commit_checkpoint_early(
        &self,
        lease: &Lease,
        batch: &Batch<'_>,
    ) -> Result<(), StoreError> {
        let Some(pages) = batch.walk.as_ref().filter(|_| Sabotage::CheckpointBeforeRows.is_on()) else {
            return Ok(());
        };
        let mut transaction = self.begin().await?;
        let shown = (pages.first_page, pages.rows_seen);
        save_walk(&mut transaction, lease, batch.campaign_id, pages.walk, Some(shown)).await?;
        commit(transaction).await?;
        tokio::time::sleep(GAP).await;
        let mut transaction = self.begin().await?;
        query("delete from revox_sync.walk_pages where walk_id = $1 and first_page = $2")
            .bind(pages.walk.id)
            .bind(i64::try_from(pages.first_page).unwrap_or(i64::MAX))
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::query("forgetting pages"))?;
        commit(transaction).await
    }
}
