//! `[views]`: the views that the mirror makes by itself.

use super::values;
use serde::Deserialize;

/// Which views are made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewsSettings {
    /// One for each campaign, in schema `revox_campaigns`, with a column for every key of its rows.
    #[serde(deserialize_with = "values::flag")]
    pub per_campaign: bool,
    /// One for each assistant, in schema `revox_assistants`, with a column for every field that it is to find out.
    #[serde(deserialize_with = "values::flag")]
    pub per_assistant: bool,
}
