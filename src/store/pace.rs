//! The rate at which an account's API may be asked, shared through the database.

use super::StoreError;
use super::lease::interval;
use super::open::{Store, commit};
use super::statement::{query, query_scalar};
use sqlx::PgConnection;
use std::time::Duration;

/// Nobody is held up for longer, whatever the API said or the clock did.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

impl Store {
    /// Reserves the next `slots` moments, `apart` from each other, at which an account's API may be asked; returns how
    /// long it is until the first of them. When that is longer than `patience`, nothing is reserved, and the time is
    /// the inner error.
    pub async fn reserve_slots(
        &self,
        account: &str,
        slots: u32,
        apart: Duration,
        patience: Duration,
    ) -> Result<Result<Duration, Duration>, StoreError> {
        let mut transaction = self.begin_repeatable().await?;
        let granted: Option<f64> = query_scalar(
            "insert into revox_sync.paces as p (account, next_slot_at)
             values ($1, clock_timestamp() + $2)
             on conflict (account) do update
             set next_slot_at = greatest(p.next_slot_at, p.paused_until, clock_timestamp()) + $2
             where greatest(p.next_slot_at, p.paused_until) <= clock_timestamp() + $3
             returning extract(epoch from next_slot_at - $2 - clock_timestamp())::float8",
        )
        .bind(account)
        .bind(interval(apart.min(LONGEST_PAUSE).saturating_mul(slots)))
        .bind(interval(patience.min(LONGEST_PAUSE)))
        .fetch_optional(&mut *transaction)
        .await
        .map_err(StoreError::query("reserving requests"))?;
        let answer = match granted {
            Some(seconds) => Ok(duration(seconds)),
            None => Err(bounded_wait(&mut transaction, account).await?),
        };
        commit(transaction).await?;
        Ok(answer)
    }

    /// Notes that an account's API asks to be left alone for so long, an hour at most: after it one request asks
    /// whether the API still means it.
    pub async fn pause_account(&self, account: &str, pause: Duration) -> Result<(), StoreError> {
        let mut transaction = self.begin_repeatable().await?;
        query(
            "insert into revox_sync.paces as p (account, next_slot_at, paused_until)
             values ($1, clock_timestamp(), clock_timestamp() + $2)
             on conflict (account) do update
             set paused_until = greatest(p.paused_until, excluded.paused_until)",
        )
        .bind(account)
        .bind(interval(pause.min(LONGEST_PAUSE)))
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::query("noting a pause"))?;
        commit(transaction).await
    }
}

/// How long it is until an account's API may be asked again; moments that a clock set back has moved out of reach are
/// brought nearer.
async fn bounded_wait(connection: &mut PgConnection, account: &str) -> Result<Duration, StoreError> {
    let seconds: f64 = query_scalar(
        "update revox_sync.paces
         set next_slot_at = least(next_slot_at, clock_timestamp() + $2),
             paused_until = case when paused_until is not null then least(paused_until, clock_timestamp() + $2) end
         where account = $1
         returning extract(epoch from greatest(next_slot_at, paused_until) - clock_timestamp())::float8",
    )
    .bind(account)
    .bind(interval(LONGEST_PAUSE))
    .fetch_one(connection)
    .await
    .map_err(StoreError::query("asking when requests are free"))?;
    Ok(duration(seconds))
}

fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::ZERO)
}
