//! The admin server: health, metrics, hints from webhooks and the status page over HTTP.
//!
//! Owns: what is served to whom. `server` has the routes, `connections` the callers, `access` says who may see what, `picture` reads the database for all
//! viewers together, `health` judges it, `page` renders it, `events` sends what moves, `hooks` reads hints. Leaves to
//! `observe` what is counted and what is going on, to `store` what the mirror holds, to `daemon` what becomes of a hint.

mod access;
mod connections;
mod events;
mod health;
mod hooks;
mod page;
mod picture;
mod server;

pub use server::AdminServer;

use secrecy::SecretString;
use std::net::SocketAddr;
use std::time::Duration;

/// How the server is set up.
#[derive(Debug, Clone)]
pub struct AdminOptions {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What callers must bring (`Authorization: Bearer`, or a browser's login with it as the password); none: no one is
    /// asked, and only requests to this machine's own names are answered.
    pub token: Option<SecretString>,
    /// The last part of `/hooks/{secret}`; none: there are no hooks.
    pub hook_secret: Option<SecretString>,
    /// The age of the stalest live campaign's copy above which `/readyz` says no.
    pub ready_max_age: Duration,
    /// How BI tools connect, without the password; none: nothing is said of it.
    pub connection_line: Option<String>,
}

/// What a webhook says: look now. What is stored always comes from the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// At every campaign.
    All,
    /// At this campaign.
    Campaign(String),
}
