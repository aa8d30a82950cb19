//! A pass over the account: the list, and the campaigns side by side.

use super::campaign::{CampaignPass, keep, pass_campaign};
use super::feed::{self, Changes, Told};
use super::gone;
use super::list::{self, ListedCampaign, Listing};
use super::parents::Written;
use super::{CampaignReport, Mirror, PassOptions, PassReport, SyncError};
use crate::normalize::Hasher;
use crate::plan::{Due, Filtering, Known, Outcome, Search, Shape, Suspicion, due};
use crate::store::{AccountState, CampaignState, Holder, Lease, Store, StoreError};
use chrono::TimeDelta;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// The name of the account; there is one.
pub const ACCOUNT: &str = "default";

/// What the campaigns of a pass share.
pub(super) struct Shared {
    pub(super) hasher: Hasher,
    pub(super) holder: Holder,
    pub(super) written: Arc<Written>,
    /// As many permits as there are processors.
    pub(super) processors: Arc<Semaphore>,
    /// How the API pages, once it is known. Held while one campaign finds out, so that the others wait.
    pub(super) shape: tokio::sync::Mutex<Option<Shape>>,
    /// How the API filters by status, as far as it is known.
    pub(super) filtering: tokio::sync::Mutex<Filtering>,
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
        filtering: tokio::sync::Mutex::new(held.filtering),
    });
    let mut report = PassReport::default();
    let (mut known, mut changes) = (None, None);
    if let (Some(store), false) = (&store, options.dry_run) {
        let lease = wait_for_lease(store, "account:default", &shared.holder, options.lease_wait).await?;
        if let Some((lease, _)) = &lease {
            let keeper = keep(store.clone(), lease.clone());
            report.rejected_new = list::save(mirror, store, lease, ACCOUNT, &listing).await?;
            let burial = gone::bury(mirror, store, lease, &listing, options).await?;
            report.campaigns_tombstoned = burial.tombstoned;
            report.suspicious = burial.suspicious;
            let campaigns = store.load_campaigns(ACCOUNT, mirror.clock.now()).await?;
            changes = read_changes(mirror, store, options, &held, &listing, &campaigns).await?;
            known = Some(campaigns);
            drop(keeper);
            store.release_lease(lease).await?;
        }
    }
    let known = match (known, &store) {
        (Some(known), _) => known,
        (None, Some(store)) => store.load_campaigns(ACCOUNT, mirror.clock.now()).await?,
        (None, None) => HashMap::new(),
    };
    let listed_at = listing.asked_at;
    report.campaigns = pass_campaigns(mirror, options, &shared, listing, known, changes.as_ref()).await;
    if let (Some(store), false) = (&store, options.dry_run) {
        store.sweep_call_retry_configs().await?;
        let unchanged = report.campaigns.iter().filter(|campaign| campaign.outcome == Outcome::Skipped);
        let unchanged: Vec<String> = unchanged.map(|campaign| campaign.id.clone()).collect();
        store.save_unchanged(&unchanged, listed_at).await?;
        if let Some(changes) = changes {
            changes.settle(store, &report.campaigns).await?;
        }
    }
    report.cost = mirror.client.cost();
    Ok(report)
}

/// Reads the search over calls, when the API has one and some campaign needs it; on the first pass of an account,
/// before anything is walked, to know where it begins.
async fn read_changes(
    mirror: &Mirror,
    store: &Store,
    options: &PassOptions,
    held: &AccountState,
    listing: &Listing,
    known: &HashMap<String, CampaignState>,
) -> Result<Option<Changes>, SyncError> {
    let state = held.search.unwrap_or_default();
    let is_paged = matches!(held.shape, Some(Shape::Paged { .. }));
    if is_paged || state.is_missing || listing.campaigns.is_empty() {
        return Ok(None);
    }
    let needs_it = |listed: &ListedCampaign| {
        let state = known.get(&listed.campaign().id);
        let known = state.map(|state| state.known.clone()).unwrap_or_default();
        matches!(due_of(mirror, options, &known, listed), Due::Incremental(_))
    };
    if state.watermark.is_some() && !listing.campaigns.iter().any(needs_it) {
        return Ok(None);
    }
    let ids: Vec<&str> = listing.campaigns.iter().map(|listed| listed.campaign().id.as_str()).collect();
    feed::read(mirror, store, state, &ids).await.map(Some)
}

/// What is to be done about a campaign.
pub(super) fn due_of(mirror: &Mirror, options: &PassOptions, known: &Known, listed: &ListedCampaign) -> Due {
    let every = TimeDelta::from_std(mirror.settings.full_walk_every).unwrap_or(TimeDelta::MAX);
    due(known, &listed.fingerprint, options.wants_all(known), mirror.clock.now(), every)
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

/// Walks the campaigns that need it, side by side, and reports in the order of the list.
async fn pass_campaigns(
    mirror: &Mirror,
    options: &PassOptions,
    shared: &Arc<Shared>,
    listing: Listing,
    mut known: HashMap<String, CampaignState>,
    changes: Option<&Changes>,
) -> Vec<CampaignReport> {
    let places = Arc::new(Semaphore::new(mirror.settings.max_concurrent_campaigns.max(1)));
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
        let (reason, search) = match due_of(mirror, options, &state.known, &listed) {
            Due::StillSuspicious(suspicion) => {
                reports.push((place, still_suspicious(mirror, &listed, suspicion)));
                continue;
            }
            Due::Skip if changes.is_some_and(|changes| changes.names(&listed.campaign().id)) => {
                let reason = "the search shows changed calls";
                (reason, Some(Search { reason, changed: false }))
            }
            Due::Skip => {
                reports.push((place, skipped(mirror, &listed)));
                continue;
            }
            Due::Incremental(search) => (search.reason, Some(search)),
            Due::Walk(reason) => (reason, None),
        };
        let told = changes.map_or(Told::Nothing, |changes| changes.told(&listed.campaign().id));
        let pass = CampaignPass {
            told,
            mirror: mirror.clone(),
            options: options.clone(),
            shared: Arc::clone(shared),
            listed_at: listing.asked_at,
            listed,
            state,
            reason,
            search,
        };
        let places = Arc::clone(&places);
        tasks.spawn(async move {
            let _place = places.acquire_owned().await;
            (place, pass_campaign(pass).await)
        });
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
    mirror.progress.campaign_finished(id, Outcome::Skipped, None);
    CampaignReport::skipped(id.clone(), listed.name().to_owned())
}

fn still_suspicious(mirror: &Mirror, listed: &ListedCampaign, suspicion: Suspicion) -> CampaignReport {
    let report = CampaignReport::still_suspicious(listed, suspicion);
    mirror.progress.campaign_finished(&report.id, report.outcome, report.note.as_deref());
    report
}
