//! Assistants, which the API shows many times over: which copy counts, and what differs from it.
//!
//! The newest copy counts, and of equally new ones that of the campaign list. Of equally new copies in calls any may
//! be the one that the mirror has; one that is older than what the mirror has says nothing.

use super::compare::{Stored, compare_line, compare_parts, is_live, text};
use super::json::Members;
use super::look::lookup;
use super::shown::{Digest, ShownAssistant};
use super::tables::{ASSISTANT_PARTS, ASSISTANTS, Table};
use super::time::moment_of_text;
use super::{Difference, configs};
use crate::store::{Store, StoreError};
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is known of copies, for all campaigns.
#[derive(Debug, Default)]
pub(super) struct Copies {
    /// `updated_at` of the list's own copies, by id.
    listed: HashMap<String, Option<i64>>,
    /// Copies that were found equal, and assistants that have one.
    equal: Mutex<(HashSet<Digest>, HashSet<String>)>,
}

impl Copies {
    /// Given the list's copies.
    pub(super) fn of_list(list: &[&ShownAssistant]) -> Self {
        let listed = list.iter().map(|it| (it.line.id().to_owned(), it.updated_at())).collect();
        Self { listed, ..Self::default() }
    }

    fn equal(&self) -> MutexGuard<'_, (HashSet<Digest>, HashSet<String>)> {
        self.equal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a call's copy may be the one that counts, and is not known to be equal.
    pub(super) fn may_count(&self, shown: &ShownAssistant) -> bool {
        let beaten = self.listed.get(shown.line.id()).is_some_and(|listed| shown.updated_at() <= *listed);
        !beaten && !self.equal().0.contains(&shown.digest)
    }

    /// Whether any copy of it was found equal.
    pub(super) fn has_equal(&self, id: &str) -> bool {
        self.equal().1.contains(id)
    }

    /// What differs from each of these copies, as far as it counts.
    pub(super) async fn look(
        &self,
        store: &Store,
        copies: &[&ShownAssistant],
    ) -> Result<Vec<Vec<Difference>>, StoreError> {
        let mut found = compare(store, copies, |shown, held| !is_older(shown, held)).await?;
        for (shown, differences) in copies.iter().zip(&mut found) {
            if differences.as_ref().is_some_and(Vec::is_empty) {
                let mut equal = self.equal();
                equal.0.insert(shown.digest);
                equal.1.insert(shown.line.id().to_owned());
            }
        }
        Ok(found.into_iter().map(Option::unwrap_or_default).collect())
    }
}

/// Whether a copy is older than what is stored.
fn is_older(shown: &ShownAssistant, held: Option<&Members>) -> bool {
    let stored = held.and_then(|held| text(held, "updated_at")).and_then(moment_of_text);
    match (shown.updated_at(), stored) {
        (Some(shown), Some(stored)) => shown < stored,
        _ => false,
    }
}

/// The copies of a list that count: of each assistant the newest, of equally new ones the later.
pub(super) fn newest<'a>(copies: impl Iterator<Item = &'a ShownAssistant>) -> Vec<&'a ShownAssistant> {
    let mut newest: HashMap<&str, &ShownAssistant> = HashMap::new();
    for copy in copies {
        let held = newest.entry(copy.line.id()).or_insert(copy);
        if copy.updated_at() >= held.updated_at() {
            *held = copy;
        }
    }
    newest.into_values().collect()
}

/// What differs between copies and the stored lines, their parts and retry configurations; none for a copy that does
/// not count beside what is stored.
pub(super) async fn compare(
    store: &Store,
    copies: &[&ShownAssistant],
    counts: impl Fn(&ShownAssistant, Option<&Members>) -> bool,
) -> Result<Vec<Option<Vec<Difference>>>, StoreError> {
    if copies.is_empty() {
        return Ok(Vec::new());
    }
    let ids = || copies.iter().map(|it| it.line.id());
    let mut tables: Vec<&'static Table> = vec![&ASSISTANTS];
    let mut lookups = vec![lookup(&ASSISTANTS, "id", ids())];
    for (_, table) in ASSISTANT_PARTS {
        tables.push(table);
        lookups.push(lookup(table, "assistant_id", ids()));
    }
    let mut stored = Stored::default();
    for (table, lines) in tables.into_iter().zip(store.stored_lines(&lookups).await?) {
        stored.add(table, &lines);
    }
    let of_configs = configs::compare(store, copies.iter().map(|it| &it.line), &mut stored).await?;
    let judged = copies.iter().zip(of_configs).map(|(shown, of_config)| {
        let held = stored.get(&ASSISTANTS, &shown.line.key);
        counts(shown, held).then(|| {
            let mut found = compare_line(&shown.line, held);
            if held.is_some_and(is_live) {
                let parts = shown.parts.iter();
                found.extend(parts.flat_map(|parts| compare_parts(shown.line.id(), parts, &stored)));
            }
            found.extend(of_config);
            found
        })
    });
    Ok(judged.collect())
}
