//! `[log]`: what is logged, and how.

use super::ConfigError;
use serde::Deserialize;
use tracing_subscriber::EnvFilter;

/// Logs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    format: String,
    /// A level, or directives as `RUST_LOG` has them.
    pub level: String,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Text,
    /// One object a line.
    Json,
}

impl LogSettings {
    /// How lines look.
    #[must_use]
    pub fn format(&self) -> LogFormat {
        self.known_format().unwrap_or(LogFormat::Auto)
    }

    fn known_format(&self) -> Option<LogFormat> {
        match self.format.trim() {
            "auto" => Some(LogFormat::Auto),
            "text" => Some(LogFormat::Text),
            "json" => Some(LogFormat::Json),
            _ => None,
        }
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.known_format().is_none() {
            let problem = format!("must be auto, text or json, and is {:?}", self.format);
            return Err(ConfigError::invalid("log.format", problem));
        }
        // A lone word that is no level would pass as the name of a module, and everything would fall silent.
        let level = self.level.trim();
        let is_word = !level.is_empty() && level.chars().all(|letter| letter.is_ascii_alphabetic());
        let is_known = !is_word || level.parse::<tracing_subscriber::filter::LevelFilter>().is_ok();
        if !is_known || EnvFilter::try_new(level).is_err() {
            let problem =
                format!("must be off, error, warn, info, debug, trace or directives, and is {level:?}");
            return Err(ConfigError::invalid("log.level", problem));
        }
        Ok(())
    }
}
