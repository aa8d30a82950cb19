//! The newer API's search over calls, read as a feed of changes: once a pass for the whole account, shared out to
//! the campaigns by the rows that show the calls.

use super::campaign::{CampaignPass, Tally, window};
use super::gathered::Gathered;
use super::incremental::{Ended, Looked};
use super::list::REST;
use super::page::{PageError, PageReader};
use super::reading::{Reading, ShownCall, read_pages};
use super::{CampaignReport, Mirror, SyncError};
use crate::api::ApiError;
use crate::plan::{FEED_OVERLAP, FeedFinding, FeedState, Outcome, Search, Shape, read_again};
use crate::records::Time;
use crate::store::{AccountState, CampaignState, Lease, SearchReading, Store};
use crate::wire::RowsPage;
use chrono::TimeDelta;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a reading of the search has brought.
#[derive(Debug)]
pub(super) struct Changes {
    /// What is to be remembered once it is all in the mirror.
    state: FeedState,
    held: FeedState,
    /// Why the search is not to be relied on in this pass; none when it is.
    doubt: Option<String>,
    shares: Shares,
}

/// What the search has shown, by what becomes of it.
#[derive(Debug, Default)]
struct Shares {
    by_campaign: BTreeMap<String, Arc<Share>>,
    reading: SearchReading,
}

/// What of it belongs to one campaign.
#[derive(Debug, Default)]
pub(super) struct Share {
    /// Rows, and the JSON of the call that each shows.
    calls: Vec<(String, String)>,
    /// Calls that changed since the watermark, those of the overlap apart.
    fresh: usize,
    /// Calls that no row of the mirror shows.
    strange: usize,
    /// When the last of its calls changed.
    newest: Option<Time>,
}

/// Whether rows came in pages when they were last asked for: such an API has no search over calls.
pub(super) fn is_paged(held: &AccountState) -> bool {
    matches!(held.shape, Some(Shape::Paged { .. }))
}

/// What is known of the search once it was asked, or left alone.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) state: FeedState,
    pub(super) is_paged: bool,
}

impl Asked {
    /// Whether a campaign was last read in full before the search was begun.
    pub(super) fn is_behind(&self, campaign: &CampaignState) -> bool {
        !self.is_paged && self.state.is_behind(campaign.search_begun_at)
    }
}

/// What a campaign's pass knows of the search.
#[derive(Debug, Clone)]
pub(super) enum Told {
    /// It was not read.
    Nothing,
    /// It cannot be relied on.
    Doubt(String),
    /// These calls changed; none, when it is empty.
    Share(Arc<Share>),
}

impl Changes {
    /// What a campaign is told of it.
    pub(super) fn told(&self, campaign_id: &str) -> Told {
        match &self.doubt {
            Some(doubt) => Told::Doubt(doubt.clone()),
            None => Told::Share(self.shares.by_campaign.get(campaign_id).map(Arc::clone).unwrap_or_default()),
        }
    }

    /// Whether it is not to be relied on in this pass.
    pub(super) fn is_doubted(&self) -> bool {
        self.doubt.is_some()
    }

    /// Whether calls of a campaign changed.
    pub(super) fn names(&self, campaign_id: &str) -> bool {
        self.shares.by_campaign.contains_key(campaign_id)
    }

    /// What is known of the search after this reading.
    pub(super) fn state(&self) -> FeedState {
        self.state.clone()
    }

    /// Moves the watermark, when all that was read has arrived in the mirror.
    pub(super) async fn settle(
        self,
        store: &Store,
        account: &str,
        reports: &[CampaignReport],
        left_alone: &[String],
    ) -> Result<(), SyncError> {
        let Self { mut state, held, shares: Shares { by_campaign, mut reading }, .. } = self;
        let arrived = |id: &&String| {
            reports.iter().any(|report| report.id == **id && report.outcome == Outcome::Complete)
        };
        let (alone, others): (Vec<&String>, Vec<&String>) =
            by_campaign.keys().filter(|id| !arrived(id)).partition(|id| left_alone.contains(id));
        reading.passed_over.extend(alone.into_iter().cloned());
        if !others.is_empty() {
            (state.watermark, state.strangers) = (held.watermark, held.strangers.clone());
            reading = SearchReading::default();
        }
        if state != held {
            store.save_search(account, (&held, &state), &reading).await?;
        }
        Ok(())
    }
}

/// How long a search that was refused is left alone at most: the question costs little beside whole campaigns.
const LONGEST_REST: TimeDelta = TimeDelta::hours(1);

/// Reads the search down to its watermark, as far as it was not `begun`. Nothing that goes wrong here is worse than reading whole
/// campaigns.
pub(super) async fn read(
    mirror: &Mirror,
    store: &Store,
    held: FeedState,
    begun: Option<Reading>,
    listed: &[&str],
) -> Result<Changes, SyncError> {
    let now = mirror.clock.now();
    if let Some(reason) = held.rests(now, window(mirror.settings.full_walk_every).min(LONGEST_REST)) {
        let doubt = Some(reason.to_owned());
        return Ok(Changes { state: held.clone(), held, doubt, shares: Shares::default() });
    }
    let Reading { asked_at, mut feed, mut calls, mut doubt } = match begun {
        Some(begun) => begun,
        None => Reading::begin(mirror, &held).await,
    };
    while doubt.is_none() && feed.finding() == FeedFinding::Read {
        let shown: Vec<&str> = feed.seen().iter().map(String::as_str).collect();
        if !store.search_left_out(listed, feed.reach(), &shown).await? {
            break;
        }
        feed.has_left_out();
        doubt = read_pages(mirror, &mut feed, &mut calls).await;
    }
    let mut state = feed.state(asked_at);
    let reason = |state: &FeedState| state.refused.as_ref().map(|(_, reason)| reason.clone());
    if let Some(reason) = reason(&state).filter(|now| Some(now) != reason(&held).as_ref()) {
        let account = &mirror.account;
        tracing::warn!(%account, %reason, "campaigns that change are read in full; the search is asked again in an hour");
    }
    let mut shares = Shares::default();
    match feed.finding() {
        FeedFinding::Read if doubt.is_none() => {
            let erased = mirror.erased().await?;
            let is_left_out = |json: &str| {
                erased.is_call(json) || mirror.settings.normalize.retention.leaves_out_call(json)
            };
            shares = share_out((store, &is_left_out), &held, &mut state, calls, listed).await?;
        }
        FeedFinding::Begun => doubt = doubt.or(Some("the search is read from now on".to_owned())),
        FeedFinding::Anew(reason) | FeedFinding::Contrary(reason) => doubt = doubt.or(Some(reason)),
        FeedFinding::Read => {}
    }
    if state.begun_at == held.begun_at {
        return Ok(Changes { state, held, doubt, shares });
    }
    // Rests on nothing that is still to arrive: whoever relies on it is read in full first.
    store.save_search(&mirror.account, (&held, &state), &SearchReading::default()).await?;
    Ok(Changes { held: state.clone(), state, doubt, shares })
}

/// Gives each call to the campaigns whose rows show it. Calls of no listed campaign are out of scope, and counted.
async fn share_out(
    (store, is_left_out): (&Store, &(dyn Fn(&str) -> bool + Sync)),
    held: &FeedState,
    state: &mut FeedState,
    calls: Vec<ShownCall>,
    listed: &[&str],
) -> Result<Shares, SyncError> {
    // What was read twice, because pages shifted, is as it was read last.
    let calls: BTreeMap<String, ShownCall> =
        calls.into_iter().map(|(call, json)| (call.id.clone(), (call, json))).collect();
    let ids: Vec<&str> = calls.keys().map(String::as_str).collect();
    let mut rows = store.rows_of_calls(&ids).await?;
    let unshown: Vec<&str> = ids.iter().copied().filter(|id| !rows.contains_key(*id)).collect();
    let known = store.known_calls(&unshown).await?;
    let mut by_campaign: BTreeMap<String, Share> = BTreeMap::new();
    let mut reading = SearchReading::default();
    let mut strangers = Vec::new();
    for (id, (call, json)) in &calls {
        let is_fresh = held.watermark.is_none_or(|mark| call.updated_at.is_none_or(|at| at > mark));
        let (showing, elsewhere): (Vec<_>, Vec<_>) = rows
            .remove(id)
            .unwrap_or_default()
            .into_iter()
            .partition(|(_, it)| listed.contains(&it.as_str()));
        for (row, campaign) in &showing {
            let share = by_campaign.entry(campaign.clone()).or_default();
            share.calls.push((row.clone(), json.clone()));
            share.fresh += usize::from(is_fresh);
            share.newest = share.newest.max(call.updated_at);
        }
        if !elsewhere.is_empty() && is_fresh {
            // Should the list show their campaign again, it is read in full before the search is relied on.
            reading.passed_over.extend(elsewhere.iter().map(|(_, campaign)| campaign.clone()));
        }
        match call.campaign_id.as_deref() {
            _ if !showing.is_empty() => {}
            // No row of the mirror shows it, and none is to; but it explains that its campaign changed.
            Some(campaign) if listed.contains(&campaign) && elsewhere.is_empty() && is_left_out(json) => {
                let share = by_campaign.entry(campaign.to_owned()).or_default();
                share.fresh += usize::from(is_fresh);
                share.newest = share.newest.max(call.updated_at);
            }
            Some(campaign) if listed.contains(&campaign) && elsewhere.is_empty() => {
                let is_known = known.contains(id) || held.strangers.contains(id);
                if is_fresh || !is_known {
                    by_campaign.entry(campaign.to_owned()).or_default().strange += 1;
                }
                if call.updated_at >= state.watermark.map(|mark| mark - FEED_OVERLAP) {
                    strangers.push(id.clone());
                }
            }
            None if elsewhere.is_empty() => reading.of_no_campaign += u64::from(is_fresh),
            _ => reading.of_other_campaigns += u64::from(is_fresh),
        }
    }
    state.strangers = strangers;
    let by_campaign = by_campaign.into_iter().map(|(campaign, share)| (campaign, Arc::new(share))).collect();
    Ok(Shares { by_campaign, reading })
}

impl CampaignPass {
    /// Takes up the changes that the search has shown of this campaign.
    pub(super) async fn take_up(
        &self,
        store: &Store,
        lease: &Lease,
        run: i64,
        search: Search,
        tally: &mut Tally,
    ) -> Result<Looked, PageError> {
        let walk = |reason: &str| Ok(Looked::Walk(Some(reason.to_owned())));
        let share = match &self.told {
            Told::Nothing => return Ok(Looked::Walk(None)),
            Told::Doubt(doubt) => return walk(doubt),
            Told::Share(share) => share,
        };
        let listed = self.listed.rows();
        if share.strange > 0 {
            return walk("the search shows calls that no known row has");
        }
        if search.changed && listed.is_none() {
            return walk("the list does not tell how many rows there are");
        }
        if listed.is_some() && listed != self.state.rows {
            return walk("rows came or went");
        }
        if search.changed && share.fresh == 0 {
            return walk("the campaign changed, and no call of it did");
        }
        // What changed it later was something else: rows that came or went, or were edited.
        let changed_at = self.listed.campaign().updated_at.value();
        let explained = share.newest.map(|newest| newest + REST);
        if search.changed && changed_at.is_none_or(|at| explained.is_none_or(|until| *at > until)) {
            return walk("the campaign changed after the last of its calls did");
        }
        self.write_share(store, lease, share, tally).await?;
        let found = json!({ "calls_changed": share.fresh, "calls_read": share.calls.len() });
        let ended = Ended { outcome: Outcome::Complete, note: None, total: listed, found };
        self.end_look((store, lease, run), tally, Shape::Unpaged, ended).await.map(Looked::Ended)
    }

    /// Writes the calls as if their rows had been read, and leaves the rows themselves as they are.
    async fn write_share(
        &self,
        store: &Store,
        lease: &Lease,
        share: &Share,
        tally: &mut Tally,
    ) -> Result<(), PageError> {
        let reader = self.reader();
        for calls in share.calls.chunks(self.mirror.settings.batch_rows.max(1)) {
            let mut page = reader.clone().prepare(page_of(calls)?, 0).await?;
            page.changed.iter_mut().for_each(|records| records.row = None);
            page.states.values_mut().for_each(|state| state.hash = None);
            tally.rows.seen += u64::try_from(page.seen.len()).unwrap_or(u64::MAX);
            // Hashes do not tell here: what was really written does.
            let rows = page.unchanged + page.differing;
            let mut gathered = Gathered::default();
            gathered.add(page);
            let written = self.write(lease, &reader, &gathered, tally).await?.min(rows);
            tally.rows.updated += written;
            tally.rows.unchanged += rows - written;
        }
        // What the search did not show is as it was, and so has been looked at.
        let now = self.mirror.clock.now();
        let overdue = store.load_overdue(self.id(), now).await?;
        let again = |(row, status, since): (String, Option<String>, _)| {
            (row, read_again(status.as_deref(), since, now, reader.settle_window))
        };
        let gathered = Gathered::of_readings(overdue.into_iter().map(again).collect());
        self.write(lease, &reader, &gathered, tally).await?;
        Ok(())
    }

    /// Lines that were really written.
    async fn write(
        &self,
        lease: &Lease,
        reader: &PageReader,
        gathered: &Gathered,
        tally: &mut Tally,
    ) -> Result<u64, PageError> {
        if gathered.is_idle() {
            return Ok(0);
        }
        let counts = gathered.write(&self.mirror, lease, reader, None).await?;
        tally.rows.rejected += counts.rejected;
        tally.rows.rejected_new += counts.rejected_new;
        Ok(counts.written)
    }
}

/// A page that holds rows of which nothing but their call is known.
fn page_of(calls: &[(String, String)]) -> Result<RowsPage, ApiError> {
    let rows = calls.iter().map(|(row, call)| format!("{{\"id\":{},\"call\":{call}}}", json!(row)));
    let body = format!("{{\"rows\":[{}]}}", rows.collect::<Vec<_>>().join(","));
    RowsPage::split(body.as_bytes()).map_err(|shape| ApiError::Malformed { what: shape.what })
}
