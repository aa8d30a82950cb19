//! Rounds: what a list has shown goes on the agenda, and what is to be done once all of it has ended.

use super::agenda::Entry;
use super::conductor::{Conductor, Done, Task, Work};
use super::keeper::RoundUnderWay;
use super::trouble::ACCEPT;
use crate::observe::{self, Trouble};
use crate::sync::Round;
use std::collections::HashSet;
use std::sync::Arc;

impl Conductor {
    /// A list was read: its campaigns that need a pass go on the agenda.
    pub(super) fn take_round(&mut self, account: &Arc<str>, round: Round) {
        let now = self.now();
        self.database_is_back();
        let schedule = self.plan.schedule.clone();
        let suspicious = round.report.suspicious.clone();
        let Some(keeper) = self.keepers.get_mut(account) else { return };
        keeper.is_listing = false;
        keeper.is_in_doubt = keeper.list_again.is_some() && keeper.is_in_doubt;
        if keeper.is_parked() {
            // What failed meanwhile may have failed for the same reason.
            keeper.holds.clear();
        }
        keeper.failures = 0;
        keeper.not_before = None;
        let since = keeper.trouble.as_ref().map_or(now, |trouble| trouble.since);
        keeper.trouble = suspicious.map(|what| Trouble {
            what: format!("campaigns are gone from the API, and none was marked as gone: {what}"),
            hint: Some(ACCEPT.to_owned()),
            since,
            again_at: None,
            is_parked: false,
        });
        keeper.rounds += 1;
        let number = keeper.rounds;
        let mut outstanding = HashSet::new();
        let mut left_alone = Vec::new();
        let mut entries = Vec::new();
        for job in round.jobs {
            let own = schedule.of(job.id());
            if own.off || own.cron.is_some() {
                left_alone.push(job.id().to_owned());
                continue;
            }
            if keeper.holds_back(job.id(), now) {
                continue;
            }
            outstanding.insert(job.id().to_owned());
            let key = keeper.key(job.id());
            let complete_through = job.complete_through();
            let work = Work { job, round: Some(number) };
            entries.push((key, Entry { job: work, priority: own.priority, complete_through }));
        }
        let (due, passed_over) = (entries.len(), round.passed_over.len());
        if round.is_read {
            tracing::info!(%account, due, passed_over, "the list was looked at");
        } else {
            tracing::info!(%account, due, "the list was read a moment ago, by another process or before a restart");
        }
        observe::tell_status(&format!(
            "account {account}: {} due, {} passed over",
            entries.len(),
            round.passed_over.len()
        ));
        let end = round.end.leaving_alone(left_alone);
        let under_way = RoundUnderWay { number, outstanding, reports: round.passed_over.clone(), end };
        let list_again = keeper.list_again.take();
        let concluded = if under_way.outstanding.is_empty() {
            keeper.round = None;
            Some(under_way)
        } else {
            keeper.round = Some(under_way);
            None
        };
        for (key, entry) in entries {
            self.agenda.add(key, entry);
        }
        for report in &round.passed_over {
            self.show_campaign(account, report, None);
        }
        if let Some(round) = concluded {
            self.conclude(account, round);
        }
        if let Some(since) = list_again {
            self.list(account, since);
        }
        self.show_account(account);
        self.check_ids();
    }

    /// Once every account has been looked at: says which campaigns of the schedule there are not.
    fn check_ids(&mut self) {
        if self.has_checked_ids || self.keepers.values().any(|keeper| keeper.rounds == 0) {
            return;
        }
        self.has_checked_ids = true;
        let ids: Vec<String> = self.plan.schedule.campaigns.keys().cloned().collect();
        let store = self.daemon.store.clone();
        let task = self.tasks.spawn(async move {
            let mut unknown = Vec::new();
            for id in ids {
                if matches!(store.account_of(&id).await, Ok(None)) {
                    unknown.push(id);
                }
            }
            Done::Unknown(unknown)
        });
        self.names.insert(task.id(), Task::Other);
    }

    pub(super) fn conclude(&mut self, account: &Arc<str>, round: RoundUnderWay) {
        let account = Arc::clone(account);
        let task = self.tasks.spawn(async move {
            let concluded = round.end.conclude(&round.reports).await;
            Done::Concluded(account, concluded)
        });
        self.names.insert(task.id(), Task::Other);
    }
}
