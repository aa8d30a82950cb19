//! Configuration: defaults, the file, the environment, in this order, the last one strongest.
//!
//! Owns: every key, its default (`config/default.toml`), its bounds, and the errors that name it. Reads the
//! environment for the whole program. Leaves to `cli`: making the options of other modules out of it.

mod accounts;
mod admin;
mod api;
mod cron;
mod daemon;
mod database;
mod environment;
mod error;
mod fields;
mod history;
mod layers;
mod localdb;
mod log;
mod privacy;
mod reporting;
mod retention;
mod revox;
mod schedule;
mod search;
mod sync;
#[cfg(test)]
mod tests;
mod values;
mod views;

pub use accounts::{Account, AccountSettings, DEFAULT_ACCOUNT};
pub use admin::AdminSettings;
pub use api::ApiSettings;
pub use cron::Cron;
pub use daemon::DaemonSettings;
pub use database::DatabaseSettings;
pub use error::{ConfigError, Origin};
pub use history::HistorySettings;
pub use localdb::LocaldbSettings;
pub use log::{LogFormat, LogSettings};
pub use privacy::{Keeping, NumberForm, PrivacySettings};
pub use reporting::ReportingSettings;
pub use retention::RetentionSettings;
pub use revox::RevoxSettings;
pub use schedule::{CampaignSchedule, ScheduleSettings};
pub use search::SearchSettings;
pub use sync::SyncSettings;
pub use views::ViewsSettings;

use environment::Environment;
use layers::Flat;
use secrecy::SecretString;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

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
    /// What of people is kept.
    pub privacy: PrivacySettings,
    /// How long it is kept.
    pub retention: RetentionSettings,
    /// Leases and shutdown.
    pub daemon: DaemonSettings,
    /// What is kept of what was.
    pub history: HistorySettings,
    /// When passes are made.
    pub schedule: ScheduleSettings,
    /// How reports count.
    pub reporting: ReportingSettings,
    /// Full text over what was said.
    pub search: SearchSettings,
    /// The views that the mirror makes by itself.
    pub views: ViewsSettings,
    /// The admin server.
    pub admin: AdminSettings,
    /// The embedded Postgres.
    pub localdb: LocaldbSettings,
    /// Logs.
    pub log: LogSettings,
    /// More accounts, by name.
    #[serde(default)]
    pub accounts: BTreeMap<String, AccountSettings>,
    /// Every value as text, to tell what a reload has changed.
    #[serde(skip)]
    flat: Flat,
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
        self.privacy.validate()?;
        self.retention.validate()?;
        self.daemon.validate()?;
        self.schedule.validate()?;
        self.search.validate()?;
        self.admin.validate()?;
        self.accounts.iter().try_for_each(|(name, account)| account.validate(name))?;
        self.log.validate()
    }

    /// The same with one account, which is made rather than configured, and looked at as `cron` has it.
    #[must_use]
    pub fn of_simulated_account(&self, base_url: String, api_key: SecretString, cron: Cron) -> Self {
        let schedule = ScheduleSettings {
            cron,
            timezone: self.schedule.timezone,
            jitter: Duration::ZERO,
            look_at_most: self.schedule.look_at_most,
            campaigns: BTreeMap::new(),
        };
        Self {
            revox: RevoxSettings::made(base_url, api_key),
            accounts: BTreeMap::new(),
            schedule,
            ..self.clone()
        }
    }

    /// The keys whose values differ between two configurations, in order.
    #[must_use]
    pub fn keys_that_differ(&self, other: &Self) -> Vec<String> {
        self.flat.keys_that_differ(&other.flat)
    }
}

/// The keys of a section; none: there is no such section.
fn keys_of(section: &str) -> Option<&'static [&'static str]> {
    Some(match section {
        "revox" => fields::names_of::<RevoxSettings>(),
        "database" => fields::names_of::<DatabaseSettings>(),
        "api" => fields::names_of::<ApiSettings>(),
        "sync" => fields::names_of::<SyncSettings>(),
        "privacy" => fields::names_of::<PrivacySettings>(),
        "retention" => fields::names_of::<RetentionSettings>(),
        "daemon" => fields::names_of::<DaemonSettings>(),
        "history" => fields::names_of::<HistorySettings>(),
        "schedule" => fields::names_of::<ScheduleSettings>(),
        "reporting" => fields::names_of::<ReportingSettings>(),
        "search" => fields::names_of::<SearchSettings>(),
        "views" => fields::names_of::<ViewsSettings>(),
        "admin" => fields::names_of::<AdminSettings>(),
        "localdb" => fields::names_of::<LocaldbSettings>(),
        "log" => fields::names_of::<LogSettings>(),
        // Their keys are names.
        "accounts" => &[],
        _ => return None,
    })
}
