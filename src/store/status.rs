//! What the mirror holds, how fresh it is, and how its last passes went, as one state of the database.

use super::StoreError;
use super::lease::is_dead;
use super::open::Store;
use super::statement::{query_as, query_scalar};
use super::typed_trouble::{TypedTrouble, load_typed_troubles};
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
    /// Full text over what was said.
    pub search: SearchStatus,
    /// What is kept for a time only.
    pub retention: RetentionStatus,
    /// What is wrong with typed views.
    pub views: Vec<TypedTrouble>,
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
    /// How it answers: `paged` (older API) or `unpaged` (newer API).
    pub api: Option<String>,
    /// Since when.
    pub api_since: Option<Time>,
    /// Up to when the search over calls has been read.
    pub search_watermark: Option<Time>,
    /// Why it is not asked now.
    pub search_refused: Option<String>,
    /// When that was found out.
    pub search_refused_at: Option<Time>,
    /// Changes of calls of no campaign that it has shown.
    pub changes_of_no_campaign: i64,
    /// Changes of calls of campaigns that the list does not show.
    pub changes_of_other_campaigns: i64,
}

/// A live campaign: the columns of `revox.sync_freshness`, whose comments say what they mean, and how it is read.
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
    /// How the campaign was last read: `paged` (older API) or `unpaged` (newer API).
    pub api: Option<String>,
    /// Since when it is read like that.
    pub api_since: Option<Time>,
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
    /// The id of what it was found in: a row, or the campaign or assistant that the path begins with.
    pub newest_first_seen_in: Option<String>,
    /// When it was seen last.
    pub newest_last_seen_at: Option<Time>,
    /// The id of what it was seen in last.
    pub newest_last_seen_in: Option<String>,
    /// How many times it was seen.
    pub newest_count: Option<i64>,
}

/// Full text over what was said.
#[derive(Debug, Clone, Default, FromRow, Serialize)]
pub struct SearchStatus {
    /// Whether it is kept: false while it is off, and before it was first filled.
    pub is_on: bool,
    /// Attempts that were written since they were last read, a count; beyond 100,000 it counts no further.
    pub attempts_behind: i64,
    /// When the first of them was written.
    pub behind_since: Option<Time>,
    /// Transcripts that cannot be found whole, a count.
    pub cut: i64,
}

/// What is kept for a time only; what has no time is kept for ever.
#[derive(Debug, Clone, Default, FromRow, Serialize)]
pub struct RetentionStatus {
    /// What was said before is removed.
    pub transcripts_before: Option<Time>,
    /// Where was recorded before is removed.
    pub recording_urls_before: Option<Time>,
    /// Calls of before are removed.
    pub calls_before: Option<Time>,
    /// Whether all of it was removed.
    pub is_swept: bool,
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
    /// Whether it has not ended, and somebody who is not known to be dead has its campaign's lease.
    #[sqlx(default)]
    pub is_under_way: bool,
    #[serde(skip)]
    leased_to: Option<String>,
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
    /// Reads how the mirror stands, with its last `run_count` passes and all that are under way. Needs no more than the right to read.
    ///
    /// # Errors
    /// When the database fails, also for want of the schema: see [`Store::check_schema`].
    pub async fn load_status(&self, run_count: u32) -> Result<Status, StoreError> {
        let mut transaction = self.begin_reading().await?;
        let connection = &mut *transaction;
        let accounts = query_as(
            "select name, organization_id, base_url, listed_at, suspicious_at,
                    coalesce(cardinality(suspicious_campaign_ids), 0)::bigint as suspicious_campaigns,
                    api_shape ->> 'paging' as api, api_since,
                    (search ->> 'watermark')::timestamptz as search_watermark,
                    search #>> '{refused,1}' as search_refused,
                    (search #>> '{refused,0}')::timestamptz as search_refused_at,
                    changes_of_no_campaign, changes_of_other_campaigns
             from revox_sync.accounts
             order by name",
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(StoreError::query("reading the accounts"))?;
        let campaigns = query_as(
            "select f.campaign_id, f.campaign_name, f.complete_through, f.completed_at, f.full_walk_at, f.last_outcome,
                    f.last_kind, f.last_run_at, f.last_requests, f.last_error, f.rows_live, f.calls_live, f.calls_open,
                    f.calls_unsettled, f.rejects, f.is_suspicious, k.api_shape ->> 'paging' as api, k.api_since
             from revox.sync_freshness f
             left join revox_sync.checkpoints k on k.campaign_id = f.campaign_id
             order by f.campaign_name, f.campaign_id",
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(StoreError::query("reading how fresh the campaigns are"))?;
        let rejects = query_scalar("select count(*) from revox_sync.rejects")
            .fetch_one(&mut *connection)
            .await
            .map_err(StoreError::query("counting rejects"))?;
        let drift = load_drift(&mut *connection).await?;
        let search = load_search(&mut *connection).await?;
        let retention = query_as(
            "select transcripts_before, recording_urls_before, calls_before, version = swept_version as is_swept
             from revox_sync.retention
             where id = 1",
        )
        .fetch_one(&mut *connection)
        .await
        .map_err(StoreError::query("reading what is kept for how long"))?;
        let views = load_typed_troubles(&mut *connection).await?;
        let runs = load_runs(connection, run_count).await?;
        Ok(Status { accounts, campaigns, drift, search, retention, views, rejects, runs })
    }
}

async fn load_drift(connection: &mut PgConnection) -> Result<DriftStatus, StoreError> {
    query_as(
        "select (select count(*) from revox_sync.drift) as count,
                d.path as newest_path, d.kind as newest_kind, d.first_seen_at as newest_first_seen_at,
                d.first_seen_in as newest_first_seen_in, d.last_seen_at as newest_last_seen_at,
                d.last_seen_in as newest_last_seen_in, d.count as newest_count
         from (values (1)) as one
         left join (
             select path, kind, first_seen_at, first_seen_in, last_seen_at, last_seen_in, count
             from revox_sync.drift
             order by first_seen_at desc, path, kind
             limit 1
         ) d on true",
    )
    .fetch_one(connection)
    .await
    .map_err(StoreError::query("reading the drift"))
}

async fn load_search(connection: &mut PgConnection) -> Result<SearchStatus, StoreError> {
    query_as(
        "select exists (select from revox_sync.installation where search_languages is not null) as is_on,
                (
                    select count(*)
                    from (
                        select
                        from revox.call_attempts a
                        where a._synced_at in (select m.synced_at from revox_sync.search_marks m)
                        limit 100001
                    ) as behind
                ) as attempts_behind,
                (select min(m.synced_at) from revox_sync.search_marks m) as behind_since,
                (select count(*) from revox.transcript_words w where w.is_cut) as cut",
    )
    .fetch_one(connection)
    .await
    .map_err(StoreError::query("reading how far the search is behind"))
}

async fn load_runs(connection: &mut PgConnection, count: u32) -> Result<Vec<RunStatus>, StoreError> {
    let mut runs: Vec<RunStatus> = query_as(
        "with shown as (
             (select id from revox_sync.runs order by started_at desc, id desc limit $1)
             union
             select newest.id
             from revox_sync.leases l
             cross join lateral (
                 select id, finished_at
                 from revox_sync.runs
                 where campaign_id = substr(l.scope, length('campaign:') + 1)
                 order by started_at desc
                 limit 1
             ) newest
             where l.scope like 'campaign:%' and l.expires_at > now() and newest.finished_at is null
         )
         select r.id, r.account, r.campaign_id, c.name as campaign_name, r.kind, r.outcome,
                (
                    select l.holder
                    from revox_sync.leases l
                    where l.scope = 'campaign:' || r.campaign_id
                      and l.expires_at > now()
                ) as leased_to,
                r.started_at, r.finished_at, r.trigger,
                r.evidence ->> 'why' as why, r.evidence ->> 'fell_back' as fell_back,
                r.requests, r.bytes, r.rows_seen, r.rows_inserted, r.rows_updated, r.rows_unchanged,
                r.rows_tombstoned, r.rejected, r.error
         from shown
         join revox_sync.runs r using (id)
         left join revox.campaigns c on c.id = r.campaign_id
         order by r.started_at desc, r.id desc",
    )
    .bind(i64::from(count))
    .fetch_all(connection)
    .await
    .map_err(StoreError::query("reading the last passes"))?;
    for run in &mut runs {
        run.is_under_way =
            run.outcome.is_none() && run.leased_to.as_deref().is_some_and(|holder| !is_dead(holder));
    }
    Ok(runs)
}
