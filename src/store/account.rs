//! What the mirror remembers of an account, and of each campaign before a pass.

use super::StoreError;
use super::checkpoint::unsigned;
use super::open::{Store, commit};
use super::statement::{query, query_scalar};
use crate::plan::{FeedState, Filtering, Fingerprint, Known, Shape, Suspicion};
use crate::records::Time;
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use std::collections::{BTreeSet, HashMap};

/// Whose the mirror is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountState {
    /// The organization that the list came from.
    pub organization_id: Option<String>,
    /// The base URL that it came from.
    pub base_url: Option<String>,
    /// How the API pages.
    pub shape: Option<Shape>,
    /// What is known of its filters by status.
    pub filtering: Filtering,
    /// What is known of its search over calls; none until it was asked.
    pub search: Option<FeedState>,
    /// When its list was last asked for.
    pub listed_at: Option<Time>,
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
    /// What the account's last list has shown of it.
    pub listed: Option<Fingerprint>,
    /// Up to when the copy is complete.
    pub complete_through: Option<Time>,
    /// Passes so far.
    pub passes: u64,
    /// Rows of the campaign after its last complete pass.
    pub rows: Option<u64>,
    /// The beginning of the search over calls that its last full walk came after.
    pub search_begun_at: Option<Time>,
}

impl Store {
    /// Reads what is remembered of an account.
    pub async fn load_account(&self, account: &str) -> Result<AccountState, StoreError> {
        let mut transaction = self.begin().await?;
        let row = query(
            "select organization_id, base_url, api_shape, filtering, search, suspicious_at, suspicious_passes,
                    cardinality(suspicious_campaign_ids)::bigint, suspicious_campaign_ids, listed_at
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
        let filtering: Option<Json<serde_json::Value>> = row.get(3);
        let search: Option<Json<serde_json::Value>> = row.get(4);
        Ok(AccountState {
            organization_id: row.get(0),
            base_url: row.get(1),
            shape: shape.and_then(|shape| serde_json::from_value(shape.0).ok()),
            filtering: filtering.and_then(|it| serde_json::from_value(it.0).ok()).unwrap_or_default(),
            search: search.and_then(|search| serde_json::from_value(search.0).ok()),
            listed_at: row.get(9),
            suspicion: read_suspicion(&row, 5),
            suspicious_campaigns: row
                .get::<Option<Vec<String>>, _>(8)
                .unwrap_or_default()
                .into_iter()
                .collect(),
        })
    }

    /// Reads every campaign of an account that the mirror knows, or `only` one of them.
    pub async fn load_campaigns(
        &self,
        account: &str,
        only: Option<&str>,
        now: Time,
    ) -> Result<HashMap<String, CampaignState>, StoreError> {
        let doing = "reading what is known of the campaigns";
        let mut transaction = self.begin().await?;
        let rows = query(
            "select k.campaign_id, k.fingerprint, k.fingerprint_trusted, k.full_walk_at,
                    k.walk_id is not null,
                    exists (select 1 from revox_sync.row_states s where s.campaign_id = k.campaign_id),
                    exists (select 1 from revox.campaigns c
                            where c.id = k.campaign_id and c._deleted_at is null),
                    k.unproven_passes, k.passes, k.total,
                    k.suspicious_at, k.suspicious_passes, k.suspicious_deletions,
                    k.listed, k.quiet_since, k.completed_at, k.complete_through, k.search_begun_at, k.read_as
             from revox_sync.checkpoints k
             where k.account = $1 and k.campaign_id = coalesce($2, k.campaign_id)",
        )
        .bind(account)
        .bind(only)
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::query(doing))?;
        let mut campaigns: HashMap<String, CampaignState> = rows
            .iter()
            .map(|row| {
                let state = CampaignState {
                    known: Known {
                        fingerprint: read_fingerprint(row, 1),
                        quiet_since: row.get(14),
                        completed_at: row.get(15),
                        fingerprint_trusted: row.get(2),
                        full_walk_at: row.get(3),
                        walk_under_way: row.get(4),
                        overdue_rows: 0,
                        unproven_passes: u32::try_from(row.get::<i32, _>(7)).unwrap_or(0),
                        suspicion: read_suspicion(row, 10),
                        read_as: row.get(18),
                    },
                    passes: unsigned(row.get(8)),
                    rows: row.get::<Option<i64>, _>(9).map(unsigned),
                    listed: read_fingerprint(row, 13),
                    complete_through: row.get(16),
                    search_begun_at: row.get(17),
                    is_alive: row.get(6),
                    has_known_rows: row.get(5),
                };
                (row.get(0), state)
            })
            .collect();
        let overdue = query(
            "select campaign_id, count(*) from revox_sync.row_states
             where unsettled_since is not null and read_by <= $1 and campaign_id = coalesce($2, campaign_id)
             group by campaign_id",
        )
        .bind(now)
        .bind(only)
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::query(doing))?;
        for row in overdue {
            if let Some(state) = campaigns.get_mut(row.get::<&str, _>(0)) {
                state.known.overdue_rows = unsigned(row.get(1));
            }
        }
        Ok(campaigns)
    }

    /// The account that has a campaign; none when the mirror does not know it.
    pub async fn account_of(&self, campaign_id: &str) -> Result<Option<String>, StoreError> {
        let mut transaction = self.begin().await?;
        query_scalar("select account from revox_sync.checkpoints where campaign_id = $1")
            .bind(campaign_id)
            .fetch_optional(&mut *transaction)
            .await
            .map_err(StoreError::query("looking for a campaign's account"))
    }

    /// Notes that the list showed nothing new of campaigns: their copies are complete as of `at`, as before.
    ///
    /// Needs no lease, since it only moves a time forward that stays true whoever works on the campaign.
    pub async fn save_unchanged(&self, campaign_ids: &[String], at: Time) -> Result<(), StoreError> {
        if campaign_ids.is_empty() {
            return Ok(());
        }
        let mut transaction = self.begin_repeatable().await?;
        query(
            "update revox_sync.checkpoints set complete_through = $2
             where campaign_id = any($1) and complete_through < $2",
        )
        .bind(campaign_ids)
        .bind(at)
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::query("noting that campaigns did not change"))?;
        commit(transaction).await
    }

    /// Remembers what was found out about filters by status.
    pub async fn save_filtering(
        &self,
        account: &str,
        filtering: Filtering,
        now: Time,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        query("update revox_sync.accounts set filtering = $2, updated_at = $3 where name = $1")
            .bind(account)
            .bind(Json(filtering))
            .bind(now)
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::query("remembering how the API filters"))?;
        commit(transaction).await
    }

    /// The live campaigns of an account, by id.
    pub async fn live_campaigns(&self, account: &str) -> Result<Vec<String>, StoreError> {
        let mut transaction = self.begin().await?;
        query_scalar(
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

fn read_fingerprint(row: &PgRow, index: usize) -> Option<Fingerprint> {
    let json: Option<Json<serde_json::Value>> = row.get(index);
    serde_json::from_value(json?.0).ok()
}

/// A suspicion out of three columns from `first` on: when, passes, deletions.
fn read_suspicion(row: &PgRow, first: usize) -> Option<Suspicion> {
    Some(Suspicion {
        at: row.get::<Option<Time>, _>(first)?,
        passes: u32::try_from(row.get::<i32, _>(first + 1)).unwrap_or(0),
        deletions: row.get::<Option<i64>, _>(first + 2).map_or(0, unsigned),
    })
}
