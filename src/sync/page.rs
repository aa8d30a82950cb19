//! One page: fetched, hashed, told from what is known, and the rest of it normalized.

use super::Mirror;
use super::paging::fetch_page;
use super::parents::{Brought, Written, normalize_new};
use crate::api::{Answer, ApiError, Client};
use crate::normalize::{self, DriftCounts, Hash, Hasher, PageView, RowRecords};
use crate::plan::Ask;
use crate::store::{Store, StoreError};
use crate::wire::RowsPage;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What every page of a campaign's walk needs.
#[derive(Clone)]
pub(super) struct PageReader {
    pub(super) client: Client,
    pub(super) store: Option<Store>,
    pub(super) hasher: Hasher,
    pub(super) options: normalize::Options,
    pub(super) written: Arc<Written>,
    pub(super) campaign_id: Arc<str>,
    /// No row is to be passed over: the campaign has never been walked, or a page is read for what is on it.
    pub(super) nothing_known: bool,
    /// Shared by the pass: no more pages are parsed at once than there are processors.
    pub(super) processors: Arc<Semaphore>,
}

/// A page, ready to be written.
#[derive(Debug, Default)]
pub(super) struct PreparedPage {
    /// The total that the page says, or the number of rows of an answer that holds everything.
    pub(super) total: u64,
    /// Rows on it, and the hash of each one's id; zero without one.
    pub(super) seen: Vec<Hash>,
    /// Rows without a readable id.
    pub(super) without_id: u64,
    /// Rows that are new or differ.
    pub(super) changed: Vec<RowRecords>,
    /// Their hashes, by id.
    pub(super) hashes: HashMap<String, Hash>,
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
    /// Bytes of the rows that are new or differ.
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
    #[error("the mirror's database failed")]
    Store(#[from] StoreError),
    #[error("a task ended before its work was done")]
    Task(#[from] tokio::task::JoinError),
}

impl PageReader {
    /// Fetches a page.
    pub(super) async fn fetch(&self, ask: Ask) -> Result<Answer<RowsPage>, ApiError> {
        fetch_page(&self.client, &self.campaign_id, ask).await
    }

    /// Fetches and prepares page `index`, whose first row stands at `position`.
    pub(super) async fn read(self, ask: Ask, position: u64) -> Result<PreparedPage, PageError> {
        let page = self.fetch(ask).await?.body;
        self.prepare(page, position).await
    }

    /// Tells what is known from what is not, and normalizes the latter. Parsing runs off the async threads.
    pub(super) async fn prepare(self, page: RowsPage, position: u64) -> Result<PreparedPage, PageError> {
        let hasher = self.hasher.clone();
        let view = self.compute(move || PageView::new(page, &hasher)).await?;
        let known = match &self.store {
            Some(store) if !self.nothing_known => {
                let ids: Vec<&str> = view.rows.iter().filter_map(|row| row.id.as_deref()).collect();
                store.known_hashes(&self.campaign_id, &ids).await?
            }
            _ => HashMap::new(),
        };
        let reader = self.clone();
        self.compute(move || reader.normalize(&view, &known, position)).await
    }

    /// Computes off the async threads, when a processor is free: more threads would only need more memory.
    async fn compute<T: Send + 'static>(
        &self,
        computation: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PageError> {
        let _processor = self.processors.acquire().await;
        Ok(tokio::task::spawn_blocking(computation).await?)
    }

    fn normalize(&self, view: &PageView, known: &HashMap<String, Hash>, position: u64) -> PreparedPage {
        let row_count = u64::try_from(view.rows.len()).unwrap_or(u64::MAX);
        let mut prepared = PreparedPage {
            total: view.page.total.unwrap_or(row_count),
            bytes: view.rows.iter().map(|row| row.span.len()).sum(),
            replaced: view.page.replaced,
            ..PreparedPage::default()
        };
        prepared.brought.assistants = normalize_new(view, &self.written, &mut prepared.drift);
        for (row, place) in view.rows.iter().zip(position..) {
            let id_hash = row.id.as_deref().map_or_else(Hash::default, |id| self.hasher.row_id(id));
            prepared.seen.push(id_hash);
            let held = row.id.as_deref().and_then(|id| known.get(id));
            // Of an id that stands twice the last one wins, and so it must be read when the first one was.
            let stands_twice = || row.id.as_ref().is_some_and(|id| prepared.hashes.contains_key(id));
            if held == Some(&row.hash) && !stands_twice() {
                prepared.unchanged += 1;
                prepared.passed_over.push(id_hash);
                continue;
            }
            prepared.unknown += u64::from(held.is_none());
            prepared.differing += u64::from(held.is_some());
            let json = view.page.body.get(row.span.clone()).unwrap_or_default();
            let Ok(json) = simdutf8::basic::from_utf8(json) else {
                continue;
            };
            let mut records = normalize::row(json, place, &self.options, &mut prepared.drift);
            prepared.brought.configs.append(&mut records.call_retry_configs);
            let assistant = records.call.as_ref().and_then(|call| call.assistant_id.value());
            prepared.brought.assistant_ids.extend(assistant.cloned());
            prepared.replaced += records.replaced;
            prepared.changed_bytes += json.len();
            match &row.id {
                Some(id) => {
                    prepared.hashes.insert(id.clone(), row.hash);
                }
                None => prepared.without_id += 1,
            }
            prepared.changed.push(records);
        }
        prepared
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
    /// The hasher of this installation; of a random key where there is no mirror yet.
    pub(super) async fn hasher(&self, may_write: bool) -> Result<Hasher, StoreError> {
        let key = match &self.store {
            Some(store) if may_write => store.installation_key().await?,
            Some(store) => store.existing_installation_key().await?.unwrap_or_else(rand::random),
            None => rand::random(),
        };
        Ok(Hasher::new(&key, &self.settings.normalize))
    }
}
