//! `[database]`: where the mirror is kept.

use super::{ConfigError, revox::read_secret, values};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::path::PathBuf;

/// The database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    #[serde(default, deserialize_with = "values::optional_secret")]
    url: Option<SecretString>,
    #[serde(default, deserialize_with = "values::optional_path")]
    url_file: Option<PathBuf>,
    /// Connections at most.
    #[serde(deserialize_with = "values::number")]
    pub max_connections: u32,
}

impl DatabaseSettings {
    /// The database's URL, read from its file if need be; none: the embedded Postgres.
    pub fn url(&self) -> Result<Option<SecretString>, ConfigError> {
        let (key, url) = match (&self.url, &self.url_file) {
            (Some(url), _) => ("database.url", url.clone()),
            (None, Some(path)) => ("database.url_file", read_secret("database.url_file", path)?),
            (None, None) => return Ok(None),
        };
        let parsed = url::Url::parse(url.expose_secret()).ok();
        if !parsed.is_some_and(|url| matches!(url.scheme(), "postgres" | "postgresql")) {
            let problem = "must be a URL such as \"postgres://user:password@host/database\" \
                           (its value is not shown)";
            return Err(ConfigError::invalid(key, problem));
        }
        Ok(Some(url))
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        values::within("database.max_connections", self.max_connections, 2, 1000)
    }
}
