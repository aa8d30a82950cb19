//! Sums up, after passes and beside them, what the views that count over many calls come to.
//!
//! Owns the order of it: a campaign or an assistant at a time, stopped between two of them. Leaves the statements to
//! `store`. What is not summed up yet is counted by whoever asks: this makes answers quick, and can make none wrong.

use crate::store::{Store, StoreError};
use futures::{StreamExt, TryStreamExt};
use tokio_util::sync::CancellationToken;

/// Campaigns and assistants that are summed up at once where nothing else is going on.
const AT_ONCE: usize = 4;

/// Sums up what was written to; returns how many campaigns and assistants. With `sparing`, what takes long is left for
/// later when it was done of late, and all of it together takes a tenth of the time; what never was summed up is not spared.
///
/// # Errors
/// When the database fails. What was committed stays.
pub async fn sum_up(store: &Store, sparing: bool, stop: &CancellationToken) -> Result<usize, StoreError> {
    // Beside passes one at a time; where somebody waits for it, on all processors of a small server.
    let at_once = if sparing { 1 } else { AT_ONCE };
    let marked = store.marked_summaries(sparing).await?;
    let summed: usize = futures::stream::iter(marked)
        .map(|marked| async move {
            if stop.is_cancelled() || sparing && marked.is_summed && !store.may_sum_up().await? {
                return Ok(0);
            }
            Ok::<usize, StoreError>(usize::from(store.sum_up(&marked).await?))
        })
        .buffer_unordered(at_once)
        .try_fold(0, async |summed, one| Ok(summed + one))
        .await?;
    if summed > 0 {
        tracing::debug!(summed, "campaigns and assistants were summed up");
    }
    Ok(summed)
}
