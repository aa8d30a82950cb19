//! `[api]`: how the API is asked.

use super::{ConfigError, values};
use serde::Deserialize;
use std::time::Duration;

/// How the API is asked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiSettings {
    /// Rows a page that are asked for.
    #[serde(deserialize_with = "values::number")]
    pub page_size: u32,
    /// Requests under way at once, in all.
    #[serde(deserialize_with = "values::number")]
    pub max_concurrent_requests: usize,
    /// Requests a second at most; none: as many as the API takes.
    #[serde(default, deserialize_with = "values::optional_rate")]
    pub requests_per_second: Option<f64>,
    /// How long a connection may take to stand.
    #[serde(deserialize_with = "values::duration")]
    pub connect_timeout: Duration,
    /// How long one try may take.
    #[serde(deserialize_with = "values::duration")]
    pub total_timeout: Duration,
    /// Tries of one request, the first included.
    #[serde(deserialize_with = "values::number")]
    pub max_tries: u32,
    /// How long one request may be tried again, pauses included.
    #[serde(deserialize_with = "values::duration")]
    pub retry_budget: Duration,
    /// The longest answer that is read, in bytes after decompression.
    #[serde(deserialize_with = "values::bytes")]
    pub max_answer_bytes: usize,
    /// Bytes of answers held in memory at once, in all.
    #[serde(deserialize_with = "values::bytes")]
    pub max_bytes_in_flight: usize,
}

impl ApiSettings {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        values::within("api.page_size", self.page_size, 1, 10_000)?;
        values::within("api.max_concurrent_requests", self.max_concurrent_requests, 1, 256)?;
        values::within("api.max_tries", self.max_tries, 1, 100)?;
        values::some_time("api.connect_timeout", self.connect_timeout)?;
        values::some_time("api.total_timeout", self.total_timeout)?;
        values::within("api.max_answer_bytes", self.max_answer_bytes, 1 << 16, usize::MAX)?;
        values::within("api.max_bytes_in_flight", self.max_bytes_in_flight, 1 << 16, usize::MAX)?;
        if let Some(rate) = self.requests_per_second
            && !(rate.is_finite() && rate > 0.0)
        {
            let problem = format!("must be greater than 0, and is {rate}");
            return Err(ConfigError::invalid("api.requests_per_second", problem));
        }
        Ok(())
    }
}
