//! What the mirror remembers of an account, and of each campaign before a pass.

use super::StoreError;
use super::checkpoint::unsigned;
use super::open::Store;
use crate::plan::{Fingerprint, Known, Shape, Suspicion};
use crate::records::Time;
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::postgres::types::PgInterval;
use sqlx::types::Json;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// Whose the mirror is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountState {
    /// The organization that the list came from.
    pub organization_id: Option<String>,
    /// The base URL that it came from.
    pub base_url: Option<String>,
    /// How the API pages.
    pub shape: Option<Shape>,
    /// That so many of its campaigns were last found gone that none was tombstoned.
    pub suspicion: Option<Suspicion>,
    /// Those campaigns.
    pub suspicious_campaigns: BTreeSet<String>,
}

/// A campaign, as the mirror knows it before a pass.
#[derive(Debug, Clone, Default)]
pub struct CampaignState {
    /// What decides whether it needs a pass.
    pub known: Known,
    /// Whether the campaign is alive in the mirror.
    pub is_alive: bool,
    /// Whether any of its rows can be known by its hash.
    pub has_known_rows: bool,
}

/// Statuses of a call that will not move on by themselves, or whose moving on shows in the campaign's counts.
const RESTING_STATUSES: [&str; 8] = [
    "completed",
    "cancelled",
    "errored",
    "not_launched",
    "paused",
    "scheduled",
    "initializing",
    "queued_for_calling",
];

impl Store {
    /// Reads what is remembered of an account.
    pub async fn load_account(&self, account: &str) -> Result<AccountState, StoreError> {
        let mut transaction = self.begin().await?;
        let row = sqlx::query(
            "select organization_id, base_url, api_shape, suspicious_at, suspicious_passes,
                    cardinality(suspicious_campaign_ids)::bigint, suspicious_campaign_ids
             from revox_sync.accounts where name = $1",
        )
        .bind(account)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(StoreError::query("reading the account"))?;
        let Some(row) = row else {
            return Ok(AccountState::default());
        };
        let shape: Option<Json<serde_json::Value>> = row.get(2);
        Ok(AccountState {
            organization_id: row.get(0),
            base_url: row.get(1),
            shape: shape.and_then(|shape| serde_json::from_value(shape.0).ok()),
            suspicion: read_suspicion(&row, 3),
            suspicious_campaigns: row
                .get::<Option<Vec<String>>, _>(6)
                .unwrap_or_default()
                .into_iter()
                .collect(),
        })
    }

    /// Reads every campaign of an account that the mirror knows.
    pub async fn load_campaigns(
        &self,
        account: &str,
        settle_window: Duration,
        now: Time,
    ) -> Result<HashMap<String, CampaignState>, StoreError> {
        let doing = "reading what is known of the campaigns";
        let mut transaction = self.begin().await?;
        let rows = sqlx::query(
            "select k.campaign_id, k.fingerprint, k.fingerprint_trusted, k.full_walk_at,
                    k.walk_id is not null,
                    exists (select 1 from revox_sync.row_states s where s.campaign_id = k.campaign_id),
                    exists (select 1 from revox.campaigns c
                            where c.id = k.campaign_id and c._deleted_at is null),
                    k.suspicious_at, k.suspicious_passes, k.suspicious_deletions
             from revox_sync.checkpoints k
             where k.account = $1",
        )
        .bind(account)
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::query(doing))?;
        let mut campaigns: HashMap<String, CampaignState> = rows
            .iter()
            .map(|row| {
                let fingerprint: Option<Json<serde_json::Value>> = row.get(1);
                let state = CampaignState {
                    known: Known {
                        fingerprint: fingerprint
                            .and_then(|json| serde_json::from_value::<Fingerprint>(json.0).ok()),
                        fingerprint_trusted: row.get(2),
                        full_walk_at: row.get(3),
                        walk_under_way: row.get(4),
                        unsettled_calls: 0,
                        suspicion: read_suspicion(row, 7),
                    },
                    is_alive: row.get(6),
                    has_known_rows: row.get(5),
                };
                (row.get(0), state)
            })
            .collect();
        for row in sqlx::query(UNSETTLED)
            .bind(RESTING_STATUSES.as_slice())
            .bind(now)
            .bind(PgInterval::try_from(settle_window).unwrap_or_default())
            .fetch_all(&mut *transaction)
            .await
            .map_err(StoreError::query(doing))?
        {
            if let Some(state) = campaigns.get_mut(row.get::<&str, _>(0)) {
                state.known.unsettled_calls = unsigned(row.get(1));
            }
        }
        Ok(campaigns)
    }

    /// The live campaigns of an account, by id.
    pub async fn live_campaigns(&self, account: &str) -> Result<Vec<String>, StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query_scalar(
            "select c.id from revox.campaigns c
             join revox_sync.checkpoints k on k.campaign_id = c.id
             where c._deleted_at is null and k.account = $1
             order by c.id",
        )
        .bind(account)
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::query("reading the live campaigns"))
    }
}

/// A suspicion out of three columns from `first` on: when, passes, deletions.
fn read_suspicion(row: &PgRow, first: usize) -> Option<Suspicion> {
    Some(Suspicion {
        at: row.get::<Option<Time>, _>(first)?,
        passes: u32::try_from(row.get::<i32, _>(first + 1)).unwrap_or(0),
        deletions: row.get::<Option<i64>, _>(first + 2).map_or(0, unsigned),
    })
}

/// Live calls that may still change without the campaign's counts telling: under way, of a status that the
/// mirror does not know, due by now, or ended within the settle window.
const UNSETTLED: &str = "
select campaign_id, count(*)
from (
    select c.campaign_id, c.id
    from revox.calls c
    where c._deleted_at is null
      and (c.status is null or c.status <> all($1)
           or c.status = 'scheduled' and c.scheduled_at <= $2)
    union
    select c.campaign_id, c.id
    from revox.call_attempts a
    join revox.calls c on c.id = a.call_id
    where c._deleted_at is null and a._deleted_at is null
      and a.started_at > $2 - $3 - interval '1 day'
      and a.ended_at > $2 - $3
) unsettled
group by campaign_id";
