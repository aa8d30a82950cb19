//! What can be wrong with the configuration, each with the key at fault and what to do. No message holds a
//! secret.

use std::fmt;
use std::path::PathBuf;

/// Where a value was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `config/default.toml`.
    Defaults,
    /// The file after `--config`.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Defaults => formatter.write_str("the defaults"),
            Self::File(path) => write!(formatter, "the file {}", path.display()),
            Self::Variable(name) => write!(formatter, "the environment variable {name}"),
        }
    }
}

/// Why the program cannot be configured as it was asked to be.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A key that no section has.
    #[error("{key} is no configuration key, and {origin} sets it")]
    UnknownKey {
        /// `section.key`.
        key: String,
        /// Where it stands.
        origin: Origin,
        /// The names that would have been right in its place.
        known: Vec<&'static str>,
    },
    /// A key whose value is out of the question.
    #[error("{key} {problem}")]
    Invalid {
        /// `section.key`.
        key: String,
        /// Goes on from the key: `must be between 1 and 10000, and is 0`.
        problem: String,
        /// Where it was set.
        origin: Origin,
    },
    /// A language that Postgres does not know.
    #[error("{key} names {language}, which is no text search configuration of the database")]
    UnknownLanguage {
        /// `search.language`, or that of a campaign.
        key: String,
        /// As it was given.
        language: String,
        /// Those that there are.
        known: String,
    },
    /// The file after `--config`.
    #[error("the configuration file {} cannot be read", path.display())]
    FileUnreadable {
        /// As it was given.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file after `--config`.
    #[error("the configuration file {} is not TOML: {problem}", path.display())]
    FileMalformed {
        /// As it was given.
        path: PathBuf,
        /// Line, column and reason, without quoting the line: it may hold a secret.
        problem: String,
    },
    /// A file that holds a secret.
    #[error("the file {} that {key} names cannot be read", path.display())]
    SecretUnreadable {
        /// `revox.api_key_file`.
        key: &'static str,
        /// As it was given.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// No key is set anywhere.
    #[error("no API key is set")]
    MissingKey,
    /// A variable that is not text.
    #[error("the environment variable {name} is not UTF-8")]
    NotUnicode {
        /// Its name.
        name: String,
    },
}

impl ConfigError {
    /// A value that is out of the question; the loader says where it was set.
    pub(super) fn invalid(key: &str, problem: impl Into<String>) -> Self {
        Self::Invalid { key: key.to_owned(), problem: problem.into(), origin: Origin::Defaults }
    }

    /// The same error with the place where its key was set.
    pub(super) fn set_by(self, find: impl FnOnce(&str) -> Origin) -> Self {
        match self {
            Self::Invalid { key, problem, .. } => Self::Invalid { origin: find(&key), key, problem },
            other => other,
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownKey { key, known, .. } => {
                let place = match key.rsplit_once('.') {
                    Some((section, _)) => format!("the keys of [{section}]"),
                    None => "the sections".to_owned(),
                };
                Some(format!("{place} are {}", known.join(", ")))
            }
            Self::Invalid { origin: Origin::Defaults, .. } => None,
            Self::Invalid { origin, .. } => Some(format!("correct it in {origin}")),
            Self::UnknownLanguage { known, .. } => {
                Some(format!("choose one of {known}; or make one of your own and name it with its schema"))
            }
            Self::FileUnreadable { .. } => Some("give the path of a readable file after --config".to_owned()),
            Self::FileMalformed { .. } => {
                Some("config/default.toml shows how the file is written".to_owned())
            }
            Self::SecretUnreadable { .. } => {
                Some("make the file readable for the user that runs the mirror".to_owned())
            }
            Self::MissingKey => Some(
                "set REVOX_API_KEY to a key of the account, or REVOX_API_KEY_FILE to a file that holds one; \
                 `revox-mirror demo --once` needs none"
                    .to_owned(),
            ),
            Self::NotUnicode { name } => Some(format!("set {name} to UTF-8 text, or unset it")),
        }
    }
}
