//! The one loop: alarms, orders and ended work come in; lists and passes go out.

use super::agenda::{Agenda, Entry, Key};
use super::alarms::{Alarm, Alarms, Ring};
use super::keeper::Keeper;
use super::trouble::words;
use super::{Daemon, DaemonError, Order, Orders, Plan};
use crate::observe::{self, AccountBoard};
use crate::records::Time;
use crate::store::StoreError;
use crate::sync::{self, CampaignReport, FailureKind, Job, PassOptions, Round, SyncError, begin_round};
use chrono::TimeDelta;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{Id, JoinError, JoinSet};

/// What is to be done about a campaign, and the round that it belongs to.
pub(super) struct Work {
    pub(super) job: Job,
    pub(super) round: Option<u64>,
}

/// What a task was for, known even when it panics.
pub(super) enum Task {
    List(Arc<str>),
    Pass(Key, Option<u64>),
    LookAfter,
    Other,
}

/// What a task has brought.
pub(super) enum Done {
    Listed(Arc<str>, Box<Result<Round, SyncError>>),
    Passed(Key, Option<u64>, Box<CampaignReport>),
    /// Whose a campaign is that is to be looked at.
    Owned(String, Result<Option<String>, StoreError>),
    Concluded(Arc<str>, Result<(), SyncError>),
    /// Ids in `schedule.campaigns` that the mirror does not know.
    Unknown(Vec<String>),
    Cleared(Result<u64, StoreError>),
    /// What passes have written was looked after; whether all of it is done.
    LookedAfter(bool),
}

/// The state of the loop.
pub(super) struct Conductor {
    pub(super) daemon: Daemon,
    pub(super) plan: Plan,
    pub(super) keepers: BTreeMap<Arc<str>, Keeper>,
    pub(super) agenda: Agenda<Work>,
    pub(super) alarms: Alarms,
    pub(super) tasks: JoinSet<Done>,
    pub(super) names: HashMap<Id, Task>,
    /// Whether the ids in `schedule.campaigns` were held against what the accounts list.
    pub(super) has_checked_ids: bool,
    /// Whether what passes have written is being looked after; true: and is to be again.
    pub(super) is_looking_after: Option<bool>,
    /// The database is away: failures in a row, since when, and until when nothing is begun.
    pub(super) database: Option<(u32, Time, Time)>,
}

/// How the daemon has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All that was under way was committed, and the leases were given back.
    Drained,
    /// Something was cut off: a second signal came, or the grace was over. What was committed stays.
    CutOff,
}

/// Runs until it is told to stop and all that was under way has ended.
///
/// # Errors
/// When it cannot be started. What goes wrong later has a policy, and ends nothing.
pub async fn run(daemon: Daemon, plan: Plan, mut orders: Orders) -> Result<Ended, DaemonError> {
    let (rings_in, mut rings) = mpsc::unbounded_channel();
    let alarms = Alarms::start(daemon.clock.clone(), rings_in).await?;
    let keepers =
        plan.accounts.iter().map(|account| (account.mirror.account.clone(), Keeper::new(account.clone())));
    let mut conductor = Conductor {
        keepers: keepers.collect(),
        agenda: Agenda::new(plan.max_concurrent_campaigns),
        tasks: JoinSet::new(),
        names: HashMap::new(),
        has_checked_ids: false,
        is_looking_after: None,
        database: None,
        daemon,
        plan,
        alarms,
    };
    conductor.start().await;
    observe::tell_ready("looking at its accounts");
    let mut heart = observe::heartbeat().map(tokio::time::interval);
    loop {
        conductor.begin_passes();
        tokio::select! {
            () = beat(heart.as_mut()) => observe::tell_alive(),
            Some(ring) = rings.recv() => conductor.hear(&ring).await,
            Some(done) = conductor.tasks.join_next_with_id() => conductor.take(done).await,
            order = orders.recv() => match order {
                Some(Order::Look(campaign)) => conductor.look(campaign),
                Some(Order::Reload) => conductor.reload().await,
                Some(Order::Stop) | None => break,
            },
        }
    }
    Ok(conductor.drain(&mut orders).await)
}

/// The next beat; none comes when nobody waits for it.
async fn beat(heart: Option<&mut tokio::time::Interval>) {
    match heart {
        Some(heart) => {
            heart.tick().await;
        }
        None => std::future::pending().await,
    }
}

impl Conductor {
    pub(super) fn now(&self) -> Time {
        self.daemon.clock.now()
    }

    fn options(&self) -> PassOptions {
        PassOptions { trigger: self.daemon.trigger, ..PassOptions::default() }
    }

    /// Begins with what the last tick before now should have done: an account whose list was asked for since then is fresh.
    async fn start(&mut self) {
        let now = self.now();
        let last = self.plan.schedule.cron.last_before(now, self.plan.schedule.timezone).unwrap_or(now);
        let accounts: Vec<Arc<str>> = self.keepers.keys().cloned().collect();
        for account in accounts {
            self.list(&account, last);
            self.set_next_tick(&account).await;
        }
        self.set_campaign_ticks().await;
        self.alarms.set(Alarm::Housekeeping, now + TimeDelta::minutes(1)).await;
        tracing::info!(
            accounts = self.keepers.len(),
            cron = self.plan.schedule.cron.as_str(),
            "the daemon runs"
        );
    }

    /// The next moment of a pattern, late by a random part of the jitter.
    fn next_tick(&self, cron: &crate::config::Cron) -> Option<Time> {
        let (now, zone) = (self.now(), self.plan.schedule.timezone);
        let next = cron.next_after(now, zone)?;
        let between = cron.next_after(next, zone).map_or(TimeDelta::zero(), |after| after - next);
        let jitter = TimeDelta::from_std(self.plan.schedule.jitter).unwrap_or_default().min(between / 10);
        let late = jitter.to_std().unwrap_or_default().mul_f64(rand::random());
        Some(next + TimeDelta::from_std(late).unwrap_or_default())
    }

    pub(super) async fn set_next_tick(&mut self, account: &Arc<str>) {
        let Some(next) = self.next_tick(&self.plan.schedule.cron) else { return };
        self.alarms.set(Alarm::List(Arc::clone(account)), next).await;
        self.show_account(account);
    }

    pub(super) async fn set_campaign_ticks(&mut self) {
        let ids: Vec<String> = self.plan.schedule.campaigns.keys().cloned().collect();
        for id in ids {
            self.set_campaign_tick(id).await;
        }
    }

    /// The next tick of a campaign that has a pattern of its own.
    async fn set_campaign_tick(&mut self, id: String) {
        let next = self.plan.schedule.of(&id).cron.and_then(|cron| self.next_tick(&cron));
        if let Some(next) = next {
            self.alarms.set(Alarm::Campaign(id), next).await;
        }
    }

    /// Shows an account on the board.
    pub(super) fn show_account(&self, account: &Arc<str>) {
        let Some(keeper) = self.keepers.get(account) else { return };
        let next_look_at = match &keeper.trouble {
            Some(trouble) if trouble.is_parked => trouble.again_at,
            _ => self.alarms.rings_at(&Alarm::List(Arc::clone(account))),
        };
        let shown = AccountBoard { next_look_at, trouble: keeper.trouble.clone() };
        self.daemon.board.write(|state| {
            state.accounts.insert(account.to_string(), shown);
        });
    }

    /// Has an account's list read, unless that was since `unless_since`.
    pub(super) fn list(&mut self, account: &Arc<str>, unless_since: Time) {
        let options = PassOptions { list_wait: self.daemon.lease_ttl, ..self.options() };
        let Some(keeper) = self.keepers.get_mut(account) else { return };
        if keeper.is_listing {
            keeper.list_again = keeper.list_again.max(Some(unless_since));
            return;
        }
        keeper.is_listing = true;
        let (account, mirror) = (Arc::clone(account), keeper.plan.mirror.clone());
        let task = self.tasks.spawn({
            let account = Arc::clone(&account);
            async move {
                let begun = Box::pin(begin_round(&mirror, &options, Some(unless_since))).await;
                Done::Listed(account, Box::new(begun))
            }
        });
        self.names.insert(task.id(), Task::List(account));
    }

    /// Begins as many passes as may be.
    fn begin_passes(&mut self) {
        let now = self.now();
        if self.database.is_some_and(|(_, _, until)| now < until) {
            return;
        }
        while let Some((key, Work { job, round })) = self.agenda.begin_next() {
            if self.keepers.get(&key.account).is_some_and(Keeper::is_closed) {
                self.leave(&key, round, &job);
                continue;
            }
            let task = self.tasks.spawn({
                let key = key.clone();
                async move { Done::Passed(key, round, Box::new(job.run().await)) }
            });
            self.names.insert(task.id(), Task::Pass(key, round));
        }
    }

    /// Does not begin a pass whose account was parked in the meantime, or may be about to.
    fn leave(&mut self, key: &Key, round: Option<u64>, job: &Job) {
        self.agenda.end(key);
        let report = CampaignReport::left_alone(key.campaign.clone(), job.name().to_owned());
        let ended = self.keepers.get_mut(&key.account).and_then(|keeper| keeper.end_job(round, report));
        if let Some(round) = ended {
            self.conclude(&key.account, round);
        }
    }

    async fn hear(&mut self, ring: &Ring) {
        if !self.alarms.take(ring) {
            return;
        }
        let (alarm, at) = ring;
        match alarm {
            Alarm::List(account) => {
                self.set_next_tick(account).await;
                if self.may_list(account) {
                    self.list(account, *at);
                }
            }
            Alarm::ListAgain(account) => self.list(account, *at),
            Alarm::Campaign(id) => {
                self.set_campaign_tick(id.clone()).await;
                self.find_owner(id.clone());
            }
            // The next list of a parked account brings its campaigns back.
            Alarm::Again(account, _) if self.keepers.get(account).is_some_and(Keeper::is_parked) => {}
            Alarm::Again(account, id) => self.add_alone(account, id, false),
            Alarm::Database => {}
            Alarm::Housekeeping => self.clear_old().await,
        }
    }

    /// Somebody says that there is something to see.
    pub(super) fn look(&mut self, campaign: Option<String>) {
        if let Some(id) = campaign {
            self.find_owner(id);
            return;
        }
        let now = self.now();
        let accounts: Vec<Arc<str>> = self.keepers.keys().cloned().collect();
        for account in &accounts {
            self.list(account, now);
        }
    }

    fn find_owner(&mut self, id: String) {
        if self.plan.schedule.of(&id).off {
            return;
        }
        let store = self.daemon.store.clone();
        let task = self.tasks.spawn(async move {
            let owner = store.account_of(&id).await;
            Done::Owned(id, owner)
        });
        self.names.insert(task.id(), Task::Other);
    }

    /// Puts a campaign on the agenda by itself.
    pub(super) fn add_alone(&mut self, account: &Arc<str>, id: &str, ask: bool) {
        let Some(keeper) = self.keepers.get(account) else { return };
        if self.plan.schedule.of(id).off {
            return;
        }
        let job = sync::lone_job(&keeper.plan.mirror, &self.options(), id, ask);
        let priority = self.plan.schedule.of(id).priority;
        let entry =
            Entry { complete_through: job.complete_through(), job: Work { job, round: None }, priority };
        self.agenda.add(keeper.key(id), entry);
    }

    async fn take(&mut self, ended: Result<(Id, Done), JoinError>) {
        let done = match ended {
            Ok((id, done)) => {
                self.names.remove(&id);
                done
            }
            Err(error) => {
                tracing::error!(%error, "a task of the daemon panicked");
                match self.names.remove(&error.id()) {
                    Some(Task::Pass(key, round)) => {
                        let report = CampaignReport::broken(key.campaign.clone(), String::new());
                        Done::Passed(key, round, Box::new(report))
                    }
                    Some(Task::List(account)) => {
                        return self.fail_list(&account, FailureKind::Broken, "a task panicked").await;
                    }
                    Some(Task::LookAfter) => return self.end_looking_after(false),
                    Some(Task::Other) | None => return,
                }
            }
        };
        match done {
            Done::Listed(account, result) => match *result {
                Ok(round) => self.take_round(&account, round),
                Err(error) => {
                    let what = words(&error);
                    self.fail_list(&account, FailureKind::from(&error), &what).await;
                }
            },
            Done::Passed(key, round, report) => self.take_report(key, round, *report).await,
            Done::Owned(id, Ok(owner)) => match owner {
                Some(account) => self.add_alone(&account.into(), &id, true),
                // A campaign that the mirror does not know yet: the lists will show it.
                None => self.look(None),
            },
            Done::Owned(id, Err(error)) => {
                tracing::warn!(campaign_id = id, %error, "a hint could not be followed");
            }
            Done::Concluded(account, Err(error)) => {
                tracing::warn!(%account, %error, "a round could not be concluded; the next one begins where it began");
            }
            Done::Concluded(_, Ok(())) => self.look_after(),
            Done::LookedAfter(is_done) => self.end_looking_after(is_done),
            Done::Unknown(ids) => {
                for id in ids {
                    tracing::warn!(
                        campaign_id = id,
                        "schedule.campaigns names a campaign that no account lists"
                    );
                }
            }
            Done::Cleared(Ok(lines)) => tracing::debug!(lines, "old lines were cleared away"),
            Done::Cleared(Err(error)) => tracing::warn!(%error, "old lines could not be cleared away"),
        }
    }

    /// Ends: what is under way may end within the grace, unless a second order to stop comes.
    async fn drain(&mut self, orders: &mut Orders) -> Ended {
        observe::tell_stopping();
        self.daemon.board.write(|state| state.is_draining = true);
        self.agenda.clear();
        self.alarms.stop().await;
        self.daemon.stop.cancel();
        let (_, running) = self.agenda.counts();
        let grace = self.daemon.shutdown_grace;
        tracing::info!(
            passes = running,
            grace_seconds = grace.as_secs(),
            "stopping; what is under way is committed first"
        );
        let deadline = tokio::time::Instant::now() + grace;
        loop {
            tokio::select! {
                ended = self.tasks.join_next() => if ended.is_none() {
                    tracing::info!("stopped");
                    return Ended::Drained;
                },
                Some(Order::Stop) = orders.recv() => {
                    tracing::warn!("stopped at once; what was committed stays");
                    break;
                }
                () = tokio::time::sleep_until(deadline) => {
                    tracing::warn!("the grace is over; what was committed stays");
                    break;
                }
            }
        }
        self.tasks.abort_all();
        let _ = tokio::time::timeout(Duration::from_secs(1), async {
            while self.tasks.join_next().await.is_some() {}
        })
        .await;
        Ended::CutOff
    }
}
