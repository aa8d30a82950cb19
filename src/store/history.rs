//! The history of the calls' statuses: the triggers that write it, and the statuses from before there were any.

use super::StoreError;
use super::open::{Store, commit, until_it_commits};
use super::statement::{query_as, query_scalar};

const DOING: &str = "setting up the history of statuses";

/// Calls that are looked at in one transaction.
const BATCH: i64 = 20_000;

const START: &str = "\
create trigger calls_note_inserted_statuses
    after insert on revox.calls
    referencing new table as written
    for each statement execute function revox_sync.note_call_statuses();
create trigger calls_note_updated_statuses
    after update on revox.calls
    referencing new table as written
    for each statement execute function revox_sync.note_call_statuses()";

const STOP: &str = "\
drop trigger if exists calls_note_inserted_statuses on revox.calls;
drop trigger if exists calls_note_updated_statuses on revox.calls";

/// A line for each live call of a batch whose status is not the last one that is known.
const CATCH_UP: &str = include_str!("catch_up_history.sql");

impl Store {
    /// Begins or ends the history of the calls' statuses, as it is to be kept or not. What was written stays. When it is
    /// kept, calls whose status it does not have yet get their line, 20,000 in a transaction.
    pub async fn keep_call_statuses(&self, keep: bool) -> Result<(), StoreError> {
        until_it_commits(async || self.set_triggers(keep).await).await?;
        if !keep {
            return Ok(());
        }
        let mut after = String::new();
        loop {
            match until_it_commits(async || self.catch_up(&after).await).await? {
                Some(last) => after = last,
                None => return Ok(()),
            }
        }
    }

    async fn set_triggers(&self, keep: bool) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let there: i64 = query_scalar(
            "select count(*)
             from pg_trigger
             where tgrelid = to_regclass('revox.calls')
               and tgname in ('calls_note_inserted_statuses', 'calls_note_updated_statuses')",
        )
        .fetch_one(&mut *transaction)
        .await
        .map_err(StoreError::query(DOING))?;
        let wanted = if keep { 2 } else { 0 };
        if there == wanted {
            return Ok(());
        }
        sqlx::raw_sql(STOP).execute(&mut *transaction).await.map_err(StoreError::query(DOING))?;
        if keep {
            sqlx::raw_sql(START).execute(&mut *transaction).await.map_err(StoreError::query(DOING))?;
        }
        commit(transaction).await
    }

    /// Returns the last id of the batch after `after`; none when there is no more.
    async fn catch_up(&self, after: &str) -> Result<Option<String>, StoreError> {
        let mut transaction = self.begin_repeatable().await?;
        let (last,): (Option<String>,) = query_as(CATCH_UP)
            .bind(after)
            .bind(BATCH)
            .fetch_one(&mut *transaction)
            .await
            .map_err(StoreError::query(DOING))?;
        commit(transaction).await?;
        Ok(last)
    }
}
