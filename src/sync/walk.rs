//! The full walk: every page in turn, read ahead, prepared off the async threads, committed in batches with
//! the checkpoint that vouches for them.

use super::closing::Closing;
use super::gathered::Gathered;
use super::page::{FirstPage, PageError, PageReader, PreparedPage};
use super::rows::Rows;
use super::seen::Seen;
use super::walks::UnderWay;
use super::{Mirror, RowCounts};
use crate::normalize::Hash;
use crate::observe::CampaignProgress;
use crate::plan::{Ask, Shape, WalkFacts};
use crate::store::{BatchCounts, Lease, StoreError, WalkCheckpoint};
use crate::wire::RowsPage;
use std::collections::{HashSet, VecDeque};
use tokio_util::task::AbortOnDropHandle;

/// Pages after which a walk looks for the first time whether it shows what its totals promise.
const FIRST_LOOK_PAGES: u64 = 50;

/// A walk under way.
pub(super) struct Walker<'a> {
    pub(super) mirror: &'a Mirror,
    /// None in a dry run: nothing is written.
    pub(super) lease: Option<&'a Lease>,
    pub(super) reader: PageReader,
    pub(super) walk: WalkCheckpoint,
    /// The rows seen: the hash of the id and the place.
    pub(super) seen: Seen,
    /// The rows that this walk found new or different, by the first half of the hash of their id.
    pub(super) rewritten: HashSet<u64>,
    pub(super) counts: RowCounts,
    /// Lines of rows, calls and attempts that were really written.
    pub(super) written: u64,
    /// Known rows that differed although nothing said that they might.
    pub(super) belying: u64,
    /// Strings and keys in which something that Postgres cannot hold was replaced.
    pub(super) replaced: u64,
    /// The total that an earlier pass has seen, when the first page is not at hand.
    pub(super) presumed_total: Option<u64>,
    /// The first page, when it was asked for already.
    pub(super) first_page: Option<FirstPage>,
    /// The end, as far as it was begun.
    pub(super) closing: Closing,
    /// A batch on its way into the database.
    pending: Option<AbortOnDropHandle<Result<BatchCounts, StoreError>>>,
    /// Counts among the walks under way.
    under_way: UnderWay,
}

fn half(hash: &Hash) -> u64 {
    hash.first_chunk().map_or(0, |half| u64::from_le_bytes(*half))
}

type PageTask = AbortOnDropHandle<Result<PreparedPage, PageError>>;

impl<'a> Walker<'a> {
    /// A walk that goes on where its checkpoint stands.
    pub(super) fn new(
        mirror: &'a Mirror,
        lease: Option<&'a Lease>,
        reader: PageReader,
        walk: WalkCheckpoint,
    ) -> Self {
        Self {
            mirror,
            lease,
            reader,
            walk,
            seen: Seen::default(),
            rewritten: HashSet::new(),
            counts: RowCounts::default(),
            written: 0,
            belying: 0,
            replaced: 0,
            presumed_total: None,
            first_page: None,
            closing: Closing::default(),
            pending: None,
            under_way: mirror.walks.begin(),
        }
    }

    fn pages(&self, total: u64) -> u64 {
        self.walk.shape.pages(total)
    }

    /// Starts to fetch and prepare page `index`.
    fn start_page(&mut self, reader: PageReader, index: u64, first: &mut Option<RowsPage>) -> PageTask {
        let position = match self.walk.shape {
            Shape::Paged { page_size, .. } => index.saturating_mul(u64::from(page_size)),
            Shape::Unpaged => 0,
        };
        let asked = self.first_page.take().filter(|_| index == 0);
        let awaited = self.closing.awaited();
        AbortOnDropHandle::new(match (first.take().filter(|_| index == 0), asked) {
            (Some(page), _) => tokio::spawn(reader.prepare(page, position)),
            (None, Some(page)) => tokio::spawn(async move {
                let page = page.await??;
                drop(awaited);
                reader.prepare(page, position).await
            }),
            (None, None) => tokio::spawn(reader.read(self.walk.shape.ask(index), position, awaited)),
        })
    }

    /// Walks from the checkpoint to the end. `first`: the first answer, when it is at hand.
    pub(super) async fn run(&mut self, first: Option<Rows>) -> Result<(), PageError> {
        let ended = match (self.walk.shape, first) {
            (Shape::Unpaged, Some(rows)) => self.run_stream(rows).await,
            (Shape::Unpaged, None) => match self.reader.ask(Ask::Everything).await {
                Ok(rows) => self.run_stream(rows).await,
                Err(error) => Err(error.into()),
            },
            (Shape::Paged { .. }, Some(Rows::Page(first))) => self.run_pages(first).await,
            (Shape::Paged { .. }, _) => self.run_pages(None).await,
        };
        // However it ended, what is on its way stays.
        let landed = self.land().await;
        ended.and(landed)
    }

    /// Walks pages from the checkpoint to the last one. `first`: the first page, when it is at hand.
    async fn run_pages(&mut self, mut first: Option<RowsPage>) -> Result<(), PageError> {
        // The second page is asked for with the first where there was one.
        let mut read_ahead = if self.presumed_total.is_some() { 2 } else { 1 };
        let mut tasks: VecDeque<PageTask> = VecDeque::new();
        let mut next_to_start = self.walk.next_page;
        let mut next_to_take = self.walk.next_page;
        let mut latest_total = self.walk.other_total.or(self.walk.first_total).or(self.presumed_total);
        let mut gathered = Gathered::from(next_to_take);
        // A total that runs away is not followed for ever.
        let most_pages = |first: u64| first.saturating_mul(2).saturating_add(50);
        let mut limit = self.walk.first_total.map_or(u64::MAX, |total| most_pages(self.pages(total)));
        let mut next_look = next_to_take.saturating_mul(2).max(FIRST_LOOK_PAGES);
        loop {
            // The first page alone tells how many there are.
            let pages = latest_total.map_or(1, |total| self.pages(total)).min(limit);
            let stopping = self.mirror.stop.is_cancelled();
            if self.closing.has_begun() && next_to_start < pages {
                // There are more than were known of.
                self.closing = Closing::default();
            }
            while !stopping && next_to_start < pages && tasks.len() < read_ahead {
                tasks.push_back(self.start_page(self.reader.clone(), next_to_start, &mut first));
                next_to_start += 1;
            }
            if self.walk.first_total.is_some() && next_to_start >= pages {
                self.begin_closing();
            }
            let Some(task) = tasks.pop_front() else {
                if stopping && next_to_take < pages {
                    return self.stop_at(next_to_take, gathered).await;
                }
                break;
            };
            let mut page = task.await??;
            if self.belies(&page) {
                let reader = PageReader { nothing_known: true, ..self.reader.clone() };
                page = self.start_page(reader, next_to_take, &mut None).await??;
                // The word is to come behind every page.
                self.closing = Closing::default();
            }
            if self.walk.first_total.is_none() {
                limit = most_pages(self.pages(page.total));
                self.walk.first_total = Some(page.total);
                self.seen.expect(page.total);
                // Pages that were presumed to be there and are not.
                let pages = self.pages(page.total).max(next_to_take + 1);
                next_to_start = next_to_start.min(pages);
                tasks.truncate(usize::try_from(next_to_start - next_to_take - 1).unwrap_or(usize::MAX));
            }
            latest_total = Some(page.total);
            read_ahead = self.read_ahead(page.bytes);
            self.take(next_to_take, page, &mut gathered);
            next_to_take += 1;
            let is_last =
                tasks.is_empty() && next_to_take >= latest_total.map_or(1, |total| self.pages(total));
            // Of a campaign that is read for the first time something is to be seen at once.
            let is_first_of_all = self.reader.presumes_new && next_to_take == 1;
            if is_last {
                self.begin_closing();
            }
            if is_last || is_first_of_all || self.is_worth_a_commit(&gathered) {
                self.walk.next_page = next_to_take;
                self.commit(std::mem::replace(&mut gathered, Gathered::from(next_to_take)), latest_total)
                    .await?;
            }
            if next_to_take >= next_look {
                next_look = next_to_take.saturating_mul(2);
                if self.is_in_vain(next_to_take, latest_total) {
                    break;
                }
            }
        }
        self.keep(next_to_take, gathered).await
    }

    /// Begins the end, since every page has been asked for.
    fn begin_closing(&mut self) {
        if self.lease.is_some() {
            let is_unchanged = !self.reader.nothing_known && self.rewritten.is_empty();
            let store = self.mirror.store.as_ref().filter(|_| is_unchanged);
            self.closing.begin(self.mirror, &self.reader.campaign_id, store);
        }
    }

    /// Ends the walk where it stands: the next pass goes on from there.
    pub(super) async fn stop_at(&mut self, page: u64, gathered: Gathered) -> Result<(), PageError> {
        self.keep(page, gathered).await?;
        Err(PageError::Stopped)
    }

    /// Writes what is gathered before its time, if there is anything.
    pub(super) async fn keep(&mut self, page: u64, gathered: Gathered) -> Result<(), PageError> {
        if gathered.seen.is_empty() {
            return Ok(());
        }
        self.walk.next_page = page;
        self.commit(gathered, self.walk.first_total).await
    }

    /// Whether the pages show so few different rows that reading on is in vain: they are empty or come again and
    /// again, and the total is a lie. That the walk did not see what it should is then what is said of it.
    fn is_in_vain(&mut self, pages: u64, total: Option<u64>) -> bool {
        let Shape::Paged { page_size, .. } = self.walk.shape else { return false };
        let promised = pages.saturating_mul(page_size.into()).min(total.unwrap_or(0));
        let shown = self.seen.settle() + self.walk.rows_without_id;
        shown.saturating_mul(2) < promised
    }

    /// Pages under way at once.
    ///
    /// As many as this campaign's share of the connections fetches, and one more while another is prepared: of what is likely to be
    /// known as many again as are fetched, so that a connection does not wait until those that came together are looked at. But no
    /// more than its share of the memory holds.
    fn read_ahead(&self, page_bytes: usize) -> usize {
        let most = self.mirror.settings.pages_ahead.max(1);
        let fetched = (most / self.under_way.count()).max(1);
        let spare = if self.reader.presumes_new { 1 } else { fetched };
        (self.share_of_bytes() / page_bytes.max(1)).min(fetched + spare.min(most - 1)).max(1)
    }

    /// Bytes of changed rows that one batch may hold: the next pages are read beside it.
    fn batch_bytes(&self) -> usize {
        (self.share_of_bytes() / 2).max(64 * 1024)
    }

    /// The campaigns side by side share what there is.
    fn share_of_bytes(&self) -> usize {
        let settings = &self.mirror.settings;
        settings.max_bytes_in_flight / self.under_way.count().min(settings.max_concurrent_campaigns.max(1))
    }

    /// Whether it is to be written. One half of a batch is gathered while the other is written, so that a walk that is killed has no
    /// more to read again than a batch and the pages under way.
    pub(super) fn is_worth_a_commit(&self, gathered: &Gathered) -> bool {
        let rows = self.mirror.settings.batch_rows;
        let rows = if gathered.is_large() { rows } else { rows.div_ceil(2) };
        gathered.seen.len() >= rows.max(1) || gathered.changed_bytes >= self.batch_bytes()
    }

    /// Whether a page passes over a row that this walk has rewritten: its id stands on two pages, and the last
    /// one read wins, though it was the one that was known.
    pub(super) fn belies(&self, page: &PreparedPage) -> bool {
        self.lease.is_some() && page.passed_over.iter().any(|hash| self.rewritten.contains(&half(hash)))
    }

    /// Adds a page to what is gathered, and notes what it shows.
    pub(super) fn take(&mut self, index: u64, page: PreparedPage, gathered: &mut Gathered) {
        let rows = u64::try_from(page.seen.len()).unwrap_or(u64::MAX);
        if self.walk.shape != Shape::Unpaged {
            let expected = self.walk.shape.expected_rows(index, page.total);
            if rows != expected && self.walk.odd_page.is_none() {
                self.walk.odd_page = Some((index + 1, expected, rows));
            }
            if Some(page.total) != self.walk.first_total && self.walk.other_total.is_none() {
                self.walk.other_total = Some(page.total);
            }
        }
        self.walk.rows_seen += rows;
        self.walk.rows_without_id += page.without_id;
        self.replaced += page.replaced;
        self.counts.seen += rows;
        self.counts.unchanged += page.unchanged;
        self.counts.updated += page.differing;
        self.belying += page.belying;
        if !self.reader.nothing_known {
            self.rewritten.extend(page.states.keys().map(|id| half(&self.reader.hasher.row_id(id))));
        }
        if self.lease.is_none() {
            self.counts.inserted += page.unknown;
            self.counts.rejected += page.rejected;
        }
        self.seen.extend(&page.seen);
        gathered.add(page);
    }

    /// Writes what is gathered, with the checkpoint as it stands, once the batch before it is there; and goes on meanwhile, unless
    /// two batches would take too much memory.
    pub(super) async fn commit(&mut self, gathered: Gathered, total: Option<u64>) -> Result<(), PageError> {
        self.land().await?;
        let Some(lease) = self.lease.cloned() else { return Ok(()) };
        let (mirror, reader, walk) = (self.mirror.clone(), self.reader.clone(), self.walk.clone());
        let (is_large, standing) = (gathered.is_large(), self.standing(total));
        self.pending = Some(AbortOnDropHandle::new(tokio::spawn(async move {
            let counts = gathered.write(&mirror, &lease, &reader, Some(&walk)).await?;
            mirror.progress.campaign_advanced(&reader.campaign_id, &standing);
            Ok(counts)
        })));
        if is_large { self.land().await } else { Ok(()) }
    }

    /// Waits for the batch that is on its way.
    pub(super) async fn land(&mut self) -> Result<(), PageError> {
        let Some(pending) = self.pending.take() else { return Ok(()) };
        match pending.await? {
            Ok(counts) => self.count(counts),
            Err(StoreError::Conflict) if self.reader.presumes_new => return Err(PageError::NotNew),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn count(&mut self, counts: BatchCounts) {
        self.counts.inserted += counts.inserted;
        self.counts.rejected += counts.rejected;
        self.counts.rejected_new += counts.rejected_new;
        self.written += counts.written;
        self.walk.contested += counts.contested;
    }

    /// Where the walk stands.
    pub(super) fn standing(&self, total: Option<u64>) -> CampaignProgress {
        CampaignProgress {
            pages_done: self.walk.next_page,
            pages_total: total.map(|total| self.pages(total)),
            rows_done: self.walk.rows_seen,
            rows_total: total,
        }
    }

    /// What the walk has shown, once it is over.
    pub(super) fn facts(&mut self) -> WalkFacts {
        WalkFacts {
            first_total: self.walk.first_total.unwrap_or(0),
            other_total: self.walk.other_total,
            odd_page: self.walk.odd_page,
            distinct_ids: self.seen.settle(),
            rows_without_id: self.walk.rows_without_id,
            before: self.walk.fingerprint.clone(),
            after: None,
        }
    }
}
