//! One page: fetched, hashed, told from what is known, and the rest of it normalized.

use super::Mirror;
use super::closing::Awaited;
use super::known::KnownAhead;
use super::paging::fetch_first;
use super::parents::{Brought, Written, normalize_new};
use super::rows::{Rows, ask_rows, fetch_page};
use crate::api::{ApiError, Client};
use crate::clock::Clock;
use crate::normalize::{self, DriftCounts, Erased, ErasedRow, Hash, Hasher, PageView, RowRecords, RowView};
use crate::plan::{Ask, CallTimes, Shape, Unsettled, read_again, unsettled};
use crate::records::{Call, Time};
use crate::store::{KnownRow, NewRows, RowState, Store, StoreError};
use crate::wire::RowsPage;
use chrono::TimeDelta;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

/// A reading that may be put off by less than this part of the time until then is left as it is noted.
const WORTH_NOTING: i32 = 10;

/// A first page on its way.
pub(super) type FirstPage = AbortOnDropHandle<Result<RowsPage, PageError>>;

/// What every page of a campaign's walk needs.
#[derive(Clone)]
pub(super) struct PageReader {
    pub(super) client: Client,
    pub(super) store: Option<Store>,
    pub(super) hasher: Hasher,
    pub(super) options: normalize::Options,
    pub(super) erased: Arc<Erased>,
    pub(super) written: Arc<Written>,
    pub(super) campaign_id: Arc<str>,
    /// No row is to be passed over: the campaign has never been walked, or a page is read for what is on it.
    pub(super) nothing_known: bool,
    /// What is known of the rows of a walk, where it reads one.
    pub(super) known_ahead: Option<KnownAhead>,
    /// What it reads is likely to be new, and is written out for that at once.
    pub(super) presumes_new: bool,
    /// What is added to a row's place among all rows to get its position; none when places do not tell.
    pub(super) position_offset: Option<i64>,
    pub(super) clock: Clock,
    pub(super) settle_window: TimeDelta,
    /// Shared by the pass: no more pages are parsed at once than there are processors.
    pub(super) processors: Arc<Semaphore>,
}

/// A page, ready to be written.
#[derive(Debug, Default)]
pub(super) struct PreparedPage {
    /// The total that the page says, or the number of rows of an answer that holds everything.
    pub(super) total: u64,
    /// `total` itself, when the page says it.
    pub(super) shown_total: Option<u64>,
    /// Rows on it, and the hash of each one's id; zero without one.
    pub(super) seen: Vec<Hash>,
    /// Rows without a readable id.
    pub(super) without_id: u64,
    /// Rows that are new or differ.
    pub(super) changed: Vec<RowRecords>,
    /// Rows that are presumed to be new.
    pub(super) new_rows: NewRows,
    /// Pieces of either that could not land.
    pub(super) rejected: u64,
    /// Rows that are left out, because they are somebody's who was erased.
    pub(super) erased: Vec<ErasedRow>,
    /// What is to be remembered of both, by id.
    pub(super) states: HashMap<String, RowState>,
    /// Unsettled rows that were read again and did not change.
    pub(super) readings: Vec<(String, Option<Unsettled>)>,
    /// The status of each row's call.
    pub(super) statuses: Vec<Option<String>>,
    /// Known rows among the changed ones that were settled: nothing said that they might change.
    pub(super) belying: u64,
    /// Rows among them that were not known at all.
    pub(super) unknown: u64,
    /// Rows among them that were known otherwise.
    pub(super) differing: u64,
    /// Rows that were passed over.
    pub(super) unchanged: u64,
    /// The hashes of their ids.
    pub(super) passed_over: Vec<Hash>,
    /// Bytes of the page.
    pub(super) bytes: usize,
    /// Strings and keys in which something that Postgres cannot hold was replaced.
    pub(super) replaced: u64,
    /// Bytes of the rows that are new or differ, as they came.
    pub(super) changed_bytes: usize,
    /// Assistants and retry configurations that the page refers to.
    pub(super) brought: Brought,
    /// What the mirror did not know.
    pub(super) drift: DriftCounts,
}

/// Why a page could not be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    #[error("a page could not be read")]
    Api(#[from] ApiError),
    #[error("an answer cannot be believed")]
    Unbelievable(#[source] StoreError),
    #[error("somebody was erased meanwhile: what had been read before was not written, and is read again")]
    ErasedMeanwhile,
    #[error("{}", .0.heading())]
    Store(#[source] StoreError),
    #[error("a task ended before its work was done")]
    Task(#[from] tokio::task::JoinError),
    #[error("it was told to stop; what it committed stays, and the next pass goes on from there")]
    Stopped,
    #[error("the API no longer pages as it did")]
    PagedOtherwise,
    #[error("what was read as new is there already")]
    NotNew,
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::ForeignRows { .. } => Self::Unbelievable(error),
            StoreError::ErasedMeanwhile => Self::ErasedMeanwhile,
            error => Self::Store(error),
        }
    }
}

impl PreparedPage {
    /// Nothing is remembered of an erased row but that it is there, where, and the status of its call.
    fn leave_out(&mut self, row: &RowView, erased: ErasedRow, state: RowState) {
        match &row.id {
            Some(id) => {
                self.states.insert(id.clone(), RowState { unsettled: None, ..state });
            }
            None => self.without_id += 1,
        }
        self.erased.push(erased);
    }
}

impl PageReader {
    /// Asks for rows.
    pub(super) async fn ask(&self, ask: Ask) -> Result<Rows, ApiError> {
        ask_rows(&self.client, &self.campaign_id, ask).await
    }

    /// Fetches a page, which is no longer awaited then, and prepares it. Its first row stands at `position`.
    pub(super) async fn read(
        self,
        ask: Ask,
        position: u64,
        awaited: Awaited,
    ) -> Result<PreparedPage, PageError> {
        let page = fetch_page(&self.client, &self.campaign_id, ask).await?;
        drop(awaited);
        self.prepare(page, position).await
    }

    /// Begins to fetch the first page, which is not taken when it is not what the shape leads to expect.
    pub(super) fn fetch_first(self, shape: Shape) -> FirstPage {
        AbortOnDropHandle::new(tokio::spawn(async move {
            fetch_first(&self.client, &self.campaign_id, shape).await?.ok_or(PageError::PagedOtherwise)
        }))
    }

    /// Tells what is known from what is not, and normalizes the latter. Parsing runs off the async threads.
    pub(super) async fn prepare(self, page: RowsPage, position: u64) -> Result<PreparedPage, PageError> {
        let reader = self.clone();
        let Some(store) = self.store.as_ref().filter(|_| !self.nothing_known) else {
            let prepare = move || {
                let view = PageView::new(page, &reader.hasher);
                reader.normalize(view, &HashMap::new(), position)
            };
            return self.compute(prepare).await;
        };
        let view = self.compute(move || PageView::new(page, &reader.hasher)).await?;
        let ids: Vec<&str> = view.rows.iter().filter_map(|row| row.id.as_deref()).collect();
        let known = match &self.known_ahead {
            Some(ahead) => ahead.of(store, &self.campaign_id, &ids).await?,
            None => store.known_rows(&self.campaign_id, &ids).await?,
        };
        let reader = self.clone();
        self.compute(move || reader.normalize(view, &known, position)).await
    }

    /// Computes off the async threads, when a processor is free: more threads would only need more memory.
    async fn compute<T: Send + 'static>(
        &self,
        computation: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PageError> {
        let _processor = self.processors.acquire().await;
        Ok(tokio::task::spawn_blocking(computation).await?)
    }

    fn normalize(&self, view: PageView, known: &HashMap<String, KnownRow>, position: u64) -> PreparedPage {
        let row_count = u64::try_from(view.rows.len()).unwrap_or(u64::MAX);
        let now = self.clock.now();
        let mut prepared = PreparedPage {
            total: view.page.total.unwrap_or(row_count),
            shown_total: view.page.total,
            bytes: view.rows.iter().map(|row| row.span.len()).sum(),
            replaced: view.page.replaced,
            ..PreparedPage::default()
        };
        prepared.brought.assistants = normalize_new(&view, &self.written, &mut prepared.drift);
        prepared.seen.reserve(view.rows.len());
        if self.nothing_known {
            prepared.states.reserve(view.rows.len());
        }
        if self.presumes_new {
            prepared.new_rows = NewRows::with_room_for(prepared.bytes);
        }
        for (row, place) in view.rows.iter().zip(position..) {
            let id_hash = row.id.as_deref().map_or_else(Hash::default, |id| self.hasher.row_id(id));
            prepared.seen.push(id_hash);
            let held = row.id.as_deref().and_then(|id| known.get(id));
            // Of an id that stands twice the last one wins, and so it must be read when the first one was.
            let stands_twice = || row.id.as_ref().is_some_and(|id| prepared.states.contains_key(id));
            if held.is_some_and(|held| held.hash == Some(row.hash)) && !stands_twice() {
                prepared.unchanged += 1;
                prepared.passed_over.push(id_hash);
                prepared.readings.extend(self.reading(row, held, now));
                continue;
            }
            prepared.unknown += u64::from(held.is_none());
            prepared.differing += u64::from(held.is_some());
            prepared.belying +=
                u64::from(held.is_some_and(|held| held.hash.is_some() && held.unsettled.is_none()));
            let json = view.page.body.get(row.span.clone()).unwrap_or_default();
            let Ok(json) = simdutf8::basic::from_utf8(json) else {
                continue;
            };
            if let Some(erased) = self.erased.row(json) {
                prepared.leave_out(row, erased, self.state(row, None, None, place, now));
                continue;
            }
            let mut records =
                normalize::indexed_row(json, &row.index, place, &self.options, &mut prepared.drift);
            prepared.brought.add_configs(&mut records.call_retry_configs);
            if let Some(assistant) = records.call.as_ref().and_then(|call| call.assistant_id.value()) {
                prepared.brought.add_assistant(assistant);
            }
            prepared.replaced += records.replaced;
            prepared.rejected += u64::try_from(records.rejects.len()).unwrap_or(0);
            match &row.id {
                Some(id) => {
                    let mut state = self.state(row, records.call.as_ref(), held, place, now);
                    // Of a call that is past its time nothing more is waited for.
                    state.unsettled = state.unsettled.filter(|_| records.past_call.is_none());
                    prepared.states.insert(id.clone(), state);
                }
                None => prepared.without_id += 1,
            }
            prepared.changed_bytes += json.len();
            if self.presumes_new {
                prepared.new_rows.add(&self.campaign_id, records);
            } else {
                prepared.changed.push(records);
            }
        }
        prepared.statuses = view.rows.into_iter().map(|row| row.status).collect();
        prepared
    }

    /// What is to be remembered of a row that is new or differs.
    fn state(
        &self,
        row: &RowView,
        call: Option<&Call>,
        held: Option<&KnownRow>,
        place: u64,
        now: Time,
    ) -> RowState {
        let known = held.and_then(|held| held.unsettled.as_ref());
        let known = known.map(|(status, since)| (status.as_deref(), *since));
        let times = call.map(times).unwrap_or_default();
        RowState {
            hash: Some(row.hash),
            position: self.position_offset.and_then(|offset| offset.checked_add_unsigned(place)),
            unsettled: unsettled(row.status.as_deref(), &times, known, now, self.settle_window),
            status: row.status.clone(),
        }
    }

    /// When to read an unsettled row next that did not change; none when what is noted of it may stay, since it says nearly the
    /// same: a walk over what was read a moment ago writes nothing.
    fn reading(
        &self,
        row: &RowView,
        held: Option<&KnownRow>,
        now: Time,
    ) -> Option<(String, Option<Unsettled>)> {
        let held = held?;
        let (_, since) = held.unsettled.as_ref()?;
        let next = read_again(row.status.as_deref(), *since, now, self.settle_window);
        let is_as_good = |next: &Unsettled| {
            held.read_by.is_some_and(|read_by| {
                if read_by > now {
                    next.read_by - read_by < (next.read_by - now) / WORTH_NOTING
                } else {
                    // It was to be read at once, and is again.
                    next.read_by <= now
                }
            })
        };
        if next.as_ref().is_some_and(is_as_good) {
            return None;
        }
        Some((row.id.clone()?, next))
    }
}

/// The times by which a call is settled.
fn times(call: &Call) -> CallTimes {
    let attempts = call.attempts.items().iter();
    CallTimes {
        scheduled_at: call.scheduled_at.value().copied(),
        started_at: attempts.clone().filter_map(|attempt| attempt.started_at.value()).max().copied(),
        ended_at: attempts.filter_map(|attempt| attempt.ended_at.value()).max().copied(),
    }
}

/// A mark over the ids of a page in their order: equal pages have equal marks.
pub(super) fn mark(page: &RowsPage, hasher: &Hasher) -> u64 {
    let view = PageView::new(page.clone(), hasher);
    view.rows.iter().fold(17, |mark: u64, row| {
        let hash = row.id.as_deref().map_or(row.hash, |id| hasher.row_id(id));
        let (first, _) = hash.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
        mark.wrapping_mul(31).wrapping_add(u64::from_le_bytes(*first))
    })
}

impl Mirror {
    /// What was erased from the mirror, which only its operator's key tells.
    pub(super) async fn erased(&self) -> Result<Erased, StoreError> {
        let Some(store) = &self.store else { return Ok(Erased::default()) };
        let erasures = store.load_erasures().await?;
        let Some(check) = erasures.key_check else { return Ok(Erased::default()) };
        match &self.settings.normalize.privacy_key {
            None => Err(StoreError::NoPrivacyKey),
            Some(key) if key.check() != check => Err(StoreError::OtherPrivacyKey),
            Some(key) => Ok(Erased::new(erasures.count, key.clone(), erasures.hashes)),
        }
    }

    /// The same, going by what the database keeps for a time only.
    pub(super) async fn with_retention(mut self) -> Result<Self, StoreError> {
        if let Some(store) = &self.store {
            self.settings.normalize.retention = store.load_retention().await?.retention;
        }
        Ok(self)
    }

    /// The hasher of this installation; of a random key where there is no mirror yet.
    pub(super) async fn hasher(&self, may_write: bool) -> Result<Hasher, StoreError> {
        let key = match &self.store {
            Some(store) if may_write => store.installation_key(self.settings.settle_window).await?,
            Some(store) => store.existing_installation_key().await?.unwrap_or_else(rand::random),
            None => rand::random(),
        };
        Ok(Hasher::new(&key, &self.settings.normalize))
    }
}
