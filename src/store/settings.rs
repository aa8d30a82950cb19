//! What of the configuration the views of schema `revox` depend on.

use super::StoreError;
use super::open::{Store, commit};
use super::statement::query;

impl Store {
    /// Stores the zone (an IANA name) by which reports count days and hours. Writes nothing when it is stored already.
    pub async fn save_reporting_time_zone(&self, zone: &str) -> Result<(), StoreError> {
        let doing = "saving the reporting time zone";
        let mut transaction = self.begin().await?;
        // What the server could not count by is refused here, not in everybody's queries.
        let saved = query(
            "insert into revox_sync.settings as s (id, time_zone)
             select 1, $1
             where now() at time zone $1 is not null
             on conflict (id) do update set time_zone = excluded.time_zone
             where s.time_zone <> excluded.time_zone",
        )
        .bind(zone)
        .execute(&mut *transaction)
        .await;
        match saved {
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("22023") => {
                Err(StoreError::UnknownTimeZone { zone: zone.to_owned() })
            }
            Err(error) => Err(StoreError::query(doing)(error)),
            Ok(_) => commit(transaction).await,
        }
    }
}
