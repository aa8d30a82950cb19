//! Metrics of this process, in the text form that Prometheus reads. `docs/metrics.md` lists them.
//!
//! Owns: names, labels (few values each, no one's data) and the registry, of which a process has one. Leaves to `admin`
//! what is read from the database when it is asked for.

use crate::plan::Outcome;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::fmt::Write;
use std::sync::LazyLock;
use std::time::Duration;

/// Requests sent to the API, retries included, by status: the number, or `none` where no answer came.
const REQUESTS: &str = "revox_mirror_api_requests";
/// Those among them that were retries.
const RETRIES: &str = "revox_mirror_api_retries";
/// Bytes of answers, after decompression.
const ANSWER_BYTES: &str = "revox_mirror_api_answer_bytes";
/// Rows by what happened to them: `inserted`, `updated`, `unchanged`, `tombstoned`.
const ROWS: &str = "revox_mirror_rows";
/// Pieces that could not land and were not known before.
const REJECTS: &str = "revox_mirror_rejects";
/// What happened to leases: `taken`, `taken_over`, `released`, `lost`.
const LEASES: &str = "revox_mirror_leases";
/// How long passes took, in seconds, by kind (`full`, `incremental`) and outcome.
const PASS_SECONDS: &str = "revox_mirror_pass_seconds";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Change {
    change: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Pass {
    kind: &'static str,
    outcome: &'static str,
}

struct Metrics {
    registry: Registry,
    requests: Family<Code, Counter>,
    retries: Counter,
    answer_bytes: Counter,
    rows: Family<Change, Counter>,
    rejects: Counter,
    leases: Family<Change, Counter>,
    pass_seconds: Family<Pass, Histogram, fn() -> Histogram>,
}

static METRICS: LazyLock<Metrics> = LazyLock::new(|| {
    let seconds: fn() -> Histogram =
        || Histogram::new([0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0]);
    let mut registry = Registry::default();
    let requests = Family::default();
    registry.register(
        REQUESTS,
        "Requests sent to the API by status, retries included",
        Family::clone(&requests),
    );
    let retries = Counter::default();
    registry.register(RETRIES, "Requests that were retries", Counter::clone(&retries));
    let answer_bytes = Counter::default();
    registry.register(ANSWER_BYTES, "Bytes of answers after decompression", Counter::clone(&answer_bytes));
    let rows = Family::default();
    registry.register(ROWS, "Rows of campaigns by what happened to them", Family::clone(&rows));
    let rejects = Counter::default();
    registry.register(
        REJECTS,
        "Pieces that could not land and were not known before",
        Counter::clone(&rejects),
    );
    let leases = Family::default();
    registry.register(LEASES, "What happened to leases", Family::clone(&leases));
    let pass_seconds: Family<Pass, Histogram, fn() -> Histogram> = Family::new_with_constructor(seconds);
    registry.register(PASS_SECONDS, "How long passes took", Family::clone(&pass_seconds));
    Metrics { registry, requests, retries, answer_bytes, rows, rejects, leases, pass_seconds }
});

/// What happened to a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseChange {
    /// It was free.
    Taken,
    /// It had run out, or its holder was dead.
    TakenOver,
    /// It was given back.
    Released,
    /// It was another's by the time of a commit.
    Lost,
}

/// Counts a try of a request by its answer's status; none when no answer came.
pub fn count_request(status: Option<u16>) {
    let code = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
    METRICS.requests.get_or_create(&Code { code }).inc();
}

/// Counts a retry.
pub fn count_retry() {
    METRICS.retries.inc();
}

/// Counts bytes of an answer.
pub fn count_answer_bytes(bytes: u64) {
    METRICS.answer_bytes.inc_by(bytes);
}

/// Counts what happened to a lease.
pub fn count_lease(change: LeaseChange) {
    let change = match change {
        LeaseChange::Taken => "taken",
        LeaseChange::TakenOver => "taken_over",
        LeaseChange::Released => "released",
        LeaseChange::Lost => "lost",
    };
    METRICS.leases.get_or_create(&Change { change }).inc();
}

/// Counts rows by what a pass has done to them.
pub fn count_rows(inserted: u64, updated: u64, unchanged: u64, tombstoned: u64) {
    for (change, count) in
        [("inserted", inserted), ("updated", updated), ("unchanged", unchanged), ("tombstoned", tombstoned)]
    {
        METRICS.rows.get_or_create(&Change { change }).inc_by(count);
    }
}

/// Counts new rejects.
pub fn count_rejects(count: u64) {
    METRICS.rejects.inc_by(count);
}

/// Notes a pass that has ended.
pub fn observe_pass(kind: &'static str, outcome: Outcome, took: Duration) {
    let pass = Pass { kind, outcome: outcome.as_str() };
    METRICS.pass_seconds.get_or_create(&pass).observe(took.as_secs_f64());
}

/// All of them in Prometheus' text form. The encoder writes the one that followed it, which names a counter without
/// `_total` where it describes it, and ends with `# EOF`.
#[must_use]
pub fn render_metrics() -> String {
    let mut encoded = String::new();
    // Writing to a string cannot fail.
    let _ = encode(&mut encoded, &METRICS.registry);
    let mut text = String::with_capacity(encoded.len());
    let mut help = "";
    for line in encoded.lines() {
        if line.starts_with("# HELP ") {
            help = line;
        } else if let Some(described) = line.strip_prefix("# TYPE ") {
            let (name, kind) = described.split_once(' ').unwrap_or((described, "untyped"));
            let suffix = if kind == "counter" { "_total" } else { "" };
            let words = help.splitn(4, ' ').nth(3).unwrap_or_default();
            let _ = writeln!(text, "# HELP {name}{suffix} {words}\n# TYPE {name}{suffix} {kind}");
        } else if line != "# EOF" {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_stands_in_the_text() {
        count_request(Some(429));
        count_request(None);
        count_lease(LeaseChange::TakenOver);
        count_rows(3, 0, 0, 0);
        observe_pass("full", Outcome::Complete, Duration::from_secs(2));
        let text = render_metrics();
        for line in [
            "revox_mirror_api_requests_total{code=\"429\"} ",
            "revox_mirror_api_requests_total{code=\"none\"} ",
            "revox_mirror_leases_total{change=\"taken_over\"} ",
            "revox_mirror_rows_total{change=\"inserted\"} ",
            "revox_mirror_pass_seconds_count{kind=\"full\",outcome=\"complete\"} ",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(text.ends_with('\n') && !text.contains("# EOF"));
        // What is described is what stands there.
        let described = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
        let mut counters = 0;
        for (name, kind) in described {
            let help = format!("# HELP {name} ");
            assert!(text.contains(&help), "{help} is not in\n{text}");
            counters += u32::from(kind == "counter");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
        }
        assert!(counters > 4);
    }

    #[test]
    fn every_metric_is_documented() {
        let documents = include_str!("../../docs/metrics.md");
        for name in [REQUESTS, RETRIES, ANSWER_BYTES, ROWS, REJECTS, LEASES, PASS_SECONDS] {
            assert!(documents.contains(name), "docs/metrics.md lacks {name}");
        }
    }
}
