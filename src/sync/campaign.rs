//! One campaign's pass, under its lease: a look for what changed, or walk after walk until one is proven or enough
//! were tried, then the end.

use super::begin::Ahead;
use super::confirm;
use super::feed::Told;
use super::incremental::Looked;
use super::leases::{keep, wait_for_lease};
use super::list::{ListedCampaign, ask_campaign};
use super::page::PageError;
use super::round::due_of;
use super::shared::Shared;
use super::verdict::{Verdict, Walked};
use super::walk::Walker;
use super::{CampaignReport, FailureKind, Mirror, PassOptions, RowCounts};
use crate::observe::{self, CampaignProgress};
use crate::plan::{Due, Outcome, Search, Shape};
use crate::records::Time;
use crate::store::{CampaignState, Checkpoint, Kind, Lease, RunLine, Store};
use chrono::TimeDelta;
use serde_json::json;
use std::sync::Arc;

/// A campaign and all that its pass needs.
pub(super) struct CampaignPass {
    pub(super) mirror: Mirror,
    pub(super) options: PassOptions,
    pub(super) shared: Arc<Shared>,
    pub(super) listed: ListedCampaign,
    pub(super) state: CampaignState,
    /// When the list was asked for.
    pub(super) listed_at: Time,
    /// Whether no list has shown it, so that the campaign itself is still to be written.
    pub(super) is_lone: bool,
    /// Why it is looked at.
    pub(super) reason: &'static str,
    /// What to look for; none to read everything.
    pub(super) search: Option<Search>,
    /// What the search over calls has shown.
    pub(super) told: Told,
    /// When it was begun.
    pub(super) search_begun_at: Option<Time>,
}

/// What a pass has brought so far, for its run line.
pub(super) struct Tally {
    pub(super) kind: Kind,
    pub(super) rows: RowCounts,
    /// Why everything was read after all.
    pub(super) fell_back: Option<String>,
    /// The campaign's word that nothing had changed was found to be wrong.
    pub(super) belied: bool,
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
            let is_stopped = matches!(error, PageError::Stopped);
            report.outcome = if is_stopped { Outcome::Partial } else { Outcome::Failed };
            report.failure = Some(FailureKind::of_page(&error));
            report.note = Some(explain(&error));
        }
    }
    report.cost = client.cost();
    pass.mirror.progress.campaign_finished(&id, report.outcome, report.note.as_deref());
    report
}

/// An error with its causes, on one line.
pub(super) fn explain(error: &PageError) -> String {
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

    async fn run(&mut self, report: &mut CampaignReport) -> Result<(), PageError> {
        let (Some(store), false) = (self.mirror.store.clone(), self.options.dry_run) else {
            return self.look(report).await;
        };
        let scope = format!("campaign:{}", self.id());
        let taken = wait_for_lease(&store, &scope, &self.shared.holder, self.options.lease_wait).await?;
        let Some((lease, waited)) = taken else {
            *report = CampaignReport::busy(report.clone());
            return Ok(());
        };
        let checkpoint = store.load_checkpoint(self.id()).await?;
        // Another process may have been at it since the list was read, whether it was waited for or not.
        if waited || checkpoint.passes != self.state.passes {
            match self.look_again(&store).await? {
                Due::Walk(_) | Due::Incremental(_) => {}
                Due::Skip => {
                    store.save_unchanged(&[self.id().to_owned()], self.listed_at).await?;
                    return Ok(store.release_lease(&lease).await?);
                }
                Due::Rest => return Ok(store.release_lease(&lease).await?),
                Due::StillSuspicious(suspicion) => {
                    *report = CampaignReport::still_suspicious(&self.listed, suspicion);
                    return Ok(store.release_lease(&lease).await?);
                }
            }
        }
        let keeper = keep(store.clone(), lease.clone());
        let result = Box::pin(self.run_under(&store, &lease, checkpoint, report)).await;
        drop(keeper);
        if let Err(error) = store.release_lease(&lease).await {
            tracing::warn!(%error, "a lease could not be given back; it expires by itself");
        }
        result
    }

    /// Takes up what another process has done meanwhile; what there is still to do.
    async fn look_again(&mut self, store: &Store) -> Result<Due, PageError> {
        let now = self.mirror.clock.now();
        let mut campaigns = store.load_campaigns(&self.mirror.account, Some(self.id()), now).await?;
        self.state = campaigns.remove(self.id()).unwrap_or_default();
        let due = due_of(&self.mirror, &self.options, &self.state.known, &self.listed.fingerprint);
        // What the search has shown may be older than what the mirror holds by now.
        self.told = Told::Nothing;
        match due {
            Due::Skip | Due::Rest | Due::StillSuspicious(_) => {}
            Due::Incremental(search) => (self.reason, self.search) = (search.reason, Some(search)),
            Due::Walk(reason) => (self.reason, self.search) = (reason, None),
        }
        Ok(due)
    }

    /// A dry run: reads and counts, and writes nothing.
    async fn look(&self, report: &mut CampaignReport) -> Result<(), PageError> {
        let (mut walker, first) = self.begin(None, None, true, None).await?;
        self.started(&walker);
        walker.run(first).await?;
        let mut facts = walker.facts();
        facts.after = ask_campaign(&self.mirror, self.id()).await?.map(|shown| shown.fingerprint);
        let doubts = facts.doubts();
        report.outcome = if doubts.is_empty() { Outcome::Complete } else { Outcome::Partial };
        report.note = (!doubts.is_empty()).then(|| doubts.join("; "));
        if let (Some(store), true) = (&self.mirror.store, facts.may_tombstone()) {
            let standing = self.stand_beside(store, &walker, None).await?;
            match self.objection(store, standing.live, &standing.missing).await? {
                None => walker.counts.tombstoned = u64::try_from(standing.missing.len()).unwrap_or(u64::MAX),
                Some(reason) => {
                    report.outcome = Outcome::Suspicious;
                    report.note = Some(reason);
                }
            }
        }
        report.rows = walker.counts;
        Ok(())
    }

    async fn run_under(
        &self,
        store: &Store,
        lease: &Lease,
        checkpoint: Checkpoint,
        report: &mut CampaignReport,
    ) -> Result<(), PageError> {
        // It is on its way while the run line is opened.
        let ahead = if self.search.is_none() && checkpoint.walk.is_none() { self.ask_ahead() } else { None };
        let started_at = self.mirror.clock.now();
        let mut tally = Tally {
            kind: if self.search.is_some() { Kind::Incremental } else { Kind::Full },
            rows: RowCounts::default(),
            fell_back: None,
            belied: false,
        };
        let trigger = self.options.trigger;
        let run =
            store.open_run(lease, &self.mirror.account, self.id(), tally.kind, trigger, started_at).await?;
        let ended = Box::pin(self.look_or_walk(store, lease, run, (checkpoint, ahead), &mut tally)).await;
        if ended.is_err() {
            // What was to be gone is there still.
            tally.rows.tombstoned = 0;
        }
        report.rows = tally.rows;
        let counts = &tally.rows;
        observe::count_rows(counts.inserted, counts.updated, counts.unchanged, counts.tombstoned);
        observe::count_rejects(counts.rejected_new);
        let outcome = ended.as_ref().map_or(Outcome::Failed, |verdict| verdict.outcome);
        let took = (self.mirror.clock.now() - started_at).to_std().unwrap_or_default();
        observe::observe_pass(tally.kind.as_str(), outcome, took);
        match ended {
            Ok(verdict) => {
                report.outcome = verdict.outcome;
                report.note = verdict.note;
                Ok(())
            }
            Err(error) => {
                let why = json!({ "why": self.reason, "fell_back": tally.fell_back });
                let is_stopped = matches!(error, PageError::Stopped);
                let outcome = if is_stopped { Outcome::Partial } else { Outcome::Failed };
                let line = self.run_line(outcome, &tally, Some(explain(&error)), why);
                if let Err(error) = store.close_run(lease, run, &line).await {
                    tracing::warn!(%error, "a run line could not be closed");
                }
                Err(error)
            }
        }
    }

    /// Whether the pass has found nothing new.
    pub(super) fn is_quiet(&self, tally: &Tally) -> bool {
        let rows = &tally.rows;
        let is_unmoved = self.state.known.fingerprint.as_ref() == Some(&self.listed.fingerprint);
        // Rows that are read in another way than before differ, and nothing has happened to them.
        let is_read_otherwise = self.state.known.is_read_otherwise(&self.mirror.settings.normalize.reading());
        let updated = if is_read_otherwise { 0 } else { rows.updated };
        is_unmoved && rows.inserted + updated + rows.tombstoned == 0
    }

    pub(super) fn run_line(
        &self,
        outcome: Outcome,
        tally: &Tally,
        error: Option<String>,
        evidence: serde_json::Value,
    ) -> RunLine {
        let cost = self.mirror.client.cost();
        let counts = &tally.rows;
        RunLine {
            kind: tally.kind,
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

    /// Looks for what changed, and reads everything where that does not do.
    async fn look_or_walk(
        &self,
        store: &Store,
        lease: &Lease,
        run: i64,
        start: (Checkpoint, Option<Ahead>),
        tally: &mut Tally,
    ) -> Result<Verdict, PageError> {
        if let Some(search) = self.search {
            match self.look_for_changes(store, lease, run, search, tally).await? {
                Looked::Ended(verdict) => return Ok(verdict),
                Looked::Walk(reason) => {
                    if let Some(reason) = &reason {
                        tracing::info!(campaign = %self.id(), %reason, "everything is read");
                    }
                    tally.kind = Kind::Full;
                    tally.fell_back = reason;
                }
            }
        }
        self.walk_until_proven(store, lease, run, start, tally).await
    }

    async fn walk_until_proven(
        &self,
        store: &Store,
        lease: &Lease,
        run: i64,
        (mut checkpoint, mut ahead): (Checkpoint, Option<Ahead>),
        tally: &mut Tally,
    ) -> Result<Verdict, PageError> {
        let (mut written, mut belying, mut rounds, mut settled_contests) = (0, 0, 0, false);
        let (mut breaks, mut has_begun) = (0, false);
        // Rows that this pass has read and need not read again.
        let mut kept = 0;
        loop {
            rounds += 1;
            let is_first = !std::mem::replace(&mut has_begun, true);
            let (mut walker, first) =
                self.begin(checkpoint.walk.take(), Some(lease), is_first, ahead.take()).await?;
            if is_first {
                self.started(&walker);
            }
            if walker.walk.next_page == 0 {
                kept = 0;
            }
            let ended = walker.run(first).await;
            add(&mut tally.rows, kept, &walker.counts);
            written += walker.written;
            belying += walker.belying;
            match ended {
                // What was known of the API's pages no longer holds.
                Err(PageError::Api(error)) if error.is_bad_request() && rounds == 1 => continue,
                Err(PageError::PagedOtherwise) => continue,
                // It is read again from where that was found, and compared with what is there.
                Err(PageError::NotNew) => {
                    rounds -= 1;
                    checkpoint = store.load_checkpoint(self.id()).await?;
                    kept = checkpoint.walk.as_ref().map_or(0, |walk| walk.rows_seen);
                    continue;
                }
                // What was committed stays: rows that came are known the next time, and hashed rather than written.
                Err(PageError::Api(error))
                    if walker.walk.shape == Shape::Unpaged
                        && error.is_broken_off()
                        && breaks < MOST_BREAKS =>
                {
                    breaks += 1;
                    rounds -= 1;
                    tracing::warn!(campaign = %self.id(), %error, breaks, "the answer could not be read to its end; it is read again");
                    tokio::time::sleep(BREAK_PAUSE * breaks).await;
                    continue;
                }
                ended => ended?,
            }
            let mut facts = walker.facts();
            let (after, standing) = self.look_back(store, &mut walker, &facts).await?;
            facts.after = after.as_ref().map(|shown| shown.fingerprint.clone());
            #[cfg(feature = "sabotage")]
            super::sabotage::spoil(&mut walker, &mut facts);
            let mut doubts = facts.doubts();
            if doubts.is_empty() {
                // Where the mirror has rows, an empty answer is suspicious rather than in doubt.
                let is_suspicious = self.state.has_known_rows && !self.options.accept_deletions;
                if !(is_suspicious && facts.first_total == 0) {
                    doubts.extend(confirm::doubt_end(&walker, after.as_ref()).await?);
                }
            }
            if !doubts.is_empty() && rounds < max_rounds(&walker) {
                tracing::info!(campaign = %self.id(), doubts = doubts.join("; "), "the walk is not proven; reading again");
                self.doubt_shape(&facts).await;
                continue;
            }
            let verdict = match self.judge(store, &walker, &facts, doubts, standing).await {
                // The places where rows stood were pages, and are none any more.
                Err(PageError::Api(error)) if error.is_bad_request() && rounds == 1 => continue,
                judged => judged?,
            };
            tally.rows.tombstoned = u64::try_from(verdict.gone.len()).unwrap_or(u64::MAX);
            let brought = Walked { written, belying, replaced: walker.replaced, rounds, facts, after };
            self.end(store, lease, run, tally, &brought, &walker, &verdict).await?;
            self.forgive_filters(store).await?;
            // A call that yielded an attempt to another one may have it now, if the other has just gone.
            let contests = walker.walk.contested > 0 && (written > 0 || !verdict.gone.is_empty());
            if !contests || settled_contests || verdict.outcome != Outcome::Complete {
                return Ok(verdict);
            }
            settled_contests = true;
        }
    }

    fn started(&self, walker: &Walker<'_>) {
        let total = walker.walk.first_total.or_else(|| self.listed.rows());
        let at = CampaignProgress { pages_done: walker.walk.next_page, ..walker.standing(total) };
        self.mirror.progress.campaign_started(self.id(), self.listed.name(), &at);
    }
}

/// A configured duration as a difference of times.
pub(super) fn window(duration: std::time::Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

/// How often in one pass an answer that holds everything may break off, and the pause after the first time.
const MOST_BREAKS: u32 = 3;
const BREAK_PAUSE: std::time::Duration = std::time::Duration::from_millis(500);

/// Walks that are tried before a pass is partial: a small campaign costs little to read again.
fn max_rounds(walker: &Walker<'_>) -> u32 {
    if walker.walk.next_page <= 20 { 3 } else { 2 }
}

/// Rows are seen once, however often they are read; what happened to them adds up.
fn add(counts: &mut RowCounts, kept: u64, round: &RowCounts) {
    counts.seen = kept + round.seen;
    counts.unchanged =
        counts.seen.saturating_sub(counts.inserted + counts.updated + round.inserted + round.updated);
    counts.inserted += round.inserted;
    counts.updated += round.updated;
    counts.rejected = round.rejected;
    counts.rejected_new += round.rejected_new;
}
