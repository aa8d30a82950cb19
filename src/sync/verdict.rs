//! What a walk proves, and the commit that ends it.

use super::campaign::{CampaignPass, Tally};
use super::confirm;
use super::list::ListedCampaign;
use super::page::PageError;
use super::walk::Walker;
use crate::plan::{Outcome, Shape, WalkFacts, objection};
use crate::records::Time;
use crate::store::{Completed, Ending, Extent, Lease, Missing, Standing, Store, StoreError, Strays};
use serde_json::json;

/// Live rows that may vanish at once without a person being asked, unless they are all of them.
const TOLERATED_GONE: u64 = 50;

/// How a walk came out.
pub(super) struct Verdict {
    pub(super) outcome: Outcome,
    pub(super) note: Option<String>,
    pub(super) gone: Vec<String>,
    /// The rows that would vanish, when that is suspicious.
    pub(super) suspicious: Option<Vec<String>>,
    /// There may be calls that no live row shows: they are gone, too.
    pub(super) may_tombstone: bool,
    /// The rows are to be put into the order of the walk.
    pub(super) reorder: bool,
    pub(super) shape: Shape,
    pub(super) total: u64,
    pub(super) started_at: Time,
}

impl Verdict {
    /// One that removes nothing.
    pub(super) fn without_tombstones(
        outcome: Outcome,
        note: Option<String>,
        shape: Shape,
        total: u64,
        started_at: Time,
    ) -> Self {
        Self {
            outcome,
            note,
            gone: Vec::new(),
            suspicious: None,
            may_tombstone: false,
            reorder: false,
            shape,
            total,
            started_at,
        }
    }
}

/// What the walks of a pass have brought.
pub(super) struct Walked {
    /// Lines that were really written, in all rounds.
    pub(super) written: u64,
    /// Known rows that differed although nothing said that they might, in all rounds.
    pub(super) belying: u64,
    /// Strings and keys in which something was replaced, in the last round.
    pub(super) replaced: u64,
    pub(super) rounds: u32,
    pub(super) facts: WalkFacts,
    /// The campaign as the API showed it after the last page.
    pub(super) after: Option<ListedCampaign>,
}

impl CampaignPass {
    /// The campaign's own word after the last page; and meanwhile, when nothing but that is in the way of removing what the walk did
    /// not show, how the mirror's rows stand beside it.
    pub(super) async fn look_back(
        &self,
        store: &Store,
        walker: &mut Walker<'_>,
        facts: &WalkFacts,
    ) -> Result<(Option<ListedCampaign>, Option<Standing>), PageError> {
        let mut closing = std::mem::take(&mut walker.closing);
        // What was looked for while the last pages came holds when none has changed anything.
        let strays = closing.strays().await?.filter(|_| walker.rewritten.is_empty());
        let unmoved = WalkFacts { after: facts.before.clone(), ..facts.clone() };
        let standing = async {
            if unmoved.may_tombstone() {
                self.stand_beside(store, walker, strays).await.map(Some)
            } else {
                Ok(None)
            }
        };
        let (after, standing) = tokio::join!(closing.word(&self.mirror, self.id()), standing);
        Ok((after?, standing?))
    }

    /// How the mirror's rows stand beside a walk.
    pub(super) async fn stand_beside(
        &self,
        store: &Store,
        walker: &Walker<'_>,
        strays: Option<Strays>,
    ) -> Result<Standing, StoreError> {
        let strays = match strays {
            Some(strays) => strays,
            None => store.look_for_strays(self.id()).await?,
        };
        let hasher = &self.shared.hasher;
        store.stand_beside(self.id(), strays, |id| walker.seen.place_of(&hasher.row_id(id))).await
    }

    /// What a walk proves: complete, with what is gone; or partial or suspicious, with the reason.
    pub(super) async fn judge(
        &self,
        store: &Store,
        walker: &Walker<'_>,
        facts: &WalkFacts,
        doubts: Vec<String>,
        standing: Option<Standing>,
    ) -> Result<Verdict, PageError> {
        let verdict = |outcome, note: Option<String>| {
            let walk = &walker.walk;
            Verdict::without_tombstones(outcome, note, walk.shape, facts.first_total, walk.started_at)
        };
        if !doubts.is_empty() {
            return Ok(verdict(Outcome::Partial, Some(doubts.join("; "))));
        }
        if !facts.may_tombstone() {
            return Ok(verdict(Outcome::Complete, None));
        }
        let Standing { live, missing, in_order, has_unshown_calls } = match standing {
            Some(standing) => standing,
            None => self.stand_beside(store, walker, None).await?,
        };
        if let Some(reason) = self.objection(store, live, &missing).await? {
            let suspicious = Some(missing.into_iter().map(|row| row.id).collect());
            return Ok(Verdict { suspicious, ..verdict(Outcome::Suspicious, Some(reason)) });
        }
        if let Some(doubt) =
            confirm::doubt(&walker.reader, walker.walk.shape, facts.first_total, &missing).await?
        {
            return Ok(verdict(Outcome::Partial, Some(doubt)));
        }
        let gone: Vec<String> = missing.into_iter().map(|row| row.id).collect();
        let may_tombstone = has_unshown_calls || !gone.is_empty();
        Ok(Verdict { gone, may_tombstone, reorder: !in_order, ..verdict(Outcome::Complete, None) })
    }

    /// Why the rows that a proven walk did not show are not taken for gone: a person should look first.
    pub(super) async fn objection(
        &self,
        store: &Store,
        live: u64,
        missing: &[Missing],
    ) -> Result<Option<String>, StoreError> {
        let mut reported = None;
        if self.options.accept_deletions {
            reported = Some(store.reported_rows(self.id()).await?);
        }
        let gone: Vec<&str> = missing.iter().map(|row| row.id.as_str()).collect();
        Ok(objection(live, &gone, TOLERATED_GONE, reported.as_ref()))
    }

    #[expect(clippy::too_many_arguments, reason = "the end gathers what the walks have brought")]
    pub(super) async fn end(
        &self,
        store: &Store,
        lease: &Lease,
        run: i64,
        tally: &Tally,
        brought: &Walked,
        walker: &Walker<'_>,
        verdict: &Verdict,
    ) -> Result<(), PageError> {
        let known = &self.state.known;
        let facts = &brought.facts;
        let unmoved = known.fingerprint.as_ref() == Some(&self.listed.fingerprint);
        let counts = &tally.rows;
        // Rows that are read in another way than before differ, and nothing has happened to them.
        let reading = self.mirror.settings.normalize.reading();
        let differ = brought.belying > 0 && !known.is_read_otherwise(&reading);
        let settled_changed = brought.written > 0 && (differ || counts.inserted > 0);
        let belied = tally.belied || unmoved && (settled_changed || counts.tombstoned > 0);
        let was_trusted = known.fingerprint_trusted || known.full_walk_at.is_none();
        let evidence = json!({
            "why": self.reason,
            "fell_back": tally.fell_back,
            "rounds": brought.rounds,
            "total": facts.first_total,
            "distinct_ids": facts.distinct_ids,
            "rows_without_id": facts.rows_without_id,
            "fingerprint_belied": belied,
            "replaced_strings": brought.replaced,
            "paging": verdict.shape,
        });
        let complete = (verdict.outcome == Outcome::Complete).then(|| Completed {
            extent: Extent::Whole {
                gone: &verdict.gone,
                may_tombstone: verdict.may_tombstone,
                reading: &reading,
            },
            total: verdict.total,
            shape: verdict.shape,
            fingerprint: walker.walk.fingerprint.as_ref().filter(|_| walker.walk.is_at_rest),
            fingerprint_trusted: was_trusted && !belied,
            started_at: verdict.started_at,
            search_begun_at: self.search_begun_at,
        });
        if verdict.reorder {
            let hasher = &self.shared.hasher;
            store.reorder(lease, self.id(), |id| walker.seen.place_of(&hasher.row_id(id))).await?;
        }
        if let Some(after) = &brought.after
            && (self.is_lone || !after.refers_as(&self.listed))
        {
            after.save_parents(&self.mirror, store, lease).await?;
        }
        let line = self.run_line(verdict.outcome, tally, verdict.note.clone(), evidence);
        let campaign = brought.after.as_ref().map(ListedCampaign::campaign);
        let suspicious = verdict.suspicious.as_deref();
        let ending = Ending {
            account: &self.mirror.account,
            campaign_id: self.id(),
            run,
            line,
            campaign,
            complete,
            suspicious,
            is_quiet: self.is_quiet(tally),
        };
        store.end_pass(lease, &ending, self.mirror.clock.now()).await?;
        Ok(())
    }
}
