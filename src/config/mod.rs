//! Configuration: defaults, the file, the environment, in this order, the last one strongest.
//!
//! Owns: every key, its default (`config/default.toml`), its bounds, and the errors that name it. Reads the
//! environment for the whole program. Leaves to `cli`: making the options of other modules out of it.

mod admin;
mod api;
mod daemon;
mod database;
mod environment;
mod error;
mod fields;
mod layers;
mod localdb;
mod log;
mod revox;
mod schedule;
mod sync;
#[cfg(test)]
mod tests;
mod values;

pub use admin::AdminSettings;
pub use api::ApiSettings;
pub use daemon::DaemonSettings;
pub use database::DatabaseSettings;
pub use error::{ConfigError, Origin};
pub use localdb::LocaldbSettings;
pub use log::{LogFormat, LogSettings};
pub use revox::RevoxSettings;
pub use schedule::{CampaignSchedule, ScheduleSettings};
pub use sync::SyncSettings;

use environment::Environment;
use serde::Deserialize;
use std::path::Path;

/// All that can be set, a field a section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The account that is mirrored.
    pub revox: RevoxSettings,
    /// Where the mirror is kept.
    pub database: DatabaseSettings,
    /// How the API is asked.
    pub api: ApiSettings,
    /// How passes are made.
    pub sync: SyncSettings,
    /// Leases and shutdown.
    pub daemon: DaemonSettings,
    /// When passes are made.
    pub schedule: ScheduleSettings,
    /// The admin server.
    pub admin: AdminSettings,
    /// The embedded Postgres.
    pub localdb: LocaldbSettings,
    /// Logs.
    pub log: LogSettings,
}

impl Settings {
    /// Reads the defaults, the file (if one is given) and the environment. Secrets in files are read when they
    /// are asked for, so that a command which needs none does not fail for want of one.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::from_sources(file, &environment::read()?)
    }

    fn from_sources(file: Option<&Path>, environment: &Environment) -> Result<Self, ConfigError> {
        let file = file.map(layers::read_file).transpose()?;
        layers::refuse_unknown_keys(file.as_ref(), environment)?;
        layers::refuse_two_sources(file.as_ref(), environment)?;
        let settings = layers::merge(file.as_ref(), environment)?;
        settings
            .validate()
            .map_err(|error| error.set_by(|key| layers::origin(key, file.as_ref(), environment)))?;
        Ok(settings)
    }

    fn validate(&self) -> Result<(), ConfigError> {
        self.revox.validate()?;
        self.database.validate()?;
        self.api.validate()?;
        self.sync.validate()?;
        self.daemon.validate()?;
        self.schedule.validate()?;
        self.admin.validate()?;
        self.log.validate()
    }
}

/// The keys of a section; none: there is no such section.
fn keys_of(section: &str) -> Option<&'static [&'static str]> {
    Some(match section {
        "revox" => fields::names_of::<RevoxSettings>(),
        "database" => fields::names_of::<DatabaseSettings>(),
        "api" => fields::names_of::<ApiSettings>(),
        "sync" => fields::names_of::<SyncSettings>(),
        "daemon" => fields::names_of::<DaemonSettings>(),
        "schedule" => fields::names_of::<ScheduleSettings>(),
        "admin" => fields::names_of::<AdminSettings>(),
        "localdb" => fields::names_of::<LocaldbSettings>(),
        "log" => fields::names_of::<LogSettings>(),
        _ => return None,
    })
}
