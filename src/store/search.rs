//! How far the search over calls has been read, and what it has to show.

use super::StoreError;
use super::open::{Store, commit};
use super::statement::{query, query_scalar};
use crate::plan::FeedState;
use crate::records::Time;
use sqlx::types::Json;
use std::collections::HashSet;

/// What a reading of the search leaves behind.
#[derive(Debug, Clone, Default)]
pub struct SearchReading {
    /// Changes of calls of no campaign that it has shown, a count.
    pub of_no_campaign: u64,
    /// Changes of calls of campaigns that the account does not list, a count.
    pub of_other_campaigns: u64,
    /// Campaigns whose changes were passed over: each is read in full before the search is relied on again.
    pub passed_over: Vec<String>,
}

impl Store {
    /// Remembers what is known of the search over calls, unless another process has moved it on from `held`.
    pub async fn save_search(
        &self,
        account: &str,
        (held, state): (&FeedState, &FeedState),
        reading: &SearchReading,
    ) -> Result<(), StoreError> {
        let doing = "remembering how far the search was read";
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let mut transaction = self.begin().await?;
        let saved = query(
            "update revox_sync.accounts
             set search = $2, updated_at = now(), changes_of_no_campaign = changes_of_no_campaign + $4,
                 changes_of_other_campaigns = changes_of_other_campaigns + $5
             where name = $1 and (search is null or search = $3)",
        )
        .bind(account)
        .bind(Json(state))
        .bind(Json(held))
        .bind(count(reading.of_no_campaign))
        .bind(count(reading.of_other_campaigns))
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::query(doing))?;
        if saved.rows_affected() == 1 && !reading.passed_over.is_empty() {
            query(
                "update revox_sync.checkpoints set search_begun_at = null
                 where campaign_id = any($1) and account = $2",
            )
            .bind(&reading.passed_over)
            .bind(account)
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::query(doing))?;
        }
        commit(transaction).await
    }

    /// Those of these calls that the mirror holds, alive or not.
    pub async fn known_calls(&self, call_ids: &[&str]) -> Result<HashSet<String>, StoreError> {
        if call_ids.is_empty() {
            return Ok(HashSet::new());
        }
        let mut transaction = self.begin().await?;
        let known: Vec<String> = query_scalar("select id from revox.calls where id = any($1)")
            .bind(call_ids)
            .fetch_all(&mut *transaction)
            .await
            .map_err(StoreError::query("looking up calls"))?;
        Ok(known.into_iter().collect())
    }

    /// Whether the mirror holds a live call of these campaigns that a search had to show and did not: one that
    /// changed after `from`, which is none when all calls had to be shown, and not after `to`.
    pub async fn search_left_out(
        &self,
        campaigns: &[&str],
        (from, to): (Option<Time>, Option<Time>),
        shown: &[&str],
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        query_scalar(
            "select exists (
                 select from revox.calls
                 where campaign_id = any($1) and _deleted_at is null and id <> all($4)
                   and ($2::timestamptz is null or updated_at > $2)
                   and (updated_at is null or $3::timestamptz is null or updated_at <= $3)
             )",
        )
        .bind(campaigns)
        .bind(from)
        .bind(to)
        .bind(shown)
        .fetch_one(&mut *transaction)
        .await
        .map_err(StoreError::query("looking for calls that the search left out"))
    }
}
