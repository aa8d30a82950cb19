//! What could not land: `revox_sync.rejects`.

use super::StoreError;
use super::checkpoint::unsigned;
use super::statement::query;
use crate::normalize::Hash;
use crate::records::{Reject, Time};
use sqlx::{PgConnection, Row};
use std::collections::BTreeMap;

/// Clears the rejects of what has landed and writes those of what could not. Returns how many pieces could not
/// land, and how many of those were not there before.
pub(super) async fn save_rejects<'a>(
    connection: &mut PgConnection,
    campaign_id: &str,
    landed: &[&str],
    rejects: impl Iterator<Item = &'a Reject>,
    now: Time,
) -> Result<(u64, u64), StoreError> {
    query("delete from revox_sync.rejects where campaign_id = $1 and row_key = any($2)")
        .bind(campaign_id)
        .bind(landed)
        .execute(&mut *connection)
        .await
        .map_err(StoreError::query("clearing rejects that have landed"))?;
    let rejects: BTreeMap<(&str, &str, Hash), &Reject> = rejects
        .map(|reject| ((reject.row_key.as_str(), reject.path.as_str(), payload_hash(reject)), reject))
        .collect();
    #[cfg(feature = "sabotage")]
    let rejects = if crate::sabotage::Sabotage::RejectDropped.is_on() { BTreeMap::new() } else { rejects };
    if rejects.is_empty() {
        return Ok((0, 0));
    }
    let keys: Vec<&str> = rejects.keys().map(|key| key.0).collect();
    let paths: Vec<&str> = rejects.keys().map(|key| key.1).collect();
    let hashes: Vec<&[u8]> = rejects.keys().map(|key| key.2.as_slice()).collect();
    let reasons: Vec<&str> = rejects.values().map(|reject| reject.reason.as_str()).collect();
    let payloads: Vec<&str> = rejects.values().map(|reject| reject.payload.as_str()).collect();
    let fresh: i64 = query(
        "with written as (
             insert into revox_sync.rejects as r
                 (campaign_id, row_key, path, payload_hash, reason, payload, first_seen_at, last_seen_at, times)
             select $1, i.row_key, i.path, i.payload_hash, i.reason, i.payload, $7, $7, 1
             from unnest($2::text[], $3::text[], $4::bytea[], $5::text[], $6::text[])
                  as i(row_key, path, payload_hash, reason, payload)
             on conflict (campaign_id, row_key, path, payload_hash) do update
             set reason = excluded.reason, last_seen_at = excluded.last_seen_at, times = r.times + 1
             returning times
         )
         select count(*) filter (where times = 1) from written",
    )
    .bind(campaign_id)
    .bind(keys)
    .bind(paths)
    .bind(hashes)
    .bind(reasons)
    .bind(payloads)
    .bind(now)
    .fetch_one(connection)
    .await
    .map_err(StoreError::query("writing rejects"))?
    .get(0);
    Ok((u64::try_from(rejects.len()).unwrap_or(u64::MAX), unsigned(fresh)))
}

fn payload_hash(reject: &Reject) -> Hash {
    let mut hash = Hash::default();
    blake3::Hasher::new().update(reject.payload.as_bytes()).finalize_xof().fill(&mut hash);
    hash
}
