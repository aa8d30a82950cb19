//! `status`: what the mirror holds, how fresh it is, what went wrong. Reads the database alone, never the API.

mod sheet;

use super::database::{self, Database, Whose};
use super::exit::Exit;
use super::{Context, interrupt};
use crate::records::Time;
use crate::store::{CampaignStatus, Status, StoreError};
use chrono::TimeDelta;
use clap::Args;
use serde::Serialize;
use serde_json::json;
use std::time::Duration;

/// `status`.
#[derive(Debug, Args)]
pub(super) struct StatusArguments {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Exit with 3 when the copy of a live campaign is older than this, such as 90s, 1h or 2d
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    max_age: Option<Duration>,
    /// How many of the last passes to show; a pass over one campaign counts as one
    #[arg(long, value_name = "N", default_value_t = 5)]
    runs: u32,
    /// The demo's database, rather than the mirror's
    #[arg(long)]
    demo: bool,
}

/// What was found, and how it is judged.
#[derive(Debug)]
struct Report {
    status: Status,
    /// Why there is no mirror to be looked at, and what to do; none when there is one.
    note: Option<String>,
    as_of: Time,
    max_age: Option<TimeDelta>,
}

pub(super) async fn run(context: &Context, arguments: &StatusArguments) -> anyhow::Result<Exit> {
    let found = look(context, arguments).await?;
    let (status, note) = match found {
        Ok(status) => (status, None),
        Err(note) => (Status::default(), Some(note)),
    };
    let max_age = arguments.max_age.map(|age| TimeDelta::from_std(age).unwrap_or(TimeDelta::MAX));
    let report = Report { status, note, as_of: context.clock.now(), max_age };
    context.terminal.print(&if arguments.json { report.as_json()? } else { sheet::render(&report) });
    Ok(if report.is_stale() == Some(true) { Exit::Stale } else { Exit::Complete })
}

/// The status, or else why there is no mirror to be looked at.
async fn look(context: &Context, arguments: &StatusArguments) -> anyhow::Result<Result<Status, String>> {
    let settings = &context.settings;
    let whose = if arguments.demo { Whose::Demo } else { Whose::Mirror };
    // Looking makes no database.
    if !database::exists(settings, whose)? {
        return Ok(Err(match whose {
            Whose::Demo => "There is no demo on this machine yet: `revox-mirror demo --once` makes one.",
            Whose::Mirror if database::exists(settings, Whose::Demo)? => {
                "There is no mirror on this machine yet: `revox-mirror run --once` makes one. For the demo's: \
                 `revox-mirror status --demo`."
            }
            Whose::Mirror => {
                "There is no mirror on this machine yet: `revox-mirror run --once` makes one."
            }
        }
        .to_owned()));
    }
    let database = interrupt::or_signal(Database::open(settings, whose)).await?;
    let found = interrupt::or_signal(async {
        let store = database.connect().await?;
        let found = match store.check_schema().await {
            Ok(()) => Ok(store.load_status(arguments.runs).await?),
            Err(StoreError::SchemaOlder { pending }) => Err(format!(
                "The database has no mirror of this version yet: {} to be applied, by the next `revox-mirror run --once` \
                 or by `revox-mirror migrate`.",
                if pending == 1 { "1 migration is".to_owned() } else { format!("{pending} migrations are") }
            )),
            Err(error) => return Err(error.into()),
        };
        store.close().await;
        Ok(found)
    })
    .await;
    context.close(database).await;
    found
}

/// A campaign of the JSON object.
#[derive(Serialize)]
struct JudgedCampaign<'a> {
    #[serde(flatten)]
    campaign: &'a CampaignStatus,
    is_stale: Option<bool>,
}

impl Report {
    /// Up to when the copy of every live campaign is complete; none when that of any is not, or there is no campaign.
    fn complete_through(&self) -> Option<Time> {
        let oldest = self.status.campaigns.iter().map(|campaign| campaign.complete_through).min();
        oldest.flatten()
    }

    /// Whether a copy of this time is older than is allowed; none when nothing was asked.
    fn is_older(&self, at: Option<Time>) -> Option<bool> {
        let max_age = self.max_age?;
        Some(at.is_none_or(|at| self.as_of - at > max_age))
    }

    /// Whether any live campaign is staler than is allowed. Where there is none, the lists tell: an account that was
    /// never listed is stale.
    fn is_stale(&self) -> Option<bool> {
        if self.status.campaigns.is_empty() {
            let oldest = self.status.accounts.iter().map(|account| account.listed_at).min();
            return self.is_older(oldest.flatten());
        }
        self.is_older(self.complete_through())
    }

    fn stale_campaigns(&self) -> usize {
        let campaigns = self.status.campaigns.iter();
        campaigns.filter(|campaign| self.is_older(campaign.complete_through) == Some(true)).count()
    }

    fn total(&self, count: fn(&CampaignStatus) -> i64) -> i64 {
        self.status.campaigns.iter().map(count).sum()
    }

    /// The object of `--json`; `docs/freshness.md` describes it.
    fn as_json(&self) -> serde_json::Result<String> {
        let Status { accounts, campaigns, drift, search, retention, views, rejects, runs } = &self.status;
        let judged = campaigns
            .iter()
            .map(|campaign| JudgedCampaign { campaign, is_stale: self.is_older(campaign.complete_through) });
        serde_json::to_string_pretty(&json!({
            "as_of": self.as_of,
            "is_mirrored": self.note.is_none(),
            "note": self.note,
            "max_age_seconds": self.max_age.map(|age| age.num_seconds()),
            "is_stale": self.is_stale(),
            "complete_through": self.complete_through(),
            "totals": {
                "campaigns": campaigns.len(),
                "rows_live": self.total(|it| it.rows_live),
                "calls_live": self.total(|it| it.calls_live),
                "calls_open": self.total(|it| it.calls_open),
                "calls_unsettled": self.total(|it| it.calls_unsettled),
                "rejects": rejects,
            },
            "accounts": accounts,
            "campaigns": judged.collect::<Vec<_>>(),
            "drift": drift,
            "search": search,
            "retention": retention,
            "views": views,
            "runs": runs,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::{CampaignStatus, Report, Status, Time};
    use crate::store::AccountStatus;
    use chrono::TimeDelta;

    /// None: never.
    type Minute = Option<i64>;

    fn at(minutes: i64) -> Time {
        "2026-03-01T12:00:00Z".parse::<Time>().unwrap() + TimeDelta::minutes(minutes)
    }

    #[test]
    fn a_mirror_is_as_stale_as_its_stalest_campaign() {
        // Minutes up to when campaigns are complete, and when accounts were listed, as of minute 60; allowed: 30.
        let cases: [(&str, &[Minute], &[Minute], bool); 8] = [
            ("all fresh", &[Some(59), Some(30)], &[Some(0)], false),
            ("one is older", &[Some(59), Some(29)], &[Some(59)], true),
            ("one was never complete", &[Some(59), None], &[Some(59)], true),
            ("one lies ahead", &[Some(61)], &[], false),
            ("no campaign, freshly listed", &[], &[Some(40)], false),
            ("no campaign, listed long ago", &[], &[Some(40), Some(10)], true),
            ("no campaign, never listed", &[], &[None], true),
            ("nothing at all", &[], &[], true),
        ];
        for (case, campaigns, accounts, expected) in cases {
            let campaign = |through: &Minute| CampaignStatus {
                complete_through: through.map(at),
                ..CampaignStatus::default()
            };
            let account =
                |listed: &Minute| AccountStatus { listed_at: listed.map(at), ..AccountStatus::default() };
            let status = Status {
                campaigns: campaigns.iter().map(campaign).collect(),
                accounts: accounts.iter().map(account).collect(),
                ..Status::default()
            };
            let report = Report { status, note: None, as_of: at(60), max_age: Some(TimeDelta::minutes(30)) };
            assert_eq!(report.is_stale(), Some(expected), "{case}");
            assert_eq!(Report { max_age: None, ..report }.is_stale(), None, "{case}: nothing was asked");
        }
    }
}
