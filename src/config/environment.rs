//! The environment: the only place that reads it (beside `localdb`'s search for programs).
//!
//! Owns: which variable sets which key, and that an empty key, address or secret counts as unset.

use super::ConfigError;
use std::collections::BTreeMap;
use std::ffi::OsString;

/// Variables that go by their usual names.
const NAMED: [(&str, &str); 5] = [
    ("REVOX_API_KEY", "revox.api_key"),
    ("REVOX_API_KEY_FILE", "revox.api_key_file"),
    ("REVOX_BASE_URL", "revox.base_url"),
    ("DATABASE_URL", "database.url"),
    ("RUST_LOG", "log.level"),
];

/// All others: `REVOX_MIRROR__SECTION__KEY`.
const PREFIX: &str = "REVOX_MIRROR__";

/// Keys that an empty variable leaves alone: containers like to set every variable, some to nothing.
const UNSET_WHEN_EMPTY: [&str; 10] = [
    "admin.token",
    "admin.token_file",
    "admin.hook_secret",
    "admin.hook_secret_file",
    "revox.api_key",
    "revox.api_key_file",
    "revox.base_url",
    "database.url",
    "database.url_file",
    "log.level",
];

/// One value that the environment sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable {
    /// `REVOX_API_KEY`.
    pub(super) name: String,
    /// Its text.
    pub(super) value: String,
}

/// What the environment sets, by `section.key`.
pub(super) type Environment = BTreeMap<String, Variable>;

/// Reads the process's environment.
pub(super) fn read() -> Result<Environment, ConfigError> {
    pick(std::env::vars_os())
}

/// Picks the variables that configure the mirror. A key set under both of its names takes the longer one.
pub(super) fn pick(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Environment, ConfigError> {
    let mut named = Environment::new();
    let mut prefixed = Environment::new();
    for (name, value) in variables {
        let Ok(name) = name.into_string() else { continue };
        let (key, target) = if let Some((_, key)) = NAMED.iter().find(|(variable, _)| *variable == name) {
            ((*key).to_owned(), &mut named)
        } else if let Some(rest) = name.strip_prefix(PREFIX) {
            (rest.to_lowercase().replace("__", "."), &mut prefixed)
        } else {
            continue;
        };
        let Ok(value) = value.into_string() else {
            return Err(ConfigError::NotUnicode { name });
        };
        if value.trim().is_empty() && UNSET_WHEN_EMPTY.contains(&key.as_str()) {
            continue;
        }
        target.insert(key, Variable { name, value });
    }
    named.extend(prefixed);
    Ok(named)
}
