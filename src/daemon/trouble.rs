//! What became of lists and passes: shown on the board, held back when they failed, and tried again as the policy says.

use super::agenda::Key;
use super::alarms::Alarm;
use super::conductor::Conductor;
use super::keeper::Keeper;
use super::policy::{Reaction, advice, reaction};
use crate::observe::{self, Trouble};
use crate::plan::Outcome;
use crate::records::Time;
use crate::sync::{CampaignReport, FailureKind, SyncError};
use chrono::TimeDelta;
use std::sync::Arc;
use std::time::Duration;

/// What accepts deletions.
pub(super) const ACCEPT: &str = "look at it in Revox; if it is right, `revox-mirror run --once --accept-deletions` marks as \
                                 gone what was reported, and no more";

/// An error with its causes, on one line.
pub(super) fn words(error: &SyncError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn later(now: Time, pause: Duration) -> Time {
    now + TimeDelta::from_std(pause).unwrap_or(TimeDelta::days(1))
}

impl Conductor {
    /// A list could not be read.
    pub(super) async fn fail_list(&mut self, account: &Arc<str>, kind: FailureKind, what: &str) {
        let now = self.daemon.clock.now();
        if kind == FailureKind::DatabaseAway {
            self.database_is_away(what).await;
        }
        let Some(keeper) = self.keepers.get_mut(account) else { return };
        keeper.is_listing = false;
        keeper.is_in_doubt = false;
        keeper.list_again = None;
        keeper.failures += u32::from(kind != FailureKind::Busy);
        let next = reaction(kind, keeper.failures, self.daemon.lease_ttl);
        let not_before = match next {
            Reaction::Now => Some(now),
            Reaction::Later(pause) | Reaction::Park(pause) => Some(later(now, pause)),
            Reaction::Nothing => None,
        };
        keeper.not_before = not_before;
        // That the database is away is said once, of the database.
        if let Some(hint) = advice(kind).filter(|_| kind != FailureKind::DatabaseAway) {
            let is_parked = matches!(next, Reaction::Park(_));
            let since = keeper.trouble.as_ref().map_or(now, |trouble| trouble.since);
            if is_parked {
                tracing::error!(%account, kind = kind.as_str(), what, hint, "the account is parked until somebody acts");
            } else {
                tracing::warn!(%account, kind = kind.as_str(), what, hint, again_at = ?not_before, "the list could not be read");
            }
            let hint = Some(hint.to_owned());
            keeper.trouble =
                Some(Trouble { what: what.to_owned(), hint, since, again_at: not_before, is_parked });
        }
        if let Some(at) = not_before {
            self.alarms.set(Alarm::ListAgain(Arc::clone(account)), at).await;
        }
        self.show_account(account);
    }

    /// A pass has ended.
    pub(super) async fn take_report(&mut self, key: Key, round: Option<u64>, mut report: CampaignReport) {
        let now = self.daemon.clock.now();
        self.agenda.end(&key);
        let Key { account, campaign } = key;
        let note = report.note.as_deref().unwrap_or_default();
        match report.failure {
            Some(FailureKind::DatabaseAway) => self.database_is_away(note).await,
            _ => self.database_is_back(),
        }
        let Some(keeper) = self.keepers.get_mut(&account) else { return };
        let mut since = now;
        let mut again_at = None;
        let mut is_shown = true;
        match report.failure {
            None => {
                keeper.holds.remove(&campaign);
            }
            Some(FailureKind::Stopped) => {}
            Some(kind) => {
                let (failures, first) = keeper.count_failure(&campaign, now);
                since = first;
                // Of a campaign alone a refusal is that campaign's, however it is worded.
                let policy =
                    if kind == FailureKind::KeyRefused { FailureKind::CampaignRefused } else { kind };
                let at = match reaction(policy, failures, self.daemon.lease_ttl) {
                    Reaction::Now | Reaction::Nothing => now,
                    Reaction::Later(pause) | Reaction::Park(pause) => later(now, pause),
                };
                if let Some(hold) = keeper.holds.get_mut(&campaign) {
                    hold.until = at;
                }
                again_at = Some(at);
                if kind == FailureKind::Broken {
                    tracing::error!(%account, campaign_id = campaign, "a pass panicked; the other campaigns go on");
                } else if let Some(hint) = advice(kind) {
                    tracing::warn!(%account, campaign_id = campaign, kind = kind.as_str(), what = note, hint, again_at = %at,
                                   "a pass failed");
                }
                if kind == FailureKind::KeyRefused {
                    // Whether it is the account's key or this campaign alone, its list tells.
                    is_shown = failures > 1;
                    keeper.is_in_doubt = true;
                    self.list(&account, now);
                }
                self.alarms.set(Alarm::Again(Arc::clone(&account), campaign.clone()), at).await;
            }
        }
        if report.failure == Some(FailureKind::KeyRefused) {
            report.failure = Some(FailureKind::CampaignRefused);
        }
        if is_shown {
            self.show_campaign(&account, &report, Some((since, again_at)));
        }
        let ended = self.keepers.get_mut(&account).and_then(|keeper| keeper.end_job(round, report));
        if let Some(round) = ended {
            self.conclude(&account, round);
        }
        self.look_after();
    }

    /// Shows on the board what is wrong with a campaign, or nothing when it is all right.
    pub(super) fn show_campaign(
        &self,
        account: &Arc<str>,
        report: &CampaignReport,
        failing: Option<(Time, Option<Time>)>,
    ) {
        let hint = match (report.outcome, report.failure) {
            (Outcome::Suspicious, _) => Some(ACCEPT),
            (_, Some(kind)) => match advice(kind) {
                // Another process sees to it.
                None => return,
                hint => hint,
            },
            (Outcome::Partial, None) => None,
            (Outcome::Complete | Outcome::Skipped | Outcome::Failed, None) => {
                let is_held = |keeper: &Keeper| keeper.holds.contains_key(&report.id);
                if !self.keepers.get(account).is_some_and(is_held) {
                    self.daemon.board.write(|state| {
                        state.campaigns.remove(&report.id);
                    });
                }
                return;
            }
        };
        let now = self.daemon.clock.now();
        let (since, again_at) = failing.unwrap_or((now, None));
        let what =
            report.note.clone().unwrap_or_else(|| format!("the pass ended as {}", report.outcome.as_str()));
        let hint = hint.map(ToOwned::to_owned);
        self.daemon.board.write(|state| {
            let since = state.campaigns.get(&report.id).map_or(since, |held| held.since);
            let trouble =
                Trouble { what, hint, since, again_at, is_parked: report.outcome == Outcome::Suspicious };
            state.campaigns.insert(report.id.clone(), trouble);
        });
    }

    /// Nothing is begun for a while, which grows.
    async fn database_is_away(&mut self, what: &str) {
        let now = self.daemon.clock.now();
        let (failures, since, until) = self.database.unwrap_or((0, now, now));
        if now < until {
            // One of several that found it away together.
            return;
        }
        let failures = failures + 1;
        let Reaction::Later(pause) = reaction(FailureKind::DatabaseAway, failures, self.daemon.lease_ttl)
        else {
            return;
        };
        let until = later(now, pause);
        self.database = Some((failures, since, until));
        tracing::warn!(what, again_at = %until, "the database is away");
        let trouble = Trouble {
            what: what.to_owned(),
            hint: advice(FailureKind::DatabaseAway).map(ToOwned::to_owned),
            since,
            again_at: Some(until),
            is_parked: false,
        };
        self.daemon.board.write(|state| state.database = Some(trouble));
        self.alarms.set(Alarm::Database, until).await;
    }

    pub(super) fn database_is_back(&mut self) {
        if self.database.take().is_some() {
            tracing::info!("the database is back");
            self.daemon.board.write(|state| state.database = None);
        }
    }

    /// Whether an account's list may be asked for. One whose key was refused may when the key is another one by now.
    pub(super) fn may_list(&mut self, account: &Arc<str>) -> bool {
        let now = self.daemon.clock.now();
        let Some(keeper) = self.keepers.get(account) else { return false };
        if keeper.not_before.is_none_or(|at| at <= now) {
            return true;
        }
        if !keeper.is_parked() {
            return false;
        }
        let Ok(plan) = (self.daemon.replan)() else { return false };
        let Some(fresh) = plan.accounts.into_iter().find(|it| it.mirror.account == *account) else {
            return false;
        };
        let Some(keeper) = self.keepers.get_mut(account) else { return false };
        if fresh.key_mark == keeper.plan.key_mark {
            return false;
        }
        tracing::info!(%account, "the account has another key; it is tried");
        keeper.plan = fresh;
        keeper.not_before = None;
        true
    }

    /// Takes up a configuration that was read again, or says why not and goes on with the old one.
    pub(super) async fn reload(&mut self) {
        observe::tell_reloading();
        let status = if self.take_up_configuration().await {
            "configuration read again"
        } else {
            "configuration refused"
        };
        observe::tell_ready(status);
    }

    /// Whether it could be taken up.
    async fn take_up_configuration(&mut self) -> bool {
        let plan = match (self.daemon.replan)() {
            Ok(plan) => plan,
            Err(why) => {
                tracing::error!(why, "the configuration is not taken up; the old one holds");
                return false;
            }
        };
        for fresh in &plan.accounts {
            if let Some(keeper) = self.keepers.get_mut(&fresh.mirror.account) {
                keeper.plan = fresh.clone();
                keeper.not_before = None;
                keeper.holds.clear();
            }
        }
        self.agenda.set_most_at_once(plan.max_concurrent_campaigns);
        for id in self.plan.schedule.campaigns.keys() {
            self.alarms.unset(&Alarm::Campaign(id.clone())).await;
        }
        self.plan = plan;
        self.has_checked_ids = false;
        tracing::info!(cron = self.plan.schedule.cron.as_str(), "the configuration was read again");
        let accounts: Vec<Arc<str>> = self.keepers.keys().cloned().collect();
        for account in accounts {
            self.set_next_tick(&account).await;
        }
        self.set_campaign_ticks().await;
        self.look(None);
        true
    }
}
