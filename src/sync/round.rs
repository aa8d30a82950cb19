//! A round over an account: its list, read by this process or by another one a moment ago, and the jobs that come of it,
//! one for each campaign that needs a pass.
//!
//! Owns: what is due. Leaves to `round_end`: how it ends; to whoever runs the jobs: which first, how many at once.

use super::campaign::{CampaignPass, pass_campaign};
use super::feed::{self, Asked, Changes, Told};
use super::gone;
use super::leases::{keep, wait_for_lease};
use super::list::{self, ListedCampaign, Listing};
use super::lone::Lone;
use super::reading::Reading;
use super::round_end::RoundEnd;
use super::shared::{Keys, Shared};
use super::typed::refresh_view;
use super::{CampaignReport, Mirror, PassOptions, PassReport, SyncError};
use crate::plan::{Due, FeedState, Fingerprint, Known, Outcome, Search, Shape, Suspicion, due};
use crate::records::Time;
use crate::store::{AccountState, CampaignState, Holder, Lease, Store, StoreError};
use crate::typed::{Owner, OwnerKind};
use std::collections::HashMap;
use std::sync::Arc;

/// What an account's list has led to.
pub struct Round {
    /// Whether this process has read the list, and not another one a moment ago.
    pub is_read: bool,
    /// The campaigns that need a pass, in the order of the list.
    pub jobs: Vec<Job>,
    /// Reports of those that need none.
    pub passed_over: Vec<CampaignReport>,
    /// What is to be said of the list itself; its campaigns are still to come.
    pub report: PassReport,
    /// The ids of all, in the order of the list.
    pub order: Vec<String>,
    /// What is to be done once the jobs have ended.
    pub end: RoundEnd,
}

/// One campaign's pass, to be made.
pub struct Job {
    id: String,
    name: String,
    complete_through: Option<Time>,
    /// Where the campaign's view is brought up to date after the pass; none when it has none.
    views: Option<Store>,
    kind: JobKind,
}

enum JobKind {
    /// The list has just shown it.
    Listed(Box<CampaignPass>),
    /// It is to be asked for first.
    Lone(Box<Lone>),
}

impl Job {
    /// The campaign.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its name, as far as it is known.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Up to when its copy is complete; none until it is.
    #[must_use]
    pub fn complete_through(&self) -> Option<Time> {
        self.complete_through
    }

    /// Makes the pass, and brings the campaign's view up to date. Whatever goes wrong is this campaign's failure alone.
    pub async fn run(mut self) -> CampaignReport {
        let (id, views) = (self.id.clone(), self.views.take());
        let report = self.run_without_view().await;
        if let Some(store) = views.filter(|_| report.outcome != Outcome::Skipped) {
            Box::pin(refresh_view(&store, Owner { kind: OwnerKind::Campaign, id: &id })).await;
        }
        report
    }

    /// Makes the pass alone: the end of the round looks after the view.
    pub(super) async fn run_without_view(self) -> CampaignReport {
        match self.kind {
            JobKind::Listed(pass) => Box::pin(pass_campaign(*pass)).await,
            JobKind::Lone(lone) => Box::pin(lone.run(&self.id)).await,
        }
    }
}

/// A job over one campaign that no list of this process has just shown. When `ask` is not set, it is left alone unless
/// the mirror's own bookkeeping says that it needs a pass.
#[must_use]
pub fn lone_job(mirror: &Mirror, options: &PassOptions, id: &str, ask: bool) -> Job {
    let lone = Lone { mirror: mirror.clone(), options: options.clone(), ask };
    Job {
        id: id.to_owned(),
        name: String::new(),
        complete_through: None,
        views: store_of_views(mirror, options),
        kind: JobKind::Lone(Box::new(lone)),
    }
}

/// Begins a round.
///
/// With `unless_since`, the list is not asked for when it was since then, by whatever process: the round then rests on
/// what that one has written.
pub async fn begin_round(
    mirror: &Mirror,
    options: &PassOptions,
    unless_since: Option<Time>,
) -> Result<Round, SyncError> {
    let store = usable_store(mirror, options).await?;
    let mirror = &Mirror { store: store.clone(), ..mirror.clone() }.with_retention().await?;
    let Some(store) = store.filter(|_| !options.dry_run) else {
        return look_round(mirror, options).await;
    };
    let held = store.load_account(&mirror.account).await?;
    let is_listed = |held: &AccountState| {
        let is_same = held.base_url.as_ref() == Some(&mirror.base_url);
        is_same && unless_since.is_some_and(|since| held.listed_at >= Some(since))
    };
    if is_listed(&held) {
        return listed_round(mirror, options, store).await;
    }
    let scope = format!("account:{}", mirror.account);
    let taken =
        wait_for_lease(&store, &scope, &Holder::this_process(), options.list_wait.max(options.lease_wait))
            .await?;
    let Some((lease, waited)) = taken else { return Err(SyncError::Busy) };
    let keeper = keep(store.clone(), lease.clone());
    let held = if waited { store.load_account(&mirror.account).await? } else { held };
    let begun = if is_listed(&held) {
        listed_round(mirror, options, store.clone()).await
    } else {
        listing_round(mirror, options, &store, &lease, &held).await
    };
    drop(keeper);
    if let Err(error) = store.release_lease(&lease).await {
        tracing::warn!(%error, "a lease could not be given back; it expires by itself");
    }
    begun
}

/// A dry run's round: nothing is written.
async fn look_round(mirror: &Mirror, options: &PassOptions) -> Result<Round, SyncError> {
    let (mut held, mut known) = (AccountState::default(), HashMap::new());
    if let Some(store) = &mirror.store {
        held = store.load_account(&mirror.account).await?;
        known = store.load_campaigns(&mirror.account, None, mirror.clock.now()).await?;
    }
    let listing = read_list(mirror, options, &held).await?;
    let shared = Shared::new(mirror, Keys::load(mirror, options).await?, &held, &listing);
    let Sorted { jobs, passed_over, order, .. } =
        sort(mirror, options, &shared, (listing, known), (&Asked::default(), None));
    let end = RoundEnd::of(mirror, None, None);
    Ok(Round { is_read: true, jobs, passed_over, report: PassReport::default(), order, end })
}

/// A round whose list this process reads, under the account's lease.
async fn listing_round(
    mirror: &Mirror,
    options: &PassOptions,
    store: &Store,
    lease: &Lease,
    held: &AccountState,
) -> Result<Round, SyncError> {
    let is_new = held.listed_at.is_none();
    // Where a search begins is known before anything is walked, so that a new account's is asked for beside the list.
    let begun =
        async { Ok(if is_new { Some(Reading::begin(mirror, &FeedState::default()).await) } else { None }) };
    let asked = async { tokio::try_join!(read_list(mirror, options, held), begun) };
    // The keys are awaited whatever becomes of the list: a transaction that is given up while it begins leaves a warning behind.
    let (asked, keys) = tokio::join!(asked, Keys::load(mirror, options));
    let ((mut listing, begun), keys) = (asked?, keys?);
    let asked_at = listing.asked_at;
    let shared = Shared::new(mirror, keys, held, &listing);
    let rejected_new = list::save(mirror, store, lease, &listing).await?;
    let burial = gone::bury(mirror, store, lease, &listing, options).await?;
    let known = store.load_campaigns(&mirror.account, None, mirror.clock.now()).await?;
    let shown = listing.campaigns.len();
    listing.campaigns.retain(|listed| known.contains_key(&listed.campaign().id));
    if listing.campaigns.len() < shown {
        let others = shown - listing.campaigns.len();
        tracing::debug!(account = %mirror.account, others, "campaigns that another account of the mirror has already");
    }
    let changes = read_changes(mirror, store, (options, begun), held, &listing, &known).await?;
    let asked = Asked {
        state: changes.as_ref().map_or_else(|| held.search.clone().unwrap_or_default(), Changes::state),
        is_paged: feed::is_paged(held),
    };
    let Sorted { jobs, passed_over, order, unchanged } =
        sort(mirror, options, &shared, (listing, known), (&asked, changes.as_ref()));
    store.save_unchanged(&unchanged, asked_at).await?;
    let report = PassReport {
        rejected_new,
        campaigns_tombstoned: burial.tombstoned,
        suspicious: burial.suspicious,
        ..PassReport::default()
    };
    let end = RoundEnd::of(mirror, Some(store.clone()), changes);
    Ok(Round { is_read: true, jobs, passed_over, report, order, end })
}

/// A round over what another process has listed: every campaign that needs a pass, whoever works on it by now.
async fn listed_round(mirror: &Mirror, options: &PassOptions, store: Store) -> Result<Round, SyncError> {
    let held = store.load_account(&mirror.account).await?;
    let known = store.load_campaigns(&mirror.account, None, mirror.clock.now()).await?;
    let mut jobs = Vec::new();
    for (id, state) in known {
        if needs_lone_pass(mirror, options, &held, &state) {
            let complete_through = state.complete_through;
            jobs.push(Job { complete_through, ..lone_job(mirror, options, &id, false) });
        }
    }
    let end = RoundEnd::of(mirror, Some(store), None);
    let (passed_over, order) = (Vec::new(), Vec::new());
    Ok(Round { is_read: false, jobs, passed_over, report: PassReport::default(), order, end })
}

/// Whether the mirror's own bookkeeping says that a campaign needs a pass, by a process that has not read the list.
///
/// On the newer API changes are left to the one that has: it has read the search, too, and without that a whole campaign
/// would be read for each of them. Should it die, the next list begins at the same watermark.
pub(super) fn needs_lone_pass(
    mirror: &Mirror,
    options: &PassOptions,
    held: &AccountState,
    state: &CampaignState,
) -> bool {
    let Some(listed) = state.listed.as_ref().filter(|_| state.is_alive) else { return false };
    match due_of(mirror, options, &state.known, listed) {
        Due::Walk(_) => true,
        Due::Incremental(_) => held.shape != Some(Shape::Unpaged),
        Due::Skip | Due::Rest | Due::StillSuspicious(_) => false,
    }
}

/// Reads the list, and makes sure that it shows the campaigns that are asked for.
async fn read_list(
    mirror: &Mirror,
    options: &PassOptions,
    held: &AccountState,
) -> Result<Listing, SyncError> {
    let listing = list::read(mirror, held, options).await?;
    let shows = |id: &String| listing.campaigns.iter().any(|listed| listed.campaign().id == *id);
    match options.campaigns.iter().find(|id| !shows(id)) {
        Some(id) => Err(SyncError::UnknownCampaign { id: id.clone() }),
        None => Ok(listing),
    }
}

/// Reads the search over calls, when the API has one and some campaign needs it; on the first pass of an account,
/// before anything is walked, to know where it begins.
async fn read_changes(
    mirror: &Mirror,
    store: &Store,
    (options, begun): (&PassOptions, Option<Reading>),
    held: &AccountState,
    listing: &Listing,
    known: &HashMap<String, CampaignState>,
) -> Result<Option<Changes>, SyncError> {
    if feed::is_paged(held) || listing.campaigns.is_empty() {
        return Ok(None);
    }
    let state = held.search.clone().unwrap_or_default();
    let needs_it = |listed: &ListedCampaign| {
        let state = known.get(&listed.campaign().id);
        let known = state.map(|state| state.known.clone()).unwrap_or_default();
        matches!(due_of(mirror, options, &known, &listed.fingerprint), Due::Incremental(_))
    };
    if (state.watermark.is_some() || state.is_missing) && !listing.campaigns.iter().any(needs_it) {
        return Ok(None);
    }
    let ids: Vec<&str> = listing.campaigns.iter().map(|listed| listed.campaign().id.as_str()).collect();
    Box::pin(feed::read(mirror, store, state, begun, &ids)).await.map(Some)
}

/// Where views of single campaigns are made; none when they are not.
fn store_of_views(mirror: &Mirror, options: &PassOptions) -> Option<Store> {
    mirror.store.clone().filter(|_| mirror.settings.views_per_campaign && !options.dry_run)
}

/// What is to be done about a campaign.
pub(super) fn due_of(mirror: &Mirror, options: &PassOptions, known: &Known, listed: &Fingerprint) -> Due {
    let rhythm = mirror.settings.rhythm();
    let reading = mirror.settings.normalize.reading();
    due(known, listed, options.wants_all(known), &reading, mirror.clock.now(), &rhythm)
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

/// A list's campaigns by what is to be done about them.
struct Sorted {
    jobs: Vec<Job>,
    passed_over: Vec<CampaignReport>,
    order: Vec<String>,
    /// Those of which the list says that they are as they were.
    unchanged: Vec<String>,
}

fn sort(
    mirror: &Mirror,
    options: &PassOptions,
    shared: &Arc<Shared>,
    (listing, mut known): (Listing, HashMap<String, CampaignState>),
    (asked, changes): (&Asked, Option<&Changes>),
) -> Sorted {
    let wanted = |id: &String| options.campaigns.is_empty() || options.campaigns.contains(id);
    let mut sorted =
        Sorted { jobs: Vec::new(), passed_over: Vec::new(), order: Vec::new(), unchanged: Vec::new() };
    for listed in listing.campaigns {
        let (id, name) = (listed.campaign().id.clone(), listed.name().to_owned());
        if !wanted(&id) {
            continue;
        }
        sorted.order.push(id.clone());
        let state = known.remove(&id).unwrap_or_default();
        let (reason, search) = match due_of(mirror, options, &state.known, &listed.fingerprint) {
            Due::StillSuspicious(suspicion) => {
                sorted.passed_over.push(still_suspicious(mirror, &listed, suspicion));
                continue;
            }
            Due::Skip | Due::Rest | Due::Incremental(_) if asked.is_behind(&state) => {
                let reason = "the search over calls was begun after the last full walk";
                // Where it was begun anew just now, the pass says why.
                (reason, changes.filter(|it| it.is_doubted()).map(|_| Search { reason, changed: false }))
            }
            Due::Skip | Due::Rest if changes.is_some_and(|changes| changes.names(&id)) => {
                let reason = "the search shows changed calls";
                (reason, Some(Search { reason, changed: false }))
            }
            due @ (Due::Skip | Due::Rest) => {
                if due == Due::Skip {
                    sorted.unchanged.push(id.clone());
                }
                mirror.progress.campaign_finished(&id, Outcome::Skipped, None);
                sorted.passed_over.push(CampaignReport::skipped(id, name));
                continue;
            }
            Due::Incremental(search) => (search.reason, Some(search)),
            Due::Walk(reason) => (reason, None),
        };
        let pass = CampaignPass {
            told: changes.map_or(Told::Nothing, |changes| changes.told(&id)),
            search_begun_at: asked.state.begun_at,
            mirror: mirror.clone(),
            options: options.clone(),
            shared: Arc::clone(shared),
            listed_at: listing.asked_at,
            is_lone: false,
            listed,
            state,
            reason,
            search,
        };
        let complete_through = pass.state.complete_through;
        let views = store_of_views(mirror, options);
        sorted.jobs.push(Job { id, name, complete_through, views, kind: JobKind::Listed(Box::new(pass)) });
    }
    sorted
}

fn still_suspicious(mirror: &Mirror, listed: &ListedCampaign, suspicion: Suspicion) -> CampaignReport {
    let report = CampaignReport::still_suspicious(listed, suspicion);
    mirror.progress.campaign_finished(&report.id, report.outcome, report.note.as_deref());
    report
}
