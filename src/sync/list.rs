//! The campaign list: read, told whose it is, normalized, and written.

use super::{Mirror, PassOptions, SyncError};
use crate::api::{Answer, ApiError};
use crate::normalize::{self, CampaignRecords, DriftCounts};
use crate::plan::Fingerprint;
use crate::records::{Campaign, Reject, Time};
use crate::store::{AccountState, Lease, Parents, Store, StoreError, list_key};
use crate::wire::CampaignList;
use chrono::TimeDelta;
use std::collections::HashMap;

/// A campaign as the list shows it.
#[derive(Debug, Clone)]
pub(super) struct ListedCampaign {
    pub(super) records: CampaignRecords,
    pub(super) fingerprint: Fingerprint,
    /// Whether the fingerprint may be remembered: one that moved within the last two seconds may move again
    /// without showing it.
    pub(super) is_at_rest: bool,
}

impl ListedCampaign {
    pub(super) fn campaign(&self) -> &Campaign {
        &self.records.campaign
    }

    pub(super) fn name(&self) -> &str {
        self.campaign().name.value().map_or("", String::as_str)
    }

    /// Rows that it says it has; none when it does not say.
    pub(super) fn rows(&self) -> Option<u64> {
        self.campaign().rows_total.value().and_then(|total| u64::try_from(*total).ok())
    }

    /// Whether it refers to the same assistant and the same retry configuration.
    pub(super) fn refers_as(&self, other: &Self) -> bool {
        let (one, other) = (self.campaign(), other.campaign());
        one.assistant_id == other.assistant_id && one.call_retry_config_id == other.call_retry_config_id
    }

    /// Writes what the campaign refers to, for one that is written apart from the list: it may have changed since the
    /// list was read, or be shown in another way.
    pub(super) async fn save_parents(
        &self,
        mirror: &Mirror,
        store: &Store,
        lease: &Lease,
    ) -> Result<(), StoreError> {
        let parents = Parents {
            call_retry_configs: self.records.call_retry_configs.iter().map(AsRef::as_ref).collect(),
            stubs: self.campaign().assistant_id.value().map(String::as_str).into_iter().collect(),
            ..Parents::default()
        };
        if !parents.is_empty() {
            store.save_parents(lease, &parents, mirror.clock.now()).await?;
        }
        Ok(())
    }
}

/// The list, normalized.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) campaigns: Vec<ListedCampaign>,
    /// Campaigns that have no id that can be read.
    pub(super) unreadable: Vec<Reject>,
    pub(super) drift: DriftCounts,
    /// When it was asked for.
    pub(super) asked_at: Time,
    /// The organization that the key belongs to.
    pub(super) organization_id: Option<String>,
}

/// How long an `updated_at` must lie back to be believed.
pub(super) const REST: TimeDelta = TimeDelta::seconds(2);

/// What a campaign says of itself.
pub(super) fn fingerprint(records: &CampaignRecords) -> Fingerprint {
    let campaign = &records.campaign;
    Fingerprint {
        updated_at: campaign.updated_at.value().map(Time::to_rfc3339),
        status: campaign.status.value().cloned(),
        row_stats: records.row_stats.clone(),
    }
}

/// Normalizes an answer.
fn normalize_list(answer: &Answer<CampaignList>, account: &str, now: Time) -> Listing {
    let list_key = list_key(account);
    let mut listing = Listing::default();
    let asked_at = answer.date.unwrap_or(now);
    for index in 0..answer.body.campaigns.len() {
        let Some(json) = answer.body.campaign(index) else {
            continue;
        };
        match normalize::campaign(json, &mut listing.drift) {
            Ok(records) => {
                let fingerprint = fingerprint(&records);
                let is_at_rest = records.campaign.updated_at.value().is_none_or(|it| asked_at - *it > REST);
                listing.campaigns.push(ListedCampaign { records, fingerprint, is_at_rest });
            }
            Err(mut reject) => {
                reject.row_key = format!("{list_key}{index}");
                listing.unreadable.push(reject);
            }
        }
    }
    listing
}

/// The campaign as the API shows it now; `None` when the answer shows another campaign or none.
pub(super) async fn ask_campaign(mirror: &Mirror, id: &str) -> Result<Option<ListedCampaign>, ApiError> {
    let answer = mirror.client.fetch_campaign(id).await?;
    let listing = normalize_list(&answer, &mirror.account, mirror.clock.now());
    Ok(listing.campaigns.into_iter().find(|listed| listed.campaign().id == id))
}

/// Reads the list and makes sure that it is this mirror's: its organization and its base URL.
pub(super) async fn read(
    mirror: &Mirror,
    held: &AccountState,
    options: &PassOptions,
) -> Result<Listing, SyncError> {
    let asked_at = mirror.clock.now();
    let answer = mirror.client.fetch_campaigns().await.map_err(SyncError::List)?;
    let mut listing = normalize_list(&answer, &mirror.account, mirror.clock.now());
    listing.asked_at = asked_at;
    listing.organization_id = organization(mirror, held, &listing).await?;
    if !options.accept_account {
        let shown = listing.campaigns.iter().filter_map(|it| it.campaign().organization_id.value());
        refuse_another(mirror, held, shown.chain(&listing.organization_id))?;
    }
    Ok(listing)
}

/// An error when the base URL, or an organization that the API has named, is not the one that the mirror holds.
pub(super) fn refuse_another<'a>(
    mirror: &Mirror,
    held: &AccountState,
    organizations: impl IntoIterator<Item = &'a String>,
) -> Result<(), SyncError> {
    let organizations = organizations.into_iter().map(|found| (&held.organization_id, found));
    for (held, found) in std::iter::once((&held.base_url, &mirror.base_url)).chain(organizations) {
        if let Some(held) = held.as_ref().filter(|held| *held != found) {
            return Err(SyncError::AnotherAccount { held: held.clone(), found: found.clone() });
        }
    }
    Ok(())
}

/// The organization that the key belongs to: the list says so, or else the account itself is asked.
async fn organization(
    mirror: &Mirror,
    held: &AccountState,
    listing: &Listing,
) -> Result<Option<String>, SyncError> {
    let mut found: Vec<&String> =
        listing.campaigns.iter().filter_map(|it| it.campaign().organization_id.value()).collect();
    found.sort_unstable();
    found.dedup();
    if let [only] = found.as_slice() {
        return Ok(Some((*only).clone()));
    }
    match mirror.client.fetch_organization_id().await {
        Ok(organization) => Ok(organization),
        // An account that does not say whose it is can still be told by its base URL.
        Err(error) if error.is_not_found() || error.is_refused() => Ok(held.organization_id.clone()),
        Err(error) => Err(SyncError::List(error)),
    }
}

/// Writes the list. Returns how many pieces could not land that were not known before.
pub(super) async fn save(
    mirror: &Mirror,
    store: &Store,
    lease: &Lease,
    listing: &Listing,
) -> Result<u64, SyncError> {
    let records = || listing.campaigns.iter().map(|it| &it.records);
    let parents = Parents {
        assistants: records().filter_map(|it| it.assistant.as_ref()).collect(),
        call_retry_configs: records().flat_map(|it| &it.call_retry_configs).map(AsRef::as_ref).collect(),
        stubs: records().filter_map(|it| it.campaign.assistant_id.value()).map(String::as_str).collect(),
        rejects: records().flat_map(|it| &it.rejects).chain(&listing.unreadable).collect(),
    };
    let campaigns: Vec<(&Campaign, &Fingerprint)> =
        listing.campaigns.iter().map(|it| (it.campaign(), &it.fingerprint)).collect();
    let whose = (listing.organization_id.as_deref(), mirror.base_url.as_str());
    let now = mirror.clock.now();
    Ok(store.save_list(lease, &mirror.account, whose, &parents, &campaigns, &listing.drift, now).await?)
}

/// The list's own copies of assistants: `updated_at` by id.
pub(super) fn assistants(listing: &Listing) -> HashMap<String, Option<Time>> {
    let mut assistants: HashMap<String, Option<Time>> = HashMap::new();
    for assistant in listing.campaigns.iter().filter_map(|it| it.records.assistant.as_ref()) {
        let updated_at = assistant.updated_at.value().copied();
        let held = assistants.entry(assistant.id.clone()).or_insert(updated_at);
        *held = (*held).max(updated_at);
    }
    assistants
}
