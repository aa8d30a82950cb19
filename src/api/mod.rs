//! The Revox API over HTTP: the only user of the network's other end.
//!
//! Owns: the key, timeouts, retries, the rate limit and the bound on concurrent requests, and the check that
//! an answer is whole. Leaves to `wire`: the shape of answers.

use crate::wire::{CampaignList, RowsPage};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use std::time::Duration;

/// What the client needs to know.
#[derive(Debug, Clone)]
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
    /// How long one request may be tried again, pauses included.
    pub retry_budget: Duration,
    /// The longest answer that is read, in bytes after decompression.
    pub max_answer_bytes: usize,
}

/// Which page of a campaign's rows to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageQuery {
    /// As the API counts: the first page may be 0 or 1.
    pub page: u64,
    /// Rows a page.
    pub page_size: u32,
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

/// Why there is no answer, after all tries.
#[derive(Debug, thiserror::Error)]
#[error("stub")]
pub struct ApiError {}

impl ApiError {
    /// 401 or 403.
    pub fn is_refused(&self) -> bool {
        false
    }
    /// 404.
    pub fn is_not_found(&self) -> bool {
        false
    }
    /// 400 or 422: the parameters are not to the API's liking.
    pub fn is_bad_request(&self) -> bool {
        false
    }
    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        None
    }
}

/// The API's client. Clones share the connections, the rate limit and the bound on concurrent requests.
#[derive(Debug, Clone)]
pub struct Client {}

impl Client {
    /// Builds the client. Sends nothing yet.
    pub fn new(options: ClientOptions) -> Result<Self, ApiError> {
        let _ = options;
        unimplemented!("api helper")
    }

    /// The same client with a cost counter of its own, for one campaign's pass.
    #[must_use]
    pub fn with_own_cost(&self) -> Self {
        unimplemented!("api helper")
    }

    /// What this client's requests cost so far, those that failed included.
    #[must_use]
    pub fn cost(&self) -> Cost {
        unimplemented!("api helper")
    }

    /// `GET /campaigns`.
    pub async fn fetch_campaigns(&self) -> Result<Answer<CampaignList>, ApiError> {
        unimplemented!("api helper")
    }

    /// `GET /campaigns/{id}`, as a list of one.
    pub async fn fetch_campaign(&self, id: &str) -> Result<Answer<CampaignList>, ApiError> {
        let _ = id;
        unimplemented!("api helper")
    }

    /// `GET /campaigns/{id}/rows`, paged or (without a query) as the newer API has it. The answer is split off
    /// the async threads, within the retry loop.
    pub async fn fetch_rows(&self, id: &str, query: Option<PageQuery>) -> Result<Answer<RowsPage>, ApiError> {
        let _ = (id, query);
        unimplemented!("api helper")
    }

    /// The `organization_id` that `GET /users/me` names.
    pub async fn fetch_organization_id(&self) -> Result<Option<String>, ApiError> {
        unimplemented!("api helper")
    }
}
