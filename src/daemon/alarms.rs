//! Alarms: what is to happen at which moment.
//!
//! tokio-cron-scheduler keeps them, as jobs that run once. The next moment of a pattern is worked out anew each time
//! (`config::Cron`), by which time zones and daylight saving stay right, and a tick that was missed while the machine slept
//! comes once and not many times.

use super::DaemonError;
use crate::clock::Clock;
use crate::records::Time;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use uuid::Uuid;

/// What an alarm is for. There is one of each at most.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Alarm {
    /// An account's list, as its pattern has it.
    List(Arc<str>),
    /// An account's list, after it could not be read.
    ListAgain(Arc<str>),
    /// A campaign with a pattern of its own.
    Campaign(String),
    /// A campaign of an account that is to be tried again.
    Again(Arc<str>, String),
    /// Passes wait for the database.
    Database,
    /// What is old is cleared away.
    Housekeeping,
}

/// An alarm that rings: which one, and the moment that it was set for.
pub(super) type Ring = (Alarm, Time);

/// The alarms that are set.
pub(super) struct Alarms {
    scheduler: JobScheduler,
    clock: Clock,
    rings: mpsc::UnboundedSender<Ring>,
    set: HashMap<Alarm, (Uuid, Time)>,
}

impl Alarms {
    /// Starts the scheduler; what rings is sent to `rings`.
    pub(super) async fn start(clock: Clock, rings: mpsc::UnboundedSender<Ring>) -> Result<Self, DaemonError> {
        let scheduler = JobScheduler::new().await.map_err(DaemonError::Scheduler)?;
        scheduler.start().await.map_err(DaemonError::Scheduler)?;
        Ok(Self { scheduler, clock, rings, set: HashMap::new() })
    }

    /// Sets an alarm, in place of an earlier one of its kind.
    pub(super) async fn set(&mut self, alarm: Alarm, at: Time) {
        self.unset(&alarm).await;
        match self.add(alarm.clone(), at).await {
            Ok(id) => {
                self.set.insert(alarm, (id, at));
            }
            // Rather at once than never.
            Err(error) => {
                tracing::error!(%error, ?alarm, "an alarm could not be set, and rings now");
                self.set.insert(alarm.clone(), (Uuid::nil(), at));
                let _ = self.rings.send((alarm, at));
            }
        }
    }

    async fn add(&self, alarm: Alarm, at: Time) -> Result<Uuid, JobSchedulerError> {
        let (clock, rings) = (self.clock.clone(), self.rings.clone());
        let left = move |clock: &Clock| (at - clock.now()).to_std().unwrap_or(Duration::ZERO);
        let pause = left(&self.clock);
        let job = Job::new_one_shot_async(pause, move |_, _| {
            let (clock, rings, alarm) = (clock.clone(), rings.clone(), alarm.clone());
            Box::pin(async move {
                // The scheduler counts in whole seconds, and so comes early.
                tokio::time::sleep(left(&clock)).await;
                let _ = rings.send((alarm, at));
            })
        })?;
        self.scheduler.add(job).await
    }

    /// Takes an alarm back.
    pub(super) async fn unset(&mut self, alarm: &Alarm) {
        if let Some((id, _)) = self.set.remove(alarm) {
            let _ = self.scheduler.remove(&id).await;
        }
    }

    /// Whether a ring is that of an alarm which is set; it is no longer then.
    pub(super) fn take(&mut self, (alarm, at): &Ring) -> bool {
        let is_set = self.set.get(alarm).is_some_and(|(_, set_for)| set_for == at);
        if is_set {
            self.set.remove(alarm);
        }
        is_set
    }

    /// When an alarm is to ring.
    pub(super) fn rings_at(&self, alarm: &Alarm) -> Option<Time> {
        self.set.get(alarm).map(|(_, at)| *at)
    }

    /// Rings no more.
    pub(super) async fn stop(&mut self) {
        self.set.clear();
        if let Err(error) = self.scheduler.shutdown().await {
            tracing::debug!(%error, "the scheduler was not shut down");
        }
    }
}

impl std::fmt::Debug for Alarms {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Alarms").field("set", &self.set).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn an_alarm_rings_once_not_before_its_moment_and_not_when_it_was_taken_back() {
        let clock = Clock::system();
        let (sender, mut heard) = mpsc::unbounded_channel();
        let mut alarms = Alarms::start(clock.clone(), sender).await.unwrap();
        let soon = clock.now() + chrono::TimeDelta::milliseconds(1200);
        alarms.set(Alarm::Campaign("taken back".into()), soon).await;
        alarms.unset(&Alarm::Campaign("taken back".into())).await;
        alarms.set(Alarm::List("replaced".into()), clock.now()).await;
        alarms.set(Alarm::List("replaced".into()), soon).await;
        assert_eq!(alarms.rings_at(&Alarm::List("replaced".into())), Some(soon));
        let mut rang = Vec::new();
        while rang.is_empty() {
            let next = tokio::time::timeout(Duration::from_secs(30), heard.recv()).await.unwrap().unwrap();
            if alarms.take(&next) {
                assert!(clock.now() >= soon);
                rang.push(next.clone());
            }
            assert!(!alarms.take(&next), "what rang is no longer set");
        }
        assert_eq!(rang, [(Alarm::List("replaced".into()), soon)]);
        alarms.stop().await;
    }
}
