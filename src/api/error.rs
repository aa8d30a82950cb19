//! What can go wrong between here and the API, named by what the caller does about it.
//!
//! Owns: the errors and their hints. No error holds a key, a body or the values of a query; texts that come
//! from the API have been through `detail`.

use std::time::Duration;

/// Why there is no answer, after all tries.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The configured base URL is no base URL.
    #[error("the API's base URL cannot be used: {what}")]
    InvalidBaseUrl {
        /// What is wrong with it, without quoting it.
        what: &'static str,
    },
    /// The configured base URL would show the key to the network.
    #[error("the API's base URL is plain http to another machine")]
    InsecureBaseUrl,
    /// The key is empty or cannot stand in a header.
    #[error("the API key is empty or holds characters that no key has")]
    InvalidKey,
    /// An option has a value that nothing can work with.
    #[error("{option} must be above zero and finite")]
    InvalidOption {
        /// The field of [`ClientOptions`](super::ClientOptions).
        option: &'static str,
    },
    /// The HTTP client could not be set up.
    #[error("the HTTP client cannot be set up")]
    Setup {
        /// What it lacks.
        source: reqwest::Error,
    },
    /// An id that cannot stand in a URL.
    #[error("the API cannot be asked for an id that is empty or made of dots")]
    UnaskableId,
    /// 401 or 403: the key is not accepted, or not for this.
    #[error("the API refused the key (status {status})")]
    Refused {
        /// 401 or 403.
        status: u16,
    },
    /// 404: there is no such thing, or none that the key may see.
    #[error("the API does not know what was asked for (status 404)")]
    NotFound,
    /// 400 or 422: the parameters are not to the API's liking.
    #[error("the API did not accept the request (status {status}){}", after_colon(detail.as_deref()))]
    BadRequest {
        /// 400 or 422.
        status: u16,
        /// The API's own words, cut short and scrubbed.
        detail: Option<String>,
    },
    /// The API asks to be left alone for longer than the request may take, or said 429 in the last try.
    #[error("the API's rate limit is reached{}", pause_asked_for(*retry_after))]
    RateLimited {
        /// How long to leave it alone, if the API said so.
        retry_after: Option<Duration>,
    },
    /// 408, 409 or 5xx in the last try.
    #[error("the API is not able to answer (status {status})")]
    Unavailable {
        /// The status of the last try.
        status: u16,
    },
    /// A status that has no meaning here.
    #[error("the API answered with the unexpected status {status}")]
    UnexpectedStatus {
        /// Which one.
        status: u16,
    },
    /// 3xx. Not followed: the key must not travel.
    #[error("the API redirects to {} (status {status})", host.as_deref().unwrap_or("nowhere"))]
    Redirected {
        /// Which kind of redirect.
        status: u16,
        /// The host that it leads to, if it names one.
        host: Option<String>,
    },
    /// The answer is longer than is read.
    #[error("the API's answer is longer than {max_bytes} bytes")]
    TooLarge {
        /// `max_answer_bytes`.
        max_bytes: usize,
    },
    /// The answer came, but is not what was asked for: empty, HTML, half JSON, another shape.
    #[error("the API's answer cannot be used: {what}")]
    Malformed {
        /// What is wrong with it, without quoting it.
        what: String,
    },
    /// No connection in the last try.
    #[error("the API cannot be reached")]
    Unreachable {
        /// Name resolution, TCP, TLS or a proxy.
        source: reqwest::Error,
    },
    /// The last try took longer than one try may.
    #[error("the API did not answer within {} s", after.as_secs_f64())]
    TimedOut {
        /// `total_timeout`.
        after: Duration,
    },
    /// The connection broke in the last try, before the answer was whole.
    #[error("the connection to the API broke before the answer was whole")]
    BrokenOff {
        /// What broke.
        source: reqwest::Error,
    },
}

impl ApiError {
    /// 401 or 403.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// Whether an answer had begun and did not come to its end.
    #[must_use]
    pub fn is_broken_off(&self) -> bool {
        matches!(self, Self::BrokenOff { .. } | Self::TimedOut { .. } | Self::Malformed { .. })
    }

    /// 404.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound)
    }

    /// 400 or 422: the parameters are not to the API's liking.
    #[must_use]
    pub fn is_bad_request(&self) -> bool {
        matches!(self, Self::BadRequest { .. })
    }

    /// Whether the settings are at fault: nothing was sent.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        matches!(
            self,
            Self::InvalidBaseUrl { .. }
                | Self::InsecureBaseUrl
                | Self::InvalidKey
                | Self::InvalidOption { .. }
                | Self::Setup { .. }
        )
    }

    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::InvalidBaseUrl { .. } => {
                "set REVOX_BASE_URL to a URL like https://www.getrevox.com/api, with nothing but host and path"
            }
            Self::InsecureBaseUrl => {
                "use https in REVOX_BASE_URL; plain http is for 127.0.0.1, ::1 and localhost only"
            }
            Self::InvalidKey => {
                "set REVOX_API_KEY, or REVOX_API_KEY_FILE to a file that holds the key and nothing else"
            }
            Self::InvalidOption { .. } => "correct the setting of that name under `api`",
            Self::Setup { .. } => {
                "install the machine's CA certificates (Debian: apt-get install ca-certificates)"
            }
            Self::UnaskableId => "check the campaign id",
            Self::Refused { status: 401 } => {
                "check REVOX_API_KEY: it may be mistyped, expired, or belong to another REVOX_BASE_URL"
            }
            Self::Refused { .. } => "the key is known but may not read this: use a key with more rights",
            Self::NotFound => {
                "check REVOX_BASE_URL, the campaign id where one was named, and that the key belongs to its account"
            }
            Self::BadRequest { .. } => "the API may have changed: look for a newer version of revox-mirror",
            Self::RateLimited { retry_after: Some(pause) } => {
                return Some(format!("try again in {} s", whole_seconds(*pause)));
            }
            Self::RateLimited { .. } => {
                "try again later, or set api.requests_per_second to what the account may do"
            }
            Self::Unavailable { .. } => "the trouble is on the API's side: try again later",
            Self::UnexpectedStatus { .. } => {
                "check that REVOX_BASE_URL is the Revox API and no proxy stands before it"
            }
            Self::Redirected { .. } => "set REVOX_BASE_URL to where the API is now, if you trust that host",
            Self::TooLarge { .. } => {
                "if the account really has answers of that size, raise api.max_answer_bytes"
            }
            Self::Malformed { .. } => {
                "check that REVOX_BASE_URL is the Revox API and no proxy or login page stands before it; else try later"
            }
            Self::Unreachable { .. } => {
                "check the network, REVOX_BASE_URL, a proxy's settings, and the machine's time and CA certificates"
            }
            Self::TimedOut { .. } => "try again later, or allow a try more time in the settings under `api`",
            Self::BrokenOff { .. } => {
                "try again later; if it goes on, look at the network and proxies in between"
            }
        };
        Some(hint.to_owned())
    }
}

fn after_colon(detail: Option<&str>) -> String {
    detail.map(|detail| format!(": {detail}")).unwrap_or_default()
}

/// No less than a pause takes, and one second at least.
fn whole_seconds(pause: Duration) -> u64 {
    pause.as_secs().saturating_add(u64::from(pause.subsec_nanos() > 0)).max(1)
}

fn pause_asked_for(retry_after: Option<Duration>) -> String {
    retry_after
        .map(|pause| format!("; it asks for a pause of {} s", whole_seconds(pause)))
        .unwrap_or_default()
}
