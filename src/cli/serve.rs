//! The daemon as `run` and `demo` start it: its plan out of the configuration, signals, the end.

use super::Context;
use super::accounts::{client_of, mirror_of, sharing_the_rate};
use super::database::Database;
use super::exit::Exit;
use crate::admin::{AdminOptions, AdminServer, Hint};
use crate::clock::Clock;
use crate::config::{Account, Settings};
use crate::daemon::{self, AccountPlan, Daemon, Ended, Order, Plan};
use crate::observe::{Board, LogProgress, Progress, Several};
use crate::store::Store;
use crate::upkeep::Upkeep;
use secrecy::ExposeSecret;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Keys that may change while the daemon runs, by how they begin. Of accounts: the last part.
const RELOADABLE: [&str; 5] = ["api.", "schedule.", "sync.", "revox.api_key", "revox.api_key_file"];
const RELOADABLE_OF_ACCOUNTS: [&str; 3] = ["api_key", "api_key_file", "requests_per_second"];

/// What is served.
pub(super) struct Serving<'a> {
    /// Where the mirror is kept.
    pub(super) database: &'a Database,
    /// The same, connected and migrated.
    pub(super) store: Store,
    /// As they were loaded.
    pub(super) settings: Settings,
    /// What is done about what passes have written.
    pub(super) upkeep: Upkeep,
    /// Only this account.
    pub(super) account: Option<String>,
    /// For `revox_sync.runs.trigger`.
    pub(super) trigger: &'static str,
}

/// Runs the daemon until a signal ends it.
pub(super) async fn serve(context: &Context, serving: Serving<'_>) -> anyhow::Result<Exit> {
    let Serving { database, store, settings, upkeep, account, trigger } = serving;
    let clock = context.clock.clone();
    let board = Board::new(clock.clone());
    let log: Arc<dyn Progress> = Arc::new(LogProgress::of_changes());
    let progress: Arc<dyn Progress> = Arc::new(Several(vec![log, Arc::<Board>::clone(&board)]));
    let stop = CancellationToken::new();
    let planner =
        Planner { context: context.clone(), store: store.clone(), progress, stop: stop.clone(), account };
    let plan = planner.plan(&settings)?;
    let (orders_in, orders) = mpsc::channel(16);
    let signals = tokio::spawn(pass_on_signals(orders_in.clone()));
    let admin = start_admin(&settings, database, &store, &board, &clock, orders_in).await?;
    if let (Some(admin), true) = (&admin, context.is_demo) {
        context.terminal.print(&format!("The status page: http://{}/", admin.address()));
    }
    let kept = upkeep.clone();
    let daemon = Daemon {
        store: store.clone(),
        clock,
        board,
        lease_ttl: settings.daemon.lease_ttl,
        shutdown_grace: settings.daemon.shutdown_grace,
        stop,
        upkeep,
        trigger,
        replan: planner.replan(settings),
    };
    let kept_up = database.keep_up();
    let ended = daemon::run(daemon, plan, orders).await;
    drop(kept_up);
    signals.abort();
    if let Some(admin) = admin {
        admin.stop().await;
    }
    super::upkeep::end(&store, &kept).await;
    store.close().await;
    Ok(match ended? {
        Ended::Drained => Exit::Complete,
        Ended::CutOff => Exit::Other,
    })
}

/// Starts the admin server, unless it is turned off. An address that is taken is no end of the daemon.
async fn start_admin(
    settings: &Settings,
    database: &Database,
    store: &Store,
    board: &Arc<Board>,
    clock: &Clock,
    orders: mpsc::Sender<Order>,
) -> anyhow::Result<Option<AdminServer>> {
    let Some(listen) = settings.admin.listen() else { return Ok(None) };
    let options = AdminOptions {
        listen,
        token: settings.admin.token()?,
        hook_secret: settings.admin.hook_secret()?,
        ready_max_age: settings.admin.ready_max_age,
        connection_line: database.line_for_tools(),
    };
    let (hints_in, mut hints) = mpsc::channel(1);
    match AdminServer::start(options, store.clone(), Arc::clone(board), clock.clone(), hints_in).await {
        Ok(admin) => {
            tracing::info!(address = %admin.address(), "the status page is at this address");
            tokio::spawn(async move {
                while let Some(hint) = hints.recv().await {
                    let campaign = match hint {
                        Hint::All => None,
                        Hint::Campaign(id) => Some(id),
                    };
                    if orders.send(Order::Look(campaign)).await.is_err() {
                        return;
                    }
                }
            });
            Ok(Some(admin))
        }
        Err(error) => {
            tracing::warn!(%listen, %error, hint = "set admin.listen to a free address, or to \"\"", "there is no status page");
            Ok(None)
        }
    }
}

/// SIGTERM and Ctrl-C stop, SIGHUP reloads.
async fn pass_on_signals(orders: mpsc::Sender<Order>) {
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hang_up)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()), signal(SignalKind::hangup()))
    else {
        tracing::error!("signals cannot be heard: they end the process by themselves");
        return;
    };
    loop {
        let order = tokio::select! {
            _ = interrupt.recv() => Order::Stop,
            _ = terminate.recv() => Order::Stop,
            _ = hang_up.recv() => Order::Reload,
        };
        if orders.send(order).await.is_err() {
            return;
        }
    }
}

/// Makes plans out of configurations.
struct Planner {
    context: Context,
    store: Store,
    progress: Arc<dyn Progress>,
    stop: CancellationToken,
    account: Option<String>,
}

impl Planner {
    fn plan(&self, settings: &Settings) -> anyhow::Result<Plan> {
        let mut accounts = Vec::new();
        for account in super::accounts::chosen(settings, self.account.as_deref())? {
            let client = client_of(settings, &account)?;
            let (store, progress) = (Some(self.store.clone()), Arc::clone(&self.progress));
            let mirror = mirror_of(&self.context, settings, &account, client, store, progress)?;
            let mut mirror = sharing_the_rate(mirror);
            mirror.stop = self.stop.clone();
            accounts.push(AccountPlan { mirror, key_mark: key_mark(&account) });
        }
        Ok(Plan {
            accounts,
            schedule: settings.schedule.clone(),
            max_concurrent_campaigns: settings.sync.max_concurrent_campaigns,
            keep_runs: settings.sync.keep_runs,
            keep_rejects: settings.sync.keep_rejects,
        })
    }

    /// Plans anew from the same sources, as far as that is safe while the daemon runs.
    fn replan(self, started_with: Settings) -> daemon::Replan {
        let config: Option<PathBuf> = self.context.config.clone();
        Box::new(move || {
            if self.context.is_demo {
                return self.plan(&started_with).map_err(|error| format!("{error:#}"));
            }
            let settings = Settings::load(config.as_deref()).map_err(|error| match error.hint() {
                Some(hint) => format!("{error}; {hint}"),
                None => error.to_string(),
            })?;
            if let Some(key) =
                started_with.keys_that_differ(&settings).into_iter().find(|key| !is_reloadable(key))
            {
                return Err(format!("{key} has changed, which takes a restart"));
            }
            let names = |settings: &Settings| -> BTreeSet<String> {
                settings.mirrored_accounts().into_iter().flatten().map(|account| account.name).collect()
            };
            let (before, after) = (names(&started_with), names(&settings));
            if let Some(name) = before.symmetric_difference(&after).next() {
                return Err(format!("accounts.{name} has come or gone, which takes a restart"));
            }
            self.plan(&settings).map_err(|error| format!("{error:#}"))
        })
    }
}

fn is_reloadable(key: &str) -> bool {
    match key.strip_prefix("accounts.").and_then(|rest| rest.rsplit_once('.')) {
        Some((_, field)) => RELOADABLE_OF_ACCOUNTS.contains(&field),
        None => RELOADABLE.iter().any(|reloadable| {
            if reloadable.ends_with('.') { key.starts_with(reloadable) } else { key == *reloadable }
        }),
    }
}

/// Differs when the key does.
fn key_mark(account: &Account) -> u64 {
    let mut hasher = DefaultHasher::new();
    account.api_key.expose_secret().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::is_reloadable;

    #[test]
    fn what_is_bound_to_connections_and_leases_takes_a_restart() {
        for (key, may_change) in [
            ("schedule.cron", true),
            ("schedule.campaigns.c1.off", true),
            ("sync.full_walk_every", true),
            ("api.requests_per_second", true),
            ("revox.api_key", true),
            ("revox.api_key_file", true),
            ("accounts.sales.api_key_file", true),
            ("accounts.sales.base_url", false),
            ("revox.base_url", false),
            ("database.url", false),
            ("daemon.lease_ttl", false),
            ("admin.listen", false),
            ("log.level", false),
            ("localdb.data_dir", false),
        ] {
            assert_eq!(is_reloadable(key), may_change, "{key}");
        }
    }
}
