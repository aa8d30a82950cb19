//! Checkpoints: where a campaign's walk stands, and what its last complete pass rests on.
//!
//! Written in the transaction of the rows that they vouch for, never apart, and under the campaign's lease.

use super::StoreError;
use super::lease::{Lease, renewal};
use super::open::{Store, commit};
use super::statement::{query, query_scalar};
use crate::normalize::Hash;
use crate::plan::{Fingerprint, Shape};
use crate::records::Time;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// A walk under way: all that a resumed walk needs to carry it on.
#[derive(Debug, Clone, PartialEq)]
pub struct WalkCheckpoint {
    /// Tells this walk's pages from those of an earlier one.
    pub id: Uuid,
    /// When it began.
    pub started_at: Time,
    /// How the API pages.
    pub shape: Shape,
    /// `total` of the first page.
    pub first_total: Option<u64>,
    /// A `total` that was another than the first.
    pub other_total: Option<u64>,
    /// The first page with other than the rows it had to hold: `(page, expected, found)`.
    pub odd_page: Option<(u64, u64, u64)>,
    /// What the campaign said of itself before the first page.
    pub fingerprint: Option<Fingerprint>,
    /// Whether that lay back far enough to be believed later.
    pub is_at_rest: bool,
    /// The next page to read, from 0.
    pub next_page: u64,
    /// Rows seen so far, doublets included.
    pub rows_seen: u64,
    /// Those among them without a readable id.
    pub rows_without_id: u64,
    /// What is added to a row's place on the walk to get its position.
    pub position_offset: i64,
    /// Rows so far whose call lists an attempt that belongs to another call.
    pub contested: u64,
    /// How its rows are read.
    pub reading: String,
}

/// What is remembered of a campaign.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Checkpoint {
    /// The walk under way, if one was begun and not finished.
    pub walk: Option<WalkCheckpoint>,
    /// Passes so far.
    pub passes: u64,
}

/// The numbers of a walk that have no column of their own.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
struct WalkNotes {
    fingerprint: Option<Fingerprint>,
    is_at_rest: bool,
    other_total: Option<u64>,
    odd_page: Option<(u64, u64, u64)>,
    rows_without_id: u64,
    #[serde(default)]
    position_offset: i64,
    #[serde(default)]
    contested: u64,
    #[serde(default)]
    reading: String,
}

/// Postgres has no unsigned integers; nothing here comes near the limit.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The way back.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

impl Store {
    /// Reads a campaign's checkpoint; the default one when there is none yet.
    pub async fn load_checkpoint(&self, campaign_id: &str) -> Result<Checkpoint, StoreError> {
        let mut transaction = self.begin().await?;
        let row = query(
            "select api_shape, walk_id, walk_started_at, walk_first_total, walk_fingerprint,
                    walk_next_page, walk_rows_seen, passes
             from revox_sync.checkpoints where campaign_id = $1",
        )
        .bind(campaign_id)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(StoreError::query("reading a checkpoint"))?;
        let Some(row) = row else {
            return Ok(Checkpoint::default());
        };
        // A shape or notes that this version cannot read are those of another version: the walk starts over.
        let shape: Option<Shape> = read_json(&row, 0);
        let notes: Option<WalkNotes> = read_json(&row, 4);
        let walk = match (row.get::<Option<Uuid>, _>(1), row.get::<Option<Time>, _>(2), shape, notes) {
            (Some(id), Some(started_at), Some(shape), Some(notes)) => Some(WalkCheckpoint {
                id,
                started_at,
                shape,
                first_total: row.get::<Option<i64>, _>(3).map(unsigned),
                other_total: notes.other_total,
                odd_page: notes.odd_page,
                fingerprint: notes.fingerprint,
                is_at_rest: notes.is_at_rest,
                next_page: row.get::<Option<i64>, _>(5).map_or(0, unsigned),
                rows_seen: row.get::<Option<i64>, _>(6).map_or(0, unsigned),
                rows_without_id: notes.rows_without_id,
                position_offset: notes.position_offset,
                contested: notes.contested,
                reading: notes.reading,
            }),
            _ => None,
        };
        Ok(Checkpoint { walk, passes: unsigned(row.get(7)) })
    }

    /// Reads the set of rows that a walk has seen: the hashes of their ids, in the walk's order. Positions
    /// without an id are zero.
    pub async fn load_rows_seen(&self, campaign_id: &str, walk: Uuid) -> Result<Vec<Hash>, StoreError> {
        let mut transaction = self.begin().await?;
        let pages: Vec<Vec<u8>> = query_scalar(
            "select row_hashes from revox_sync.walk_pages
             where campaign_id = $1 and walk_id = $2
             order by first_page",
        )
        .bind(campaign_id)
        .bind(walk)
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::query("reading the rows that a walk has seen"))?;
        Ok(pages.iter().flat_map(|page| page.as_chunks::<16>().0).copied().collect())
    }

    /// Begins a walk: forgets an earlier one that was not finished.
    pub async fn begin_walk(
        &self,
        lease: &Lease,
        account: &str,
        campaign_id: &str,
        walk: &WalkCheckpoint,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin_repeatable().await?;
        query("delete from revox_sync.walk_pages where campaign_id = $1")
            .bind(campaign_id)
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::query("forgetting an earlier walk"))?;
        query(
            "insert into revox_sync.checkpoints (campaign_id, account, updated_at)
             values ($1, $2, now())
             on conflict (campaign_id) do update set account = excluded.account",
        )
        .bind(campaign_id)
        .bind(account)
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::query("beginning a checkpoint"))?;
        save_walk(&mut transaction, lease, campaign_id, walk, None).await?;
        commit(transaction).await
    }
}

fn read_json<T: serde::de::DeserializeOwned>(row: &sqlx::postgres::PgRow, index: usize) -> Option<T> {
    let value: Option<Json<serde_json::Value>> = row.get(index);
    serde_json::from_value(value?.0).ok()
}

/// Writes where a walk stands, and which rows its latest pages showed: the first of these pages, and the hashes of the rows' ids.
/// A checkpoint moves forward only: one walk's next page never falls. Renews the lease under which this is, as the last statement
/// of its transaction.
pub(super) async fn save_walk(
    connection: &mut PgConnection,
    lease: &Lease,
    campaign_id: &str,
    walk: &WalkCheckpoint,
    shown: Option<(u64, &[Hash])>,
) -> Result<(), StoreError> {
    let notes = WalkNotes {
        fingerprint: walk.fingerprint.clone(),
        is_at_rest: walk.is_at_rest,
        other_total: walk.other_total,
        odd_page: walk.odd_page,
        rows_without_id: walk.rows_without_id,
        position_offset: walk.position_offset,
        contested: walk.contested,
        reading: walk.reading.clone(),
    };
    let (first_page, row_hashes): (Option<i64>, Option<Vec<u8>>) =
        shown.map(|(first_page, hashes)| (signed(first_page), hashes.as_flattened().to_vec())).unzip();
    let saving = lease.bind(query(concat!(
        "with shown as (
             insert into revox_sync.walk_pages (campaign_id, walk_id, first_page, row_hashes)
             select $5, $7, $13, $14 where $13::bigint is not null
         ), moved as (
             update revox_sync.checkpoints
             set api_since = case when api_shape ->> 'paging' = $6 ->> 'paging' then coalesce(api_since, $8) else $8 end,
                 api_shape = $6, walk_id = $7, walk_started_at = $8, walk_first_total = $9,
                 walk_fingerprint = $10, walk_next_page = $11, walk_rows_seen = $12, updated_at = now()
             where campaign_id = $5
               and (walk_id is distinct from $7 or coalesce(walk_next_page, 0) <= $11)
         ) ",
        renewal!()
    )));
    let saving = saving
        .bind(campaign_id)
        .bind(Json(walk.shape))
        .bind(walk.id)
        .bind(walk.started_at)
        .bind(walk.first_total.map(signed))
        .bind(Json(notes))
        .bind(signed(walk.next_page))
        .bind(signed(walk.rows_seen))
        .bind(first_page)
        .bind(row_hashes);
    let renewed = saving.execute(connection).await.map_err(StoreError::query("writing a checkpoint"))?;
    lease.judge(&renewed)
}
