//! The board: what the running program does right now, for whoever looks at it while it does.
//!
//! Owns: the state in memory and the signal that it moved. Written by `daemon` and, as [`Progress`], by passes; read by
//! `admin`. What is past stands in the database.

use super::{CampaignProgress, Progress};
use crate::clock::Clock;
use crate::plan::Outcome;
use crate::records::Time;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Something that is wrong, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What failed and why, on one line; holds no secret.
    pub what: String,
    /// What a person can do about it; none when there is nothing to do but wait.
    pub hint: Option<String>,
    /// Since when.
    pub since: Time,
    /// When it is tried again.
    pub again_at: Option<Time>,
    /// Whether nothing will change until a person acts.
    pub is_parked: bool,
}

/// An account, as the daemon looks after it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountBoard {
    /// When its list is asked for next.
    pub next_look_at: Option<Time>,
    /// What is wrong with the account as a whole.
    pub trouble: Option<Trouble>,
}

/// A campaign's pass that is under way in this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassBoard {
    /// The campaign's name.
    pub name: String,
    /// When this process began it.
    pub started_at: Time,
    /// Where it stands.
    pub at: CampaignProgress,
}

/// All that is on the board.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BoardState {
    /// Accounts by name.
    pub accounts: BTreeMap<String, AccountBoard>,
    /// Passes under way, by campaign.
    pub passes: BTreeMap<String, PassBoard>,
    /// Campaigns of which something is wrong, by id.
    pub campaigns: BTreeMap<String, Trouble>,
    /// What is wrong with the database.
    pub database: Option<Trouble>,
    /// Whether a signal has ended the daemon's work, and it only waits for what is under way.
    pub is_draining: bool,
}

/// The board. Cheap to share; never blocks for long.
#[derive(Debug)]
pub struct Board {
    clock: Clock,
    started_at: Time,
    state: Mutex<BoardState>,
    moved: watch::Sender<u64>,
}

impl Board {
    /// An empty board.
    #[must_use]
    pub fn new(clock: Clock) -> Arc<Self> {
        let started_at = clock.now();
        Arc::new(Self { clock, started_at, state: Mutex::default(), moved: watch::Sender::new(0) })
    }

    /// When the program started.
    #[must_use]
    pub fn started_at(&self) -> Time {
        self.started_at
    }

    /// A copy of what is on it.
    #[must_use]
    pub fn read(&self) -> BoardState {
        self.lock().clone()
    }

    /// Tells whenever anything has moved.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.moved.subscribe()
    }

    /// Changes what is on it.
    pub fn write(&self, change: impl FnOnce(&mut BoardState)) {
        change(&mut self.lock());
        self.moved.send_modify(|version| *version += 1);
    }

    fn lock(&self) -> MutexGuard<'_, BoardState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Board {
    fn campaign_started(&self, campaign_id: &str, name: &str, at: &CampaignProgress) {
        let pass = PassBoard { name: name.to_owned(), started_at: self.clock.now(), at: at.clone() };
        self.write(|state| {
            state.passes.insert(campaign_id.to_owned(), pass);
        });
    }

    fn campaign_advanced(&self, campaign_id: &str, at: &CampaignProgress) {
        self.write(|state| {
            if let Some(pass) = state.passes.get_mut(campaign_id) {
                pass.at = at.clone();
            }
        });
    }

    fn campaign_finished(&self, campaign_id: &str, _: Outcome, _: Option<&str>) {
        if self.lock().passes.contains_key(campaign_id) {
            self.write(|state| {
                state.passes.remove(campaign_id);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Board, CampaignProgress, Clock, Outcome, Progress};

    #[test]
    fn a_pass_stands_on_the_board_while_it_is_under_way_and_every_move_is_told() {
        let board = Board::new(Clock::from_fn(|| "2026-03-01T12:00:00Z".parse().unwrap()));
        let moved = board.watch();
        let at = CampaignProgress { rows_done: 7, ..CampaignProgress::default() };
        board.campaign_advanced("c1", &at);
        assert!(board.read().passes.is_empty(), "what was not begun does not advance");
        board.campaign_started("c1", "Spring", &CampaignProgress::default());
        board.campaign_advanced("c1", &at);
        assert_eq!(board.read().passes["c1"].at.rows_done, 7);
        assert!(moved.has_changed().unwrap());
        let before = *moved.borrow();
        board.campaign_finished("c2", Outcome::Skipped, None);
        assert_eq!(*moved.borrow(), before, "a campaign that was passed over moves nothing");
        board.campaign_finished("c1", Outcome::Complete, None);
        assert!(board.read().passes.is_empty());
    }
}
