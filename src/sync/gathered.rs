//! Pages gathered until they are worth a transaction, and their way into the database: parents first, then the rows
//! with the checkpoint that vouches for them.

use super::Mirror;
use super::page::{PageReader, PreparedPage};
use super::parents::Brought;
use crate::normalize::{DriftCounts, ErasedRow, Hash, RowRecords};
use crate::plan::Unsettled;
use crate::store::{Batch, BatchCounts, Lease, NewRows, RowState, StoreError, WalkCheckpoint, WalkPages};
use std::collections::HashMap;

/// Rows and what belongs to them.
#[derive(Default)]
pub(super) struct Gathered {
    first_page: u64,
    /// Hashes of the ids of every row, in order; zero without one.
    pub(super) seen: Vec<Hash>,
    changed: Vec<RowRecords>,
    new_rows: Vec<NewRows>,
    erased: Vec<ErasedRow>,
    states: HashMap<String, RowState>,
    readings: Vec<(String, Option<Unsettled>)>,
    /// Bytes of the rows that are new or differ, as they came.
    pub(super) changed_bytes: usize,
    brought: Brought,
    drift: DriftCounts,
}

impl Gathered {
    /// Nothing yet; `first_page` is the page of a walk that comes next.
    pub(super) fn from(first_page: u64) -> Self {
        Self { first_page, ..Self::default() }
    }

    /// Nothing but unsettled rows that were looked at.
    pub(super) fn of_readings(readings: Vec<(String, Option<Unsettled>)>) -> Self {
        Self { readings, ..Self::default() }
    }

    /// Adds a page, behind the others.
    pub(super) fn add(&mut self, mut page: PreparedPage) {
        self.seen.append(&mut page.seen);
        self.changed.append(&mut page.changed);
        if !page.new_rows.is_empty() {
            self.new_rows.push(page.new_rows);
        }
        self.erased.append(&mut page.erased);
        if self.states.is_empty() {
            self.states = std::mem::take(&mut page.states);
        }
        self.states.reserve(page.states.len());
        for (id, mut state) in page.states {
            // A filtered page does not tell where a row stands; another one may have.
            let earlier = self.states.get(&id).and_then(|earlier| earlier.position);
            state.position = state.position.or(earlier);
            self.states.insert(id, state);
        }
        self.readings.append(&mut page.readings);
        self.changed_bytes += page.changed_bytes;
        self.brought.append(&mut page.brought);
        self.drift.append(page.drift);
    }

    /// Whether it takes as much memory as the rows did when they came, and more than when they are written out.
    pub(super) fn is_large(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Whether there is anything to write, a walk's checkpoint apart.
    pub(super) fn is_idle(&self) -> bool {
        self.changed.is_empty()
            && self.new_rows.is_empty()
            && self.erased.is_empty()
            && self.readings.is_empty()
            && self.drift.is_empty()
            && self.brought.is_empty()
    }

    /// Writes it. Parents that could not land and were not known before count as new rejects.
    pub(super) async fn write(
        &self,
        mirror: &Mirror,
        lease: &Lease,
        reader: &PageReader,
        walk: Option<&WalkCheckpoint>,
    ) -> Result<BatchCounts, StoreError> {
        let Some(store) = &mirror.store else {
            return Ok(BatchCounts::default());
        };
        let batch = Batch {
            campaign_id: &reader.campaign_id,
            rows: &self.changed,
            new_rows: &self.new_rows,
            states: &self.states,
            readings: &self.readings,
            walk: walk.map(|walk| WalkPages { walk, first_page: self.first_page, rows_seen: &self.seen }),
            erased: &self.erased,
            erasures: reader.erased.count,
            retention: reader.options.retention.version,
            drift: &self.drift,
        };
        let (parents, brought) = (&reader.written, &self.brought);
        let mut rejected_parents = parents.write(mirror, store, lease, brought, false).await?;
        let committed = match store.commit_batch(lease, &batch, mirror.clock.now()).await {
            Err(StoreError::ParentMissing) => {
                rejected_parents += parents.write(mirror, store, lease, brought, true).await?;
                store.commit_batch(lease, &batch, mirror.clock.now()).await
            }
            committed => committed,
        };
        let mut counts = committed?;
        counts.rejected_new += rejected_parents;
        Ok(counts)
    }
}
