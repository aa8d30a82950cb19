//! The daemon: when passes are made, what becomes of trouble, and how it all ends.
//!
//! `conductor` is the one loop: it hears alarms, hints, signals and ended work, and says what is next. `agenda` holds what is
//! due, `rounds` what a list has led to, `alarms` what is to happen when, `keeper` what is known of one account, `policy` what becomes of each kind of
//! failure, `trouble` sees that it does, and `chores` is what is done beside the passes. Leaves the work itself to `sync` and
//! `upkeep`, and leases to `store`.

mod agenda;
mod alarms;
mod chores;
mod conductor;
mod keeper;
mod policy;
mod rounds;
mod trouble;

pub use conductor::{Ended, run};

use crate::clock::Clock;
use crate::config::ScheduleSettings;
use crate::observe::Board;
use crate::store::Store;
use crate::sync::Mirror;
use crate::upkeep::Upkeep;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_cron_scheduler::JobSchedulerError;
use tokio_util::sync::CancellationToken;

/// What the daemon is to do; a reload makes another one.
#[derive(Clone)]
pub struct Plan {
    /// The accounts.
    pub accounts: Vec<AccountPlan>,
    /// When.
    pub schedule: ScheduleSettings,
    /// Passes at once.
    pub max_concurrent_campaigns: usize,
    /// How long run lines are kept.
    pub keep_runs: Duration,
    /// How long rejects are kept.
    pub keep_rejects: Duration,
}

/// An account that is mirrored.
#[derive(Clone)]
pub struct AccountPlan {
    /// With the client that holds its key.
    pub mirror: Mirror,
    /// Differs when the key does; says nothing else of it.
    pub key_mark: u64,
}

/// What the daemon works with as long as it runs.
pub struct Daemon {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// Where it shows what it does.
    pub board: Arc<Board>,
    /// How long a lease holds.
    pub lease_ttl: Duration,
    /// How long work under way may take to end after the first signal.
    pub shutdown_grace: Duration,
    /// Ends passes between two pages; the mirrors of every plan hold it, too.
    pub stop: CancellationToken,
    /// What is done about what passes have written.
    pub upkeep: Upkeep,
    /// For `revox_sync.runs.trigger`.
    pub trigger: &'static str,
    /// Makes the plan anew: keys are read again.
    pub replan: Replan,
}

/// Reads the configuration again, or says why it cannot be taken up.
pub type Replan = Box<dyn FnMut() -> Result<Plan, String> + Send>;

/// What comes to the daemon from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Look at this campaign now; none: at every one.
    Look(Option<String>),
    /// Read the configuration again.
    Reload,
    /// End: the first one lets work under way end, the second one does not.
    Stop,
}

/// Where orders come from.
pub type Orders = mpsc::Receiver<Order>;

/// Why the daemon could not be started.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The scheduler.
    #[error("the scheduler could not be started")]
    Scheduler(#[source] JobSchedulerError),
}
