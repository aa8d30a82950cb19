//! `[search]`: full text over what was said.

use super::{ConfigError, values};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Full text over what was said.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchSettings {
    /// Whether what was said can be searched.
    #[serde(deserialize_with = "values::flag")]
    pub enabled: bool,
    /// The text search configuration of Postgres by which it is read.
    pub language: String,
    /// Other ones, by campaign id.
    #[serde(default)]
    pub campaigns: BTreeMap<String, String>,
}

impl SearchSettings {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let own = self.campaigns.iter().map(|(id, language)| (key_of(id), language));
        for (key, language) in std::iter::once(("search.language".to_owned(), &self.language)).chain(own) {
            let is_plain = |letter: char| {
                letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_.".contains(letter)
            };
            if language.is_empty() || !language.chars().all(is_plain) {
                let problem = "must be the name of a text search configuration, such as simple or french";
                return Err(ConfigError::invalid(&key, problem));
            }
        }
        Ok(())
    }

    /// Every language that is named, once.
    #[must_use]
    pub fn languages(&self) -> Vec<String> {
        let named: BTreeSet<&String> =
            std::iter::once(&self.language).chain(self.campaigns.values()).collect();
        named.into_iter().cloned().collect()
    }

    /// An error for the first key that names a language of which `exists` says no; `known` are those that there are.
    pub fn refuse_unknown(&self, exists: impl Fn(&str) -> bool, known: &[String]) -> Result<(), ConfigError> {
        let own = self.campaigns.iter().map(|(id, language)| (key_of(id), language));
        match std::iter::once(("search.language".to_owned(), &self.language))
            .chain(own)
            .find(|(_, language)| !exists(language))
        {
            Some((key, language)) => {
                Err(ConfigError::UnknownLanguage { key, language: language.clone(), known: known.join(", ") })
            }
            None => Ok(()),
        }
    }
}

fn key_of(campaign_id: &str) -> String {
    format!("search.campaigns.{campaign_id}")
}
