//! When a request is tried again, and how long to wait before it.
//!
//! Owns: the backoff, the budget, and what the API's headers say about it. Leaves to `exchange`: telling which
//! failures are worth another try.

use super::ApiError;
use chrono::{DateTime, Utc};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use std::time::Duration;
use tokio::time::Instant;

/// The pause doubles until it is this many times the first one.
const MAX_BACKOFF_FACTOR: u32 = 16;

/// How much trouble one request is worth.
#[derive(Debug, Clone, Copy)]
pub(super) struct RetryPolicy {
    pub(super) max_tries: u32,
    pub(super) budget: Duration,
    pub(super) backoff_base: Duration,
}

/// A try that brought no answer.
#[derive(Debug)]
pub(super) struct Failure {
    /// What goes to the caller if it was the last try.
    pub(super) error: ApiError,
    /// The answer's status, if it got that far.
    pub(super) status: Option<u16>,
    /// Whether another try may end better.
    pub(super) is_passing: bool,
    /// How long the API asks to wait.
    pub(super) retry_after: Option<Duration>,
}

impl Failure {
    /// A failure that another try may mend.
    pub(super) fn passing(error: ApiError) -> Self {
        Self { error, status: None, is_passing: true, retry_after: None }
    }

    /// A failure that another try would only repeat.
    pub(super) fn lasting(error: ApiError) -> Self {
        Self { is_passing: false, ..Self::passing(error) }
    }
}

/// The tries of one request.
#[derive(Debug)]
pub(super) struct Tries {
    policy: RetryPolicy,
    count: u32,
    first_at: Option<Instant>,
}

impl Tries {
    pub(super) fn new(policy: RetryPolicy) -> Self {
        Self { policy, count: 0, first_at: None }
    }

    /// Begins a try; says whether it is a retry. The budget runs from the first one on.
    pub(super) fn begin(&mut self) -> bool {
        self.first_at.get_or_insert_with(Instant::now);
        self.count += 1;
        self.count > 1
    }

    /// Tries begun so far.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// What is left of the budget.
    pub(super) fn remaining(&self) -> Duration {
        let spent = self.first_at.map(|first| first.elapsed()).unwrap_or_default();
        self.policy.budget.saturating_sub(spent)
    }

    /// How long to wait after `failure`: as the API says, else a random part of a span that doubles.
    pub(super) fn pause_after(&self, failure: &Failure) -> Duration {
        failure.retry_after.unwrap_or_else(|| {
            let doublings = self.count.saturating_sub(1).min(MAX_BACKOFF_FACTOR.ilog2());
            self.policy.backoff_base.saturating_mul(1 << doublings).mul_f64(rand::random())
        })
    }

    /// Whether there is another try after `pause`; if not, the error to end with.
    pub(super) fn allow(&self, failure: Failure, pause: Duration) -> Result<ApiError, ApiError> {
        if !failure.is_passing || self.count >= self.policy.max_tries {
            return Err(failure.error);
        }
        if pause <= self.remaining() {
            return Ok(failure.error);
        }
        Err(match failure.retry_after {
            Some(_) => ApiError::RateLimited { retry_after: failure.retry_after },
            None => failure.error,
        })
    }
}

/// The `Date` header: when the API made the answer.
pub(super) fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    http_date(headers.get(DATE)?.to_str().ok()?)
}

/// What `x-should-retry` says: whether to try again whatever the status.
pub(super) fn should_retry(headers: &HeaderMap) -> Option<bool> {
    match headers.get("x-should-retry")?.as_bytes() {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}

/// How long the API asks to wait: `retry-after-ms`, else `Retry-After` in seconds or as a date, which is
/// measured against the answer's own `Date`, else against `now`. None when it names no time to come.
pub(super) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some(pause) = text("retry-after-ms").and_then(|milliseconds| seconds(milliseconds, 1000.0)) {
        return Some(pause);
    }
    let value = text(RETRY_AFTER.as_str())?;
    seconds(value, 1.0).or_else(|| {
        let until = http_date(value)?.signed_duration_since(date(headers).unwrap_or(now));
        until.to_std().ok().filter(|pause| !pause.is_zero())
    })
}

fn seconds(text: &str, per_second: f64) -> Option<Duration> {
    let seconds = text.parse::<f64>().ok()? / per_second;
    if !seconds.is_finite() || seconds <= 0.0 {
        return None;
    }
    // Longer than can be written: as long as can be.
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

fn http_date(text: &str) -> Option<DateTime<Utc>> {
    httpdate::parse_http_date(text).ok().map(DateTime::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    const POLICY: RetryPolicy = RetryPolicy {
        max_tries: 3,
        budget: Duration::from_mins(1),
        backoff_base: Duration::from_millis(500),
    };

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    fn tries(count: u32) -> Tries {
        let mut tries = Tries::new(POLICY);
        for _ in 0..count {
            tries.begin();
        }
        tries
    }

    #[test]
    fn the_api_says_how_long_to_wait_in_many_ways() {
        let now = http_date("Tue, 24 Nov 2026 12:00:00 GMT").unwrap();
        let date = ("date", "Tue, 24 Nov 2026 10:00:00 GMT");
        for (pairs, milliseconds) in [
            (&[("retry-after", "7")][..], Some(7000)),
            (&[("retry-after", " 1.5 ")], Some(1500)),
            (&[("retry-after-ms", "250")], Some(250)),
            (&[("retry-after-ms", "250"), ("retry-after", "7")], Some(250)),
            (&[("retry-after-ms", "soon"), ("retry-after", "7")], Some(7000)),
            (&[("retry-after", "Tue, 24 Nov 2026 10:00:30 GMT"), date], Some(30_000)),
            (&[("retry-after", "Tue, 24 Nov 2026 12:00:30 GMT")], Some(30_000)),
            (&[("retry-after", "Tue, 24 Nov 2026 09:00:00 GMT"), date], None),
            (&[("retry-after", "Tue, 24 Nov 2026 10:00:00 GMT"), date], None),
            (&[("retry-after", "0")], None),
            (&[("retry-after", "-3")], None),
            (&[("retry-after", "NaN")], None),
            (&[("retry-after", "inf")], None),
            (&[("retry-after", "soon")], None),
            (&[("retry-after", "")], None),
            (&[], None),
        ] {
            assert_eq!(
                retry_after(&headers(pairs), now),
                milliseconds.map(Duration::from_millis),
                "{pairs:?}"
            );
        }
        assert_eq!(retry_after(&headers(&[("retry-after", "1e300")]), now), Some(Duration::MAX));
    }

    #[test]
    fn the_api_says_whether_to_try_again() {
        for (value, expected) in [("true", Some(true)), ("false", Some(false)), ("perhaps", None)] {
            assert_eq!(should_retry(&headers(&[("x-should-retry", value)])), expected);
        }
        assert_eq!(should_retry(&HeaderMap::new()), None);
    }

    #[test]
    fn the_backoff_doubles_to_sixteen_times_its_base() {
        let failure = Failure::passing(ApiError::Unavailable { status: 500 });
        for (count, longest_ms) in [(1, 500), (2, 1000), (3, 2000), (5, 8000), (6, 8000), (1000, 8000)] {
            let tries = tries(count);
            let pauses: Vec<Duration> = (0..200).map(|_| tries.pause_after(&failure)).collect();
            let longest = Duration::from_millis(longest_ms);
            assert!(pauses.iter().all(|pause| *pause <= longest), "{count}");
            assert!(pauses.iter().any(|pause| *pause > longest / 2), "{count}");
            assert!(pauses.iter().any(|pause| *pause < longest / 2), "{count}");
        }
    }

    #[test]
    fn what_the_api_asks_for_goes_before_the_backoff() {
        let failure = Failure {
            retry_after: Some(Duration::from_secs(42)),
            ..Failure::passing(ApiError::Unavailable { status: 503 })
        };
        assert_eq!(tries(1).pause_after(&failure), Duration::from_secs(42));
    }

    #[test]
    fn tries_end_with_their_number_their_budget_or_a_failure_that_lasts() {
        let failure = || Failure::passing(ApiError::Unavailable { status: 503 });
        let second = Duration::from_secs(1);
        assert!(tries(2).allow(failure(), second).is_ok());
        assert!(matches!(tries(3).allow(failure(), second), Err(ApiError::Unavailable { status: 503 })));
        assert!(matches!(tries(1).allow(failure(), second * 61), Err(ApiError::Unavailable { status: 503 })));
        assert!(matches!(
            tries(1).allow(Failure::lasting(ApiError::NotFound), second),
            Err(ApiError::NotFound)
        ));
    }

    #[test]
    fn a_pause_that_the_budget_cannot_hold_ends_the_request_and_names_the_pause() {
        let asked = Some(Duration::from_hours(1));
        let failure =
            Failure { retry_after: asked, ..Failure::passing(ApiError::Unavailable { status: 503 }) };
        let pause = tries(1).pause_after(&failure);
        let ended = tries(1).allow(failure, pause);
        assert!(matches!(ended, Err(ApiError::RateLimited { retry_after }) if retry_after == asked));
    }
}
