//! What is done beside the passes: old lines are cleared away, and what passes have written is looked after.

use super::alarms::Alarm;
use super::conductor::{Conductor, Done, Task};
use crate::upkeep::look_after;
use chrono::TimeDelta;

/// How often what is old is cleared away.
const HOUSEKEEPING_EVERY: TimeDelta = TimeDelta::hours(6);

impl Conductor {
    /// Clears away what is old.
    pub(super) async fn clear_old(&mut self) {
        self.alarms.set(Alarm::Housekeeping, self.now() + HOUSEKEEPING_EVERY).await;
        let store = self.daemon.store.clone();
        let (runs, rejects, now) = (self.plan.keep_runs, self.plan.keep_rejects, self.now());
        // Also when no pass succeeds: a day passes all the same, and what is past its time goes.
        self.look_after();
        self.tasks.spawn(async move { Done::Cleared(store.clear_old(runs, rejects, now).await) });
    }

    /// Has looked after what passes have written; what they write meanwhile is looked after next.
    pub(super) fn look_after(&mut self) {
        // That the database is away is said once, of the database; the passes after it see to the rest.
        if self.database.is_some() {
            return;
        }
        if self.is_looking_after.is_some() {
            self.is_looking_after = Some(true);
            return;
        }
        self.is_looking_after = Some(false);
        let (store, upkeep, stop) =
            (self.daemon.store.clone(), self.daemon.upkeep.clone(), self.daemon.stop.clone());
        let task = self
            .tasks
            .spawn(async move { Done::LookedAfter(Box::pin(look_after(&store, &upkeep, &stop)).await) });
        self.names.insert(task.id(), Task::LookAfter);
    }

    /// All of it is done, or some of it could not be: then it waits for the next pass.
    pub(super) fn end_looking_after(&mut self, is_done: bool) {
        let is_wanted_again = self.is_looking_after.take() == Some(true);
        if is_wanted_again && is_done {
            self.look_after();
        }
    }
}
