//! `simulate`: the look-alike of the Revox API alone.

use super::exit::{CommandError, Exit};
use super::{Context, interrupt};
use crate::simulator::{Flavour, NewerApi, OlderApi, Options, Simulator};
use clap::{Args, ValueEnum};
use std::net::SocketAddr;

/// `simulate`.
#[derive(Debug, Args)]
pub(super) struct SimulateArguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4010")]
    listen: SocketAddr,
    /// Which release of the API to look like
    #[arg(long, value_enum, default_value_t = Api::Older)]
    api: Api,
    /// The key that is accepted
    #[arg(long, default_value = "demo-key")]
    key: String,
    /// The same seed makes the same account
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Campaigns of the account
    #[arg(long, value_name = "N", default_value_t = 3)]
    campaigns: usize,
    /// Rows of each campaign
    #[arg(long, value_name = "N", default_value_t = 200)]
    rows: usize,
}

/// Releases of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Api {
    /// Rows come in pages
    Older,
    /// All rows come at once
    Newer,
}

pub(super) async fn run(context: &Context, arguments: &SimulateArguments) -> anyhow::Result<Exit> {
    let options = Options {
        listen: arguments.listen,
        flavour: match arguments.api {
            Api::Older => Flavour::Older(OlderApi::default()),
            Api::Newer => Flavour::Newer(NewerApi::default()),
        },
        api_key: arguments.key.clone(),
        seed: arguments.seed,
        // Another seed is another account.
        organization_id: format!("org_simulated_{}", arguments.seed),
        campaigns: arguments.campaigns,
        rows: arguments.rows,
        // Calls of the last days.
        clock: Some(context.clock.clone()),
        ..Options::default()
    };
    let address = arguments.listen;
    let simulator =
        Simulator::start(options).await.map_err(|source| CommandError::Listen { address, source })?;
    let (base_url, key) = (simulator.base_url(), &arguments.key);
    context.terminal.print(&format!(
        "The simulator answers at {base_url} for the key {key} until Ctrl-C. To mirror it:\n  \
         REVOX_BASE_URL={base_url} REVOX_API_KEY={key} revox-mirror run --once"
    ));
    interrupt::wait_for_signal().await;
    simulator.stop().await;
    Ok(Exit::Complete)
}
