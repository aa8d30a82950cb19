//! Campaigns that are gone from the API: the strikes against them, what is suspicious about it, and their
//! tombstones with all that they hold. Written under the account's lease.

use super::StoreError;
use super::ending::{ROWS_AT_ONCE, tombstone_calls};
use super::lease::Lease;
use super::open::{Store, commit, until_it_commits};
use super::statement::{query, query_scalar};
use crate::records::Time;
use sqlx::{PgConnection, Row};
use std::collections::BTreeSet;

impl Store {
    /// The rows of a campaign that the last suspicious pass reported.
    pub async fn reported_rows(&self, campaign_id: &str) -> Result<BTreeSet<String>, StoreError> {
        let mut transaction = self.begin().await?;
        let ids: Option<Option<Vec<String>>> =
            query_scalar("select suspicious_row_ids from revox_sync.checkpoints where campaign_id = $1")
                .bind(campaign_id)
                .fetch_optional(&mut *transaction)
                .await
                .map_err(StoreError::query("reading what an earlier pass reported"))?;
        Ok(ids.flatten().unwrap_or_default().into_iter().collect())
    }

    /// Notes that a campaign of the mirror is gone from the API; returns how many passes in a row have said so.
    pub async fn strike_campaign(&self, lease: &Lease, campaign_id: &str) -> Result<u32, StoreError> {
        let mut transaction = self.begin().await?;
        let strikes: i32 = query(
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
        query(
            "update revox_sync.checkpoints set gone_strikes = 0 where campaign_id = $1 and gone_strikes <> 0",
        )
        .bind(campaign_id)
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::query("noting that a campaign is there"))?;
        lease.renew(&mut transaction).await?;
        commit(transaction).await
    }

    /// Remembers which campaigns would vanish: no more than those can be accepted later.
    pub async fn suspect_campaigns(
        &self,
        lease: &Lease,
        account: &str,
        campaign_ids: &[String],
        now: Time,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        query(
            "update revox_sync.accounts
             set suspicious_at = $2, suspicious_passes = suspicious_passes + 1, suspicious_campaign_ids = $3,
                 updated_at = $2
             where name = $1",
        )
        .bind(account)
        .bind(now)
        .bind(campaign_ids)
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::query("remembering which campaigns would vanish"))?;
        lease.renew(&mut transaction).await?;
        commit(transaction).await
    }

    /// Tombstones campaigns (none will do) with all that they hold. Nothing is suspicious about the account then.
    pub async fn tombstone_campaigns(
        &self,
        lease: &Lease,
        account: &str,
        campaign_ids: &[String],
        now: Time,
    ) -> Result<(), StoreError> {
        until_it_commits(|| self.try_to_tombstone_campaigns(lease, account, campaign_ids, now)).await
    }

    async fn try_to_tombstone_campaigns(
        &self,
        lease: &Lease,
        account: &str,
        campaign_ids: &[String],
        now: Time,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let connection = &mut *transaction;
        // All rows first: a call that two of these campaigns show is shown by neither then.
        for campaign_id in campaign_ids {
            tombstone_rows_of(connection, campaign_id, now).await?;
        }
        for campaign_id in campaign_ids {
            tombstone_calls(connection, campaign_id, now).await?;
        }
        let doing = "tombstoning campaigns";
        query(
            "update revox.campaigns set _deleted_at = $2, _synced_at = $2
             where id = any($1) and _deleted_at is null",
        )
        .bind(campaign_ids)
        .bind(now)
        .execute(&mut *connection)
        .await
        .map_err(StoreError::query(doing))?;
        // Should they come back, everything is read anew; what never landed is remembered no more.
        query("delete from revox_sync.row_states where campaign_id = any($1)")
            .bind(campaign_ids)
            .execute(&mut *connection)
            .await
            .map_err(StoreError::query(doing))?;
        query(
            "update revox_sync.checkpoints
             set fingerprint = null, full_walk_at = null, walk_id = null, suspicious_at = null,
                 suspicious_passes = 0, suspicious_deletions = null, suspicious_row_ids = null, updated_at = $2
             where campaign_id = any($1)",
        )
        .bind(campaign_ids)
        .bind(now)
        .execute(&mut *connection)
        .await
        .map_err(StoreError::query(doing))?;
        query(
            "update revox_sync.accounts
             set suspicious_at = null, suspicious_passes = 0, suspicious_campaign_ids = null, updated_at = $2
             where name = $1 and suspicious_at is not null",
        )
        .bind(account)
        .bind(now)
        .execute(&mut *connection)
        .await
        .map_err(StoreError::query(doing))?;
        lease.renew(connection).await?;
        commit(transaction).await
    }
}

/// Tombstones the live rows of a campaign. Should they come back, they are read anew, whatever their bytes.
async fn tombstone_rows_of(
    connection: &mut PgConnection,
    campaign_id: &str,
    now: Time,
) -> Result<(), StoreError> {
    let doing = "tombstoning the rows of a campaign that is gone";
    let at_once = i64::try_from(ROWS_AT_ONCE).unwrap_or(i64::MAX);
    loop {
        let tombstoned: i64 = query(
            "with gone as (
                 update revox.campaign_rows set _deleted_at = $2, _synced_at = $2
                 where id in (
                     select id from revox.campaign_rows
                     where campaign_id = $1 and _deleted_at is null
                     limit $3
                 )
                 returning id
             ), forgotten as (
                 delete from revox_sync.row_states where row_id in (select id from gone)
             )
             select count(*) from gone",
        )
        .bind(campaign_id)
        .bind(now)
        .bind(at_once)
        .fetch_one(&mut *connection)
        .await
        .map_err(StoreError::query(doing))?
        .get(0);
        if tombstoned < at_once {
            return Ok(());
        }
    }
}
