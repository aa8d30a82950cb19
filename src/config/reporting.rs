//! `[reporting]`: by which clock the views of schema `revox` count.

use super::cron;
use chrono_tz::Tz;
use serde::Deserialize;

/// How reports count.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportingSettings {
    /// The zone in which days and hours of reports begin.
    #[serde(deserialize_with = "cron::zone")]
    pub time_zone: Tz,
}
