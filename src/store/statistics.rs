//! What the planner knows of the tables, kept up where autovacuum comes too late: behind a backfill.
//!
//! Without statistics on tables that have just been filled, counting over a campaign took sixty times as long.

use super::StoreError;
use super::lines::own;
use super::open::{Store, commit};
use super::statement::{query, query_scalar};

/// Tables that have at least doubled since their statistics were made. A table that is smaller than this many pages is
/// read as a whole whatever the planner knows.
const OUTGROWN: &str = "
    select format('%I.%I', n.nspname, c.relname)
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('revox', 'revox_sync')
      and c.relkind = 'r'
      and pg_relation_size(c.oid) / current_setting('block_size')::bigint > greatest(2 * c.relpages, 8)
      and pg_has_role(c.relowner, 'usage')
    order by c.oid";

impl Store {
    /// Makes statistics anew of the tables that have outgrown them; returns how many. Costs little where none has. Several
    /// at once wait for the first, and find nothing left to do.
    pub async fn tell_the_planner(&self) -> Result<usize, StoreError> {
        let doing = "making the planner's statistics";
        let mut transaction = self.begin().await?;
        let connection = &mut *transaction;
        query(
            "select set_config('statement_timeout', '2min', true), set_config('lock_timeout', '2min', true)",
        )
        .execute(&mut *connection)
        .await
        .map_err(StoreError::query(doing))?;
        query("select pg_advisory_xact_lock(hashtext('revox statistics'), 0)")
            .execute(&mut *connection)
            .await
            .map_err(StoreError::query(doing))?;
        let tables: Vec<String> =
            query_scalar(OUTGROWN).fetch_all(&mut *connection).await.map_err(StoreError::query(doing))?;
        for table in &tables {
            own(&format!("analyze {table}"))
                .execute(&mut *connection)
                .await
                .map_err(StoreError::query(doing))?;
        }
        commit(transaction).await?;
        Ok(tables.len())
    }
}
