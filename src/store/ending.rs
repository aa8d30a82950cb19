//! The end of a pass: what is gone, and the commit that makes it complete.
//!
//! Only here are tombstones made. Whether they may be is decided by `plan`, and proven by `sync`.

use super::StoreError;
use super::checkpoint::signed;
use super::lease::Lease;
use super::open::{COMPARING, LOOKING_UP, Store, commit, until_it_commits};
use super::parents::write_campaigns;
use super::runs::{Kind, RunLine, save_run};
use super::standing::has_unshown_calls;
use super::statement::query;
use crate::plan::{Fingerprint, Shape};
use crate::records::{Campaign, Time};
#[cfg(feature = "sabotage")]
use crate::sabotage::Sabotage;
use sqlx::PgConnection;
use sqlx::types::Json;

/// Rows that one statement tombstones at most, so that none takes longer than a statement may.
pub(super) const ROWS_AT_ONCE: usize = 20_000;

/// How a pass ends.
#[derive(Debug)]
pub struct Ending<'a> {
    /// The account that lists it.
    pub account: &'a str,
    /// The campaign.
    pub campaign_id: &'a str,
    /// Its run line.
    pub run: i64,
    /// What the run line says.
    pub line: RunLine,
    /// The campaign as the API showed it last, when that is newer than its list.
    pub campaign: Option<&'a Campaign>,
    /// What is remembered of a complete pass; none when it is not complete.
    pub complete: Option<Completed<'a>>,
    /// The rows that would vanish after a suspicious walk; none when it is not suspicious.
    pub suspicious: Option<&'a [String]>,
    /// Whether the pass has found nothing new.
    pub is_quiet: bool,
}

/// What a complete pass has read.
#[derive(Debug, Clone, Copy)]
pub enum Extent<'a> {
    /// Everything.
    Whole {
        /// The rows that are gone.
        gone: &'a [String],
        /// Whether there may be calls that no live row shows, which are gone too.
        may_tombstone: bool,
        /// How the rows were read.
        reading: &'a str,
    },
    /// What its evidence pointed at.
    Part,
}

/// What is remembered of a complete pass.
#[derive(Debug)]
pub struct Completed<'a> {
    /// What it has read.
    pub extent: Extent<'a>,
    /// Rows of the campaign.
    pub total: u64,
    /// How the API pages.
    pub shape: Shape,
    /// The fingerprint read before the first page; none when it cannot be believed.
    pub fingerprint: Option<&'a Fingerprint>,
    /// Whether fingerprints of this campaign are still to be believed.
    pub fingerprint_trusted: bool,
    /// When it began: the copy is complete as of then.
    pub started_at: Time,
    /// The beginning of the search over calls that it came after.
    pub search_begun_at: Option<Time>,
}

impl Store {
    /// Ends a pass: tombstones, checkpoint and run line in one transaction, under the campaign's lease.
    pub async fn end_pass(&self, lease: &Lease, ending: &Ending<'_>, now: Time) -> Result<(), StoreError> {
        until_it_commits(|| self.try_to_end_pass(lease, ending, now)).await
    }

    async fn try_to_end_pass(&self, lease: &Lease, ending: &Ending<'_>, now: Time) -> Result<(), StoreError> {
        let doing = "ending a pass";
        let mut transaction = self.begin().await?;
        let connection = &mut *transaction;
        if let Some(campaign) = ending.campaign {
            write_campaigns(connection, ending.account, &[campaign], now).await?;
        }
        if let Some(completed) = &ending.complete {
            complete(connection, ending.campaign_id, completed, now).await?;
        }
        if let Some(row_ids) = ending.suspicious {
            suspect(connection, ending.campaign_id, row_ids, now).await?;
        }
        // A walk that is not proven starts over: its set of rows proves nothing.
        query(
            "update revox_sync.checkpoints
             set walk_id = null, walk_started_at = null, walk_first_total = null, walk_fingerprint = null,
                 walk_next_page = null, walk_rows_seen = null,
                 unproven_passes = case when $3 then 0 else unproven_passes + 1 end,
                 quiet_since = case when $4 then coalesce(quiet_since, $2) else $2 end,
                 passes = passes + 1, updated_at = $2
             where campaign_id = $1",
        )
        .bind(ending.campaign_id)
        .bind(now)
        .bind(ending.complete.is_some() || ending.line.kind == Kind::Full)
        .bind(ending.is_quiet)
        .execute(&mut *connection)
        .await
        .map_err(StoreError::query(doing))?;
        query("delete from revox_sync.walk_pages where campaign_id = $1")
            .bind(ending.campaign_id)
            .execute(&mut *connection)
            .await
            .map_err(StoreError::query(doing))?;
        save_run(connection, ending.run, &ending.line).await?;
        lease.renew(connection).await?;
        commit(transaction).await
    }
}

async fn complete(
    connection: &mut PgConnection,
    campaign_id: &str,
    completed: &Completed<'_>,
    now: Time,
) -> Result<(), StoreError> {
    let doing = "completing a pass";
    if let Extent::Whole { gone, may_tombstone, .. } = completed.extent {
        tombstone_rows(connection, gone, now).await?;
        if may_tombstone {
            tombstone_calls(connection, campaign_id, now).await?;
        }
        // What was rejected before this walk and did not come again is there no more, or has landed: the walk has
        // shown every row, those without an id too.
        query("delete from revox_sync.rejects where campaign_id = $1 and last_seen_at < $2")
            .bind(campaign_id)
            .bind(completed.started_at)
            .execute(&mut *connection)
            .await
            .map_err(StoreError::query(doing))?;
    }
    query(
        "update revox_sync.checkpoints
         set api_since = case when api_shape ->> 'paging' = $2 ->> 'paging' then coalesce(api_since, $6) else $6 end,
             api_shape = $2, total = $3, fingerprint = $4, fingerprint_trusted = $5,
             search_begun_at = case when $7 is null then search_begun_at else $9 end,
             completed_at = $6, full_walk_at = case when $7 is null then full_walk_at else $6 end,
             read_as = coalesce($7, read_as),
             complete_through = greatest(complete_through, $8),
             suspicious_at = null, suspicious_passes = 0, suspicious_deletions = null,
             suspicious_row_ids = null,
             -- A list that was read meanwhile may have shown more.
             listed = case when listed ->> 'updated_at' > $4 ->> 'updated_at' then listed else coalesce($4, listed) end
         where campaign_id = $1",
    )
    .bind(campaign_id)
    .bind(Json(completed.shape))
    .bind(signed(completed.total))
    .bind(completed.fingerprint.map(Json))
    .bind(completed.fingerprint_trusted)
    .bind(now)
    .bind(match completed.extent {
        Extent::Whole { reading, .. } => Some(reading),
        Extent::Part => None,
    })
    .bind(completed.started_at)
    .bind(completed.search_begun_at)
    .execute(connection)
    .await
    .map_err(StoreError::query(doing))?;
    Ok(())
}

/// Remembers what would vanish: no more than that can be accepted later.
async fn suspect(
    connection: &mut PgConnection,
    campaign_id: &str,
    row_ids: &[String],
    now: Time,
) -> Result<(), StoreError> {
    query(
        "update revox_sync.checkpoints
         set suspicious_at = $2, suspicious_passes = suspicious_passes + 1,
             suspicious_deletions = cardinality($3::text[]), suspicious_row_ids = $3
         where campaign_id = $1",
    )
    .bind(campaign_id)
    .bind(now)
    .bind(row_ids)
    .execute(connection)
    .await
    .map_err(StoreError::query("remembering what would vanish"))?;
    Ok(())
}

async fn tombstone_rows(connection: &mut PgConnection, ids: &[String], now: Time) -> Result<(), StoreError> {
    #[cfg(feature = "sabotage")]
    if Sabotage::NoTombstone.is_on() {
        return Ok(());
    }
    let doing = "tombstoning rows";
    for ids in ids.chunks(ROWS_AT_ONCE) {
        query(
            "update revox.campaign_rows set _deleted_at = $2, _synced_at = $2
             where id = any($1) and _deleted_at is null",
        )
        .bind(ids)
        .bind(now)
        .execute(&mut *connection)
        .await
        .map_err(StoreError::query(doing))?;
        // A row that comes back is read anew, whatever its bytes.
        query("delete from revox_sync.row_states where row_id = any($1)")
            .bind(ids)
            .execute(&mut *connection)
            .await
            .map_err(StoreError::query(doing))?;
    }
    Ok(())
}

/// Tombstones the calls of a campaign that no live row shows, of this or another campaign, with their attempts. A
/// call that only another campaign shows becomes that one's, whose walk will see when it is gone.
///
/// Whether a row is alive is asked after the join, so that no plan can read the index of all live rows for every
/// call. That the call is still this campaign's is asked once more where it is written: another campaign may just
/// have committed a row that shows it, which a statement that waited for its lock does not see.
pub(super) async fn tombstone_calls(
    connection: &mut PgConnection,
    campaign_id: &str,
    now: Time,
) -> Result<(), StoreError> {
    #[cfg(feature = "sabotage")]
    if Sabotage::CallsNeverGone.is_on() {
        return Ok(());
    }
    let doing = "tombstoning calls";
    sqlx::raw_sql(COMPARING).execute(&mut *connection).await.map_err(StoreError::query(doing))?;
    let is_due = has_unshown_calls(connection, campaign_id).await?;
    sqlx::raw_sql(LOOKING_UP).execute(&mut *connection).await.map_err(StoreError::query(doing))?;
    if !is_due {
        return Ok(());
    }
    query(
        "with unshown as materialized (
             select c.id, min(r.campaign_id) filter (where r._deleted_at is null) as shown_by
             from revox.calls c
             left join revox.campaign_rows r on r.call_id = c.id
             where c.campaign_id = $1 and c._deleted_at is null
             group by c.id
             having count(*) filter (where r.campaign_id = $1 and r._deleted_at is null) = 0
         ), handed_over as (
             update revox.calls c set campaign_id = unshown.shown_by, _synced_at = $2
             from unshown
             where c.id = unshown.id and c.campaign_id = $1 and unshown.shown_by is not null
         ), gone as (
             update revox.calls c set _deleted_at = $2, _synced_at = $2
             from unshown
             where c.id = unshown.id and c.campaign_id = $1 and unshown.shown_by is null
             returning c.id
         )
         update revox.call_attempts a set _deleted_at = $2, _synced_at = $2
         from gone
         where a.call_id = gone.id and a._deleted_at is null",
    )
    .bind(campaign_id)
    .bind(now)
    .execute(connection)
    .await
    .map_err(StoreError::query(doing))?;
    Ok(())
}
