//! `revox_sync.runs`: one line per campaign and pass.

use super::StoreError;
use super::checkpoint::signed;
use super::lease::Lease;
use super::open::{Store, commit};
use super::statement::query;
use crate::plan::Outcome;
use crate::records::Time;
use chrono::TimeDelta;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use std::time::Duration;

/// How much a pass read. The words are those of `revox_sync.runs.kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Everything.
    Full,
    /// What the evidence pointed at.
    Incremental,
}

impl Kind {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Incremental => "incremental",
        }
    }
}

/// What a run line says at its end.
#[derive(Debug, Clone)]
pub struct RunLine {
    /// How much was read.
    pub kind: Kind,
    /// How it ended.
    pub outcome: Outcome,
    /// When.
    pub finished_at: Time,
    /// What it rests on.
    pub evidence: serde_json::Value,
    /// Requests it took, retries included.
    pub requests: u64,
    /// Bytes of answers it read.
    pub bytes: u64,
    /// Rows that the API showed.
    pub seen: u64,
    /// New ones.
    pub inserted: u64,
    /// Known ones that differ.
    pub updated: u64,
    /// Known ones that were passed over.
    pub unchanged: u64,
    /// Rows that are gone.
    pub tombstoned: u64,
    /// Pieces that could not land.
    pub rejected: u64,
    /// Why it is not complete.
    pub error: Option<String>,
}

impl Store {
    /// Opens a campaign's run line; returns its id.
    #[expect(clippy::too_many_arguments, reason = "the parts of one line")]
    pub async fn open_run(
        &self,
        lease: &Lease,
        account: &str,
        campaign_id: &str,
        kind: Kind,
        trigger: &str,
        started_at: Time,
    ) -> Result<i64, StoreError> {
        let mut transaction = self.begin_repeatable().await?;
        // Under the campaign's lease, a line without an end is one of a pass that was broken off.
        query(
            "update revox_sync.runs
             set outcome = 'failed', finished_at = $2, error = 'broken off; what it committed stays'
             where campaign_id = $1 and finished_at is null",
        )
        .bind(campaign_id)
        .bind(started_at)
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::query("closing the lines of passes that were broken off"))?;
        let id = query(
            "insert into revox_sync.runs (account, campaign_id, kind, started_at, trigger)
             values ($1, $2, $5, $3, $4)
             returning id",
        )
        .bind(account)
        .bind(campaign_id)
        .bind(started_at)
        .bind(trigger)
        .bind(kind.as_str())
        .fetch_one(&mut *transaction)
        .await
        .map_err(StoreError::query("opening a run line"))?
        .get(0);
        lease.renew(&mut transaction).await?;
        commit(transaction).await?;
        Ok(id)
    }

    /// Closes a run line that ends without anything else to write: one that failed.
    pub async fn close_run(&self, lease: &Lease, id: i64, line: &RunLine) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        save_run(&mut transaction, id, line).await?;
        lease.renew(&mut transaction).await?;
        commit(transaction).await
    }
}

impl Store {
    /// Removes run lines that ended so long ago, and rejects that were not seen again for so long; returns how many.
    pub async fn clear_old(
        &self,
        keep_runs: Duration,
        keep_rejects: Duration,
        now: Time,
    ) -> Result<u64, StoreError> {
        let doing = "clearing away what is old";
        let before = |keep| TimeDelta::from_std(keep).ok().and_then(|keep| now.checked_sub_signed(keep));
        let mut lines = 0;
        let mut transaction = self.begin().await?;
        for (statement, before) in [
            ("delete from revox_sync.runs where finished_at < $1", before(keep_runs)),
            ("delete from revox_sync.rejects where last_seen_at < $1", before(keep_rejects)),
        ] {
            let Some(before) = before else { continue };
            let removed = query(statement).bind(before).execute(&mut *transaction).await;
            lines += removed.map_err(StoreError::query(doing))?.rows_affected();
        }
        commit(transaction).await?;
        Ok(lines)
    }
}

/// Writes a run line's end.
pub(super) async fn save_run(
    connection: &mut PgConnection,
    id: i64,
    line: &RunLine,
) -> Result<(), StoreError> {
    query(
        "update revox_sync.runs
         set outcome = $2, finished_at = $3, evidence = $4, requests = $5, bytes = $6, rows_seen = $7,
             rows_inserted = $8, rows_updated = $9, rows_unchanged = $10, rows_tombstoned = $11,
             rejected = $12, error = $13, kind = $14
         where id = $1",
    )
    .bind(id)
    .bind(line.outcome.as_str())
    .bind(line.finished_at)
    .bind(Json(&line.evidence))
    .bind(signed(line.requests))
    .bind(signed(line.bytes))
    .bind(signed(line.seen))
    .bind(signed(line.inserted))
    .bind(signed(line.updated))
    .bind(signed(line.unchanged))
    .bind(signed(line.tombstoned))
    .bind(signed(line.rejected))
    .bind(&line.error)
    .bind(line.kind.as_str())
    .execute(connection)
    .await
    .map_err(StoreError::query("closing a run line"))?;
    Ok(())
}
