//! What the daemon knows of one account: its round under way, what is held back after a failure, how often it has failed.

use super::AccountPlan;
use super::agenda::Key;
use crate::observe::Trouble;
use crate::records::Time;
use crate::sync::{CampaignReport, RoundEnd};
use std::collections::{HashMap, HashSet};

/// An account.
pub(super) struct Keeper {
    pub(super) plan: AccountPlan,
    /// The list is being read.
    pub(super) is_listing: bool,
    /// It is to be read again when that has ended, not before this moment's words.
    pub(super) list_again: Option<Time>,
    /// After a failure: it is not asked for before then.
    pub(super) not_before: Option<Time>,
    /// Failures of the list in a row.
    pub(super) failures: u32,
    /// What is wrong with the account as a whole.
    pub(super) trouble: Option<Trouble>,
    /// A pass was answered as if the key were refused: until the list has judged, none begins. What was due comes back with
    /// that list.
    pub(super) is_in_doubt: bool,
    /// What waits after a failure, by campaign.
    pub(super) holds: HashMap<String, Hold>,
    pub(super) round: Option<RoundUnderWay>,
    /// Rounds so far.
    pub(super) rounds: u64,
}

/// A campaign that has failed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hold {
    /// In a row.
    pub(super) failures: u32,
    /// It is left alone until then.
    pub(super) until: Time,
    /// Since when.
    pub(super) since: Time,
}

/// A round whose jobs have not all ended.
pub(super) struct RoundUnderWay {
    pub(super) number: u64,
    pub(super) outstanding: HashSet<String>,
    pub(super) reports: Vec<CampaignReport>,
    pub(super) end: RoundEnd,
}

impl Keeper {
    pub(super) fn new(plan: AccountPlan) -> Self {
        Self {
            plan,
            is_listing: false,
            list_again: None,
            not_before: None,
            failures: 0,
            trouble: None,
            is_in_doubt: false,
            holds: HashMap::new(),
            round: None,
            rounds: 0,
        }
    }

    pub(super) fn key(&self, campaign: &str) -> Key {
        Key { account: self.plan.mirror.account.clone(), campaign: campaign.to_owned() }
    }

    /// Whether a campaign is to be left alone for now.
    pub(super) fn holds_back(&self, campaign: &str, now: Time) -> bool {
        self.holds.get(campaign).is_some_and(|hold| now < hold.until)
    }

    /// Whether no pass may begin.
    pub(super) fn is_closed(&self) -> bool {
        self.is_in_doubt || self.is_parked()
    }

    /// Whether the account waits for a person.
    pub(super) fn is_parked(&self) -> bool {
        self.trouble.as_ref().is_some_and(|trouble| trouble.is_parked)
    }

    /// Counts a campaign's failure; how many in a row, and since when.
    pub(super) fn count_failure(&mut self, campaign: &str, now: Time) -> (u32, Time) {
        let hold =
            self.holds.entry(campaign.to_owned()).or_insert(Hold { failures: 0, until: now, since: now });
        hold.failures += 1;
        (hold.failures, hold.since)
    }

    /// Takes note that a job has ended; the round's end, when it was the last one.
    pub(super) fn end_job(&mut self, round: Option<u64>, report: CampaignReport) -> Option<RoundUnderWay> {
        let current = self.round.as_mut().filter(|current| Some(current.number) == round)?;
        current.outstanding.remove(&report.id);
        current.reports.push(report);
        if current.outstanding.is_empty() { self.round.take() } else { None }
    }
}
