//! What is kept for a time only: the times as the database has them, moved and held.
//!
//! They are moved in a transaction that waits for the batches under way. One that was read under other times and is
//! committed later removes itself what is past by then, so that what the sweep has passed by cannot come back behind it.

use super::StoreError;
use super::lease::Lease;
use super::open::{Store, commit, until_it_commits};
use super::removal::Removed;
use super::statement::{query, query_as, query_scalar};
use super::sweep::{Past, remove_past};
use crate::normalize::{Cutoffs, Retention};
use crate::records::Time;
use sqlx::{FromRow, PgConnection};

/// What is kept for a time only, as the database has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RetentionState {
    /// For passes.
    pub retention: Retention,
    /// Whether everything was swept that was there when a time last moved.
    pub is_swept: bool,
    /// What the configuration said when a process was last started.
    pub settings: String,
}

#[derive(FromRow)]
struct Held {
    version: i64,
    swept_version: i64,
    readings: i64,
    settings: String,
    transcripts_before: Option<Time>,
    recording_urls_before: Option<Time>,
    calls_before: Option<Time>,
}

#[derive(Default, FromRow)]
struct Marks {
    erasures: i64,
    version: i64,
    transcripts_before: Option<Time>,
    recording_urls_before: Option<Time>,
    calls_before: Option<Time>,
    has_rejects: bool,
}

impl From<Held> for RetentionState {
    fn from(held: Held) -> Self {
        let cutoffs = Cutoffs {
            transcripts: held.transcripts_before,
            recording_urls: held.recording_urls_before,
            calls: held.calls_before,
        };
        Self {
            retention: Retention { version: held.version, readings: held.readings, cutoffs },
            is_swept: held.version == held.swept_version,
            settings: held.settings,
        }
    }
}

/// Where the times are to stand.
#[derive(Debug, Clone, Copy)]
pub struct Move<'a> {
    /// The version that this follows.
    pub version: i64,
    /// The times.
    pub cutoffs: Cutoffs,
    /// Whether one of them goes back, so that everything is to be read anew.
    pub is_back: bool,
    /// What the configuration says.
    pub settings: &'a str,
}

/// The lines whose ids are looked at in one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweptTable {
    /// `revox.calls`.
    Calls,
    /// `revox.call_attempts`.
    CallAttempts,
}

impl Store {
    /// What is kept for a time only.
    pub async fn load_retention(&self) -> Result<RetentionState, StoreError> {
        let mut transaction = self.begin().await?;
        let held: Option<Held> = query_as(
            "select version, swept_version, readings, settings, transcripts_before, recording_urls_before, calls_before
             from revox_sync.retention
             where id = 1",
        )
        .fetch_optional(&mut *transaction)
        .await
        .map_err(StoreError::query("reading what is kept for how long"))?;
        Ok(held.map(Into::into).unwrap_or_default())
    }

    /// Moves the times, once every batch under way has ended; whether nobody else has moved them meanwhile.
    pub async fn move_retention(&self, to: &Move<'_>, now: Time) -> Result<bool, StoreError> {
        until_it_commits(async || {
            let mut transaction = self.begin().await?;
            let moved = query(
                "update revox_sync.retention
                 set version = version + 1, readings = readings + $2, settings = $3, transcripts_before = $4,
                     recording_urls_before = $5, calls_before = $6, moved_at = $7
                 where id = 1 and version = $1",
            )
            .bind(to.version)
            .bind(i64::from(to.is_back))
            .bind(to.settings)
            .bind(to.cutoffs.transcripts)
            .bind(to.cutoffs.recording_urls)
            .bind(to.cutoffs.calls)
            .bind(now)
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::query("moving what is kept for how long"))?;
            commit(transaction).await?;
            Ok(moved.rows_affected() == 1)
        })
        .await
    }

    /// Ids of a table in order, those after `after`, at most `limit`.
    pub async fn ids_to_sweep(
        &self,
        table: SweptTable,
        after: &str,
        limit: i64,
    ) -> Result<Vec<String>, StoreError> {
        let statement = match table {
            SweptTable::Calls => "select id from revox.calls where id > $1 order by id limit $2",
            SweptTable::CallAttempts => {
                "select id from revox.call_attempts where id > $1 order by id limit $2"
            }
        };
        let mut transaction = self.begin().await?;
        query_scalar(statement)
            .bind(after)
            .bind(limit)
            .fetch_all(&mut *transaction)
            .await
            .map_err(StoreError::query("looking for what is past its time"))
    }

    /// Those among these ids of a table of which something is past its time.
    pub async fn find_past(
        &self,
        table: SweptTable,
        ids: &[String],
        cutoffs: &Cutoffs,
    ) -> Result<Vec<String>, StoreError> {
        let mut transaction = self.begin().await?;
        let past = match table {
            SweptTable::Calls => Past::calls(&mut transaction, ids, cutoffs).await?,
            SweptTable::CallAttempts => Past::attempts(&mut transaction, ids, cutoffs).await?,
        };
        Ok(past.into_ids())
    }

    /// Removes what of these calls and attempts is past its time, under the lease on the sweep; returns what went.
    pub async fn sweep(
        &self,
        lease: &Lease,
        table: SweptTable,
        ids: &[String],
        cutoffs: &Cutoffs,
        now: Time,
    ) -> Result<Removed, StoreError> {
        until_it_commits(async || {
            let mut transaction = self.begin().await?;
            let (calls, attempts) = match table {
                SweptTable::Calls => (ids, &[][..]),
                SweptTable::CallAttempts => (&[][..], ids),
            };
            let removed = remove_past(&mut transaction, calls, attempts, cutoffs, now).await?;
            lease.renew(&mut transaction).await?;
            commit(transaction).await?;
            Ok(removed)
        })
        .await
    }

    /// Notes that everything was swept that was there under this version.
    pub async fn note_swept(&self, lease: &Lease, version: i64) -> Result<(), StoreError> {
        until_it_commits(async || {
            let mut transaction = self.begin().await?;
            query("update revox_sync.retention set swept_version = $1 where id = 1")
                .bind(version)
                .execute(&mut *transaction)
                .await
                .map_err(StoreError::query("noting that what is past its time was removed"))?;
            lease.renew(&mut transaction).await?;
            commit(transaction).await
        })
        .await
    }
}

/// What a batch goes by.
pub(super) struct BatchMarks {
    /// How often somebody was erased.
    pub(super) erasures: i64,
    /// What is kept for a time only.
    pub(super) retention: Retention,
    /// Whether something of the campaign could not land so far.
    pub(super) has_rejects: bool,
}

/// Asks what a batch of a campaign goes by. Nobody else changes it until its transaction ends.
pub(super) async fn hold_marks(
    connection: &mut PgConnection,
    campaign_id: &str,
) -> Result<BatchMarks, StoreError> {
    let marks: Option<Marks> = query_as(
        "select e.count as erasures, r.version, r.transcripts_before, r.recording_urls_before, r.calls_before,
                exists (select from revox_sync.rejects j where j.campaign_id = $1) as has_rejects
         from revox_sync.erasures e
         cross join revox_sync.retention r
         where e.id = 1 and r.id = 1
         for share of e, r",
    )
    .bind(campaign_id)
    .fetch_optional(connection)
    .await
    .map_err(StoreError::query("asking what is to be left out"))?;
    let marks = marks.unwrap_or(Marks { has_rejects: true, ..Marks::default() });
    let cutoffs = Cutoffs {
        transcripts: marks.transcripts_before,
        recording_urls: marks.recording_urls_before,
        calls: marks.calls_before,
    };
    let retention = Retention { version: marks.version, readings: 0, cutoffs };
    Ok(BatchMarks { erasures: marks.erasures, retention, has_rejects: marks.has_rejects })
}
