//! `[accounts.NAME]`: more accounts than the one of `[revox]`.

use super::revox::{check_base_url, check_key, read_secret};
use super::{ConfigError, Settings, values};
use secrecy::SecretString;
use serde::Deserialize;
use std::path::PathBuf;

/// The account of `[revox]`.
pub const DEFAULT_ACCOUNT: &str = "default";

/// An account beside that of `[revox]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountSettings {
    #[serde(default, deserialize_with = "values::optional_secret")]
    api_key: Option<SecretString>,
    #[serde(default, deserialize_with = "values::optional_path")]
    api_key_file: Option<PathBuf>,
    #[serde(default, deserialize_with = "values::optional_text")]
    base_url: Option<String>,
    #[serde(default, deserialize_with = "values::optional_rate")]
    requests_per_second: Option<f64>,
}

/// An account that is mirrored.
#[derive(Debug, Clone)]
pub struct Account {
    /// `default`, or the NAME of `[accounts.NAME]`.
    pub name: String,
    /// Without a slash at its end.
    pub base_url: String,
    /// The key.
    pub api_key: SecretString,
    /// Requests a second at most; none: as many as the API takes.
    pub requests_per_second: Option<f64>,
}

impl AccountSettings {
    pub(super) fn validate(&self, name: &str) -> Result<(), ConfigError> {
        let key = |field: &str| format!("accounts.{name}.{field}");
        let is_plain =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_".contains(letter);
        if name == DEFAULT_ACCOUNT || name.is_empty() || name.len() > 40 || !name.chars().all(is_plain) {
            let problem = "must have a name of small letters, digits, - and _, other than \"default\"";
            return Err(ConfigError::invalid(&format!("accounts.{name}"), problem));
        }
        if self.api_key.is_some() == self.api_key_file.is_some() {
            return Err(ConfigError::invalid(&key("api_key_file"), "must be set (or api_key, and not both)"));
        }
        if let Some(rate) = self.requests_per_second
            && !(rate.is_finite() && rate > 0.0)
        {
            let problem = format!("must be greater than 0, and is {rate}");
            return Err(ConfigError::invalid(&key("requests_per_second"), problem));
        }
        self.base_url.as_deref().map_or(Ok(()), |url| check_base_url(&key("base_url"), url))
    }
}

impl Settings {
    /// The accounts that are mirrored, with their keys: that of `[revox]` when it has one, then the others by name.
    pub fn mirrored_accounts(&self) -> Result<Vec<Account>, ConfigError> {
        let mut accounts = Vec::new();
        match self.revox.api_key() {
            Ok(api_key) => accounts.push(Account {
                name: DEFAULT_ACCOUNT.to_owned(),
                base_url: self.revox.base_url().to_owned(),
                api_key,
                requests_per_second: self.api.requests_per_second,
            }),
            Err(ConfigError::MissingKey) if !self.accounts.is_empty() => {}
            Err(error) => return Err(error),
        }
        for (name, account) in &self.accounts {
            let api_key = match (&account.api_key, &account.api_key_file) {
                (Some(key), _) => key.clone(),
                (None, Some(path)) => read_secret("accounts.*.api_key_file", path)?,
                (None, None) => return Err(ConfigError::MissingKey),
            };
            check_key(&format!("accounts.{name}.api_key"), &api_key)?;
            let base_url = account.base_url.as_deref().unwrap_or_else(|| self.revox.base_url());
            accounts.push(Account {
                name: name.clone(),
                base_url: base_url.trim_end_matches('/').to_owned(),
                api_key,
                requests_per_second: account.requests_per_second.or(self.api.requests_per_second),
            });
        }
        Ok(accounts)
    }
}
