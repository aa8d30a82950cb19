//! One campaign's pass: under its lease, walk after walk until one is proven or enough were tried, then the end.

use super::account::{ACCOUNT, Shared, wait_for_lease};
use super::confirm;
use super::list::{ListedCampaign, ask_campaign};
use super::page::{PageError, PageReader};
use super::verdict::{Verdict, Walked};
use super::walk::{Seen, Walker};
use super::{CampaignReport, Mirror, PassOptions, RowCounts};
use crate::observe::CampaignProgress;
use crate::plan::{Due, Outcome, Shape, due};
use crate::store::{CampaignState, Lease, RunLine, Store, StoreError, WalkCheckpoint};
use crate::wire::RowsPage;
use chrono::TimeDelta;
use serde_json::json;
use std::collections::HashSet;
use std::sync::Arc;
use tokio_util::task::AbortOnDropHandle;

/// A campaign and all that its pass needs.
pub(super) struct CampaignPass {
    pub(super) mirror: Mirror,
    pub(super) options: PassOptions,
    pub(super) shared: Arc<Shared>,
    pub(super) listed: ListedCampaign,
    pub(super) state: CampaignState,
    /// Why it is walked.
    pub(super) reason: &'static str,
}

/// Makes one campaign's pass. Whatever goes wrong is this campaign's failure alone.
pub(super) async fn pass_campaign(mut pass: CampaignPass) -> CampaignReport {
    pass.mirror.client = pass.mirror.client.with_own_cost();
    let client = pass.mirror.client.clone();
    let id = pass.listed.campaign().id.clone();
    let mut report = CampaignReport::skipped(id.clone(), pass.listed.name().to_owned());
    match pass.run(&mut report).await {
        Ok(()) => {}
        Err(error) => {
            report.outcome = Outcome::Failed;
            report.refused = matches!(&error, PageError::Api(error) if error.is_refused());
            report.note = Some(explain(&error));
        }
    }
    report.cost = client.cost();
    pass.mirror.progress.campaign_finished(&id, report.outcome, report.note.as_deref());
    report
}

/// An error with its causes, on one line.
fn explain(error: &PageError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl CampaignPass {
    pub(super) fn id(&self) -> &str {
        &self.listed.campaign().id
    }

    async fn run(&self, report: &mut CampaignReport) -> Result<(), PageError> {
        let (Some(store), false) = (&self.mirror.store, self.options.dry_run) else {
            return self.look(report).await;
        };
        let scope = format!("campaign:{}", self.id());
        let taken = wait_for_lease(store, &scope, &self.shared.holder, self.options.lease_wait).await?;
        let Some((lease, waited)) = taken else {
            report.outcome = Outcome::Partial;
            report.note = Some("another revox-mirror works on this campaign".to_owned());
            return Ok(());
        };
        if waited && !self.is_still_due(store).await? {
            store.release_lease(&lease).await?;
            return Ok(());
        }
        let keeper = keep(store.clone(), lease.clone());
        let result = self.run_under(store, &lease, report).await;
        drop(keeper);
        if let Err(error) = store.release_lease(&lease).await {
            tracing::warn!(%error, "a lease could not be given back; it expires by itself");
        }
        result
    }

    /// Whether there is still something to do after another process has worked on the campaign.
    async fn is_still_due(&self, store: &Store) -> Result<bool, PageError> {
        let now = self.mirror.clock.now();
        let mut campaigns = store.load_campaigns(ACCOUNT, self.mirror.settings.settle_window, now).await?;
        let known = campaigns.remove(self.id()).unwrap_or_default().known;
        let every = TimeDelta::from_std(self.mirror.settings.full_walk_every).unwrap_or(TimeDelta::MAX);
        Ok(due(&known, &self.listed.fingerprint, self.options.full, now, every) != Due::Skip)
    }

    /// A dry run: reads and counts, and writes nothing.
    async fn look(&self, report: &mut CampaignReport) -> Result<(), PageError> {
        let (mut walker, first) = self.begin(None, None, true).await?;
        self.started(&walker);
        walker.run(first).await?;
        let mut facts = walker.facts();
        facts.after = ask_campaign(&self.mirror, self.id()).await?.map(|shown| shown.fingerprint);
        if let Some(store) = &self.mirror.store {
            let missing =
                store.find_missing(self.id(), |id| walker.seen.place_of(&self.shared.hasher.row_id(id)));
            walker.counts.tombstoned = u64::try_from(missing.await?.1.len()).unwrap_or(u64::MAX);
        }
        let doubts = facts.doubts();
        report.outcome = if doubts.is_empty() { Outcome::Complete } else { Outcome::Partial };
        report.note = (!doubts.is_empty()).then(|| doubts.join("; "));
        report.rows = walker.counts;
        Ok(())
    }

    async fn run_under(
        &self,
        store: &Store,
        lease: &Lease,
        report: &mut CampaignReport,
    ) -> Result<(), PageError> {
        let started_at = self.mirror.clock.now();
        let run = store.open_run(lease, ACCOUNT, self.id(), self.options.trigger, started_at).await?;
        let mut counts = RowCounts::default();
        let ended = self.walk_until_proven(store, lease, run, &mut counts).await;
        report.rows = counts;
        match ended {
            Ok(verdict) => {
                report.outcome = verdict.outcome;
                report.note = verdict.note;
                Ok(())
            }
            Err(error) => {
                let line = self.run_line(
                    Outcome::Failed,
                    &counts,
                    Some(explain(&error)),
                    json!({"why": self.reason}),
                );
                if let Err(error) = store.close_run(lease, run, &line).await {
                    tracing::warn!(%error, "a run line could not be closed");
                }
                Err(error)
            }
        }
    }

    pub(super) fn run_line(
        &self,
        outcome: Outcome,
        counts: &RowCounts,
        error: Option<String>,
        evidence: serde_json::Value,
    ) -> RunLine {
        let cost = self.mirror.client.cost();
        RunLine {
            outcome,
            finished_at: self.mirror.clock.now(),
            evidence,
            requests: cost.requests,
            bytes: cost.bytes,
            seen: counts.seen,
            inserted: counts.inserted,
            updated: counts.updated,
            unchanged: counts.unchanged,
            tombstoned: counts.tombstoned,
            rejected: counts.rejected,
            error,
        }
    }

    async fn walk_until_proven(
        &self,
        store: &Store,
        lease: &Lease,
        run: i64,
        counts: &mut RowCounts,
    ) -> Result<Verdict, PageError> {
        let mut checkpoint = store.load_checkpoint(self.id()).await?;
        let (mut written, mut rounds, mut settled_contests) = (0, 0, false);
        loop {
            rounds += 1;
            let (mut walker, first) = self.begin(checkpoint.walk.take(), Some(lease), rounds == 1).await?;
            if rounds == 1 {
                self.started(&walker);
            }
            let ended = walker.run(first).await;
            add(counts, &walker.counts);
            written += walker.written;
            match ended {
                // What was known of the API's pages no longer holds.
                Err(PageError::Api(error)) if error.is_bad_request() && rounds == 1 => continue,
                ended => ended?,
            }
            let mut facts = walker.facts();
            let after = ask_campaign(&self.mirror, self.id()).await?;
            facts.after = after.as_ref().map(|shown| shown.fingerprint.clone());
            #[cfg(feature = "sabotage")]
            super::sabotage::spoil(&mut walker, &mut facts);
            let mut doubts = facts.doubts();
            if doubts.is_empty() {
                doubts.extend(confirm::doubt_end(&walker, after.as_ref()).await?);
            }
            if !doubts.is_empty() && rounds < max_rounds(&walker) {
                tracing::info!(campaign = %self.id(), doubts = doubts.join("; "), "the walk is not proven; reading again");
                self.doubt_shape(&facts).await;
                continue;
            }
            let verdict = self.judge(store, &walker, &facts, doubts).await?;
            counts.tombstoned = u64::try_from(verdict.gone.len()).unwrap_or(u64::MAX);
            let outcome = Walked { written, replaced: walker.replaced, rounds, facts, after };
            self.end(store, lease, run, counts, &outcome, &walker, &verdict).await?;
            // A call that yielded an attempt to another one may have it now, if the other has just gone.
            let contests = walker.walk.contested > 0 && (written > 0 || !verdict.gone.is_empty());
            if !contests || settled_contests || verdict.outcome != Outcome::Complete {
                return Ok(verdict);
            }
            settled_contests = true;
        }
    }

    fn started(&self, walker: &Walker<'_>) {
        let total = walker.walk.first_total.or_else(|| {
            let listed = self.listed.campaign().rows_total.value().copied();
            listed.and_then(|total| u64::try_from(total).ok())
        });
        let at = CampaignProgress { pages_done: walker.walk.next_page, ..walker.standing(total) };
        self.mirror.progress.campaign_started(self.id(), self.listed.name(), &at);
    }

    /// Begins a walk, or takes one up again where it stopped.
    async fn begin<'a>(
        &'a self,
        resumed: Option<WalkCheckpoint>,
        lease: Option<&'a Lease>,
        is_first: bool,
    ) -> Result<(Walker<'a>, Option<RowsPage>), PageError> {
        let store = self.mirror.store.as_ref();
        let reader = PageReader {
            client: self.mirror.client.clone(),
            store: store.cloned(),
            hasher: self.shared.hasher.clone(),
            options: self.mirror.settings.normalize.clone(),
            written: Arc::clone(&self.shared.written),
            campaign_id: self.id().into(),
            nothing_known: is_first && !self.state.has_known_rows && !self.state.known.walk_under_way,
            processors: Arc::clone(&self.shared.processors),
        };
        let mut seen = Seen::default();
        let resumable = resumed.filter(|walk| walk.shape != Shape::Unpaged && walk.next_page > 0);
        if let (Some(walk), Some(store)) = (resumable, store) {
            seen.extend(&store.load_rows_seen(self.id(), walk.id).await?);
            #[cfg(feature = "sabotage")]
            super::sabotage::forget(&mut seen);
            let walker = Walker {
                mirror: &self.mirror,
                lease,
                reader,
                walk,
                whole: None,
                seen,
                rewritten: HashSet::new(),
                counts: RowCounts::default(),
                written: 0,
                replaced: 0,
            };
            return Ok((walker, None));
        }
        let before = ask_campaign(&self.mirror, self.id()).await?;
        let (shape, first) = self.first_page(&reader).await?;
        let walk = WalkCheckpoint {
            id: uuid::Uuid::new_v4(),
            started_at: self.mirror.clock.now(),
            shape,
            first_total: None,
            other_total: None,
            odd_page: None,
            is_at_rest: before.as_ref().is_some_and(|shown| shown.is_at_rest),
            fingerprint: before.map(|shown| shown.fingerprint),
            next_page: 0,
            rows_seen: 0,
            rows_without_id: 0,
            contested: 0,
        };
        if let (Some(store), Some(lease)) = (store, lease) {
            store.begin_walk(lease, ACCOUNT, self.id(), &walk).await?;
        }
        let (whole, first) = match shape {
            Shape::Unpaged => (first, None),
            Shape::Paged { .. } => (None, first),
        };
        let walker = Walker {
            mirror: &self.mirror,
            lease,
            reader,
            walk,
            whole,
            seen,
            rewritten: HashSet::new(),
            counts: RowCounts::default(),
            written: 0,
            replaced: 0,
        };
        Ok((walker, first))
    }
}

/// Walks that are tried before a pass is partial: a small campaign costs little to read again.
fn max_rounds(walker: &Walker<'_>) -> u32 {
    if walker.walk.next_page <= 20 { 3 } else { 2 }
}

/// Rows are seen once, however often they are read; what happened to them adds up.
fn add(counts: &mut RowCounts, round: &RowCounts) {
    counts.seen = round.seen;
    counts.unchanged =
        counts.seen.saturating_sub(counts.inserted + counts.updated + round.inserted + round.updated);
    counts.inserted += round.inserted;
    counts.updated += round.updated;
    counts.rejected = round.rejected;
    counts.rejected_new += round.rejected_new;
}

/// Renews a lease while pages are read and nothing is committed. Ends when it is dropped or the lease is lost;
/// the next commit then fails by itself.
pub(super) fn keep(store: Store, lease: Lease) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        loop {
            tokio::time::sleep(store.renewal_pause()).await;
            match store.keep_lease(&lease).await {
                Ok(()) => {}
                Err(error @ StoreError::LeaseLost { .. }) => {
                    tracing::warn!(scope = lease.scope(), %error, "the lease was lost");
                    return;
                }
                Err(error) => tracing::debug!(scope = lease.scope(), %error, "a lease could not be renewed"),
            }
        }
    }))
}
