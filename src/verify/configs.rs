//! Retry configurations: their key is one that the mirror made of their content, so that a line that an owner refers
//! to must say what the owner shows, whatever its key.

use super::Difference;
use super::DifferenceKind;
use super::compare::{Stored, compare_config, difference, is_live, text};
use super::look::lookup;
use super::shown::{Line, RetryConfig};
use super::tables::{CALL_RETRY_CONFIGS, CALLING_WINDOWS};
use super::value::Cell;
use crate::store::{Store, StoreError};
use std::collections::HashMap;

/// What differs in the retry configurations that these lines refer to, a list for each line.
pub(super) async fn compare<'l>(
    store: &Store,
    owners: impl Iterator<Item = &'l Line>,
    stored: &mut Stored,
) -> Result<Vec<Vec<Difference>>, StoreError> {
    /// A line that is there, the key that it refers to, and what it should say.
    type Reference<'l> = (&'l Line, Option<String>, &'l RetryConfig);
    /// What differs in a line that should say this, and whether another line says it.
    type Judged<'l> = (&'l RetryConfig, Vec<Difference>, bool);
    let references: Vec<Option<Reference<'l>>> = owners
        .map(|line| {
            let config = line.config.as_ref()?;
            let held = stored.get(line.table, &line.key).filter(|held| is_live(held))?;
            Some((line, text(held, "call_retry_config_id").map(ToOwned::to_owned), config))
        })
        .collect();
    let keys = references.iter().flatten().filter_map(|(_, key, _)| key.as_deref());
    read_configs(store, keys, stored).await?;
    let mut known: HashMap<String, Vec<Judged<'l>>> = HashMap::new();
    let mut found = Vec::with_capacity(references.len());
    for reference in references {
        let Some((line, key, config)) = reference else {
            found.push(Vec::new());
            continue;
        };
        let at_fault =
            || vec![difference(line.table, &line.key, Some("call_retry_config_id"), DifferenceKind::Differs)];
        let Some(key) = key else {
            found.push(at_fault());
            continue;
        };
        let known = known.entry(key.clone()).or_default();
        if !known.iter().any(|(other, _, _)| *other == config) {
            let differences = compare_config(&key, config, stored);
            let is_elsewhere = !differences.is_empty() && is_stored_elsewhere(store, config, stored).await?;
            known.push((config, differences, is_elsewhere));
        }
        let judged = known.iter().find(|(other, _, _)| *other == config);
        found.push(match judged {
            Some((_, _, true)) => at_fault(),
            Some((_, differences, false)) => differences.clone(),
            None => Vec::new(),
        });
    }
    Ok(found)
}

async fn read_configs<'v>(
    store: &Store,
    keys: impl Iterator<Item = &'v str>,
    stored: &mut Stored,
) -> Result<(), StoreError> {
    let mut keys: Vec<&str> = keys.collect();
    keys.sort_unstable();
    keys.dedup();
    let lookups = [
        lookup(&CALL_RETRY_CONFIGS, "id", keys.iter().copied()),
        lookup(&CALLING_WINDOWS, "call_retry_config_id", keys.iter().copied()),
    ];
    if keys.is_empty() {
        return Ok(());
    }
    let lines = store.stored_lines(&lookups).await?;
    for (table, lines) in [&CALL_RETRY_CONFIGS, &CALLING_WINDOWS].into_iter().zip(lines) {
        stored.add(table, &lines);
    }
    Ok(())
}

/// Whether the configuration stands under another key: then the reference is at fault, not the configuration.
async fn is_stored_elsewhere(
    store: &Store,
    config: &RetryConfig,
    stored: &mut Stored,
) -> Result<bool, StoreError> {
    let column = |name: &str| config.columns.iter().find(|(column, _)| *column == name).map(|(_, cell)| cell);
    let attempts = match column("max_retry_attempts") {
        Some(Cell::Integer(attempts)) => Some(*attempts),
        _ => None,
    };
    let timezone = match column("timezone") {
        Some(Cell::Text(timezone)) => Some(timezone.as_str()),
        _ => None,
    };
    let similar = store.similar_retry_configs(attempts, timezone).await?;
    read_configs(store, similar.iter().map(String::as_str), stored).await?;
    Ok(similar.iter().any(|id| compare_config(id, config, stored).is_empty()))
}
