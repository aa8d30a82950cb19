//! What the mirror did not know: `revox_sync.drift`.
//!
//! Owns: that the table stays small, whatever the API says over the years. Several processes that write at the same time
//! may write a few lines too many.

use super::StoreError;
use super::checkpoint::signed;
use super::statement::query;
use crate::normalize::{DriftCounts, MAX_FAMILY, MAX_LINES};
use crate::records::{Drift, Time};
use sqlx::PgConnection;

/// Counts what the mirror did not know. Written in the order of its key, as every shared line is.
pub(super) async fn save_drift(
    connection: &mut PgConnection,
    drift: &DriftCounts,
    now: Time,
) -> Result<(), StoreError> {
    if drift.is_empty() {
        return Ok(());
    }
    let (keys, sightings): (Vec<_>, Vec<_>) = drift.iter().unzip();
    let paths: Vec<&str> = keys.iter().map(|drift| drift.path.as_str()).collect();
    let kinds: Vec<&str> = keys.iter().map(|drift| drift.kind.as_str()).collect();
    let counts: Vec<i64> = sightings.iter().map(|it| signed(it.count)).collect();
    let first: Vec<&str> = sightings.iter().map(|it| it.first_seen_in.as_str()).collect();
    let last: Vec<&str> = sightings.iter().map(|it| it.last_seen_in.as_str()).collect();
    let others = Drift::others();
    query(include_str!("save_drift.sql"))
        .bind(paths)
        .bind(kinds)
        .bind(counts)
        .bind(first)
        .bind(last)
        .bind(now)
        .bind(count_of(MAX_FAMILY))
        .bind(count_of(MAX_LINES))
        .bind(others.path)
        .bind(others.kind)
        .execute(connection)
        .await
        .map_err(StoreError::query("counting drift"))?;
    Ok(())
}

fn count_of(lines: usize) -> i64 {
    i64::try_from(lines).unwrap_or(i64::MAX)
}
