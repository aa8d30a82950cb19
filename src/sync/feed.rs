//! The newer API's search over calls, read as a feed of changes: once a pass for the whole account, shared out to
//! the campaigns by the rows that show the calls.

use super::campaign::{CampaignPass, Tally};
use super::gathered::Gathered;
use super::incremental::{Ended, Looked};
use super::list::REST;
use super::page::{PageError, PageReader};
use super::{CampaignReport, Mirror, SyncError};
use crate::api::ApiError;
use crate::normalize::{self, CallOutline};
use crate::plan::{Feed, FeedFinding, FeedShown, FeedState, Outcome, Search, Shape, read_again};
use crate::records::Time;
use crate::store::{Lease, Store};
use crate::wire::{CallsPage, RowsPage};
use bytes::Bytes;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What a reading of the search has brought.
#[derive(Debug)]
pub(super) struct Changes {
    /// What is to be remembered once it is all in the mirror.
    state: FeedState,
    held: FeedState,
    /// Why the search is not to be relied on in this pass; none when it is.
    doubt: Option<String>,
    by_campaign: BTreeMap<String, Arc<Share>>,
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
            None => Told::Share(self.by_campaign.get(campaign_id).map(Arc::clone).unwrap_or_default()),
        }
    }

    /// Whether calls of a campaign changed.
    pub(super) fn names(&self, campaign_id: &str) -> bool {
        self.by_campaign.contains_key(campaign_id)
    }

    /// Moves the watermark, when all that was read has arrived in the mirror.
    pub(super) async fn settle(
        &self,
        store: &Store,
        account: &str,
        reports: &[CampaignReport],
        left_alone: &[String],
    ) -> Result<(), SyncError> {
        let arrived = |id: &String| {
            left_alone.contains(id)
                || reports.iter().any(|report| report.id == *id && report.outcome == Outcome::Complete)
        };
        let mut state = self.state;
        if !self.by_campaign.keys().all(arrived) {
            state.watermark = self.held.watermark;
        }
        if state != self.held {
            store.save_search(account, &self.held, &state).await?;
        }
        Ok(())
    }
}

/// Reads the search down to its watermark. Nothing that goes wrong here is worse than reading whole campaigns.
pub(super) async fn read(
    mirror: &Mirror,
    store: &Store,
    held: FeedState,
    listed: &[&str],
) -> Result<Changes, SyncError> {
    let mut feed = Feed::new(&held);
    let mut calls: Vec<(CallOutline, String)> = Vec::new();
    let mut bytes = 0;
    let mut doubt = None;
    while let Some(ask) = feed.question() {
        let answer = mirror.client.search_calls(ask.page, ask.page_size).await;
        let page = match answer {
            Ok(answer) => answer.body,
            Err(error) if error.is_bad_request() => {
                feed.learn(&FeedShown::Refused);
                continue;
            }
            Err(error) if is_missing(&error) => {
                feed.learn(&FeedShown::Missing);
                continue;
            }
            Err(error) => {
                doubt = Some(format!("the search failed: {error}"));
                break;
            }
        };
        bytes += page.body.len();
        if bytes > mirror.settings.max_bytes_in_flight {
            doubt = Some("more calls changed than are worth searching for".to_owned());
            break;
        }
        let Some(shown) = outlines(&page) else {
            doubt = Some("the search shows a call whose id cannot be read".to_owned());
            break;
        };
        let outlines = shown.iter().map(|(call, _)| (call.id.clone(), call.updated_at)).collect();
        feed.learn(&FeedShown::Page { total: page.total, calls: outlines });
        calls.extend(shown);
    }
    if doubt.is_none()
        && let FeedFinding::Contrary(reason) = feed.finding()
    {
        doubt = Some(reason);
    }
    let by_campaign = match (&doubt, feed.finding()) {
        (None, FeedFinding::Read) => share_out(store, held, calls, listed).await?,
        _ => BTreeMap::new(),
    };
    if doubt.is_none() && feed.finding() == FeedFinding::Begun {
        doubt = Some("the search is read from now on".to_owned());
    }
    Ok(Changes { state: feed.state(), held, doubt, by_campaign })
}

fn is_missing(error: &ApiError) -> bool {
    error.is_not_found() || matches!(error, ApiError::UnexpectedStatus { .. })
}

fn outlines(page: &CallsPage) -> Option<Vec<(CallOutline, String)>> {
    (0..page.calls.len())
        .map(|index| {
            let json = page.call(index)?;
            Some((normalize::call_outline(json)?, json.to_owned()))
        })
        .collect()
}

/// Gives each call to the campaigns whose rows show it. Calls of no listed campaign are out of scope.
async fn share_out(
    store: &Store,
    held: FeedState,
    calls: Vec<(CallOutline, String)>,
    listed: &[&str],
) -> Result<BTreeMap<String, Arc<Share>>, SyncError> {
    // What was read twice, because pages shifted, is as it was read last.
    let calls: HashMap<String, (CallOutline, String)> =
        calls.into_iter().map(|(call, json)| (call.id.clone(), (call, json))).collect();
    let ids: Vec<&str> = calls.keys().map(String::as_str).collect();
    let mut rows = store.rows_of_calls(&ids).await?;
    let mut shares: BTreeMap<String, Share> = BTreeMap::new();
    for (id, (call, json)) in &calls {
        let is_fresh = held.watermark.is_none_or(|mark| call.updated_at.is_none_or(|at| at > mark));
        let showing = rows.remove(id).unwrap_or_default();
        for (row, campaign) in &showing {
            let share = shares.entry(campaign.clone()).or_default();
            share.calls.push((row.clone(), json.clone()));
            share.fresh += usize::from(is_fresh);
            share.newest = share.newest.max(call.updated_at);
        }
        let campaign = call.campaign_id.as_deref().filter(|id| listed.contains(id));
        if let (Some(campaign), true, true) = (campaign, showing.is_empty(), is_fresh) {
            shares.entry(campaign.to_owned()).or_default().strange += 1;
        }
    }
    Ok(shares.into_iter().map(|(campaign, share)| (campaign, Arc::new(share))).collect())
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
        let listed = self.listed.campaign().rows_total.value();
        let listed = listed.and_then(|total| u64::try_from(*total).ok());
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
    RowsPage::split(Bytes::from(body)).map_err(|shape| ApiError::Malformed { what: shape.what })
}
