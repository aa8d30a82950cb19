//! Keeps the full text over what was said up to date, beside the passes: they leave marks, and after them the marked
//! transcripts are read.
//!
//! Owns the order of it: one process at a time, a few transcripts a transaction, stopped between two of them, resumed
//! where the marks are. Leaves the statements to `store`.

use crate::records::Time;
use crate::store::{Holder, IndexCounts, Languages, Lease, Store, StoreError};
use std::collections::BTreeMap;
use tokio_util::sync::CancellationToken;

/// What the lease is on.
const SCOPE: &str = "search";

/// Marks that are looked at together, and attempts whose ids are held at once.
const MARKS_AT_ONCE: i64 = 500;
const IDS_AT_ONCE: usize = 10_000;

/// Transcripts a transaction.
const TRANSCRIPTS_AT_ONCE: usize = 100;

/// Lines that are forgotten in a transaction.
const LINES_AT_ONCE: i64 = 5_000;

/// Characters of a transcript that are read at most: hours of talk. One that takes too long by itself is read in a smaller
/// part, and in the end not at all.
const MOST_CHARACTERS: [i32; 4] = [500_000, 50_000, 5_000, 0];

/// Brings the full text up to what the tables say, or empties it where no languages are wanted; does nothing while
/// another process does. Ends early when it is told to stop; the next one goes on from there.
///
/// # Errors
/// When the database fails. What was committed stays.
pub async fn fill(
    store: &Store,
    languages: Option<&Languages>,
    stop: &CancellationToken,
) -> Result<IndexCounts, StoreError> {
    let Some(state) = store.fulltext_state().await? else { return Ok(IndexCounts::default()) };
    let is_wanted = state.languages() == languages;
    if is_wanted && !state.has_marks && (languages.is_some() || !state.has_words) {
        return Ok(IndexCounts::default());
    }
    let Some(lease) = store.take_lease(SCOPE, &Holder::this_process()).await? else {
        return Ok(IndexCounts::default());
    };
    let filling = Filling { store, lease: &lease, stop };
    let ended = match languages {
        Some(languages) => filling.follow(languages, is_wanted).await,
        None => filling.empty().await,
    };
    if let Err(error) = store.release_lease(&lease).await {
        tracing::debug!(%error, "the lease on the search was not given back");
    }
    match ended {
        // Another process goes on with it.
        Err(StoreError::LeaseLost { .. }) => Ok(IndexCounts::default()),
        ended => ended,
    }
}

struct Filling<'a> {
    store: &'a Store,
    lease: &'a Lease,
    stop: &'a CancellationToken,
}

impl Filling<'_> {
    async fn follow(&self, languages: &Languages, is_wanted: bool) -> Result<IndexCounts, StoreError> {
        if !is_wanted {
            tracing::info!(
                language = languages.default,
                "the languages of the search are new: every transcript is looked at"
            );
            self.store.mark_all_transcripts(self.lease, languages).await?;
        }
        let mut counts = IndexCounts::default();
        while !self.stop.is_cancelled() {
            let mut marks: BTreeMap<Time, Vec<i64>> = BTreeMap::new();
            for (id, synced_at) in self.store.oldest_marks(MARKS_AT_ONCE).await? {
                marks.entry(synced_at).or_default().push(id);
            }
            if marks.is_empty() {
                break;
            }
            for (synced_at, ids) in marks {
                if !self.read_marked(synced_at, languages, &mut counts).await? {
                    break;
                }
                self.store.forget_marks(self.lease, &ids).await?;
            }
        }
        if counts.read > 0 {
            tracing::info!(
                transcripts = counts.read,
                cut = counts.cut,
                "what was said was read for the search"
            );
        }
        Ok(counts)
    }

    /// Reads the transcripts of attempts that were written at a time; whether it came to the end.
    async fn read_marked(
        &self,
        synced_at: Time,
        languages: &Languages,
        counts: &mut IndexCounts,
    ) -> Result<bool, StoreError> {
        let most = i64::try_from(IDS_AT_ONCE).unwrap_or(i64::MAX);
        let mut behind = String::new();
        loop {
            let ids = self.store.attempts_written_at(synced_at, &behind, most).await?;
            for ids in ids.chunks(TRANSCRIPTS_AT_ONCE) {
                if self.stop.is_cancelled() {
                    return Ok(false);
                }
                let read = self.read(ids, languages).await?;
                counts.read += read.read;
                counts.cut += read.cut;
            }
            match ids.into_iter().nth(IDS_AT_ONCE - 1) {
                Some(last) => behind = last,
                None => return Ok(true),
            }
        }
    }

    /// Reads transcripts. Those that take too long together, or hold one that fails, are read by themselves.
    async fn read(&self, ids: &[String], languages: &Languages) -> Result<IndexCounts, StoreError> {
        let [most, smaller @ ..] = MOST_CHARACTERS;
        let failed = match self.store.index_transcripts(self.lease, ids, languages, most).await {
            Err(error @ StoreError::Query { .. }) => error,
            ended => return ended,
        };
        let mut counts = IndexCounts::default();
        match ids {
            [] => return Err(failed),
            [id] => return self.read_in_part(id, languages, &smaller, failed).await,
            _ => {}
        }
        let (first, second) = ids.split_at(ids.len() / 2);
        for half in [first, second] {
            let read = Box::pin(self.read(half, languages)).await?;
            counts.read += read.read;
            counts.cut += read.cut;
        }
        Ok(counts)
    }

    async fn read_in_part(
        &self,
        id: &String,
        languages: &Languages,
        smaller: &[i32],
        mut failed: StoreError,
    ) -> Result<IndexCounts, StoreError> {
        for most in smaller {
            match self.store.index_transcripts(self.lease, std::slice::from_ref(id), languages, *most).await {
                Err(error @ StoreError::Query { .. }) => failed = error,
                Ok(counts) => {
                    tracing::warn!(call_attempt_id = id, characters = most, error = %failed, "a transcript was read in part");
                    return Ok(counts);
                }
                ended => return ended,
            }
        }
        Err(failed)
    }

    async fn empty(&self) -> Result<IndexCounts, StoreError> {
        while !self.stop.is_cancelled() && self.store.forget_words(self.lease, LINES_AT_ONCE).await? > 0 {}
        Ok(IndexCounts::default())
    }
}
