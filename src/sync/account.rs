//! A pass over the account: the list, the campaigns side by side, and the campaigns that are gone.

use super::campaign::{CampaignPass, keep, pass_campaign};
use super::list::{self, ListedCampaign, Listing};
use super::parents::Written;
use super::{CampaignReport, Mirror, PassOptions, PassReport, SyncError};
use crate::normalize::Hasher;
use crate::plan::{Due, Shape, due, vanishing};
use crate::store::{AccountState, CampaignState, Holder, Lease, Store, StoreError};
use chrono::TimeDelta;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// The name of the account; there is one.
pub const ACCOUNT: &str = "default";

/// Passes in a row that must find a campaign gone before it is tombstoned.
const STRIKES: u32 = 2;

/// What the campaigns of a pass share.
pub(super) struct Shared {
    pub(super) hasher: Hasher,
    pub(super) holder: Holder,
    pub(super) written: Arc<Written>,
    /// As many permits as there are processors.
    pub(super) processors: Arc<Semaphore>,
    /// How the API pages, once it is known. Held while one campaign finds out, so that the others wait.
    pub(super) shape: tokio::sync::Mutex<Option<Shape>>,
}

/// Makes one pass.
pub async fn run_pass(mirror: &Mirror, options: &PassOptions) -> Result<PassReport, SyncError> {
    let store = usable_store(mirror, options).await?;
    let mirror = &Mirror { store: store.clone(), ..mirror.clone() };
    let held = match &store {
        Some(store) => store.load_account(ACCOUNT).await?,
        None => AccountState::default(),
    };
    let listing = list::read(mirror, &held, options).await?;
    for id in &options.campaigns {
        if !listing.campaigns.iter().any(|listed| listed.campaign().id == *id) {
            return Err(SyncError::UnknownCampaign { id: id.clone() });
        }
    }
    let shared = Arc::new(Shared {
        hasher: mirror.hasher(!options.dry_run).await?,
        holder: Holder::this_process(),
        written: Arc::new(Written::new(list::assistants(&listing))),
        processors: Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from))),
        shape: tokio::sync::Mutex::new(held.shape),
    });
    let mut report = PassReport::default();
    if let (Some(store), false) = (&store, options.dry_run) {
        let lease = wait_for_lease(store, "account:default", &shared.holder, options.lease_wait).await?;
        if let Some((lease, _)) = &lease {
            let keeper = keep(store.clone(), lease.clone());
            report.rejected_new = list::save(mirror, store, lease, ACCOUNT, &listing).await?;
            (report.campaigns_tombstoned, report.suspicious) = bury(mirror, store, lease, &listing).await?;
            drop(keeper);
            store.release_lease(lease).await?;
        }
    }
    let known = match &store {
        Some(store) => {
            store.load_campaigns(ACCOUNT, mirror.settings.settle_window, mirror.clock.now()).await?
        }
        None => HashMap::new(),
    };
    report.campaigns = pass_campaigns(mirror, options, &shared, listing, known).await;
    if let (Some(store), false) = (&store, options.dry_run) {
        store.sweep_call_retry_configs().await?;
    }
    report.cost = mirror.client.cost();
    Ok(report)
}

/// The database, unless a dry run finds none that has been migrated.
async fn usable_store(mirror: &Mirror, options: &PassOptions) -> Result<Option<Store>, SyncError> {
    let Some(store) = &mirror.store else {
        return Ok(None);
    };
    match store.check_schema().await {
        Ok(()) => Ok(Some(store.clone())),
        Err(StoreError::SchemaOlder { .. }) if options.dry_run => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Takes a lease, waiting for its holder, and tells whether it had to wait; `None` when it is still held at the end.
pub async fn wait_for_lease(
    store: &Store,
    scope: &str,
    holder: &Holder,
    wait: Duration,
) -> Result<Option<(Lease, bool)>, StoreError> {
    const PAUSE: Duration = Duration::from_millis(250);
    let deadline = tokio::time::Instant::now() + wait;
    let mut said = false;
    loop {
        if let Some(lease) = store.take_lease(scope, holder).await? {
            return Ok(Some((lease, said)));
        }
        if tokio::time::Instant::now() >= deadline {
            return Ok(None);
        }
        if !said {
            tracing::info!(
                scope,
                wait_seconds = wait.as_secs(),
                "another revox-mirror works on this; waiting"
            );
            said = true;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Looks after the campaigns that the list no longer shows; returns how many were tombstoned, or why none was.
///
/// A campaign is gone when the API says 404 of it in two passes in a row, and not when so many would vanish
/// that a person should look first.
async fn bury(
    mirror: &Mirror,
    store: &Store,
    lease: &Lease,
    listing: &Listing,
) -> Result<(u64, Option<String>), SyncError> {
    let live = store.live_campaigns(ACCOUNT).await?;
    let listed: HashSet<&str> = listing.campaigns.iter().map(|it| it.campaign().id.as_str()).collect();
    let absent: Vec<&String> = live.iter().filter(|id| !listed.contains(id.as_str())).collect();
    if absent.is_empty() || !listing.unreadable.is_empty() {
        return Ok((0, None));
    }
    let mut gone: Vec<String> = Vec::new();
    for id in absent {
        match mirror.client.fetch_campaign(id).await {
            Err(error) if error.is_not_found() => {
                if store.strike_campaign(lease, id).await? >= STRIKES {
                    gone.push(id.clone());
                }
            }
            Ok(_) => {
                store.forgive_campaign(lease, id).await?;
                tracing::warn!(campaign = %id, "the list does not show a campaign that the API still has");
            }
            Err(error) => tracing::warn!(campaign = %id, %error, "a campaign that the list does not show"),
        }
    }
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    // A fifth of at least five, or all.
    let tolerated = if live.len() < 5 { u64::MAX } else { 0 };
    if let Some(reason) = vanishing(count(live.len()), count(gone.len()), tolerated) {
        tracing::error!(%reason, "campaigns are gone from the API; none was tombstoned");
        return Ok((0, Some(reason)));
    }
    if !gone.is_empty() {
        store.tombstone_campaigns(lease, &gone, mirror.clock.now()).await?;
    }
    Ok((count(gone.len()), None))
}

/// Walks the campaigns that need it, side by side, and reports in the order of the list.
async fn pass_campaigns(
    mirror: &Mirror,
    options: &PassOptions,
    shared: &Arc<Shared>,
    listing: Listing,
    mut known: HashMap<String, CampaignState>,
) -> Vec<CampaignReport> {
    let places = Arc::new(Semaphore::new(mirror.settings.max_concurrent_campaigns.max(1)));
    let every = TimeDelta::from_std(mirror.settings.full_walk_every).unwrap_or(TimeDelta::MAX);
    let now = mirror.clock.now();
    let mut tasks = JoinSet::new();
    let mut reports: Vec<(usize, CampaignReport)> = Vec::new();
    let mut names: Vec<(String, String)> = Vec::new();
    let wanted = listing
        .campaigns
        .into_iter()
        .filter(|listed| options.campaigns.is_empty() || options.campaigns.contains(&listed.campaign().id));
    for (place, listed) in wanted.enumerate() {
        let state = known.remove(&listed.campaign().id).unwrap_or_default();
        names.push((listed.campaign().id.clone(), listed.name().to_owned()));
        match due(&state.known, &listed.fingerprint, options.full, now, every) {
            Due::Skip => reports.push((place, skipped(mirror, &listed))),
            Due::Walk(reason) => {
                let pass = CampaignPass {
                    mirror: mirror.clone(),
                    options: options.clone(),
                    shared: Arc::clone(shared),
                    listed,
                    state,
                    reason,
                };
                let places = Arc::clone(&places);
                tasks.spawn(async move {
                    let _place = places.acquire_owned().await;
                    (place, pass_campaign(pass).await)
                });
            }
        }
    }
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(report) => reports.push(report),
            Err(error) => tracing::error!(%error, "a campaign's pass ended without a report"),
        }
    }
    // A pass that panicked is that campaign's failure alone.
    for (place, (id, name)) in names.into_iter().enumerate() {
        if !reports.iter().any(|(reported, _)| *reported == place) {
            reports.push((
                place,
                CampaignReport::failed(id, name, "the pass broke off; see the log".to_owned()),
            ));
        }
    }
    reports.sort_by_key(|(place, _)| *place);
    reports.into_iter().map(|(_, report)| report).collect()
}

fn skipped(mirror: &Mirror, listed: &ListedCampaign) -> CampaignReport {
    let id = &listed.campaign().id;
    mirror.progress.campaign_finished(id, crate::plan::Outcome::Skipped, None);
    CampaignReport::skipped(id.clone(), listed.name().to_owned())
}
