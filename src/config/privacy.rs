//! `[privacy]`: what of people is kept, and the key by which they are known when they are not.

use super::{ConfigError, values};
use secrecy::SecretSlice;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A key that somebody could guess would tell whose a hash is.
const SHORTEST_KEY: usize = 32;

/// What of people is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivacySettings {
    /// What was said.
    pub transcripts: Keeping,
    /// Where it was recorded.
    pub recording_urls: Keeping,
    /// Keys of `input_data` that are left out, parted by commas where they are one text.
    input_keys_left_out: Keys,
    /// Phone numbers of people.
    pub phone_numbers: NumberForm,
    #[serde(default, deserialize_with = "values::optional_path")]
    key_file: Option<PathBuf>,
}

/// Whether something is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// It is.
    Keep,
    /// It is not.
    LeaveOut,
}

/// How phone numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberForm {
    /// As the API shows them.
    Full,
    /// As a keyed hash.
    Hashed,
    /// With two digits at each end, and half of the hash.
    Masked,
}

impl<'de> Deserialize<'de> for Keeping {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        values::one_of(source, &[("keep", Self::Keep), ("leave_out", Self::LeaveOut)])
    }
}

impl<'de> Deserialize<'de> for NumberForm {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        values::one_of(source, &[("full", Self::Full), ("hashed", Self::Hashed), ("masked", Self::Masked)])
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Keys {
    Text(String),
    List(Vec<String>),
}

impl PrivacySettings {
    /// Keys of `input_data` that are left out, lower case.
    #[must_use]
    pub fn input_keys_left_out(&self) -> Vec<String> {
        let keys: Vec<&str> = match &self.input_keys_left_out {
            Keys::Text(text) => text.split(',').collect(),
            Keys::List(keys) => keys.iter().map(String::as_str).collect(),
        };
        let keys = keys.into_iter().map(|key| key.trim().to_lowercase());
        let keys: BTreeSet<String> = keys.filter(|key| !key.is_empty()).collect();
        keys.into_iter().collect()
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let stray = |key: &String| key.contains(['[', ']', '"', '\'', ';']);
        if let (Keys::Text(_), Some(key)) =
            (&self.input_keys_left_out, self.input_keys_left_out().iter().find(|key| stray(key)))
        {
            let problem = format!(
                "has {key:?} among its keys; as one text they are parted by commas alone: first_name, email"
            );
            return Err(ConfigError::invalid("privacy.input_keys_left_out", problem));
        }
        if self.phone_numbers != NumberForm::Full && self.key_file.is_none() {
            let problem = "must be \"full\" without privacy.key_file: the other forms are made with its key";
            return Err(ConfigError::invalid("privacy.phone_numbers", problem));
        }
        Ok(())
    }

    /// The key's file, when others than its owner may read it.
    #[must_use]
    pub fn open_key_file(&self) -> Option<&Path> {
        let path = self.key_file.as_deref()?;
        let mode = std::fs::metadata(path).ok()?.permissions().mode();
        (mode & 0o077 != 0).then_some(path)
    }

    /// The key, read from its file; none without one.
    pub fn key(&self) -> Result<Option<SecretSlice<u8>>, ConfigError> {
        let key = "privacy.key_file";
        let Some(path) = &self.key_file else { return Ok(None) };
        let bytes = std::fs::read(path).map_err(|source| ConfigError::SecretUnreadable {
            key,
            path: path.clone(),
            source,
        })?;
        let secret = bytes.trim_ascii();
        if secret.len() < SHORTEST_KEY {
            let problem = format!(
                "names a file with a key of {} bytes ({}), and it must have {SHORTEST_KEY} at least: `openssl rand -hex 32` \
                 makes one",
                secret.len(),
                path.display()
            );
            return Err(ConfigError::invalid(key, problem));
        }
        Ok(Some(secret.to_vec().into()))
    }
}
