//! `[admin]`: the server for health, metrics, hooks and the status page.

use super::revox::read_secret;
use super::{ConfigError, values};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A secret that stands in an address must be long enough not to be guessed.
const SHORTEST_SECRET: usize = 16;

/// The admin server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminSettings {
    listen: String,
    #[serde(default, deserialize_with = "values::optional_secret")]
    token: Option<SecretString>,
    #[serde(default, deserialize_with = "values::optional_path")]
    token_file: Option<PathBuf>,
    #[serde(default, deserialize_with = "values::optional_secret")]
    hook_secret: Option<SecretString>,
    #[serde(default, deserialize_with = "values::optional_path")]
    hook_secret_file: Option<PathBuf>,
    /// `/readyz` says no when the copy of any live campaign is older than this.
    #[serde(deserialize_with = "values::duration")]
    pub ready_max_age: Duration,
}

impl AdminSettings {
    /// Where it listens; none: it is turned off.
    #[must_use]
    pub fn listen(&self) -> Option<SocketAddr> {
        self.listen.trim().parse().ok()
    }

    /// What callers must bring, read from its file if need be; none: no one is asked.
    pub fn token(&self) -> Result<Option<SecretString>, ConfigError> {
        secret("admin.token", "admin.token_file", self.token.as_ref(), self.token_file.as_ref())
    }

    /// The last part of the hooks' address, read from its file if need be; none: there are no hooks.
    pub fn hook_secret(&self) -> Result<Option<SecretString>, ConfigError> {
        let file = self.hook_secret_file.as_ref();
        secret("admin.hook_secret", "admin.hook_secret_file", self.hook_secret.as_ref(), file)
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let Some(listen) = self.listen() else {
            if self.listen.trim().is_empty() {
                return Ok(());
            }
            let problem =
                format!("must be an address such as \"127.0.0.1:9464\", or \"\", and is {:?}", self.listen);
            return Err(ConfigError::invalid("admin.listen", problem));
        };
        if !listen.ip().is_loopback() && self.token.is_none() && self.token_file.is_none() {
            let problem = format!(
                "is {listen}, which other machines can reach: admin.token or admin.token_file must be set, too"
            );
            return Err(ConfigError::invalid("admin.listen", problem));
        }
        Ok(())
    }
}

fn secret(
    key: &'static str,
    file_key: &'static str,
    value: Option<&SecretString>,
    file: Option<&PathBuf>,
) -> Result<Option<SecretString>, ConfigError> {
    let secret = match (value, file) {
        (Some(value), _) => value.clone(),
        (None, Some(path)) => read_secret(file_key, path)?,
        (None, None) => return Ok(None),
    };
    let text = secret.expose_secret();
    if text.len() < SHORTEST_SECRET || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        let problem = format!(
            "must have {SHORTEST_SECRET} characters or more, none of them white space (its value is not shown)"
        );
        return Err(ConfigError::invalid(key, problem));
    }
    Ok(Some(secret))
}
