//! Parts whose attempt is not there: what foreign keys would promise, and the mirror keeps by itself.
//!
//! Owns the search for them and their removal. Who writes or removes an attempt does the same to its parts in the same
//! transaction, so that there is none unless somebody else has been at the tables.

use super::StoreError;
use super::lines::own;
use super::open::{Store, commit, until_it_commits};
use sqlx::Row;

/// The tables of parts, and what tells the parts of an attempt apart.
const PARTS: [(&str, &str); 5] = [
    ("transcript_turns", "turn_index"),
    ("post_call_transcript_turns", "turn_index"),
    ("speech_events", "id"),
    ("sms_messages", "id"),
    ("email_messages", "id"),
];

const HAS_NO_ATTEMPT: &str = "not exists (select from revox.call_attempts a where a.id = p.call_attempt_id)";

impl Store {
    /// Parts without an attempt, by table and key (parted by a space), `most` of each table at most.
    pub async fn orphans(&self, most: usize) -> Result<Vec<(&'static str, String)>, StoreError> {
        let mut transaction = self.begin_counting().await?;
        let mut found = Vec::new();
        for (table, key) in PARTS {
            let statement = format!(
                "select p.call_attempt_id || ' ' || p.{key} from revox.{table} p where {HAS_NO_ATTEMPT}
                 order by p.call_attempt_id, p.{key} limit $1"
            );
            let lines = own(&statement)
                .bind(i64::try_from(most).unwrap_or(i64::MAX))
                .fetch_all(&mut *transaction)
                .await
                .map_err(StoreError::query("looking for parts without an attempt"))?;
            found.extend(lines.iter().map(|line| (table, line.get(0))));
        }
        Ok(found)
    }

    /// Removes them; returns how many.
    pub async fn remove_orphans(&self) -> Result<u64, StoreError> {
        until_it_commits(async || {
            let mut transaction = self.begin_counting().await?;
            let mut removed = 0;
            for (table, _) in PARTS {
                let statement = format!("delete from revox.{table} p where {HAS_NO_ATTEMPT}");
                let lines = own(&statement).execute(&mut *transaction).await;
                removed +=
                    lines.map_err(StoreError::query("removing parts without an attempt"))?.rows_affected();
            }
            commit(transaction).await?;
            Ok(removed)
        })
        .await
    }
}
