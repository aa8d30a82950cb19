//! A batch of rows with all that they hold, in one transaction with the checkpoint that vouches for them.

use super::StoreError;
use super::checkpoint::{WalkCheckpoint, save_walk};
use super::drift::save_drift;
use super::entities::{Written, write_entities};
use super::erasure::Belongings;
use super::fresh::NewRows;
use super::lease::Lease;
use super::lines::Line;
use super::open::{Store, commit, until_it_commits};
use super::parts::{clear_lists, copy_lists, touch_owners, write_lists};
use super::rejects::save_rejects;
use super::removal::{Removed, remove};
use super::retention::hold_marks;
use super::statement::query;
use super::states::{RowState, save_readings, save_states};
use super::sweep::{remove_calls, remove_past};
use super::tables::{
    CALL_ATTEMPTS, CALLS, CAMPAIGN_ROWS, EMAIL_MESSAGES, POST_CALL_TRANSCRIPT_TURNS, SMS_MESSAGES,
    SPEECH_EVENTS, TRANSCRIPT_TURNS,
};
use super::typed_lines::note_typed_lines;
use crate::normalize::{DriftCounts, ErasedRow, Hash, RowRecords};
use crate::plan::Unsettled;
use crate::records::{Call, CallAttempt, CampaignRow, Listed, Reject, Time};
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What is committed at once.
#[derive(Debug)]
pub struct Batch<'a> {
    /// The campaign that is walked.
    pub campaign_id: &'a str,
    /// The rows that are new or differ, in the order in which they were read.
    pub rows: &'a [RowRecords],
    /// Rows that are presumed to be new, page by page; there are no others in a batch that has any.
    pub new_rows: &'a [NewRows],
    /// What is to be remembered of each of them, by id.
    pub states: &'a HashMap<String, RowState>,
    /// Unsettled rows that were read again and did not change, with when to read them next.
    pub readings: &'a [(String, Option<Unsettled>)],
    /// The walk that read them; none in an incremental pass.
    pub walk: Option<WalkPages<'a>>,
    /// Rows that are left out, because they are somebody's who was erased.
    pub erased: &'a [ErasedRow],
    /// The count of erasures under which all this was read.
    pub erasures: i64,
    /// The version of what is kept for a time only under which all this was read.
    pub retention: i64,
    /// What the mirror did not know.
    pub drift: &'a DriftCounts,
}

/// The pages of a walk that a batch is made of.
#[derive(Debug, Clone, Copy)]
pub struct WalkPages<'a> {
    /// The walk as it stands after the batch.
    pub walk: &'a WalkCheckpoint,
    /// The first page of the batch.
    pub first_page: u64,
    /// Every row of the batch's pages, unchanged ones too: hashes of ids, in order, zero without one.
    pub rows_seen: &'a [Hash],
}

/// What a batch did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BatchCounts {
    /// Rows of `revox.campaign_rows` that are new.
    pub inserted: u64,
    /// Rows whose call lists an attempt that belongs to another call.
    pub contested: u64,
    /// Lines of rows, calls and attempts that were really written, because they are new or differ.
    pub written: u64,
    /// Pieces that could not land.
    pub rejected: u64,
    /// Those among them that were not there before.
    pub rejected_new: u64,
}

/// The rows of a batch in the tables, whichever way they got there.
pub(super) struct Landed<'a> {
    /// Rows of `revox.campaign_rows` that are new.
    pub(super) inserted: u64,
    /// Lines of rows, calls and attempts that were really written.
    pub(super) written: u64,
    /// Rows whose call lists an attempt that belongs to another call.
    pub(super) contested: u64,
    /// Their ids.
    pub(super) rows: Vec<&'a str>,
    /// Of those that landed whole.
    pub(super) whole_rows: Vec<&'a str>,
    /// Of their calls.
    pub(super) calls: Vec<&'a str>,
    /// Of their attempts.
    pub(super) attempts: Vec<&'a str>,
    /// Calls that are left out because they are past their time.
    pub(super) past_calls: Vec<String>,
    /// What could not land.
    pub(super) rejects: Vec<&'a Reject>,
}

/// The lines of a batch: every key once.
struct Lines<'a> {
    rows: BTreeMap<&'a str, &'a CampaignRow>,
    calls: BTreeMap<&'a str, &'a Call>,
    /// By id: the call that it belongs to, which is the one with the smaller id, and the attempt.
    attempts: BTreeMap<&'a str, (&'a str, &'a CallAttempt)>,
}

impl<'a> Lines<'a> {
    /// The last one read wins.
    fn of(rows: &'a [RowRecords]) -> Self {
        let shown = rows.iter().filter_map(|records| records.row.as_ref());
        let called = rows.iter().filter_map(|records| records.call.as_ref());
        let calls: BTreeMap<_, _> =
            last_of_each(called.map(|call| (call.id.as_str(), call)).collect()).into_iter().collect();
        let made = calls.values().rev().flat_map(|call| {
            call.attempts.items().iter().map(|attempt| (attempt.id.as_str(), (call.id.as_str(), attempt)))
        });
        let attempts = last_of_each(made.collect()).into_iter().collect();
        let rows = last_of_each(shown.map(|row| (row.id.as_str(), row)).collect()).into_iter().collect();
        Self { rows, calls, attempts }
    }
}

/// In the order of ids, the last of those with an id. Sorted at once, which takes half as many comparisons as one insertion
/// after the other.
pub(super) fn last_of_each<T>(mut lines: Vec<(&str, T)>) -> Vec<(&str, T)> {
    lines.reverse();
    lines.sort_by_key(|(id, _)| *id);
    lines.dedup_by_key(|(id, _)| *id);
    lines
}

impl Store {
    /// Commits a batch with its checkpoint, under the campaign's lease. One whose rows are presumed to be new fails at once when
    /// something is in its way.
    pub async fn commit_batch(
        &self,
        lease: &Lease,
        batch: &Batch<'_>,
        now: Time,
    ) -> Result<BatchCounts, StoreError> {
        if !batch.new_rows.is_empty() {
            return self.try_to_commit(lease, batch, now, false).await;
        }
        let mut tries = 0;
        let committed = until_it_commits(|| {
            tries += 1;
            self.try_to_commit(lease, batch, now, tries > 1)
        })
        .await;
        if let Err(StoreError::ForeignRows { .. }) = &committed {
            self.doubt_holders(batch).await?;
        }
        committed
    }

    /// Rows that two campaigns are said to have were wrong in one of the two answers, and the earlier one was believed:
    /// what rests on it is no longer.
    async fn doubt_holders(&self, batch: &Batch<'_>) -> Result<(), StoreError> {
        let ids: Vec<&str> = batch.states.keys().map(String::as_str).collect();
        let mut transaction = self.begin().await?;
        query(
            "update revox_sync.checkpoints set fingerprint = null, full_walk_at = null, updated_at = now()
             where campaign_id <> $1 and campaign_id in (
                 select campaign_id from revox_sync.row_states where row_id = any($2))",
        )
        .bind(batch.campaign_id)
        .bind(ids)
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::query("doubting a campaign that holds another one's rows"))?;
        commit(transaction).await
    }

    /// After a conflict parts are removed that stand where those of new attempts are to go: whoever deletes an attempt by hand
    /// leaves them behind, and only a conflict tells.
    async fn try_to_commit(
        &self,
        lease: &Lease,
        batch: &Batch<'_>,
        now: Time,
        after_conflict: bool,
    ) -> Result<BatchCounts, StoreError> {
        #[cfg(feature = "sabotage")]
        self.commit_checkpoint_early(lease, batch).await?;
        // What is lost is read again: the commit that ends the walk waits for the disk, and with it for all before.
        let mut transaction = self.begin_repeatable().await?;
        let connection = &mut *transaction;
        let mut counts = BatchCounts::default();
        let marks = hold_marks(connection, batch.campaign_id).await?;
        if marks.erasures != batch.erasures {
            return Err(StoreError::ErasedMeanwhile);
        }
        if !batch.erased.is_empty() {
            remove(connection, &Belongings::of(batch.erased)).await?;
        }
        let landed = if !batch.new_rows.is_empty() {
            Some(self.write_new(connection, batch, now).await?)
        } else if !batch.rows.is_empty() || !batch.erased.is_empty() {
            Some(write_rows(connection, batch, now, after_conflict).await?)
        } else {
            None
        };
        if let Some(landed) = landed {
            (counts.inserted, counts.written) = (landed.inserted, landed.written);
            counts.contested = landed.contested;
            note_typed_lines(connection, batch.campaign_id, &landed.rows, &landed.calls).await?;
            remove_calls(connection, &landed.past_calls, now, &mut Removed::new()).await?;
            if marks.retention.version != batch.retention {
                let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
                let (calls, attempts) = (ids(&landed.calls), ids(&landed.attempts));
                remove_past(connection, &calls, &attempts, &marks.retention.cutoffs, now).await?;
            }
            if marks.has_rejects || !landed.rejects.is_empty() {
                let rejects = landed.rejects.into_iter();
                (counts.rejected, counts.rejected_new) =
                    save_rejects(connection, batch.campaign_id, &landed.whole_rows, rejects, now).await?;
            }
        }
        save_readings(connection, batch.readings).await?;
        save_drift(connection, batch.drift, now).await?;
        match &batch.walk {
            Some(pages) => {
                let contested = pages.walk.contested + counts.contested;
                let walk = WalkCheckpoint { contested, ..pages.walk.clone() };
                let shown = (pages.first_page, pages.rows_seen);
                save_walk(connection, lease, batch.campaign_id, &walk, Some(shown)).await?;
            }
            None => lease.renew(connection).await?,
        }
        commit(transaction).await?;
        Ok(counts)
    }
}

/// Writes rows over what is there.
async fn write_rows<'a>(
    connection: &mut PgConnection,
    batch: &Batch<'a>,
    now: Time,
    after_conflict: bool,
) -> Result<Landed<'a>, StoreError> {
    let lines = Lines::of(batch.rows);
    let owner = batch.campaign_id;
    let calls = lines.calls.iter().map(|(id, record)| (*id, Line { owner, index: 0, record: *record }));
    let calls = write_entities(connection, &CALLS, calls, now, "writing calls").await?;
    let rows = lines.rows.iter().map(|(id, record)| (*id, Line { owner, index: 0, record: *record }));
    let rows = write_entities(connection, &CAMPAIGN_ROWS, rows, now, "writing rows").await?;
    let attempts = write_attempts(connection, &lines, &calls, now, after_conflict).await?;
    look_again(connection, &attempts.former_owners).await?;
    Ok(Landed {
        inserted: rows.inserted,
        written: calls.all() + rows.all() + attempts.all(),
        contested: remember(connection, batch, &lines, &attempts.contested).await?,
        rows: lines.rows.into_keys().collect(),
        whole_rows: landed_rows(batch.rows),
        calls: lines.calls.into_keys().collect(),
        attempts: lines.attempts.into_keys().collect(),
        past_calls: batch.rows.iter().filter_map(|records| records.past_call.clone()).collect(),
        rejects: batch.rows.iter().flat_map(|records| &records.rejects).collect(),
    })
}

/// Writes attempts with their parts.
async fn write_attempts<'l>(
    connection: &mut PgConnection,
    lines: &Lines<'l>,
    calls: &Written<'_>,
    now: Time,
    after_conflict: bool,
) -> Result<Written<'l>, StoreError> {
    remove_attempts(connection, lines, calls, now).await?;
    let attempts =
        lines.attempts.iter().map(|(id, (owner, record))| (*id, Line { owner, index: 0, record: *record }));
    let written = write_entities(connection, &CALL_ATTEMPTS, attempts, now, "writing call attempts").await?;
    let mut changed = HashSet::new();
    macro_rules! parts {
        ($table:ident, $field:ident) => {
            let lists = lines.attempts.iter().map(|(id, (_, record))| (*id, &record.$field));
            let (new, known): (Vec<_>, Vec<_>) = lists
                .filter(|(id, list)| !matches!(list, Listed::Unread) && !written.contested.contains(*id))
                .partition(|(id, _)| written.fresh.contains(*id));
            if after_conflict {
                clear_lists(connection, &$table, &new).await?;
            }
            copy_lists(connection, &$table, &new, now).await?;
            write_lists(connection, &$table, &known, now, &mut changed).await?;
        };
    }
    parts!(TRANSCRIPT_TURNS, transcript);
    parts!(POST_CALL_TRANSCRIPT_TURNS, post_call_transcript);
    parts!(SPEECH_EVENTS, speech_events);
    parts!(SMS_MESSAGES, sms_messages);
    parts!(EMAIL_MESSAGES, email_messages);
    touch_owners(connection, &CALL_ATTEMPTS, changed, now).await?;
    Ok(written)
}

/// Tombstones the attempts that calls no longer list, where the list was read whole.
async fn remove_attempts(
    connection: &mut PgConnection,
    lines: &Lines<'_>,
    calls: &Written<'_>,
    now: Time,
) -> Result<(), StoreError> {
    let whole: Vec<&str> = lines
        .calls
        .values()
        .filter(|call| call.attempts.is_whole() && !calls.fresh.contains(call.id.as_str()))
        .map(|call| call.id.as_str())
        .collect();
    if whole.is_empty() {
        return Ok(());
    }
    let listed: Vec<&str> = lines.attempts.keys().copied().collect();
    query(
        "update revox.call_attempts
         set _deleted_at = $3, _synced_at = $3
         where call_id = any($1) and _deleted_at is null and id <> all($2)",
    )
    .bind(whole)
    .bind(listed)
    .bind(now)
    .execute(connection)
    .await
    .map_err(StoreError::query("removing call attempts that are gone"))?;
    Ok(())
}

/// Forgets the hashes of the rows of calls that have lost an attempt to another call: should that one go, the
/// attempt is theirs again, though nothing about them has changed.
async fn look_again(connection: &mut PgConnection, calls: &[String]) -> Result<(), StoreError> {
    if calls.is_empty() {
        return Ok(());
    }
    query(
        "update revox_sync.row_states s set hash = null
         from revox.campaign_rows r
         where r.call_id = any($1) and s.row_id = r.id",
    )
    .bind(calls)
    .execute(connection)
    .await
    .map_err(StoreError::query("forgetting the hashes of rows"))?;
    Ok(())
}

/// Remembers the rows. One that did not land whole, or whose attempt belongs to another call, is to be looked at
/// again in every walk. Returns how many rows yield an attempt to another call.
async fn remember(
    connection: &mut PgConnection,
    batch: &Batch<'_>,
    lines: &Lines<'_>,
    contested: &HashSet<String>,
) -> Result<u64, StoreError> {
    let mut again: HashSet<&str> = HashSet::new();
    let mut yielding = 0;
    for records in batch.rows {
        let Some(row) = &records.row else {
            again.extend(records.rejects.iter().map(|reject| reject.row_key.as_str()));
            continue;
        };
        let call = records.call.as_ref();
        let yields = call.is_some_and(|call| {
            call.attempts.items().iter().any(|attempt| {
                contested.contains(&attempt.id)
                    || lines.attempts.get(attempt.id.as_str()).is_some_and(|(owner, _)| *owner != call.id)
            })
        });
        yielding += u64::from(yields);
        if yields || !records.rejects.is_empty() {
            again.insert(row.id.as_str());
        }
    }
    save_states(connection, batch.campaign_id, batch.states, &again).await?;
    Ok(yielding)
}

/// The rows that landed whole.
fn landed_rows(rows: &[RowRecords]) -> Vec<&str> {
    let landed = rows.iter().filter(|records| records.rejects.is_empty());
    landed.filter_map(|records| Some(records.row.as_ref()?.id.as_str())).collect()
}
