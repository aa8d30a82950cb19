//! What belongs to the installation as a whole: the key to which every hash is bound, and the settle window, on which
//! the views of freshness depend.

use super::StoreError;
use super::lease::interval;
use super::open::{Store, commit};
use super::statement::{query, query_scalar};
use sqlx::Row;
use std::time::Duration;

impl Store {
    /// The installation's random key, made on first use. Remembers the settle window that passes go by.
    pub async fn installation_key(&self, settle_window: Duration) -> Result<[u8; 32], StoreError> {
        let doing = "reading the installation's key";
        let fresh: [u8; 32] = rand::random();
        let mut transaction = self.begin().await?;
        query(
            "insert into revox_sync.installation as i (id, hash_key, created_at, settle_window)
             values (1, $1, now(), least($2, interval '3650 days'))
             on conflict (id) do update set settle_window = excluded.settle_window
             where i.settle_window is distinct from excluded.settle_window",
        )
        .bind(fresh.as_slice())
        .bind(interval(settle_window))
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::query(doing))?;
        let key: Vec<u8> = query("select hash_key from revox_sync.installation where id = 1")
            .fetch_one(&mut *transaction)
            .await
            .map_err(StoreError::query(doing))?
            .get(0);
        commit(transaction).await?;
        key.try_into().map_err(|_| StoreError::Query {
            doing,
            problem: "the key in revox_sync.installation is not 32 bytes long".to_owned(),
        })
    }

    /// The installation's key, if it has been made.
    pub async fn existing_installation_key(&self) -> Result<Option<[u8; 32]>, StoreError> {
        let mut transaction = self.begin().await?;
        let key: Option<Vec<u8>> = query_scalar("select hash_key from revox_sync.installation where id = 1")
            .fetch_optional(&mut *transaction)
            .await
            .map_err(StoreError::query("reading the installation's key"))?;
        Ok(key.and_then(|key| key.try_into().ok()))
    }
}
