//! `[revox]`: the account that is mirrored, and the key to it.

use super::{ConfigError, values};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use url::{Host, Url};

/// The account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevoxSettings {
    /// Where the API is.
    pub base_url: String,
    #[serde(default, deserialize_with = "values::optional_secret")]
    api_key: Option<SecretString>,
    #[serde(default, deserialize_with = "values::optional_path")]
    api_key_file: Option<PathBuf>,
}

impl RevoxSettings {
    /// An account that is not configured but made.
    pub(super) fn made(base_url: String, api_key: SecretString) -> Self {
        Self { base_url, api_key: Some(api_key), api_key_file: None }
    }

    /// The base URL without a slash at its end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        self.base_url.trim().trim_end_matches('/')
    }

    /// The key, read from its file if need be.
    pub fn api_key(&self) -> Result<SecretString, ConfigError> {
        let key = match (&self.api_key, &self.api_key_file) {
            (Some(key), _) => key.clone(),
            (None, Some(path)) => read_secret("revox.api_key_file", path)?,
            (None, None) => return Err(ConfigError::MissingKey),
        };
        check_key("revox.api_key", &key)?;
        Ok(key)
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        check_base_url("revox.base_url", self.base_url())
    }
}

/// An error for a key that cannot be one.
pub(super) fn check_key(name: &str, key: &SecretString) -> Result<(), ConfigError> {
    if key.expose_secret().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let problem = "holds white space or a character that no key has (its value is not shown)";
    Err(ConfigError::invalid(name, problem))
}

/// An error for a base URL that cannot be one, or would show the key to the network.
pub(super) fn check_base_url(key: &str, base_url: &str) -> Result<(), ConfigError> {
    let wrong = |problem: &str| Err(ConfigError::invalid(key, problem));
    let Ok(url) = Url::parse(base_url) else {
        return wrong("must be a URL such as \"https://www.getrevox.com/api\"");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("must not hold a user or a password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return wrong("must end with its path, without ? or #");
    }
    match url.scheme() {
        "https" if url.has_host() => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        "http" => wrong("must begin with https://: plain http would show the key to the network"),
        _ => wrong("must begin with https://"),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The secret that a file holds, without the white space around it.
pub(super) fn read_secret(key: &'static str, path: &Path) -> Result<SecretString, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::SecretUnreadable {
        key,
        path: path.to_owned(),
        source,
    })?;
    if text.trim().is_empty() {
        return Err(ConfigError::invalid(key, format!("names an empty file ({})", path.display())));
    }
    Ok(SecretString::from(text.trim()))
}
