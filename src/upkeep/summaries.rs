//! Sums up, after passes and beside them, what the views that count over many calls come to.
//!
//! Owns the order of it: a campaign or an assistant at a time, stopped between two of them. Leaves the statements to
//! `store`. What is not summed up yet is counted by whoever asks: this makes answers quick, and can make none wrong.

use crate::store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

/// Sums up what was written to; returns how many campaigns and assistants. With `sparing`, what takes long is left for
/// later when it was done of late, and all of it together takes a tenth of the time; what never was summed up is not spared.
///
/// # Errors
/// When the database fails. What was committed stays.
pub async fn sum_up(store: &Store, sparing: bool, stop: &CancellationToken) -> Result<usize, StoreError> {
    let mut summed = 0;
    for marked in store.marked_summaries(sparing).await? {
        if stop.is_cancelled() {
            break;
        }
        if sparing && marked.is_summed && !store.may_sum_up().await? {
            continue;
        }
        summed += usize::from(store.sum_up(&marked).await?);
    }
    if summed > 0 {
        tracing::debug!(summed, "campaigns and assistants were summed up");
    }
    Ok(summed)
}
