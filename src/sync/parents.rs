//! Assistants and retry configurations that pages refer to: each distinct text is normalized once a pass, and
//! written before the first row that refers to it.

use super::Mirror;
use crate::normalize::{self, AssistantRecords, Hash};
use crate::records::{CallRetryConfig, Time};
use crate::store::{Lease, Parents, Store, StoreError, assistant_key};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex};

/// What this pass has written already. Shared by its campaigns.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Hashes of assistants' texts.
    texts: Mutex<HashSet<Hash>>,
    /// Ids of retry configurations.
    configs: Mutex<HashSet<String>>,
    /// Ids of assistants.
    assistants: Mutex<HashSet<String>>,
    /// The campaign list's own copies, which win a tie: `updated_at` by id.
    listed: HashMap<String, Option<Time>>,
    /// Held while parents are written: one transaction of parents at a time.
    turn: tokio::sync::Mutex<()>,
}

/// Parents that a page brings.
#[derive(Debug, Default)]
pub(super) struct Brought {
    /// By the hash of its text.
    pub(super) assistants: Vec<(Hash, AssistantRecords)>,
    /// Of the page's calls.
    pub(super) configs: Vec<Arc<CallRetryConfig>>,
    /// Assistants that the page's calls refer to.
    pub(super) assistant_ids: BTreeSet<String>,
}

impl Brought {
    pub(super) fn is_empty(&self) -> bool {
        self.assistants.is_empty() && self.configs.is_empty() && self.assistant_ids.is_empty()
    }

    pub(super) fn append(&mut self, other: &mut Self) {
        self.assistants.append(&mut other.assistants);
        self.add_configs(&mut other.configs);
        self.assistant_ids.append(&mut other.assistant_ids);
    }

    /// Adds configurations, each of which most calls share.
    pub(super) fn add_configs(&mut self, configs: &mut Vec<Arc<CallRetryConfig>>) {
        for config in configs.drain(..) {
            if !self.configs.iter().rev().take(NEAR).any(|known| known.id == config.id) {
                self.configs.push(config);
            }
        }
    }

    /// Adds the assistant that a call refers to.
    pub(super) fn add_assistant(&mut self, id: &str) {
        if !self.assistant_ids.contains(id) {
            self.assistant_ids.insert(id.to_owned());
        }
    }
}

/// Among so many configurations that were added last an equal one is looked for.
const NEAR: usize = 8;

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Written {
    /// Starts with the list's copies.
    pub(super) fn new(listed: HashMap<String, Option<Time>>) -> Self {
        Self { listed, ..Self::default() }
    }

    /// Whether this assistant's text has been written in this pass.
    pub(super) fn knows_text(&self, hash: &Hash) -> bool {
        lock(&self.texts).contains(hash)
    }

    /// Whether a call's copy of an assistant counts: the list's copy wins unless this one is newer.
    fn counts(&self, records: &AssistantRecords) -> bool {
        match self.listed.get(&records.assistant.id) {
            None => true,
            Some(listed) => records.assistant.updated_at.value() > listed.as_ref(),
        }
    }

    /// Writes what is not written yet; returns how many pieces could not land that were not known before. `again`: write all of it, since a parent turned out to be missing.
    pub(super) async fn write(
        &self,
        mirror: &Mirror,
        store: &Store,
        lease: &Lease,
        brought: &Brought,
        again: bool,
    ) -> Result<u64, StoreError> {
        let mut rejected_new = 0;
        let _turn = self.turn.lock().await;
        let parents = {
            let texts = lock(&self.texts);
            let configs = lock(&self.configs);
            let known = lock(&self.assistants);
            let assistants: Vec<_> = brought
                .assistants
                .iter()
                .filter(|(hash, records)| (again || !texts.contains(hash)) && self.counts(records))
                .map(|(_, records)| records)
                .collect();
            let own_configs = assistants.iter().flat_map(|records| &records.call_retry_configs);
            let call_retry_configs = own_configs
                .chain(&brought.configs)
                .filter(|config| again || !configs.contains(&config.id))
                .map(AsRef::as_ref)
                .collect();
            Parents {
                assistants: assistants.iter().map(|it| &it.assistant).collect(),
                call_retry_configs,
                rejects: assistants.iter().flat_map(|it| &it.rejects).collect(),
                stubs: brought
                    .assistant_ids
                    .iter()
                    .filter(|id| again || !known.contains(*id))
                    .map(String::as_str)
                    .collect(),
            }
        };
        if !parents.is_empty() {
            rejected_new = store.save_parents(lease, &parents, mirror.clock.now()).await?;
        }
        lock(&self.assistants).extend(brought.assistant_ids.iter().cloned());
        lock(&self.texts).extend(brought.assistants.iter().map(|(hash, _)| *hash));
        let own_configs = brought.assistants.iter().flat_map(|(_, records)| &records.call_retry_configs);
        lock(&self.configs).extend(own_configs.chain(&brought.configs).map(|config| config.id.clone()));
        Ok(rejected_new)
    }
}

/// Normalizes the assistants of a page that this pass has not seen yet.
pub(super) fn normalize_new(
    view: &normalize::PageView,
    written: &Written,
    drift: &mut normalize::DriftCounts,
) -> Vec<(Hash, AssistantRecords)> {
    view.assistants
        .iter()
        .filter(|assistant| assistant.id.is_some() && !written.knows_text(&assistant.hash))
        .filter_map(|assistant| {
            let text = std::str::from_utf8(view.page.body.get(assistant.span.clone())?).ok()?;
            // One without a usable id is refused here, and the calls that show it refer to none.
            let mut records = normalize::assistant(text, drift).ok()?;
            for reject in &mut records.rejects {
                reject.row_key = assistant_key(&records.assistant.id);
            }
            Some((assistant.hash, records))
        })
        .collect()
}
