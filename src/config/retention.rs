//! `[retention]`: how long what is about people is kept.

use super::{ConfigError, values};
use serde::Deserialize;
use std::time::Duration;

/// How long what is about people is kept; none: for ever.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionSettings {
    /// What was said, from the end of the attempt.
    #[serde(deserialize_with = "values::optional_duration")]
    pub transcripts: Option<Duration>,
    /// Where it was recorded, from the end of the attempt.
    #[serde(deserialize_with = "values::optional_duration")]
    pub recording_urls: Option<Duration>,
    /// Calls as a whole, from the end of their last attempt.
    #[serde(deserialize_with = "values::optional_duration")]
    pub calls: Option<Duration>,
}

/// What is removed goes by the day.
const SHORTEST: Duration = Duration::from_hours(24);

impl RetentionSettings {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        for (key, kept) in [
            ("retention.transcripts", self.transcripts),
            ("retention.recording_urls", self.recording_urls),
            ("retention.calls", self.calls),
        ] {
            if let Some(kept) = kept.filter(|kept| *kept < SHORTEST) {
                let problem = format!(
                    "must be a day at least, such as \"180d\", or empty to keep them for ever, and is {}",
                    humantime::format_duration(kept)
                );
                return Err(ConfigError::invalid(key, problem));
            }
        }
        Ok(())
    }
}
