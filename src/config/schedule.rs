//! `[schedule]`: when passes are made.

use super::cron::{self, Cron};
use super::{ConfigError, values};
use chrono_tz::Tz;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// When passes are made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSettings {
    /// When each account's list is asked for: six fields with seconds; five fields mean second 0.
    pub cron: Cron,
    /// The zone in which the patterns are meant.
    #[serde(deserialize_with = "cron::zone")]
    pub timezone: Tz,
    /// Ticks come late by a random part of this, so that many mirrors do not ask at once.
    #[serde(deserialize_with = "values::duration")]
    pub jitter: Duration,
    /// The longest pause between looks at a quiet campaign that nothing speaks for and whose word cannot be relied on.
    #[serde(deserialize_with = "values::duration")]
    pub look_at_most: Duration,
    /// What differs for single campaigns, by id.
    #[serde(default)]
    pub campaigns: BTreeMap<String, CampaignSchedule>,
}

/// What differs for one campaign.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CampaignSchedule {
    /// As `schedule.cron`, for this campaign alone: it is then asked for by itself, and not when the list is read.
    #[serde(default)]
    pub cron: Option<Cron>,
    /// Left alone altogether.
    #[serde(default, deserialize_with = "values::flag")]
    pub off: bool,
    /// Campaigns of a higher one go first; 0 is the rule.
    #[serde(default, deserialize_with = "values::number")]
    pub priority: i32,
}

impl ScheduleSettings {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        for (id, campaign) in &self.campaigns {
            if campaign.off && campaign.cron.is_some() {
                let key = format!("schedule.campaigns.{id}.off");
                return Err(ConfigError::invalid(&key, "must not be set together with cron"));
            }
        }
        values::within("schedule.jitter", self.jitter.as_secs(), 0, 3600)
    }

    /// What holds for a campaign.
    #[must_use]
    pub fn of(&self, campaign_id: &str) -> CampaignSchedule {
        self.campaigns.get(campaign_id).cloned().unwrap_or_default()
    }
}
