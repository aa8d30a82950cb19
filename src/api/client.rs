//! The client: what can be asked for, and the loop from a request to its answer.
//!
//! Owns: the order of gate, try, judgement, decoding and pause. Leaves to the modules beside it: each of them.

use super::address::Endpoint;
use super::cost::CostCounter;
use super::exchange::{Body, Exchange, RawAnswer};
use super::gate::{Gate, Paused, Permit};
use super::retry::{Failure, RetryPolicy, Tries};
use super::shared::SharedSlots;
use super::{Allowance, Answer, ApiError, ClientOptions, Cost, PageQuery, RowStream, SharedPace};
use crate::observe;
use crate::wire::{CallsPage, CampaignList, RowsPage, ShapeError, organization_id};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tracing::{debug, warn};
use url::Url;

/// Answers up to this size are decoded on the spot; handing them over would take longer.
const DECODED_INLINE_BYTES: usize = 64 * 1024;

/// The API's client. Clones share the connections, the rate limit and the bound on concurrent requests.
///
/// A request that is dropped before its answer came is taken back: it holds up nobody.
#[derive(Clone)]
pub struct Client {
    exchange: Arc<Exchange>,
    gate: Arc<Gate>,
    policy: RetryPolicy,
    cost: Arc<CostCounter>,
    /// The rate limit, where other processes hold it, too.
    shared: Option<Arc<SharedSlots>>,
    per_second: Option<f64>,
    /// A page of rows may have so many bytes.
    max_page_bytes: usize,
}

/// Splits an answer, or says why it is none.
type Decode<T> = fn(Bytes) -> Result<T, ShapeError>;

impl Client {
    /// Builds the client. Sends nothing yet.
    pub fn new(options: ClientOptions) -> Result<Self, ApiError> {
        check(&options)?;
        let gate = Gate::new(options.max_concurrent_requests, options.requests_per_second);
        let policy = RetryPolicy {
            max_tries: options.max_tries,
            budget: options.retry_budget,
            backoff_base: options.backoff_base,
        };
        let per_second = options.requests_per_second;
        let max_page_bytes = options.max_answer_bytes;
        let exchange = Arc::new(Exchange::new(options)?);
        let (gate, cost) = (Arc::new(gate), Arc::default());
        Ok(Self { exchange, gate, policy, cost, shared: None, per_second, max_page_bytes })
    }

    /// The same client with its rate limit held together with other processes, when it has one.
    #[must_use]
    pub fn sharing(&self, pace: Arc<dyn SharedPace>) -> Self {
        let shared = self.per_second.map(|rate| Arc::new(SharedSlots::new(pace, rate)));
        Self { shared, ..self.clone() }
    }

    /// The same client with a cost counter of its own, for one campaign's pass. What it counts, this client's
    /// counter counts too.
    #[must_use]
    pub fn with_own_cost(&self) -> Self {
        Self { cost: Arc::new(CostCounter::below(Arc::clone(&self.cost))), ..self.clone() }
    }

    /// The same client for pages of rows that have no more than so many bytes: a longer one is [`ApiError::TooLarge`].
    #[must_use]
    pub fn with_pages_up_to(&self, bytes: usize) -> Self {
        Self { max_page_bytes: bytes.min(self.max_page_bytes), ..self.clone() }
    }

    /// What this client's requests cost so far, those that failed included.
    #[must_use]
    pub fn cost(&self) -> Cost {
        self.cost.total()
    }

    /// What the API can take, as things stand.
    #[must_use]
    pub fn allowance(&self) -> Allowance {
        Allowance { concurrent_requests: self.gate.concurrent(), requests_per_second: self.gate.per_second() }
    }

    /// `GET /campaigns`.
    pub async fn fetch_campaigns(&self) -> Result<Answer<CampaignList>, ApiError> {
        self.get(Endpoint::Campaigns, CampaignList::split).await
    }

    /// `GET /campaigns/{id}`, as a list of one.
    pub async fn fetch_campaign(&self, id: &str) -> Result<Answer<CampaignList>, ApiError> {
        self.get(Endpoint::Campaign(id), CampaignList::split_one).await
    }

    /// `GET /campaigns/{id}/rows`, paged or (without a query) as the newer API has it, read within the retry loop. An
    /// answer of more than `most` rows without a total is cut: those are all rows of a campaign, however many.
    pub async fn fetch_rows(
        &self,
        id: &str,
        query: Option<PageQuery>,
        most: usize,
    ) -> Result<Answer<RowsPage>, ApiError> {
        let endpoint = Endpoint::Rows(id, query.as_ref());
        let url = self.exchange.base().url_of(endpoint)?;
        let mut tries = Tries::new(self.policy);
        loop {
            match self.attempt_rows(endpoint, url.clone(), most, &mut tries).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => self.pause(endpoint, &mut tries, failed).await?,
            }
        }
    }

    /// `GET /campaigns/{id}/rows` as the newer API has it: every row, read as it comes. What breaks off once the answer
    /// has begun is not tried again here.
    pub async fn open_rows(&self, id: &str) -> Result<RowStream, ApiError> {
        let endpoint = Endpoint::Rows(id, None);
        let url = self.exchange.base().url_of(endpoint)?;
        let mut tries = Tries::new(self.policy);
        loop {
            match self.attempt_to_open(endpoint, url.clone(), &mut tries).await {
                Ok((body, permit)) => {
                    return Ok(RowStream::new(body, Some(permit), self.exchange.max_answer_bytes()));
                }
                Err(failed) => self.pause(endpoint, &mut tries, failed).await?,
            }
        }
    }

    /// The `organization_id` that `GET /users/me` names.
    pub async fn fetch_organization_id(&self) -> Result<Option<String>, ApiError> {
        let answer = self.get(Endpoint::Me, |body| organization_id(&body)).await?;
        Ok(answer.body)
    }

    /// `POST /call/search` (newer API): calls of the whole account, the one that changed last first. A question
    /// like any other: it changes nothing, and is tried again like one.
    pub async fn search_calls(&self, page: u32, page_size: u32) -> Result<Answer<CallsPage>, ApiError> {
        let nothing: [&str; 0] = [];
        let body = serde_json::json!({
            "page": page, "page_size": page_size, "sort_by": "updated_at", "sort_direction": "desc",
            "assignee_ids": nothing, "assistant_ids": nothing, "campaign_ids": nothing, "directions": nothing,
            "from_phone_numbers": nothing, "outcomes": nothing, "results": nothing, "statuses": nothing,
        });
        self.ask(Endpoint::CallSearch, Some(body.to_string().into()), CallsPage::split).await
    }

    async fn get<T: Send + 'static>(
        &self,
        endpoint: Endpoint<'_>,
        decode: Decode<T>,
    ) -> Result<Answer<T>, ApiError> {
        self.ask(endpoint, None, decode).await
    }

    /// Asks until there is an answer that can be decoded, or no more tries are worth it.
    async fn ask<T: Send + 'static>(
        &self,
        endpoint: Endpoint<'_>,
        question: Option<Bytes>,
        decode: Decode<T>,
    ) -> Result<Answer<T>, ApiError> {
        let url = self.exchange.base().url_of(endpoint)?;
        let mut tries = Tries::new(self.policy);
        loop {
            let attempt = self.attempt(endpoint, url.clone(), question.as_ref(), decode, &mut tries);
            match attempt.await {
                Ok(answer) => return Ok(answer),
                Err(failed) => self.pause(endpoint, &mut tries, failed).await?,
            }
        }
    }

    /// Waits until the next try, when there is to be one.
    async fn pause(
        &self,
        endpoint: Endpoint<'_>,
        tries: &mut Tries,
        (failure, pause): (Failure, Duration),
    ) -> Result<(), ApiError> {
        let reason = tries.allow(failure, pause)?;
        warn!(
            path = endpoint.pattern(),
            tries = tries.count(),
            pause_ms = pause.as_millis(),
            %reason,
            "the request is tried again"
        );
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// One try to have an answer begin.
    async fn attempt_to_open(
        &self,
        endpoint: Endpoint<'_>,
        url: Url,
        tries: &mut Tries,
    ) -> Result<(Body, Permit), (Failure, Duration)> {
        let permit = self.admit(tries).await?;
        let started = Instant::now();
        let outcome = self.exchange.open(url, &self.cost).await;
        let status = outcome.as_ref().map_or_else(|failure| failure.status, |body| Some(body.status));
        note_try("GET", endpoint, status, started);
        match outcome {
            Ok(body) => Ok((body, permit)),
            Err(failure) => Err(self.settle(failure, &permit, tries).await),
        }
    }

    /// One try, from the gate to the last row that is wanted.
    async fn attempt_rows(
        &self,
        endpoint: Endpoint<'_>,
        url: Url,
        most: usize,
        tries: &mut Tries,
    ) -> Result<Answer<RowsPage>, (Failure, Duration)> {
        let (body, permit) = self.attempt_to_open(endpoint, url, tries).await?;
        let stream = RowStream::new(body, None, self.max_page_bytes);
        let date = stream.date();
        let within = self.exchange.total_timeout();
        let gathered = tokio::time::timeout(within, stream.gather(most)).await;
        match gathered.unwrap_or(Err(ApiError::TimedOut { after: within })) {
            Ok(gathered) => {
                permit.recover();
                // The next request goes while the rows of this answer are found.
                drop(permit);
                gathered.into_page().map(|body| Answer { body, date }).map_err(|error| {
                    let failure = Failure::passing(error);
                    let pause = tries.pause_after(&failure);
                    (failure, pause)
                })
            }
            Err(error @ ApiError::TooLarge { .. }) => {
                let failure = Failure::lasting(error);
                Err(self.settle(failure, &permit, tries).await)
            }
            Err(error) => Err(self.settle(Failure::passing(error), &permit, tries).await),
        }
    }

    /// Waits until a request may go.
    async fn admit(&self, tries: &mut Tries) -> Result<Permit, (Failure, Duration)> {
        let too_long = |paused: Paused| {
            let error = ApiError::RateLimited { retry_after: Some(paused.remaining) };
            (Failure::lasting(error), paused.remaining)
        };
        let permit = self.gate.enter(tries.remaining()).await.map_err(too_long)?;
        if let Some(shared) = &self.shared {
            shared.wait(tries.remaining()).await.map_err(too_long)?;
        }
        self.cost.count_request(tries.begin());
        Ok(permit)
    }

    /// What follows a failed try: the pause before the next one, and a slower pace when the API asks for it.
    async fn settle(&self, failure: Failure, permit: &Permit, tries: &Tries) -> (Failure, Duration) {
        let pause = tries.pause_after(&failure);
        if matches!(failure.error, ApiError::RateLimited { .. }) {
            permit.slow_down(pause);
            if let Some(shared) = &self.shared {
                shared.pause(pause).await;
            }
        }
        (failure, pause)
    }

    /// One try, from the gate to the decoded answer. A failure comes with the pause that should follow it.
    async fn attempt<T: Send + 'static>(
        &self,
        endpoint: Endpoint<'_>,
        url: Url,
        question: Option<&Bytes>,
        decode: Decode<T>,
        tries: &mut Tries,
    ) -> Result<Answer<T>, (Failure, Duration)> {
        let permit = self.admit(tries).await?;
        let started = Instant::now();
        let outcome = self.exchange.send(url, question, &self.cost).await;
        let status = outcome.as_ref().map_or_else(|failure| failure.status, |raw| Some(raw.status));
        note_try(if question.is_some() { "POST" } else { "GET" }, endpoint, status, started);
        let RawAnswer { body, date, .. } = match outcome {
            Ok(answer) => answer,
            Err(failure) => return Err(self.settle(failure, &permit, tries).await),
        };
        permit.recover();
        // Decoding takes nothing of the API's.
        drop(permit);
        decode_answer(body, decode).await.map(|body| Answer { body, date }).map_err(|ShapeError { what }| {
            let failure = Failure::passing(ApiError::Malformed { what });
            let pause = tries.pause_after(&failure);
            (failure, pause)
        })
    }
}

fn note_try(method: &str, endpoint: Endpoint<'_>, status: Option<u16>, started: Instant) {
    observe::count_request(status);
    let elapsed_ms = started.elapsed().as_millis();
    debug!(method, path = endpoint.pattern(), status, elapsed_ms, "a try ended");
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Client")
            .field("host", &self.exchange.base().host())
            .field("allowance", &self.allowance())
            .field("cost", &self.cost())
            .finish_non_exhaustive()
    }
}

fn check(options: &ClientOptions) -> Result<(), ApiError> {
    let rate = options.requests_per_second.unwrap_or(1.0);
    for (option, is_usable) in [
        ("max_concurrent_requests", options.max_concurrent_requests > 0),
        ("requests_per_second", rate.is_finite() && rate > 0.0),
        ("connect_timeout", !options.connect_timeout.is_zero()),
        ("total_timeout", !options.total_timeout.is_zero()),
        ("max_tries", options.max_tries > 0),
        ("max_answer_bytes", options.max_answer_bytes > 0),
    ] {
        if !is_usable {
            return Err(ApiError::InvalidOption { option });
        }
    }
    Ok(())
}

/// Decodes, off the async threads if it takes long.
async fn decode_answer<T: Send + 'static>(body: Bytes, decode: Decode<T>) -> Result<T, ShapeError> {
    if body.len() <= DECODED_INLINE_BYTES {
        return decode(body);
    }
    match tokio::task::spawn_blocking(move || decode(body)).await {
        Ok(decoded) => decoded,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is going down, and this request with it.
            Err(_) => Err(ShapeError { what: "an answer that nobody waits for any more".to_owned() }),
        },
    }
}
