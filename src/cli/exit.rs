//! Exit codes, and what is said of an error: the one place that maps errors to either.

use crate::api::ApiError;
use crate::config::ConfigError;
use crate::localdb::LocalDbError;
use crate::plan::Outcome;
use crate::store::StoreError;
use crate::sync::{PassReport, SyncError};
use std::error::Error;
use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: everything was done.
    Complete,
    /// 1: anything that has no code of its own.
    Other,
    /// 2: the command line or the configuration is at fault.
    Usage,
    /// 3: a campaign failed, is partial or suspicious, or something could not land that was not known before.
    Partial,
    /// 3, too: the copy is older than `status --max-age` allows.
    Stale,
    /// 4: the API refuses the key.
    KeyRefused,
    /// 5: the database cannot be reached or is unfit.
    Database,
    /// The code of a program that was run in this one's place.
    Child(u8),
}

impl Exit {
    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Complete => 0,
            Self::Other => 1,
            Self::Usage => 2,
            Self::Partial | Self::Stale => 3,
            Self::KeyRefused => 4,
            Self::Database => 5,
            Self::Child(code) => code,
        }
    }

    /// The one of two that says more.
    pub(super) fn worse(self, other: Self) -> Self {
        if other.code() > self.code() { other } else { self }
    }

    /// The code for an error.
    pub(super) fn of_error(error: &anyhow::Error) -> Self {
        error.chain().find_map(of_cause).unwrap_or(Self::Other)
    }

    /// The code for a pass.
    pub(super) fn of_report(report: &PassReport) -> Self {
        let is_whole = |outcome| matches!(outcome, Outcome::Complete | Outcome::Skipped);
        let whole = report
            .campaigns
            .iter()
            .all(|campaign| is_whole(campaign.outcome) && campaign.rows.rejected_new == 0);
        if whole && report.rejected_new == 0 && report.suspicious.is_none() {
            Self::Complete
        } else {
            Self::Partial
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// An error of the command line itself.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    /// An account that is not configured.
    #[error("there is no account {name}")]
    UnknownAccount {
        /// As it was given.
        name: String,
        /// The configured ones.
        known: String,
    },
    /// Campaigns are named, and several accounts are configured.
    #[error("it is not said which account the campaigns are of")]
    WhichAccount,
    /// No command has made a mirror on this machine yet.
    #[error("there is no mirror on this machine yet")]
    NoMirror,
    /// People are erased by a key that is not there.
    #[error("privacy.key_file is not set, and by its key people are known who were erased")]
    NoPrivacyKey,
    /// There is nobody to be asked.
    #[error("the admin server is turned off")]
    NoAdmin,
    /// A signal.
    #[error("interrupted")]
    Interrupted,
    /// Another demo on the same database.
    #[error("another demo runs on the demo's database")]
    DemoRuns,
    /// A program that is not there.
    #[error("psql cannot be started")]
    NoPsql(#[source] std::io::Error),
    /// An address that cannot be listened on.
    #[error("the simulator cannot listen on {address}")]
    Listen {
        /// As it was given.
        address: std::net::SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl CommandError {
    fn hint(&self) -> String {
        match self {
            Self::UnknownAccount { known, .. } => format!("the configured accounts are: {known}"),
            Self::WhichAccount => "name it with --account, too".to_owned(),
            Self::NoMirror => {
                "make it with `revox-mirror run --once`, or set DATABASE_URL to where it is".to_owned()
            }
            Self::NoPrivacyKey => "make a file of at least 32 random bytes (`openssl rand -hex 32`), readable for the mirror's user \
                 alone, keep it, and let privacy.key_file name it here and where the mirror runs; nothing was erased"
                .to_owned(),
            Self::NoAdmin => "set admin.listen to an address".to_owned(),
            Self::DemoRuns => {
                "end it with Ctrl-C where it runs, or look at it with `revox-mirror status --demo`".to_owned()
            }
            Self::Interrupted => "what was committed stays; the next run goes on from there".to_owned(),
            Self::NoPsql(_) => {
                "install psql (`apt-get install postgresql-client`), or set localdb.bin_dir to where it is"
                    .to_owned()
            }
            Self::Listen { .. } => "choose another address with --listen; port 0 takes a free one".to_owned(),
        }
    }
}

fn of_cause(cause: &(dyn Error + 'static)) -> Option<Exit> {
    if cause.is::<ConfigError>() {
        return Some(Exit::Usage);
    }
    if let Some(error) = cause.downcast_ref::<CommandError>() {
        return Some(match error {
            CommandError::UnknownAccount { .. }
            | CommandError::WhichAccount
            | CommandError::NoPrivacyKey
            | CommandError::NoAdmin => Exit::Usage,
            CommandError::NoMirror => Exit::Database,
            CommandError::Interrupted
            | CommandError::DemoRuns
            | CommandError::NoPsql(_)
            | CommandError::Listen { .. } => Exit::Other,
        });
    }
    if let Some(error) = cause.downcast_ref::<SyncError>() {
        return match error {
            SyncError::UnknownCampaign { .. } | SyncError::AnotherAccount { .. } => Some(Exit::Usage),
            SyncError::Busy => Some(Exit::Partial),
            // Their causes decide.
            SyncError::List(_) | SyncError::Store(_) => None,
        };
    }
    if let Some(error) = cause.downcast_ref::<ApiError>() {
        return Some(if error.is_refused() { Exit::KeyRefused } else { Exit::Other });
    }
    if let Some(error) = cause.downcast_ref::<StoreError>() {
        return Some(match error {
            StoreError::LeaseLost { .. } | StoreError::ErasedMeanwhile => Exit::Other,
            StoreError::UnknownTimeZone { .. }
            | StoreError::NoPrivacyKey
            | StoreError::OtherPrivacyKey
            | StoreError::KeptShorter { .. } => Exit::Usage,
            _ => Exit::Database,
        });
    }
    (cause.is::<LocalDbError>() || cause.is::<sqlx::Error>()).then_some(Exit::Database)
}

fn hint_of_cause(cause: &(dyn Error + 'static)) -> Option<String> {
    if let Some(error) = cause.downcast_ref::<ConfigError>() {
        return error.hint();
    }
    if let Some(error) = cause.downcast_ref::<CommandError>() {
        return Some(error.hint());
    }
    if let Some(error) = cause.downcast_ref::<SyncError>() {
        return match error {
            SyncError::UnknownCampaign { .. } => {
                Some("leave --campaign out for every campaign of the account".to_owned())
            }
            SyncError::AnotherAccount { .. } => Some(
                "check the key and the base URL; --accept-account says that the change is meant".to_owned(),
            ),
            SyncError::Busy => Some("run it again later, or let it wait for longer with --wait".to_owned()),
            SyncError::List(_) | SyncError::Store(_) => None,
        };
    }
    if let Some(error) = cause.downcast_ref::<ApiError>() {
        return error.hint();
    }
    if let Some(error) = cause.downcast_ref::<StoreError>() {
        return error.hint();
    }
    cause.downcast_ref::<LocalDbError>().and_then(LocalDbError::hint)
}

/// What is shown of an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// What failed.
    pub(super) message: String,
    /// What caused it, the nearest cause first.
    pub(super) causes: Vec<String>,
    /// What to do about it.
    pub(super) hint: Option<String>,
}

impl From<&anyhow::Error> for Failure {
    fn from(error: &anyhow::Error) -> Self {
        let mut texts: Vec<String> = error.chain().map(ToString::to_string).collect();
        // Some libraries repeat their cause as their message.
        texts.dedup();
        let mut texts = texts.into_iter();
        Self {
            message: texts.next().unwrap_or_default(),
            causes: texts.collect(),
            hint: error.chain().find_map(hint_of_cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::{CampaignReport, RowCounts};
    use anyhow::Context;

    fn unreachable_database() -> StoreError {
        StoreError::Unreachable { address: "db:5432".to_owned(), source: sqlx::Error::PoolTimedOut }
    }

    #[test]
    fn every_kind_of_error_has_its_code() {
        let interrupted: anyhow::Error = CommandError::Interrupted.into();
        for (error, expected) in [
            (ConfigError::MissingKey.into(), Exit::Usage),
            (anyhow::Error::from(ConfigError::MissingKey).context("more"), Exit::Usage),
            (SyncError::UnknownCampaign { id: "c".to_owned() }.into(), Exit::Usage),
            (SyncError::AnotherAccount { held: "a".to_owned(), found: "b".to_owned() }.into(), Exit::Usage),
            (unreachable_database().into(), Exit::Database),
            (SyncError::from(unreachable_database()).into(), Exit::Database),
            (StoreError::LeaseLost { scope: "c".to_owned() }.into(), Exit::Other),
            (StoreError::UnknownTimeZone { zone: "z".to_owned() }.into(), Exit::Usage),
            (interrupted, Exit::Other),
            (anyhow::anyhow!("anything"), Exit::Other),
        ] {
            assert_eq!(Exit::of_error(&error), expected, "{error:#}");
        }
    }

    #[test]
    fn a_failure_has_its_causes_once_and_the_hint_of_the_first_that_knows() {
        let error = Err::<(), _>(ConfigError::MissingKey).context("the API cannot be asked").unwrap_err();
        let failure = Failure::from(&error);
        assert_eq!(failure.message, "the API cannot be asked");
        assert_eq!(failure.causes, ["no API key is set"]);
        assert!(failure.hint.unwrap().contains("REVOX_API_KEY"));
    }

    #[test]
    fn a_pass_is_complete_only_when_every_campaign_is_and_nothing_new_was_rejected() {
        let campaign = |outcome, rejected_new| CampaignReport {
            id: "c".to_owned(),
            name: "C".to_owned(),
            outcome,
            note: None,
            failure: None,
            rows: RowCounts { rejected: 1, rejected_new, ..RowCounts::default() },
            cost: crate::api::Cost::default(),
        };
        for (campaigns, expected) in [
            (vec![], Exit::Complete),
            (vec![campaign(Outcome::Complete, 0), campaign(Outcome::Skipped, 0)], Exit::Complete),
            (vec![campaign(Outcome::Complete, 1)], Exit::Partial),
            (vec![campaign(Outcome::Complete, 0), campaign(Outcome::Partial, 0)], Exit::Partial),
            (vec![campaign(Outcome::Suspicious, 0)], Exit::Partial),
            (vec![campaign(Outcome::Failed, 0)], Exit::Partial),
        ] {
            let report = PassReport { campaigns, ..PassReport::default() };
            assert_eq!(Exit::of_report(&report), expected, "{report:?}");
        }
    }
}
