//! Faults on demand: which requests go wrong, and how. What a fault does to an answer stands in `spoil`.

use super::draw::Draw;
use std::time::Duration;

/// A way to go wrong, and when. Made by [`Fault::new`], which hits every request, and narrowed down from there.
///
/// ```
/// use revox_mirror::simulator::{Fault, FaultKind};
///
/// // The third request for rows, and that one only.
/// let fault = Fault::new(FaultKind::Reset).on_path("/rows").nth(3);
/// ```
#[derive(Debug, Clone)]
pub struct Fault {
    pub(super) kind: FaultKind,
    path: String,
    when: When,
    times: Option<u32>,
    pub(super) should_retry: Option<bool>,
}

/// How an answer goes wrong.
#[derive(Debug, Clone)]
pub enum FaultKind {
    /// 429, with a header that says for how long.
    Status429(RetryAfter),
    /// 503 with an HTML page.
    Status503Html,
    /// This status with a JSON error.
    Status(u16),
    /// The right answer, this much later.
    Slow(Duration),
    /// The connection is closed without an answer.
    Reset,
    /// The right answer, cut off in the middle: fewer bytes than `Content-Length` says.
    Truncated,
    /// The right answer in chunks, the connection cut off before the last one.
    TruncatedChunks,
    /// Text of the right length that is no JSON.
    MalformedJson,
    /// 200 with no body.
    EmptyBody,
    /// 200 with an HTML page.
    HtmlOk,
    /// 200 with the first half of the right answer, and a `Content-Length` that agrees.
    HalfJson,
    /// The right page with a total that is off by this much (older API's rows, and the search).
    WrongTotal(isize),
    /// No rows, with the right total (rows); no calls (the search).
    EmptyRows,
    /// The page before the one that was asked for, the second instead of the first (older API's rows).
    RepeatPage,
    /// The page as if the rows stood in the opposite order (older API's rows, and the search).
    Backwards,
    /// The first page, whatever page was asked for (older API's rows).
    SamePage,
    /// The rows of another campaign (rows).
    WrongCampaign,
    /// The right answer with this many bytes of white space in front.
    Oversized(usize),
    /// A redirect to this address.
    Redirect(String),
}

/// How a 429 says when to come back.
#[derive(Debug, Clone, Copy)]
pub enum RetryAfter {
    /// Not at all.
    Unsaid,
    /// `Retry-After` in seconds.
    Seconds(u32),
    /// `Retry-After` as a date, this long after the answer's own `Date`.
    Date(Duration),
    /// `retry-after-ms`.
    Milliseconds(u32),
}

/// Which of the requests for its path a fault hits.
#[derive(Debug, Clone)]
enum When {
    Always,
    Nth(u64),
    Every(u64),
    Random { percent: u32, draw: Draw },
}

impl Fault {
    /// A fault that hits every request.
    #[must_use]
    pub fn new(kind: FaultKind) -> Self {
        Self { kind, path: String::new(), when: When::Always, times: None, should_retry: None }
    }

    /// Only requests whose path and query contain `part`.
    #[must_use]
    pub fn on_path(mut self, part: impl Into<String>) -> Self {
        self.path = part.into();
        self
    }

    /// Only the `n`th of them, from 1, counted from now on.
    #[must_use]
    pub fn nth(mut self, n: u64) -> Self {
        self.when = When::Nth(n);
        self
    }

    /// Only every `n`th of them.
    #[must_use]
    pub fn every(mut self, n: u64) -> Self {
        self.when = When::Every(n);
        self
    }

    /// Only `percent` of 100 of them, as chance has it.
    #[must_use]
    pub fn at_random(mut self, percent: u32, seed: u64) -> Self {
        self.when = When::Random { percent, draw: Draw::new(seed) };
        self
    }

    /// Only so many times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// With a header `x-should-retry`.
    #[must_use]
    pub fn should_retry(mut self, retry: bool) -> Self {
        self.should_retry = Some(retry);
        self
    }
}

/// The faults that wait for their requests.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Waiting>);

#[derive(Debug)]
struct Waiting {
    fault: Fault,
    seen: u64,
}

impl Faults {
    pub(super) fn inject(&mut self, fault: Fault) {
        self.0.push(Waiting { fault, seen: 0 });
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault that hits a request. All faults count it, the oldest one that hits is the one.
    pub(super) fn strike(&mut self, path_and_query: &str) -> Option<Fault> {
        let mut struck: Option<Fault> = None;
        for waiting in &mut self.0 {
            if waiting.hits(path_and_query) && struck.is_none() {
                waiting.fault.times = waiting.fault.times.map(|times| times.saturating_sub(1));
                struck = Some(waiting.fault.clone());
            }
        }
        struck
    }
}

impl Waiting {
    fn hits(&mut self, path_and_query: &str) -> bool {
        if self.fault.times == Some(0) || !path_and_query.contains(&self.fault.path) {
            return false;
        }
        self.seen += 1;
        match &mut self.fault.when {
            When::Always => true,
            When::Nth(n) => self.seen == *n,
            When::Every(n) => self.seen.is_multiple_of((*n).max(1)),
            When::Random { percent, draw } => draw.chance(*percent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of ten requests a fault hits.
    fn hits(fault: Fault) -> Vec<usize> {
        let mut faults = Faults::default();
        faults.inject(fault);
        (1..=10).filter(|_| faults.strike("/api/campaigns/1/rows?page=2").is_some()).collect()
    }

    #[test]
    fn a_fault_hits_the_requests_it_names() {
        let fault = || Fault::new(FaultKind::Reset);
        assert_eq!(hits(fault().nth(3)), [3]);
        assert_eq!(hits(fault().every(4)), [4, 8]);
        assert_eq!(hits(fault().times(2)), [1, 2]);
        assert_eq!(hits(fault().every(3).times(1)), [3]);
        assert_eq!(hits(fault().on_path("/rows")).len(), 10);
        assert_eq!(hits(fault().on_path("/search")), [0; 0]);
        let random = hits(fault().at_random(50, 7));
        assert!(!random.is_empty() && random.len() < 10, "{random:?}");
        assert_eq!(random, hits(fault().at_random(50, 7)));
    }
}
