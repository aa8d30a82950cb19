//! The end of a walk: what is gone, and the commit that makes it complete.
//!
//! Only here are tombstones made. Whether they may be is decided by `plan`, and proven by `sync`.

use super::StoreError;
use super::checkpoint::signed;
use super::lease::Lease;
use super::open::{Store, commit};
use super::parents::write_campaigns;
use super::runs::{RunLine, save_run};
use crate::plan::{Fingerprint, Shape};
use crate::records::{Campaign, Time};
#[cfg(feature = "sabotage")]
use crate::sabotage::Sabotage;
use futures::TryStreamExt;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};

/// Where a row stood on the walk, from 0.
pub type Place = u64;

/// A live row of the mirror that a walk did not show, with its nearest neighbours that it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The row.
    pub id: String,
    /// Where the nearest row before it stood; none when it was the first.
    pub before: Option<(String, Place)>,
    /// Where the nearest row after it stood; none when it was the last.
    pub after: Option<(String, Place)>,
}

/// How a walk ends.
#[derive(Debug)]
pub struct Ending<'a> {
    /// The account that lists it.
    pub account: &'a str,
    /// The campaign that was walked.
    pub campaign_id: &'a str,
    /// Its run line.
    pub run: i64,
    /// What the run line says.
    pub line: RunLine,
    /// The campaign as the API showed it after the last page.
    pub campaign: Option<&'a Campaign>,
    /// What is remembered of a complete walk; none when it is not complete.
    pub complete: Option<Completed<'a>>,
}

/// What is remembered of a complete walk.
#[derive(Debug)]
pub struct Completed<'a> {
    /// The rows that are gone.
    pub gone: &'a [String],
    /// Whether calls that no live row shows are gone too.
    pub may_tombstone: bool,
    /// Rows of the campaign.
    pub total: u64,
    /// How the API pages.
    pub shape: Shape,
    /// The fingerprint read before the first page; none when it cannot be believed.
    pub fingerprint: Option<&'a Fingerprint>,
    /// Whether fingerprints of this campaign are still to be believed.
    pub fingerprint_trusted: bool,
    /// When the walk began.
    pub started_at: Time,
}

impl Store {
    /// The live rows of a campaign that a walk did not show, and how many are live in all. `place_of` tells
    /// where a row stood on the walk, by its id. Only what is missing is held in memory.
    pub async fn find_missing(
        &self,
        campaign_id: &str,
        place_of: impl Fn(&str) -> Option<Place>,
    ) -> Result<(u64, Vec<Missing>), StoreError> {
        let mut transaction = self.begin().await?;
        let mut rows = sqlx::query(
            "select id from revox.campaign_rows
             where campaign_id = $1 and _deleted_at is null
             order by row_index nulls last, id",
        )
        .bind(campaign_id)
        .fetch(&mut *transaction);
        let mut live = 0;
        let mut missing: Vec<Missing> = Vec::new();
        let mut before: Option<(String, Place)> = None;
        let mut waiting = 0;
        while let Some(row) =
            rows.try_next().await.map_err(StoreError::query("looking for rows that are gone"))?
        {
            live += 1;
            let id: String = row.get(0);
            match place_of(&id) {
                Some(place) => {
                    let here = Some((id, place));
                    for earlier in missing.get_mut(waiting..).unwrap_or_default() {
                        earlier.after.clone_from(&here);
                    }
                    waiting = missing.len();
                    before = here;
                }
                None => missing.push(Missing { id, before: before.clone(), after: None }),
            }
        }
        Ok((live, missing))
    }

    /// Ends a walk: tombstones, checkpoint and run line in one transaction, under the campaign's lease.
    pub async fn end_walk(&self, lease: &Lease, ending: &Ending<'_>, now: Time) -> Result<(), StoreError> {
        let doing = "ending a walk";
        let mut transaction = self.begin().await?;
        let connection = &mut *transaction;
        if let Some(campaign) = ending.campaign {
            write_campaigns(connection, ending.account, &[campaign], now).await?;
        }
        if let Some(completed) = &ending.complete {
            complete(connection, ending.campaign_id, completed, now).await?;
        }
        // A walk that is not proven starts over: its set of rows proves nothing.
        sqlx::query(
            "update revox_sync.checkpoints
             set walk_id = null, walk_started_at = null, walk_first_total = null, walk_fingerprint = null,
                 walk_next_page = null, walk_rows_seen = null,
                 suspicious_at = case when $2 then $3 end, updated_at = $3
             where campaign_id = $1",
        )
        .bind(ending.campaign_id)
        .bind(ending.line.outcome == crate::plan::Outcome::Suspicious)
        .bind(now)
        .execute(&mut *connection)
        .await
        .map_err(StoreError::query(doing))?;
        sqlx::query("delete from revox_sync.walk_pages where campaign_id = $1")
            .bind(ending.campaign_id)
            .execute(&mut *connection)
            .await
            .map_err(StoreError::query(doing))?;
        save_run(connection, ending.run, &ending.line).await?;
        lease.renew(connection).await?;
        commit(transaction).await
    }

    /// Notes that a campaign of the mirror is gone from the API; returns how many passes in a row have said so.
    pub async fn strike_campaign(&self, lease: &Lease, campaign_id: &str) -> Result<u32, StoreError> {
        let mut transaction = self.begin().await?;
        let strikes: i32 = sqlx::query(
            "update revox_sync.checkpoints set gone_strikes = gone_strikes + 1, updated_at = now()
             where campaign_id = $1
             returning gone_strikes",
        )
        .bind(campaign_id)
        .fetch_one(&mut *transaction)
        .await
        .map_err(StoreError::query("noting that a campaign is gone"))?
        .get(0);
        lease.renew(&mut transaction).await?;
        commit(transaction).await?;
        Ok(u32::try_from(strikes).unwrap_or(0))
    }

    /// Forgets that passes found a campaign gone, since it was there again.
    pub async fn forgive_campaign(&self, lease: &Lease, campaign_id: &str) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query(
            "update revox_sync.checkpoints set gone_strikes = 0 where campaign_id = $1 and gone_strikes <> 0",
        )
        .bind(campaign_id)
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::query("noting that a campaign is there"))?;
        lease.renew(&mut transaction).await?;
        commit(transaction).await
    }

    /// Tombstones campaigns with all that they hold, under the account's lease.
    pub async fn tombstone_campaigns(
        &self,
        lease: &Lease,
        campaign_ids: &[String],
        now: Time,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let connection = &mut *transaction;
        for campaign_id in campaign_ids {
            let rows: Vec<String> = sqlx::query_scalar(
                "select id from revox.campaign_rows where campaign_id = $1 and _deleted_at is null",
            )
            .bind(campaign_id)
            .fetch_all(&mut *connection)
            .await
            .map_err(StoreError::query("reading the rows of a campaign that is gone"))?;
            tombstone_rows(connection, &rows, now).await?;
            tombstone_calls(connection, campaign_id, now).await?;
        }
        sqlx::query(
            "update revox.campaigns set _deleted_at = $2, _synced_at = $2
             where id = any($1) and _deleted_at is null",
        )
        .bind(campaign_ids)
        .bind(now)
        .execute(&mut *connection)
        .await
        .map_err(StoreError::query("tombstoning campaigns"))?;
        // Should they come back, everything is read anew.
        sqlx::query(
            "update revox_sync.checkpoints
             set fingerprint = null, full_walk_at = null, walk_id = null, updated_at = $2
             where campaign_id = any($1)",
        )
        .bind(campaign_ids)
        .bind(now)
        .execute(&mut *connection)
        .await
        .map_err(StoreError::query("tombstoning campaigns"))?;
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
    let doing = "completing a walk";
    tombstone_rows(connection, completed.gone, now).await?;
    if completed.may_tombstone {
        tombstone_calls(connection, campaign_id, now).await?;
    }
    // What was rejected before this walk and did not come again is there no more, or has landed: the walk has
    // shown every row, those without an id too.
    sqlx::query("delete from revox_sync.rejects where campaign_id = $1 and last_seen_at < $2")
        .bind(campaign_id)
        .bind(completed.started_at)
        .execute(&mut *connection)
        .await
        .map_err(StoreError::query(doing))?;
    sqlx::query(
        "update revox_sync.checkpoints
         set api_shape = $2, total = $3, fingerprint = $4, fingerprint_trusted = $5,
             completed_at = $6, full_walk_at = $6
         where campaign_id = $1",
    )
    .bind(campaign_id)
    .bind(Json(completed.shape))
    .bind(signed(completed.total))
    .bind(completed.fingerprint.map(Json))
    .bind(completed.fingerprint_trusted)
    .bind(now)
    .execute(connection)
    .await
    .map_err(StoreError::query(doing))?;
    Ok(())
}

async fn tombstone_rows(connection: &mut PgConnection, ids: &[String], now: Time) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    #[cfg(feature = "sabotage")]
    if Sabotage::NoTombstone.is_on() {
        return Ok(());
    }
    let doing = "tombstoning rows";
    sqlx::query(
        "update revox.campaign_rows set _deleted_at = $2, _synced_at = $2
         where id = any($1) and _deleted_at is null",
    )
    .bind(ids)
    .bind(now)
    .execute(&mut *connection)
    .await
    .map_err(StoreError::query(doing))?;
    // A row that comes back is read anew, whatever its bytes.
    sqlx::query("delete from revox_sync.row_states where row_id = any($1)")
        .bind(ids)
        .execute(connection)
        .await
        .map_err(StoreError::query(doing))?;
    Ok(())
}

/// Tombstones the calls of a campaign that no live row shows, of this or another campaign, with their attempts. A
/// call that only another campaign shows becomes that one's, whose walk will see when it is gone.
///
/// Whether a row is alive is asked after the join, so that no plan can read the index of all live rows for every
/// call. That the call is still this campaign's is asked once more where it is written: another campaign may just
/// have committed a row that shows it, which a statement that waited for its lock does not see.
async fn tombstone_calls(
    connection: &mut PgConnection,
    campaign_id: &str,
    now: Time,
) -> Result<(), StoreError> {
    #[cfg(feature = "sabotage")]
    if Sabotage::CallsNeverGone.is_on() {
        return Ok(());
    }
    sqlx::query(
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
    .map_err(StoreError::query("tombstoning calls"))?;
    Ok(())
}
