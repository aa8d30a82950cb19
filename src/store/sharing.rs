//! What others are given: the role `revox_reader`, which may read what is for people and nothing else, and the
//! publication `revox_mirror`, by which another database follows the tables.
//!
//! Both need rights that not every user has, so that nothing here is part of a migration: what may be made is made, and
//! what may not is told as statements for an administrator. Roles belong to the whole cluster, and another mirror in it
//! may make this one at the same moment.

use super::StoreError;
use super::migrate::lock_migrations;
use super::open::{Store, commit};
use super::statement::query;
use sqlx::{Acquire, AssertSqlSafe, PgConnection, Row};

/// One query says what is missing, and so what there is to do.
const MISSING: &str = include_str!("missing_shares.sql");

/// A statement that would give others something that they do not have yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingShare {
    /// Ready to be executed; names only roles, schemas and tables.
    pub statement: String,
    /// Whether this user may execute it.
    pub may: bool,
}

impl Store {
    /// Makes what may be made of the role and the publication; returns what is still missing. Each statement stands for
    /// itself: one that fails leaves the others as they are.
    pub async fn share(&self) -> Result<Vec<MissingShare>, StoreError> {
        let missing = self.missing_shares().await?;
        if missing.iter().all(|missing| !missing.may) {
            return Ok(missing);
        }
        let mut transaction = self.begin().await?;
        lock_migrations(&mut transaction).await?;
        // A publication warns that nobody can follow it yet, which is for the one who wants to. Nobody's work waits long for it.
        sqlx::raw_sql("set local client_min_messages = error; set local lock_timeout = '10s'; set local statement_timeout = '20s'")
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::query("giving others what they read"))?;
        for missing in find(&mut transaction).await?.into_iter().filter(|missing| missing.may) {
            let mut savepoint =
                transaction.begin().await.map_err(StoreError::query("giving others what they read"))?;
            match sqlx::raw_sql(AssertSqlSafe(missing.statement.clone())).execute(&mut *savepoint).await {
                Ok(_) => savepoint.commit().await,
                Err(error) => {
                    tracing::debug!(%error, statement = missing.statement, "was not given to others");
                    savepoint.rollback().await
                }
            }
            .map_err(StoreError::query("giving others what they read"))?;
        }
        commit(transaction).await?;
        self.missing_shares().await
    }

    /// What is missing, in the order in which it is to be executed.
    pub async fn missing_shares(&self) -> Result<Vec<MissingShare>, StoreError> {
        let mut transaction = self.begin().await?;
        find(&mut transaction).await
    }
}

async fn find(connection: &mut PgConnection) -> Result<Vec<MissingShare>, StoreError> {
    let rows = query(MISSING)
        .fetch_all(connection)
        .await
        .map_err(StoreError::query("asking what others may read"))?;
    Ok(rows.iter().map(|row| MissingShare { statement: row.get(0), may: row.get(1) }).collect())
}
