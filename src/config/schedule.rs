//! `[schedule]`: when passes are made.

use super::ConfigError;
use serde::Deserialize;
use std::collections::BTreeMap;

/// When passes are made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSettings {
    /// Six fields with seconds; five fields mean second 0.
    pub cron: String,
    /// What differs for single campaigns, by id.
    #[serde(default)]
    pub campaigns: BTreeMap<String, CampaignSchedule>,
}

/// What differs for one campaign.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CampaignSchedule {
    /// As `schedule.cron`.
    pub cron: String,
}

impl ScheduleSettings {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        check_cron("schedule.cron", &self.cron)?;
        for (id, campaign) in &self.campaigns {
            check_cron(&format!("schedule.campaigns.{id}.cron"), &campaign.cron)?;
        }
        Ok(())
    }
}

/// The number of fields alone: what is in them is read by the scheduler.
fn check_cron(key: &str, cron: &str) -> Result<(), ConfigError> {
    if matches!(cron.split_whitespace().count(), 5 | 6) {
        return Ok(());
    }
    Err(ConfigError::invalid(key, format!("must have six fields such as \"0 */5 * * * *\", and is {cron:?}")))
}
