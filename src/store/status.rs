//! What the mirror holds, how fresh it is, and how its last passes went, as one state of the database.

use super::StoreError;
use super::open::Store;
use super::statement::{query_as, query_scalar};
use crate::records::Time;
use serde::Serialize;
use sqlx::{FromRow, PgConnection};

/// All of it.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// Every account, by name.
    pub accounts: Vec<AccountStatus>,
    /// Every live campaign, by name.
    pub campaigns: Vec<CampaignStatus>,
    /// What the API says that the mirror does not know.
    pub drift: DriftStatus,
    /// Pieces that could not be stored, a count: those of campaigns, of campaigns that are gone, and of no campaign.
    pub rejects: i64,
    /// The last passes, the newest first.
    pub runs: Vec<RunStatus>,
}

/// An account.
#[derive(Debug, Clone, Default, FromRow, Serialize)]
pub struct AccountStatus {
    /// Its name in the configuration.
    pub name: String,
    /// The organization that its key belongs to.
    pub organization_id: Option<String>,
    /// Where its list came from.
    pub base_url: Option<String>,
    /// When its list was last read whole.
    pub listed_at: Option<Time>,
    /// When so many of its campaigns were last found gone that none was tombstoned; none once that was over.
    pub suspicious_at: Option<Time>,
    /// Those campaigns, a count.
    pub suspicious_campaigns: i64,
}

/// A live campaign: the columns of `revox.sync_freshness`, whose comments say what they mean.
#[derive(Debug, Clone, Default, FromRow, Serialize)]
pub struct CampaignStatus {
    /// The campaign.
    pub campaign_id: String,
    /// Its name.
    pub campaign_name: Option<String>,
    /// Up to when the copy is complete.
    pub complete_through: Option<Time>,
    /// When the last complete pass that read something ended.
    pub completed_at: Option<Time>,
    /// When the last full proof ended.
    pub full_walk_at: Option<Time>,
    /// How the last pass that has ended came out.
    pub last_outcome: Option<String>,
    /// What it read.
    pub last_kind: Option<String>,
    /// When it began.
    pub last_run_at: Option<Time>,
    /// Requests that it made.
    pub last_requests: Option<i64>,
    /// Why it is not complete.
    pub last_error: Option<String>,
    /// Live rows.
    pub rows_live: i64,
    /// Live calls.
    pub calls_live: i64,
    /// Calls that are not final.
    pub calls_open: i64,
    /// Calls that are final and not settled.
    pub calls_unsettled: i64,
    /// Pieces that could not be stored.
    pub rejects: i64,
    /// Whether a person should look before anything is deleted.
    pub is_suspicious: bool,
}

/// What the API says that the mirror does not know.
#[derive(Debug, Clone, Default, FromRow, Serialize)]
pub struct DriftStatus {
    /// Lines of `revox_sync.drift`.
    pub count: i64,
    /// Where the one stands that was found last.
    pub newest_path: Option<String>,
    /// What it is.
    pub newest_kind: Option<String>,
    /// When it was found.
    pub newest_first_seen_at: Option<Time>,
}

/// A campaign's pass: a line of `revox_sync.runs`.
#[derive(Debug, Clone, FromRow, Serialize)]
pub struct RunStatus {
    /// Its number.
    pub id: i64,
    /// The account that listed the campaign.
    pub account: Option<String>,
    /// The campaign.
    pub campaign_id: Option<String>,
    /// Its name.
    pub campaign_name: Option<String>,
    /// `full` or `incremental`.
    pub kind: Option<String>,
    /// How it came out; none while it is under way, and when it was broken off.
    pub outcome: Option<String>,
    /// Whether it has not ended and its campaign is leased.
    pub is_under_way: bool,
    /// When it began.
    pub started_at: Time,
    /// When it ended.
    pub finished_at: Option<Time>,
    /// What set it off.
    pub trigger: Option<String>,
    /// Why the campaign was looked at.
    pub why: Option<String>,
    /// Why everything was read although only changes were looked for.
    pub fell_back: Option<String>,
    /// Requests that it made.
    pub requests: i64,
    /// Bytes of the answers.
    pub bytes: i64,
    /// Rows that the API showed.
    pub rows_seen: i64,
    /// New ones.
    pub rows_inserted: i64,
    /// Known ones that differed.
    pub rows_updated: i64,
    /// Known ones that were passed over.
    pub rows_unchanged: i64,
    /// Rows that are gone.
    pub rows_tombstoned: i64,
    /// Pieces that could not land.
    pub rejected: i64,
    /// Why it is not complete.
    pub error: Option<String>,
}

impl Store {
    /// Reads how the mirror stands, with its last `run_count` passes. Needs no more than the right to read.
    ///
    /// # Errors
    /// When the database fails, also for want of the schema: see [`Store::check_schema`].
    pub async fn load_status(&self, run_count: u32) -> Result<Status, StoreError> {
        let mut transaction = self.begin_reading().await?;
        let connection = &mut *transaction;
        let accounts = query_as(
            "select name, organization_id, base_url, listed_at, suspicious_at,
                    coalesce(cardinality(suspicious_campaign_ids), 0)::bigint as suspicious_campaigns
             from revox_sync.accounts
             order by name",
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(StoreError::query("reading the accounts"))?;
        let campaigns = query_as(
            "select campaign_id, campaign_name, complete_through, completed_at, full_walk_at, last_outcome,
                    last_kind, last_run_at, last_requests, last_error, rows_live, calls_live, calls_open,
                    calls_unsettled, rejects, is_suspicious
             from revox.sync_freshness
             order by campaign_name, campaign_id",
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(StoreError::query("reading how fresh the campaigns are"))?;
        let rejects = query_scalar("select count(*) from revox_sync.rejects")
            .fetch_one(&mut *connection)
            .await
            .map_err(StoreError::query("counting rejects"))?;
        let drift = load_drift(connection).await?;
        let runs = load_runs(connection, run_count).await?;
        Ok(Status { accounts, campaigns, drift, rejects, runs })
    }
}

async fn load_drift(connection: &mut PgConnection) -> Result<DriftStatus, StoreError> {
    query_as(
        "select (select count(*) from revox_sync.drift) as count,
                d.path as newest_path, d.kind as newest_kind, d.first_seen_at as newest_first_seen_at
         from (values (1)) as one
         left join (
             select path, kind, first_seen_at
             from revox_sync.drift
             order by first_seen_at desc, path, kind
             limit 1
         ) d on true",
    )
    .fetch_one(connection)
    .await
    .map_err(StoreError::query("reading the drift"))
}

async fn load_runs(connection: &mut PgConnection, count: u32) -> Result<Vec<RunStatus>, StoreError> {
    query_as(
        "select r.id, r.account, r.campaign_id, c.name as campaign_name, r.kind, r.outcome,
                r.outcome is null and exists (
                    select
                    from revox_sync.leases l
                    where l.scope = 'campaign:' || r.campaign_id
                      and l.expires_at > now()
                ) as is_under_way,
                r.started_at, r.finished_at, r.trigger,
                r.evidence ->> 'why' as why, r.evidence ->> 'fell_back' as fell_back,
                r.requests, r.bytes, r.rows_seen, r.rows_inserted, r.rows_updated, r.rows_unchanged,
                r.rows_tombstoned, r.rejected, r.error
         from revox_sync.runs r
         left join revox.campaigns c on c.id = r.campaign_id
         order by r.started_at desc, r.id desc
         limit $1",
    )
    .bind(i64::from(count))
    .fetch_all(connection)
    .await
    .map_err(StoreError::query("reading the last passes"))
}
