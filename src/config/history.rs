//! `[history]`: what is kept of what was.

use super::values;
use serde::Deserialize;

/// What is kept of what was.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistorySettings {
    /// Whether each change of a call's status is written down.
    #[serde(deserialize_with = "values::flag")]
    pub call_status: bool,
}
