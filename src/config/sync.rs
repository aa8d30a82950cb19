//! `[sync]`: how passes are made.

use super::{ConfigError, values};
use serde::Deserialize;
use std::time::Duration;

/// How passes are made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncSettings {
    /// Campaigns of at most so many pages are read whole whenever anything may have changed.
    #[serde(deserialize_with = "values::number")]
    pub walk_pages_at_most: u64,
    /// How long after its last attempt a call may still change.
    #[serde(deserialize_with = "values::duration")]
    pub settle_window: Duration,
    /// How often everything is read again.
    #[serde(deserialize_with = "values::duration")]
    pub full_walk_every: Duration,
    /// How often, at most, everything is read again of a campaign in which nothing happens any more.
    #[serde(deserialize_with = "values::duration")]
    pub full_walk_at_most: Duration,
    /// How long lines of `revox_sync.runs` are kept.
    #[serde(deserialize_with = "values::duration")]
    pub keep_runs: Duration,
    /// How long lines of `revox_sync.rejects` are kept.
    #[serde(deserialize_with = "values::duration")]
    pub keep_rejects: Duration,
    /// Campaigns walked side by side.
    #[serde(deserialize_with = "values::number")]
    pub max_concurrent_campaigns: usize,
    /// Rows a transaction at most.
    #[serde(deserialize_with = "values::number")]
    pub batch_rows: usize,
    /// Keep `llm_system_prompt` of speech events.
    #[serde(deserialize_with = "values::flag")]
    pub keep_llm_system_prompt: bool,
}

impl SyncSettings {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        values::within("sync.max_concurrent_campaigns", self.max_concurrent_campaigns, 1, 64)?;
        values::within("sync.batch_rows", self.batch_rows, 1, 10_000)?;
        values::some_time("sync.full_walk_every", self.full_walk_every)
    }
}
