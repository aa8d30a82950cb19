//! `[daemon]`: leases and shutdown.

use super::{ConfigError, values};
use serde::Deserialize;
use std::time::Duration;

/// Leases and shutdown.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DaemonSettings {
    /// How long a lease holds when it is not renewed.
    #[serde(deserialize_with = "values::duration")]
    pub lease_ttl: Duration,
    /// How long work under way may take to end after the first signal.
    #[serde(deserialize_with = "values::duration")]
    pub shutdown_grace: Duration,
}

impl DaemonSettings {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.lease_ttl < Duration::from_secs(3) || self.lease_ttl > Duration::from_hours(1) {
            let shown = humantime::format_duration(self.lease_ttl);
            let problem = format!("must be between 3s and 1h, and is {shown}");
            return Err(ConfigError::invalid("daemon.lease_ttl", problem));
        }
        Ok(())
    }
}
