//! Reads lines back as they are stored, for `verify`, and makes the next pass read again what differs.
//!
//! Owns the SQL alone: which lines are asked for, and what they should hold, is `verify`'s business. Lines come as
//! JSON text, so that nothing of how they were written is needed to read them.

use super::StoreError;
use super::checkpoint::unsigned;
use super::lease::Lease;
use super::lines::own;
use super::open::{Store, commit};
use super::statement::{query, query_as, query_scalar};
use crate::records::Time;
use futures::TryStreamExt;
use sqlx::{AssertSqlSafe, Row};

/// Lines of a table of schema `revox`.
#[derive(Debug, Clone)]
pub struct Lookup<'a> {
    /// The table's name.
    pub table: &'static str,
    /// The column by which they are found.
    pub column: &'static str,
    /// What it holds, one of these.
    pub values: Vec<&'a str>,
    /// Only lines that are alive.
    pub only_live: bool,
}

/// What the next full pass is to read again.
#[derive(Debug, Clone, Default)]
pub struct Forgotten<'a> {
    /// The campaign.
    pub campaign_id: &'a str,
    /// Its rows that are to be read again.
    pub rows: Vec<&'a str>,
    /// All its rows are to be read again.
    pub every_row: bool,
    /// Assistants whose next copy is to be written, however old it is.
    pub assistants: Vec<&'a str>,
    /// Retry configurations whose windows are to be written anew.
    pub call_retry_configs: Vec<&'a str>,
}

impl Store {
    /// The lines of each lookup as JSON text, as they are at one moment or close to it.
    pub async fn stored_lines(&self, lookups: &[Lookup<'_>]) -> Result<Vec<Vec<String>>, StoreError> {
        let mut transaction = self.begin().await?;
        let mut found = Vec::with_capacity(lookups.len());
        for lookup in lookups {
            if lookup.values.is_empty() {
                found.push(Vec::new());
                continue;
            }
            let Lookup { table, column, .. } = lookup;
            let live = if lookup.only_live { " and t._deleted_at is null" } else { "" };
            let statement =
                format!("select to_jsonb(t)::text from revox.{table} t where t.{column} = any($1){live}");
            let lines = query_scalar(AssertSqlSafe(statement))
                .bind(&lookup.values)
                .fetch_all(&mut *transaction)
                .await
                .map_err(StoreError::query("reading lines back"))?;
            found.push(lines);
        }
        Ok(found)
    }

    /// Ids of live rows of a campaign that are not known, at most `limit`.
    pub async fn live_rows_but(
        &self,
        campaign_id: &str,
        is_known: impl Fn(&str) -> bool,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        let doing = "reading the live rows";
        let mut transaction = self.begin_reading().await?;
        let mut rows = query_scalar::<String>(
            "select id from revox.campaign_rows where campaign_id = $1 and _deleted_at is null",
        )
        .bind(campaign_id)
        .fetch(&mut *transaction);
        let mut unknown = Vec::new();
        while let Some(id) = rows.try_next().await.map_err(StoreError::query(doing))? {
            if unknown.len() == limit {
                break;
            }
            if !is_known(&id) {
                unknown.push(id);
            }
        }
        unknown.sort_unstable();
        Ok(unknown)
    }

    /// Live calls of a campaign that no live row shows, at most `limit`.
    ///
    /// Whether a row is alive is asked after the join, as it is where calls are tombstoned.
    pub async fn unshown_calls(&self, campaign_id: &str, limit: i64) -> Result<Vec<String>, StoreError> {
        let mut transaction = self.begin().await?;
        query_scalar(
            "select c.id
             from revox.calls c
             left join revox.campaign_rows r on r.call_id = c.id
             where c.campaign_id = $1 and c._deleted_at is null
             group by c.id
             having count(*) filter (where r.id is not null and r._deleted_at is null) = 0
             order by c.id
             limit $2",
        )
        .bind(campaign_id)
        .bind(limit)
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::query("looking for calls that no row shows"))
    }

    /// Live attempts of a campaign's calls that are gone, at most `limit`, each with its call.
    pub async fn attempts_of_dead_calls(
        &self,
        campaign_id: &str,
        limit: i64,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let mut transaction = self.begin().await?;
        query_as(
            "select a.id, a.call_id
             from revox.calls c
             join revox.call_attempts a on a.call_id = c.id
             where c.campaign_id = $1 and c._deleted_at is not null and a._deleted_at is null
             order by a.id
             limit $2",
        )
        .bind(campaign_id)
        .bind(limit)
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::query("looking for attempts of calls that are gone"))
    }

    /// Live campaigns of an account, those included that no pass has listed.
    pub async fn stored_campaigns(&self, account: &str) -> Result<Vec<String>, StoreError> {
        let mut transaction = self.begin().await?;
        query_scalar(
            "select c.id
             from revox.campaigns c
             left join revox_sync.checkpoints k on k.campaign_id = c.id
             where c._deleted_at is null and coalesce(k.account, $1) = $1
             order by c.id",
        )
        .bind(account)
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::query("reading the live campaigns"))
    }

    /// Retry configurations that might be one with these values, at most 100.
    pub async fn similar_retry_configs(
        &self,
        max_retry_attempts: Option<i64>,
        timezone: Option<&str>,
    ) -> Result<Vec<String>, StoreError> {
        let mut transaction = self.begin().await?;
        query_scalar(
            "select id from revox.call_retry_configs
             where max_retry_attempts is not distinct from $1 and timezone is not distinct from $2
             order by id
             limit 100",
        )
        .bind(max_retry_attempts)
        .bind(timezone)
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::query("looking for retry configurations"))
    }

    /// Those among these rows of a campaign of which a piece stands in the rejects.
    pub async fn rejected_rows(
        &self,
        campaign_id: &str,
        row_keys: &[&str],
    ) -> Result<Vec<String>, StoreError> {
        let mut transaction = self.begin().await?;
        query_scalar(
            "select distinct row_key from revox_sync.rejects where campaign_id = $1 and row_key = any($2)",
        )
        .bind(campaign_id)
        .bind(row_keys)
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::query("reading rejects"))
    }

    /// The rejects of a campaign: how many there are, and the first of them by row and path.
    pub async fn list_rejects(
        &self,
        campaign_id: &str,
        limit: i64,
    ) -> Result<(u64, Vec<(String, String)>), StoreError> {
        let doing = "reading rejects";
        let mut transaction = self.begin().await?;
        let count: i64 = query("select count(*) from revox_sync.rejects where campaign_id = $1")
            .bind(campaign_id)
            .fetch_one(&mut *transaction)
            .await
            .map_err(StoreError::query(doing))?
            .get(0);
        let first = query_as(
            "select row_key, path from revox_sync.rejects
             where campaign_id = $1
             order by row_key, path
             limit $2",
        )
        .bind(campaign_id)
        .bind(limit)
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::query(doing))?;
        Ok((unsigned(count), first))
    }

    /// Makes the next full pass write again what was found to differ, under the campaign's lease.
    pub async fn forget(
        &self,
        lease: &Lease,
        forgotten: &Forgotten<'_>,
        now: Time,
    ) -> Result<(), StoreError> {
        let doing = "forgetting what differs";
        let mut transaction = self.begin().await?;
        let connection = &mut *transaction;
        let Forgotten { campaign_id, rows, every_row, assistants, call_retry_configs } = forgotten;
        for (statement, values) in [
            // A row without a hash is written again whatever its bytes.
            ("update revox_sync.row_states set hash = null where row_id = any($1)", rows),
            // The newest copy wins, and any copy is newer than none.
            ("update revox.assistants set updated_at = null where id = any($1)", assistants),
            // Windows beyond those that there are would stay.
            ("delete from revox.calling_windows where call_retry_config_id = any($1)", call_retry_configs),
        ] {
            if !values.is_empty() {
                own(statement)
                    .bind(values)
                    .execute(&mut *connection)
                    .await
                    .map_err(StoreError::query(doing))?;
            }
        }
        if *every_row {
            query("update revox_sync.row_states set hash = null where campaign_id = $1")
                .bind(campaign_id)
                .execute(&mut *connection)
                .await
                .map_err(StoreError::query(doing))?;
        }
        // Attempts go with their calls: a pass looks at those of calls that go then, not at those that went before.
        query(
            "update revox.call_attempts a set _deleted_at = $2, _synced_at = $2
             from revox.calls c
             where c.campaign_id = $1 and c._deleted_at is not null
               and a.call_id = c.id and a._deleted_at is null",
        )
        .bind(campaign_id)
        .bind(now)
        .execute(&mut *connection)
        .await
        .map_err(StoreError::query(doing))?;
        lease.renew(connection).await?;
        commit(transaction).await
    }
}
