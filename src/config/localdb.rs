//! `[localdb]`: the Postgres that the mirror runs when it is given no database.

use super::values;
use serde::Deserialize;
use std::path::PathBuf;

/// The embedded Postgres.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocaldbSettings {
    /// Where its data is; none: the usual place.
    #[serde(default, deserialize_with = "values::optional_path")]
    pub data_dir: Option<PathBuf>,
    /// Where `postgres` and `initdb` are; none: they are looked for.
    #[serde(default, deserialize_with = "values::optional_path")]
    pub bin_dir: Option<PathBuf>,
    /// Whether a machine without Postgres may download one.
    #[serde(deserialize_with = "values::flag")]
    pub download: bool,
    /// Where it is downloaded from; none: the usual place.
    #[serde(default, deserialize_with = "values::optional_text")]
    pub release_url: Option<String>,
}
