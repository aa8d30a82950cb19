//! Shared parents: campaigns, assistants and retry configurations, written before the rows that refer to them,
//! in short transactions of their own and always in the same order of tables and keys, so that two campaigns
//! that share an assistant cannot stand in each other's way.

use super::StoreError;
use super::drift::save_drift;
use super::lease::Lease;
use super::lines::Line;
use super::open::{Store, commit, until_it_commits};
use super::parts::{touch_owners, write_lists};
use super::rejects::save_rejects;
use super::statement::query;
use super::tables::{
    ASSISTANTS, CALL_RETRY_CONFIGS, CALLING_WINDOWS, CAMPAIGNS, FAQ_ITEMS, STRUCTURED_OUTPUT_FIELDS,
};
use crate::normalize::DriftCounts;
use crate::plan::{Fingerprint, Shape};
use crate::records::{Assistant, CallRetryConfig, Campaign, Reject, Time};
use chrono::TimeDelta;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Parents to be written together.
#[derive(Debug, Default)]
pub struct Parents<'a> {
    /// Assistants; when one stands there twice, the later one wins unless it is older.
    pub assistants: Vec<&'a Assistant>,
    /// Retry configurations; doublets are equal.
    pub call_retry_configs: Vec<&'a CallRetryConfig>,
    /// Assistants that are referred to; those that are not there get a stub.
    pub stubs: Vec<&'a str>,
    /// Pieces of them that could not land.
    pub rejects: Vec<&'a Reject>,
}

impl Parents<'_> {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.assistants.is_empty() && self.call_retry_configs.is_empty() && self.stubs.is_empty()
    }
}

impl Store {
    /// Writes parents that a page refers to. Returns how many pieces could not land that were not known before.
    pub async fn save_parents(
        &self,
        lease: &Lease,
        parents: &Parents<'_>,
        now: Time,
    ) -> Result<u64, StoreError> {
        until_it_commits(async || {
            let mut transaction = self.begin_repeatable().await?;
            let rejected_new = write_parents(&mut transaction, parents, now).await?;
            lease.renew(&mut transaction).await?;
            commit(transaction).await?;
            Ok(rejected_new)
        })
        .await
    }

    /// Writes the campaign list: whose it is, its parents, its campaigns. A campaign that is back is alive again.
    /// Returns how many pieces could not land that were not known before.
    #[expect(clippy::too_many_arguments, reason = "the parts of one list")]
    pub async fn save_list(
        &self,
        lease: &Lease,
        account: &str,
        whose: (Option<&str>, &str),
        parents: &Parents<'_>,
        campaigns: &[(&Campaign, &Fingerprint)],
        drift: &DriftCounts,
        now: Time,
    ) -> Result<u64, StoreError> {
        let records: Vec<&Campaign> = campaigns.iter().map(|(campaign, _)| *campaign).collect();
        until_it_commits(async || {
            let mut transaction = self.begin_repeatable().await?;
            query(
                "insert into revox_sync.accounts as a
                     (name, organization_id, base_url, first_seen_at, updated_at, listed_at)
                 values ($1, $2, $3, $4, $4, $4)
                 on conflict (name) do update
                 set organization_id = coalesce(excluded.organization_id, a.organization_id),
                     base_url = excluded.base_url, updated_at = excluded.updated_at, listed_at = excluded.listed_at",
            )
            .bind(account)
            .bind(whose.0)
            .bind(whose.1)
            .bind(now)
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::query("writing the account"))?;
            let rejected_new = write_parents(&mut transaction, parents, now).await?;
            write_campaigns(&mut transaction, account, &records, now).await?;
            write_listed(&mut transaction, campaigns).await?;
            // The list is read whole: what it held before and did not show again has landed, or is there no more.
            query(
                "delete from revox_sync.rejects
                 where campaign_id = $1 and last_seen_at < $2
                   and (starts_with(row_key, $3)
                        or row_key in (select k.campaign_id from revox_sync.checkpoints k where k.account = $4))",
            )
            .bind(NO_CAMPAIGN)
            .bind(now)
            .bind(list_key(account))
            .bind(account)
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::query("clearing rejects of the list"))?;
            save_drift(&mut transaction, drift, now).await?;
            lease.renew(&mut transaction).await?;
            commit(transaction).await?;
            Ok(rejected_new)
        })
        .await
    }

    /// Remembers how the API pages, so that other campaigns need not find out again. One that answers in the other way
    /// than before is another release: whether it has a search is to be found out anew.
    pub async fn save_shape(&self, account: &str, shape: Shape, now: Time) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        query(
            "update revox_sync.accounts
             set api_since = case when api_shape ->> 'paging' = $2 ->> 'paging' then coalesce(api_since, $3) else $3 end,
                 search = case when api_shape ->> 'paging' = $2 ->> 'paging' then search
                               else jsonb_set(search - 'refused', '{is_missing}', 'false') end,
                 api_shape = $2, updated_at = $3
             where name = $1",
        )
            .bind(account)
            .bind(Json(shape))
            .bind(now)
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::query("remembering how the API pages"))?;
        commit(transaction).await
    }

    /// Removes retry configurations that nothing refers to any more.
    pub async fn sweep_call_retry_configs(&self) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        query(
            "delete from revox.call_retry_configs k
             where not exists (select 1 from revox.campaigns c where c.call_retry_config_id = k.id)
               and not exists (select 1 from revox.assistants a where a.call_retry_config_id = k.id)
               and not exists (select 1 from revox.calls c where c.call_retry_config_id = k.id)",
        )
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::query("sweeping retry configurations"))?;
        commit(transaction).await
    }
}

async fn write_parents(
    connection: &mut PgConnection,
    parents: &Parents<'_>,
    now: Time,
) -> Result<u64, StoreError> {
    write_call_retry_configs(connection, &parents.call_retry_configs, now).await?;
    write_assistants(connection, &parents.assistants, now).await?;
    write_stubs(connection, &parents.stubs, now).await?;
    let keys: Vec<String> = parents.assistants.iter().map(|it| assistant_key(&it.id)).collect();
    let landed: Vec<&str> = keys
        .iter()
        .map(String::as_str)
        .filter(|key| !parents.rejects.iter().any(|reject| reject.row_key == *key))
        .collect();
    let rejects = parents.rejects.iter().copied();
    Ok(save_rejects(connection, NO_CAMPAIGN, &landed, rejects, now).await?.1)
}

/// Rejects of what no campaign owns stand under an empty campaign.
const NO_CAMPAIGN: &str = "";

/// The key under which rejects of an assistant stand.
#[must_use]
pub fn assistant_key(id: &str) -> String {
    format!("assistant {id}")
}

/// The account that stands for itself in the configuration.
pub const DEFAULT_ACCOUNT: &str = "default";

/// The beginning of the keys under which pieces of an account's list stand.
#[must_use]
pub fn list_key(account: &str) -> String {
    if account == DEFAULT_ACCOUNT { "campaign #".to_owned() } else { format!("{account}: campaign #") }
}

/// Notes what the list has shown of each campaign, where that is new.
async fn write_listed(
    connection: &mut PgConnection,
    campaigns: &[(&Campaign, &Fingerprint)],
) -> Result<(), StoreError> {
    let ids: Vec<&str> = campaigns.iter().map(|(campaign, _)| campaign.id.as_str()).collect();
    let listed: Vec<Json<&Fingerprint>> = campaigns.iter().map(|(_, listed)| Json(*listed)).collect();
    query(
        "update revox_sync.checkpoints k set listed = l.listed
         from unnest($1::text[], $2::jsonb[]) as l(id, listed)
         where k.campaign_id = l.id and k.listed is distinct from l.listed",
    )
    .bind(ids)
    .bind(listed)
    .execute(connection)
    .await
    .map_err(StoreError::query("noting what the list has shown"))?;
    Ok(())
}

async fn write_call_retry_configs(
    connection: &mut PgConnection,
    configs: &[&CallRetryConfig],
    now: Time,
) -> Result<(), StoreError> {
    let configs: BTreeMap<&str, &CallRetryConfig> =
        configs.iter().map(|config| (config.id.as_str(), *config)).collect();
    if configs.is_empty() {
        return Ok(());
    }
    let doing = "writing retry configurations";
    let lines: Vec<_> =
        configs.values().map(|record| Line { owner: "", index: 0, record: *record }).collect();
    CALL_RETRY_CONFIGS
        .upsert(&lines, now)
        .execute(&mut *connection)
        .await
        .map_err(StoreError::query(doing))?;
    let windows: Vec<_> = configs
        .values()
        .flat_map(|config| {
            config.calling_windows.iter().zip(0..).map(|(record, index)| Line {
                owner: config.id.as_str(),
                index,
                record,
            })
        })
        .collect();
    if !windows.is_empty() {
        CALLING_WINDOWS
            .upsert(&windows, now)
            .execute(&mut *connection)
            .await
            .map_err(StoreError::query(doing))?;
    }
    Ok(())
}

/// One copy of each assistant: the newest; of equally new ones the later.
fn newest<'a>(assistants: &[&'a Assistant]) -> BTreeMap<&'a str, &'a Assistant> {
    let mut newest: BTreeMap<&str, &Assistant> = BTreeMap::new();
    for assistant in assistants {
        newest
            .entry(assistant.id.as_str())
            .and_modify(|held| {
                if assistant.updated_at.value() >= held.updated_at.value() {
                    *held = assistant;
                }
            })
            .or_insert(assistant);
    }
    newest
}

async fn write_assistants(
    connection: &mut PgConnection,
    assistants: &[&Assistant],
    now: Time,
) -> Result<(), StoreError> {
    let mut assistants = newest(assistants);
    if assistants.is_empty() {
        return Ok(());
    }
    let doing = "writing assistants";
    // Locked in the order of their ids; an older copy than the stored one is passed over with its parts.
    let ids: Vec<&str> = assistants.keys().copied().collect();
    let stored: HashMap<String, Option<Time>> =
        query("select id, updated_at from revox.assistants where id = any($1) order by id for no key update")
            .bind(&ids)
            .fetch_all(&mut *connection)
            .await
            .map_err(StoreError::query(doing))?
            .iter()
            .map(|row| (row.get(0), row.get(1)))
            .collect();
    assistants.retain(|id, assistant| {
        let stored = stored.get(*id).copied().flatten();
        assistant.updated_at.value().is_none_or(|updated_at| Some(*updated_at) >= stored)
    });
    let lines: Vec<_> =
        assistants.values().map(|record| Line { owner: "", index: 0, record: *record }).collect();
    ASSISTANTS.upsert(&lines, now).execute(&mut *connection).await.map_err(StoreError::query(doing))?;
    let fields: Vec<_> =
        assistants.values().map(|it| (it.id.as_str(), &it.structured_output_fields)).collect();
    let mut changed = HashSet::new();
    write_lists(connection, &STRUCTURED_OUTPUT_FIELDS, &fields, now, &mut changed).await?;
    let items: Vec<_> = assistants.values().map(|it| (it.id.as_str(), &it.faq_items)).collect();
    write_lists(connection, &FAQ_ITEMS, &items, now, &mut changed).await?;
    touch_owners(connection, &ASSISTANTS, changed, now).await
}

/// A parent that is known by its id alone gets a stub to refer to.
async fn write_stubs(connection: &mut PgConnection, ids: &[&str], now: Time) -> Result<(), StoreError> {
    let ids: BTreeSet<&str> = ids.iter().copied().collect();
    if ids.is_empty() {
        return Ok(());
    }
    query(
        "insert into revox.assistants (id, _first_seen_at, _synced_at)
         select id, $2, $2 from unnest($1::text[]) as i(id)
         where not exists (select 1 from revox.assistants a where a.id = i.id)
         on conflict (id) do nothing",
    )
    .bind(ids.into_iter().collect::<Vec<_>>())
    .bind(now)
    .execute(connection)
    .await
    .map_err(StoreError::query("writing stubs of assistants"))?;
    Ok(())
}

/// How long after its last list an account still has its campaigns.
const LETS_GO_AFTER: TimeDelta = TimeDelta::days(7);

pub(super) async fn write_campaigns(
    connection: &mut PgConnection,
    account: &str,
    campaigns: &[&Campaign],
    now: Time,
) -> Result<(), StoreError> {
    let doing = "writing campaigns";
    let campaigns: BTreeMap<&str, &Campaign> =
        campaigns.iter().map(|campaign| (campaign.id.as_str(), *campaign)).collect();
    if campaigns.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> =
        campaigns.values().map(|record| Line { owner: "", index: 0, record: *record }).collect();
    CAMPAIGNS.upsert(&lines, now).execute(&mut *connection).await.map_err(StoreError::query(doing))?;
    let ids: Vec<&str> = campaigns.keys().copied().collect();
    query(
        "insert into revox_sync.checkpoints as k (campaign_id, account, updated_at)
         select id, $2, $3 from unnest($1::text[]) as i(id)
         on conflict (campaign_id) do update
         set account = excluded.account, gone_strikes = 0
         -- Two keys of one organization list the same campaigns. One account has each of them, until it lets go.
         where case when k.account = excluded.account then k.gone_strikes <> 0
               else not exists (
                   select 1 from revox_sync.accounts a
                   join revox.campaigns c on c.id = k.campaign_id and c._deleted_at is null
                   where a.name = k.account and a.listed_at > $4
               ) end",
    )
    .bind(&ids)
    .bind(account)
    .bind(now)
    .bind(now - LETS_GO_AFTER)
    .execute(connection)
    .await
    .map_err(StoreError::query(doing))?;
    Ok(())
}
