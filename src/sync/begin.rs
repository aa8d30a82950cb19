//! The beginning of a walk: anew, or where an earlier one was cut off; and what reads a campaign's pages.

use super::campaign::{CampaignPass, window};
use super::known::KnownAhead;
use super::list::ask_campaign;
use super::page::{FirstPage, PageError, PageReader};
use super::rows::Rows;
use super::walk::Walker;
use crate::plan::Shape;
use crate::records::Time;
use crate::store::{Lease, Places, WalkCheckpoint};
use chrono::TimeDelta;
use std::sync::Arc;

/// A first page that was asked for before the walk begins, how the API pages and how many rows there are, going by the last pass.
/// What the list has shown of the campaign is its word before.
pub(super) struct Ahead {
    asked_at: Time,
    shape: Shape,
    total: u64,
    page: FirstPage,
}

/// How long what the list shows of a campaign is as good as asking for it.
const LISTED_WITHIN: TimeDelta = TimeDelta::seconds(3);

impl CampaignPass {
    /// Begins a walk, or takes one up again where it stopped.
    pub(super) async fn begin<'a>(
        &'a self,
        resumed: Option<WalkCheckpoint>,
        lease: Option<&'a Lease>,
        is_first: bool,
        ahead: Option<Ahead>,
    ) -> Result<(Walker<'a>, Option<Rows>), PageError> {
        let store = self.mirror.store.as_ref();
        let nothing_known = is_first && !self.state.has_known_rows && !self.state.known.walk_under_way;
        let presumes_new = nothing_known && lease.is_some();
        let known_ahead = (!nothing_known).then(|| KnownAhead::behind(0));
        let mut reader = PageReader { nothing_known, known_ahead, presumes_new, ..self.reader() };
        let reading = self.mirror.settings.normalize.reading();
        // What was read in another way is to be read again.
        let is_resumable = |walk: &WalkCheckpoint| {
            walk.shape != Shape::Unpaged && walk.next_page > 0 && walk.reading == reading
        };
        let resumable = resumed.filter(is_resumable);
        if let (Some(walk), Some(store)) = (resumable, store) {
            reader.position_offset = Some(walk.position_offset);
            reader.known_ahead = Some(KnownAhead::behind(walk.rows_seen));
            let mut walker = Walker::new(&self.mirror, lease, reader, walk);
            walker.seen.extend(&store.load_rows_seen(self.id(), walker.walk.id).await?);
            #[cfg(feature = "sabotage")]
            super::sabotage::forget(&mut walker.seen);
            return Ok((walker, None));
        }
        let mut started_at = self.mirror.clock.now();
        let before = match &ahead {
            Some(ahead) => {
                started_at = ahead.asked_at;
                Some(self.listed.clone())
            }
            None if is_first && self.is_just_shown() => Some(self.listed.clone()),
            None => ask_campaign(&self.mirror, self.id()).await?,
        };
        let ahead = match ahead {
            None if lease.is_some() && is_first => self.ask_for_first(*self.shared.shape.lock().await),
            ahead => ahead,
        };
        let (shape, first) = match &ahead {
            Some(ahead) => (ahead.shape, None),
            None => self.first_rows(&reader).await?,
        };
        let places = match store {
            Some(store) if !nothing_known => store.load_places(self.id()).await?,
            _ => Places::default(),
        };
        reader.position_offset = Some(places.offset());
        let walk = WalkCheckpoint {
            id: uuid::Uuid::new_v4(),
            started_at,
            shape,
            first_total: None,
            other_total: None,
            odd_page: None,
            is_at_rest: before.as_ref().is_some_and(|shown| shown.is_at_rest),
            fingerprint: before.map(|shown| shown.fingerprint),
            next_page: 0,
            rows_seen: 0,
            rows_without_id: 0,
            position_offset: places.offset(),
            contested: 0,
            reading,
        };
        if let (Some(store), Some(lease)) = (store, lease) {
            store.begin_walk(lease, &self.mirror.account, self.id(), &walk).await?;
        }
        let mut walker = Walker::new(&self.mirror, lease, reader, walk);
        (walker.presumed_total, walker.first_page) = ahead.map(|ahead| (ahead.total, ahead.page)).unzip();
        Ok((walker, first))
    }

    /// Asks for the first page of a walk, under the campaign's lease, unless the campaign itself is to be asked before.
    pub(super) fn ask_ahead(&self) -> Option<Ahead> {
        // While somebody finds out how the API pages there is nothing to ask ahead.
        let shape = *self.shared.shape.try_lock().ok()?;
        if self.is_just_shown() { self.ask_for_first(shape) } else { None }
    }

    /// Asks for it, when it is known how the API pages and an earlier pass or the list has shown that there are several pages: more are
    /// asked for at once then.
    /// Should it be otherwise, the first page tells.
    fn ask_for_first(&self, shape: Option<Shape>) -> Option<Ahead> {
        let asked_at = self.mirror.clock.now();
        let (shape, total) = (shape?, self.state.rows.or_else(|| self.listed.rows())?);
        let is_known = matches!(shape, Shape::Paged { first_page: Some(_), .. });
        (is_known && shape.pages(total) > 1).then(|| Ahead {
            asked_at,
            shape,
            total,
            page: self.reader().fetch_first(shape),
        })
    }

    /// Whether what the list has shown of the campaign is its word before the walk. When that is so long ago that much may have
    /// happened since, it would be no less true, and the walk in vain.
    fn is_just_shown(&self) -> bool {
        is_as_good_as_asking(self.listed_at, self.mirror.clock.now())
    }

    /// Reads this campaign's pages.
    pub(super) fn reader(&self) -> PageReader {
        PageReader {
            client: self.mirror.client.clone(),
            store: self.mirror.store.clone(),
            hasher: self.shared.hasher.clone(),
            options: self.mirror.settings.normalize.clone(),
            erased: Arc::clone(&self.shared.erased),
            written: Arc::clone(&self.shared.written),
            campaign_id: self.id().into(),
            nothing_known: false,
            presumes_new: false,
            known_ahead: None,
            position_offset: None,
            clock: self.mirror.clock.clone(),
            settle_window: window(self.mirror.settings.settle_window),
            processors: Arc::clone(&self.shared.processors),
        }
    }
}

/// Whether what the list shows is still as good as the campaign's own answer.
fn is_as_good_as_asking(listed_at: Time, now: Time) -> bool {
    (TimeDelta::zero()..LISTED_WITHIN).contains(&(now - listed_at))
}

#[cfg(test)]
mod tests {
    use super::is_as_good_as_asking;
    use crate::records::Time;
    use chrono::TimeDelta;

    #[test]
    fn what_the_list_has_shown_is_as_good_as_asking_for_a_moment() {
        let listed_at = Time::UNIX_EPOCH;
        for (passed_ms, is_as_good) in [(0, true), (2_999, true), (3_000, false), (-1, false)] {
            let now = listed_at + TimeDelta::milliseconds(passed_ms);
            assert_eq!(is_as_good_as_asking(listed_at, now), is_as_good, "{passed_ms} ms later");
        }
    }
}
