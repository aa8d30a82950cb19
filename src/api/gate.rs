//! The gate that every request of a client and its clones goes through.
//!
//! Owns: the bound on concurrent requests and the waiting. Leaves to `pace`: how many, how fast, until when.

use super::pace::{Admission, Pace};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Requests queue here in order of arrival.
#[derive(Debug)]
pub(super) struct Gate {
    semaphore: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    pace: Pace,
    /// Permits in circulation, debts left out.
    permits: usize,
    /// Permits that are to be withdrawn as soon as their holders give them back.
    debt: usize,
}

/// The API asked for a pause that is longer than the caller has patience.
#[derive(Debug)]
pub(super) struct Paused {
    /// What is left of the pause.
    pub(super) remaining: Duration,
}

/// The right to have one request under way, given back on drop.
#[derive(Debug)]
pub(super) struct Permit {
    gate: Arc<Gate>,
    slot: Option<OwnedSemaphorePermit>,
    generation: u64,
}

impl Gate {
    /// A gate at its configured width.
    pub(super) fn new(max_concurrent: usize, max_per_second: Option<f64>) -> Self {
        let max_concurrent = max_concurrent.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            semaphore: Arc::new(Semaphore::new(max_concurrent)),
            state: Mutex::new(State {
                pace: Pace::new(max_concurrent, max_per_second, Instant::now()),
                permits: max_concurrent,
                debt: 0,
            }),
        }
    }

    /// Waits for a permit, for the end of a pause and for a slot. Fails at once when the pause is longer than
    /// `patience`; waiting in the queue does not count.
    pub(super) async fn enter(self: &Arc<Self>, patience: Duration) -> Result<Permit, Paused> {
        let slot = Arc::clone(&self.semaphore).acquire_owned().await.expect("the semaphore is never closed");
        let mut permit = Permit { gate: Arc::clone(self), slot: Some(slot), generation: 0 };
        loop {
            let admission = self.lock().pace.admit(Instant::now(), patience);
            match admission {
                Admission::Go { generation } => {
                    permit.generation = generation;
                    return Ok(permit);
                }
                Admission::WaitUntil(moment) => tokio::time::sleep_until(moment).await,
                Admission::Paused(remaining) => return Err(Paused { remaining }),
            }
        }
    }

    /// Requests that may be under way at once, as things stand.
    pub(super) fn concurrent(&self) -> usize {
        self.lock().pace.concurrent()
    }

    /// Requests a second at most, as things stand.
    pub(super) fn per_second(&self) -> Option<f64> {
        self.lock().pace.per_second()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the pace and brings the permits in circulation in line with it.
    fn adjust(&self, change: impl FnOnce(&mut Pace)) {
        let mut state = self.lock();
        change(&mut state.pace);
        let target = state.pace.concurrent();
        if target < state.permits {
            let surplus = state.permits - target;
            state.debt += surplus - self.semaphore.forget_permits(surplus);
        } else {
            let missing = target - state.permits;
            let forgiven = missing.min(state.debt);
            state.debt -= forgiven;
            self.semaphore.add_permits(missing - forgiven);
        }
        state.permits = target;
    }
}

impl Permit {
    /// The API said that it is too much: everyone pauses and goes on at half the pace.
    pub(super) fn slow_down(&self, pause: Duration) {
        let now = Instant::now();
        self.gate.adjust(|pace| pace.slow_down(self.generation, now, pause));
    }

    /// An answer came in good order.
    pub(super) fn recover(&self) {
        self.gate.adjust(|pace| pace.recover(self.generation));
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(slot) = self.slot.take() else { return };
        let mut state = self.gate.lock();
        if state.debt > 0 {
            state.debt -= 1;
            slot.forget();
        }
        // Otherwise the slot goes back to the semaphore here, before the lock is let go.
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    const PATIENT: Duration = Duration::from_hours(1);

    /// Whoever can enter without waiting.
    fn enter_now(gate: &Arc<Gate>) -> Option<Permit> {
        gate.enter(PATIENT).now_or_never().map(|entered| entered.expect("no pause"))
    }

    fn fill(gate: &Arc<Gate>) -> Vec<Permit> {
        std::iter::from_fn(|| enter_now(gate)).collect()
    }

    #[tokio::test]
    async fn no_more_enter_than_there_are_permits() {
        let gate = Arc::new(Gate::new(3, None));
        let mut permits = fill(&gate);
        assert_eq!(permits.len(), 3);
        permits.pop();
        assert_eq!(fill(&gate).len(), 1);
    }

    #[tokio::test]
    async fn permits_in_use_are_withdrawn_as_they_come_back() {
        let gate = Arc::new(Gate::new(8, None));
        let mut permits = fill(&gate);
        for permit in &permits {
            permit.slow_down(Duration::ZERO);
        }
        assert_eq!(gate.concurrent(), 4);
        permits.truncate(4);
        assert!(enter_now(&gate).is_none());
        permits.truncate(3);
        permits.extend(fill(&gate));
        assert_eq!(permits.len(), 4);
    }

    #[tokio::test]
    async fn idle_permits_are_withdrawn_at_once_and_come_back_with_successes() {
        let gate = Arc::new(Gate::new(8, None));
        enter_now(&gate).expect("an open gate").slow_down(Duration::ZERO);
        assert_eq!(fill(&gate).len(), 4);
        let permit = enter_now(&gate).expect("an open gate");
        for _ in 0..1000 {
            permit.recover();
        }
        assert_eq!(fill(&gate).len(), 7);
    }

    #[tokio::test]
    async fn permits_that_were_to_be_withdrawn_are_forgiven_when_the_gate_widens_again() {
        let gate = Arc::new(Gate::new(8, None));
        let mut permits = fill(&gate);
        permits.first().expect("eight permits").slow_down(Duration::ZERO);
        permits.truncate(4);
        permits.pop();
        permits.extend(enter_now(&gate));
        let newest = permits.last().expect("four permits");
        for _ in 0..1000 {
            newest.recover();
        }
        assert_eq!(fill(&gate).len(), 4);
    }

    #[tokio::test]
    async fn one_who_stops_waiting_leaves_the_permit_to_the_next() {
        let gate = Arc::new(Gate::new(1, None));
        let held = enter_now(&gate).expect("an open gate");
        let mut waiting = Box::pin(gate.enter(PATIENT));
        assert!(waiting.as_mut().now_or_never().is_none());
        held.slow_down(Duration::from_mins(30));
        drop(held);
        // It has the permit now, and waits for the end of the pause.
        assert!(waiting.as_mut().now_or_never().is_none());
        assert_eq!(gate.semaphore.available_permits(), 0);
        drop(waiting);
        assert_eq!(gate.semaphore.available_permits(), 1);
    }

    #[tokio::test]
    async fn the_impatient_are_turned_away_and_hold_nothing() {
        let gate = Arc::new(Gate::new(1, None));
        enter_now(&gate).expect("an open gate").slow_down(Duration::from_mins(30));
        let refusal = gate.enter(Duration::from_mins(1)).now_or_never().expect("an answer at once");
        assert!(refusal.expect_err("a pause").remaining > Duration::from_mins(1));
        assert_eq!(gate.semaphore.available_permits(), 1);
    }
}
