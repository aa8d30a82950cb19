//! The Revox API over HTTP: the only user of the network's other end.
//!
//! Owns: the key, timeouts, retries, the rate limit and the bound on concurrent requests, and the check that
//! an answer is whole. Leaves to `wire`: the shape of answers.

mod address;
mod client;
mod cost;
mod detail;
mod error;
mod exchange;
mod gate;
mod pace;
mod retry;
mod rows;
mod shared;

pub use client::Client;
pub use error::ApiError;
pub use rows::RowStream;
pub use shared::{Reserved, SharedPace};

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use std::time::Duration;

/// What the client needs to know.
#[derive(Clone)]
pub struct ClientOptions {
    /// Without a trailing slash; https, or http to a loopback address.
    pub base_url: String,
    /// Sent as `Authorization: Bearer`.
    pub api_key: SecretString,
    /// Requests under way at once, in all.
    pub max_concurrent_requests: usize,
    /// Requests a second at most, in all; none: as many as the API takes.
    pub requests_per_second: Option<f64>,
    /// How long a connection may take to stand.
    pub connect_timeout: Duration,
    /// How long one try may take, from the first byte sent to the last byte read.
    pub total_timeout: Duration,
    /// Tries of one request in all, the first included.
    pub max_tries: u32,
    /// How long after its first try one request may be tried again, pauses included. The last try begins
    /// within it.
    pub retry_budget: Duration,
    /// The longest pause before the second try, when the API does not say how long; it doubles with each try
    /// up to sixteen times this.
    pub backoff_base: Duration,
    /// The longest answer that is read, in bytes after decompression.
    pub max_answer_bytes: usize,
}

/// How several values of one parameter are written, which is not documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Several {
    /// `statuses=a,b`.
    #[default]
    Comma,
    /// `statuses=a&statuses=b`.
    Repeated,
}

/// Which page of a campaign's rows to ask for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageQuery {
    /// As the API counts: the first page may be 0 or 1.
    pub page: u64,
    /// Rows a page.
    pub page_size: u32,
    /// Only rows whose call has one of these statuses; empty: all rows.
    pub statuses: Vec<String>,
    /// How they are written.
    pub several: Several,
}

/// An answer with what its headers say.
#[derive(Debug, Clone)]
pub struct Answer<T> {
    /// What was asked for.
    pub body: T,
    /// The `Date` header: when the API made the answer, by its own clock.
    pub date: Option<DateTime<Utc>>,
}

/// What requests cost so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Requests sent, retries included.
    pub requests: u64,
    /// Those among them that were retries.
    pub retries: u64,
    /// Bytes of answers read, after decompression.
    pub bytes: u64,
}

/// What the API can take, as far as the client knows: the configured values, or less since it said 429.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Allowance {
    /// Requests under way at once, in all.
    pub concurrent_requests: usize,
    /// Requests a second, in all; none: no bound of our own.
    pub requests_per_second: Option<f64>,
}

impl ClientOptions {
    /// The first pause that the API's own SDK makes, for [`backoff_base`](Self::backoff_base).
    pub const DEFAULT_BACKOFF_BASE: Duration = Duration::from_millis(500);
}

impl std::fmt::Debug for ClientOptions {
    /// Without the base URL, which may hold a password until it has been checked.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ClientOptions")
            .field("max_concurrent_requests", &self.max_concurrent_requests)
            .field("requests_per_second", &self.requests_per_second)
            .field("connect_timeout", &self.connect_timeout)
            .field("total_timeout", &self.total_timeout)
            .field("max_tries", &self.max_tries)
            .field("retry_budget", &self.retry_budget)
            .field("backoff_base", &self.backoff_base)
            .field("max_answer_bytes", &self.max_answer_bytes)
            .finish_non_exhaustive()
    }
}
