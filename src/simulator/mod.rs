//! A look-alike of the Revox API, for the demo, the tests and the benches.
//!
//! It builds its JSON by hand and shares no type with `wire`, so that one wrong field name cannot pass on both
//! sides. This file owns its start and its end; the account (`account`, `edits`, `listing`, `live`), its JSON
//! (`render`, `texts`) and the server (`server`, `pages`, `search`, `faults`) stand beside it.
//!
//! ```
//! use revox_mirror::simulator::{Fault, FaultKind, Options, Simulator};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let simulator = Simulator::start(Options { rows: 50, ..Options::default() }).await?;
//! simulator.edit(|account| account.append_rows(0, 5))?;
//! simulator.inject(Fault::new(FaultKind::Status503Html).on_path("/rows").times(1));
//! assert_eq!(simulator.truth(simulator.campaign_ids()[0].as_str())?.len(), 55);
//! assert!(simulator.base_url().starts_with("http://127.0.0.1:"));
//! simulator.stop().await;
//! # Ok(())
//! # }
//! ```

mod account;
mod answer;
mod assistant;
mod call;
mod campaign;
mod connection;
mod document;
mod draw;
mod edits;
mod faults;
mod json;
mod listing;
mod live;
mod options;
mod pages;
mod render;
mod requests;
mod search;
mod server;
mod spoil;
mod texts;

pub use account::Account;
pub use campaign::ShownTotal;
pub use edits::{CampaignKey, EditError};
pub use faults::{Fault, FaultKind, RetryAfter};
pub use options::{
    CampaignDetail, EPOCH, Echo, Filters, Flavour, Mix, NewerApi, Numbers, OlderApi, Options, Oversize,
    PageZero, SearchSort, SearchTies, SearchTotal, SeveralStatuses, UnknownParameters,
};
pub use requests::Requests;

use connection::{CuttableListener, Line};
use server::{Shared, lock};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A running simulator. Dropping it stops it and cuts its connections.
pub struct Simulator {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: CancellationToken,
    server: Option<JoinHandle<io::Result<()>>>,
}

impl Simulator {
    /// Makes the account and starts to serve it.
    ///
    /// # Errors
    /// When it cannot listen on [`Options::listen`].
    pub async fn start(options: Options) -> io::Result<Self> {
        let stop = CancellationToken::new();
        let (listener, address) = CuttableListener::bind(options.listen, stop.clone()).await?;
        let shared = Arc::new(Shared::new(Account::draw(options)));
        let service = axum::Router::new()
            .fallback(server::answer)
            .with_state(Arc::clone(&shared))
            .into_make_service_with_connect_info::<Line>();
        let serving = axum::serve(listener, service).with_graceful_shutdown(stop.clone().cancelled_owned());
        Ok(Self { address, shared, stop, server: Some(tokio::spawn(serving.into_future())) })
    }

    /// Where the API is: `http://127.0.0.1:PORT/api`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/api", self.address)
    }

    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it: cuts all connections and waits until the port is free.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(server) = self.server.take() {
            // It only ends because it was told to, and has nothing to say.
            let _ = server.await;
        }
    }

    /// Edits the account; no request is answered meanwhile.
    pub fn edit<R>(&self, edit: impl FnOnce(&mut Account) -> R) -> R {
        edit(&mut lock(&self.shared.account))
    }

    /// The API that is spoken now.
    #[must_use]
    pub fn flavour(&self) -> Flavour {
        self.edit(|account| account.options.flavour)
    }

    /// Speaks another API from now on, about the same account.
    pub fn set_flavour(&self, flavour: Flavour) {
        self.edit(|account| account.set_flavour(flavour));
    }

    /// The rows' JSON as the API shows it now; see [`Account::truth`].
    pub fn truth(&self, campaign: impl Into<CampaignKey>) -> Result<Vec<String>, EditError> {
        self.edit(|account| account.truth(campaign))
    }

    /// The ids of all campaigns.
    #[must_use]
    pub fn campaign_ids(&self) -> Vec<String> {
        self.edit(|account| account.campaign_ids())
    }

    /// What was asked so far.
    #[must_use]
    pub fn requests(&self) -> Requests {
        lock(&self.shared.requests).clone()
    }

    /// Forgets what was asked so far.
    pub fn reset_requests(&self) {
        lock(&self.shared.requests).reset();
    }

    /// Makes coming requests go wrong.
    pub fn inject(&self, fault: Fault) {
        lock(&self.shared.faults).inject(fault);
    }

    /// Takes back all faults.
    pub fn clear_faults(&self) {
        lock(&self.shared.faults).clear();
    }

    /// Runs `hook` before each request for rows is answered, with the request's number (from 1, counted from now
    /// on), its path with query, and the account, to edit it in the middle of a walk. Takes the place of an
    /// earlier hook. The hook must not call the simulator itself.
    pub fn on_request(&self, hook: impl FnMut(u64, &str, &mut Account) + Send + 'static) {
        *lock(&self.shared.hook) = (0, Some(Box::new(hook)));
    }

    /// The same before each request to the search over calls.
    pub fn on_search(&self, hook: impl FnMut(u64, &str, &mut Account) + Send + 'static) {
        *lock(&self.shared.search_hook) = (0, Some(Box::new(hook)));
    }

    /// Lets the account live: a [tick](Account::tick) after every `period`, until the simulator stops.
    pub fn live(&self, period: Duration) {
        let shared: Weak<Shared> = Arc::downgrade(&self.shared);
        let stop = self.stop.clone();
        tokio::spawn(async move {
            while stop.run_until_cancelled(tokio::time::sleep(period)).await.is_some()
                && let Some(shared) = shared.upgrade()
            {
                if let Err(error) = lock(&shared.account).tick() {
                    tracing::warn!(%error, "the simulated account could not move on");
                }
            }
        });
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Simulator").field("address", &self.address).finish_non_exhaustive()
    }
}
