//! The rate at which an account's API may be asked, shared through the database.

use super::StoreError;
use super::lease::interval;
use super::open::{Store, commit};
use super::statement::{query, query_scalar};
use std::time::Duration;

impl Store {
    /// Reserves the next `slots` moments, `apart` from each other, at which an account's API may be asked; returns how
    /// long it is until the first of them.
    pub async fn reserve_slots(
        &self,
        account: &str,
        slots: u32,
        apart: Duration,
    ) -> Result<Duration, StoreError> {
        let mut transaction = self.begin_repeatable().await?;
        let seconds: f64 = query_scalar(
            "insert into revox_sync.paces as p (account, next_slot_at)
             values ($1, clock_timestamp() + $2)
             on conflict (account) do update
             set next_slot_at = greatest(p.next_slot_at, p.paused_until, clock_timestamp()) + $2
             returning extract(epoch from next_slot_at - $2 - clock_timestamp())::float8",
        )
        .bind(account)
        .bind(interval(apart.saturating_mul(slots)))
        .fetch_one(&mut *transaction)
        .await
        .map_err(StoreError::query("reserving requests"))?;
        commit(transaction).await?;
        Ok(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::ZERO))
    }

    /// Notes that an account's API asks to be left alone for so long.
    pub async fn pause_account(&self, account: &str, pause: Duration) -> Result<(), StoreError> {
        let mut transaction = self.begin_repeatable().await?;
        query(
            "insert into revox_sync.paces as p (account, next_slot_at, paused_until)
             values ($1, clock_timestamp(), clock_timestamp() + $2)
             on conflict (account) do update
             set paused_until = greatest(p.paused_until, excluded.paused_until)",
        )
        .bind(account)
        .bind(interval(pause))
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::query("noting a pause"))?;
        commit(transaction).await
    }
}
