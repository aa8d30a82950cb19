//! `[admin]`: the server for health, metrics and the status page.

use super::ConfigError;
use serde::Deserialize;
use std::net::SocketAddr;

/// The admin server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminSettings {
    listen: String,
}

impl AdminSettings {
    /// Where it listens; none: it is turned off.
    #[must_use]
    pub fn listen(&self) -> Option<SocketAddr> {
        self.listen.trim().parse().ok()
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.listen.trim().is_empty() || self.listen().is_some() {
            return Ok(());
        }
        let problem =
            format!("must be an address such as \"127.0.0.1:9464\", or \"\", and is {:?}", self.listen);
        Err(ConfigError::invalid("admin.listen", problem))
    }
}
