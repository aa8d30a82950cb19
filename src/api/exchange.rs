//! One try: a request over the wire and what comes back, judged.
//!
//! Owns: the HTTP client's settings, the meaning of each status, and reading no more than is wanted. Leaves to
//! `retry`: trying again; to `gate`: when to send.

use super::address::{BaseUrl, LOCALHOST, LOOPBACK};
use super::cost::CostCounter;
use super::retry::{Failure, date, retry_after, should_retry};
use super::{ApiError, ClientOptions, detail};
use crate::clock::Clock;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use std::net::SocketAddr;
use std::sync::{Arc, Once};
use std::time::Duration;
use url::Url;

/// Bytes of a refusal that are read for the sake of its message.
const MAX_REFUSAL_BYTES: usize = 16 * 1024;

/// An answer's body may take as long as its reader does; a silence is bounded by `total_timeout` instead.
const NO_LIMIT: Duration = Duration::from_hours(24 * 30);

/// An answer in good order whose body is still to be read.
#[derive(Debug)]
pub(super) struct Body {
    response: Response,
    cost: Arc<CostCounter>,
    /// How long nothing may come.
    patience: Duration,
    pub(super) date: Option<DateTime<Utc>>,
    pub(super) status: u16,
}

impl Body {
    /// How many bytes are to come, where the answer says so.
    pub(super) fn length(&self) -> Option<u64> {
        self.response.content_length()
    }

    /// The next piece; none after the last.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, ApiError> {
        let came = tokio::time::timeout(self.patience, self.response.chunk()).await;
        let Ok(came) = came else { return Err(ApiError::TimedOut { after: self.patience }) };
        let piece = came.map_err(|error| broken(error, self.patience).error)?;
        self.cost.count_bytes(piece.as_ref().map_or(0, Bytes::len));
        Ok(piece)
    }
}

/// Sends requests, one try each.
pub(super) struct Exchange {
    http: reqwest::Client,
    base: BaseUrl,
    key: SecretString,
    total_timeout: Duration,
    max_answer_bytes: usize,
    clock: Clock,
}

/// A whole answer, not looked into yet.
pub(super) struct RawAnswer {
    pub(super) body: Bytes,
    pub(super) date: Option<DateTime<Utc>>,
    pub(super) status: u16,
}

impl Exchange {
    /// Sets the HTTP client up.
    pub(super) fn new(options: ClientOptions) -> Result<Self, ApiError> {
        let base = BaseUrl::parse(&options.base_url)?;
        install_tls_provider();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("revox-mirror/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers(&options.api_key)?)
            .connect_timeout(options.connect_timeout)
            .timeout(options.total_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            // Every try is decided, paced and counted here.
            .retry(reqwest::retry::never())
            .https_only(base.is_encrypted());
        if base.is_loopback() {
            let addresses = LOOPBACK.map(|address| SocketAddr::new(address, 0));
            builder = builder.no_proxy().resolve_to_addrs(LOCALHOST, &addresses);
        }
        if !base.is_encrypted() {
            // Nothing to verify: works on a machine without CA certificates.
            builder = builder.tls_certs_only([]);
        }
        Ok(Self {
            http: builder.build().map_err(|error| ApiError::Setup { source: error.without_url() })?,
            base,
            key: options.api_key,
            total_timeout: options.total_timeout,
            max_answer_bytes: options.max_answer_bytes,
            clock: Clock::system(),
        })
    }

    /// Where requests go.
    pub(super) fn base(&self) -> &BaseUrl {
        &self.base
    }

    /// Sends one GET, or with a body one POST, and reads its answer whole.
    pub(super) async fn send(
        &self,
        url: Url,
        body: Option<&Bytes>,
        cost: &CostCounter,
    ) -> Result<RawAnswer, Failure> {
        let request = match body {
            None => self.http.get(url),
            Some(body) => self.http.post(url).header(CONTENT_TYPE, "application/json").body(body.clone()),
        };
        let response = request.send().await.map_err(|error| self.broken(error))?;
        let status = response.status();
        let answer = match status {
            StatusCode::PARTIAL_CONTENT => Err(self.judge(response, cost).await),
            status if status.is_success() => self.read(response, cost).await,
            _ => Err(self.judge(response, cost).await),
        };
        answer.map_err(|failure| Failure { status: Some(status.as_u16()), ..failure })
    }

    /// Sends one GET and waits for the head of its answer.
    pub(super) async fn open(&self, url: Url, cost: &Arc<CostCounter>) -> Result<Body, Failure> {
        let late = |_| Failure::passing(ApiError::TimedOut { after: self.total_timeout });
        let sending = self.http.get(url).timeout(NO_LIMIT).send();
        let response = tokio::time::timeout(self.total_timeout, sending).await.map_err(late)?;
        let response = response.map_err(|error| self.broken(error))?;
        let status = response.status();
        if status.is_success() && status != StatusCode::PARTIAL_CONTENT {
            let date = date(response.headers());
            let (cost, patience) = (Arc::clone(cost), self.total_timeout);
            return Ok(Body { response, cost, patience, date, status: status.as_u16() });
        }
        let failure = self.judge(response, cost).await;
        Err(Failure { status: Some(status.as_u16()), ..failure })
    }

    /// How long one try may take, and how long an answer may be silent.
    pub(super) fn total_timeout(&self) -> Duration {
        self.total_timeout
    }

    /// The longest answer that is read, and the longest row.
    pub(super) fn max_answer_bytes(&self) -> usize {
        self.max_answer_bytes
    }

    /// Reads a body piece by piece, up to the cap.
    async fn read(&self, mut response: Response, cost: &CostCounter) -> Result<RawAnswer, Failure> {
        let too_large = || Failure::lasting(ApiError::TooLarge { max_bytes: self.max_answer_bytes });
        let date = date(response.headers());
        let status = response.status().as_u16();
        // Known only for answers that are not compressed.
        let announced = response.content_length().unwrap_or(0);
        let announced = usize::try_from(announced).ok().filter(|length| *length <= self.max_answer_bytes);
        let mut body = Vec::with_capacity(announced.ok_or_else(too_large)?);
        while let Some(piece) = response.chunk().await.map_err(|error| self.broken(error))? {
            cost.count_bytes(piece.len());
            if piece.len() > self.max_answer_bytes - body.len() {
                return Err(too_large());
            }
            body.extend_from_slice(&piece);
        }
        body.shrink_to_fit();
        Ok(RawAnswer { body: body.into(), date, status })
    }

    /// What an answer that is no success means.
    async fn judge(&self, response: Response, cost: &CostCounter) -> Failure {
        let headers = response.headers();
        let retry_after = retry_after(headers, self.clock.now());
        let advice = should_retry(headers);
        let status = response.status().as_u16();
        let (error, is_passing) = match status {
            300..=399 => {
                // Not followed and not tried again, whatever else the answer says.
                let host = headers.get(LOCATION).and_then(|location| location.to_str().ok());
                let host = host.and_then(|location| self.base.host_of(location));
                let host = host.map(|host| detail::of_host(host, self.key.expose_secret()));
                return Failure::lasting(ApiError::Redirected { status, host });
            }
            400 | 422 => {
                let detail = self.read_refusal(response, cost).await;
                (ApiError::BadRequest { status, detail }, false)
            }
            401 | 403 => (ApiError::Refused { status }, false),
            404 => (ApiError::NotFound, false),
            429 => (ApiError::RateLimited { retry_after }, true),
            408 | 409 | 500..=599 => (ApiError::Unavailable { status }, true),
            _ => (ApiError::UnexpectedStatus { status }, false),
        };
        Failure { retry_after, is_passing: advice.unwrap_or(is_passing), ..Failure::passing(error) }
    }

    /// The message of a refusal. A body that cannot be read has none.
    async fn read_refusal(&self, mut response: Response, cost: &CostCounter) -> Option<String> {
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.ok()? {
            cost.count_bytes(piece.len());
            if body.len() + piece.len() > MAX_REFUSAL_BYTES {
                return None;
            }
            body.extend_from_slice(&piece);
        }
        detail::of_body(&body, self.key.expose_secret())
    }

    fn broken(&self, error: reqwest::Error) -> Failure {
        broken(error, self.total_timeout)
    }
}

/// What it means that there is no whole answer.
fn broken(error: reqwest::Error, after: Duration) -> Failure {
    // The URL holds ids and parameters.
    let source = error.without_url();
    if source.is_builder() {
        return Failure::lasting(ApiError::Setup { source });
    }
    Failure::passing(if source.is_connect() {
        ApiError::Unreachable { source }
    } else if source.is_timeout() {
        ApiError::TimedOut { after }
    } else {
        ApiError::BrokenOff { source }
    })
}

fn headers(key: &SecretString) -> Result<HeaderMap, ApiError> {
    let key = key.expose_secret();
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ApiError::InvalidKey);
    }
    let mut bearer = HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| ApiError::InvalidKey)?;
    bearer.set_sensitive(true);
    Ok(HeaderMap::from_iter([
        (AUTHORIZATION, bearer),
        (ACCEPT, HeaderValue::from_static("application/json")),
    ]))
}

/// reqwest is built without a cryptography provider of its own and panics where none is installed.
fn install_tls_provider() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // An error says that the process has one already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
