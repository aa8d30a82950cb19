//! The memory of the process: two gigabytes of a campaign that an API without pages gives in one answer, made as they are sent.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by a panic")]

use crate::support::announce;
use crate::support::setting::Setting;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::routing::get;
use futures::stream;
use revox_mirror::simulator::{Flavour, NewerApi, Options};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Rows of the campaign; together about two gigabytes.
const ROWS: usize = 200_000;

/// What the process may hold, whatever the campaign, in MiB.
const MOST_MEMORY: u64 = 100;

/// Far longer than a pass takes.
const BOUND: Duration = Duration::from_mins(12);

const CAMPAIGN: &str = r#"{"id":"c1","name":"Spring","status":"running","created_at":"2026-03-01T10:00:00Z","updated_at":"2026-03-01T10:00:00Z"}"#;

/// A row as the simulator shows it, in pieces: between them stands what tells one row's ids from another's.
struct Template(Vec<String>);

impl Template {
    /// `None` for a row without a call.
    fn of(row: &str) -> Option<Self> {
        let parsed: Value = serde_json::from_str(row).unwrap();
        parsed.pointer("/call/call_attempts/0/id")?;
        let mut ids = BTreeSet::new();
        collect_ids(&parsed, &mut ids);
        let mut text = row.to_owned();
        for id in ids {
            text = text.replace(&id, &format!("\u{1}{}", &id[8..]));
        }
        Some(Self(text.split('\u{1}').map(str::to_owned).collect()))
    }

    fn write(&self, number: usize, out: &mut String) {
        out.push_str(&self.0[0]);
        for piece in &self.0[1..] {
            write!(out, "{number:08x}").unwrap();
            out.push_str(piece);
        }
    }
}

/// The ids that are a row's own: those of its call's assistant are others' too.
fn collect_ids(value: &Value, ids: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members.iter().filter(|(key, _)| *key != "assistant") {
                match value {
                    Value::String(id) if key == "id" && id.len() == 36 => drop(ids.insert(id.clone())),
                    value => collect_ids(value, ids),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_ids(item, ids)),
        _ => {}
    }
}

/// An API that makes its rows as it sends them.
struct Generator {
    templates: Vec<Template>,
    asked: AtomicUsize,
    /// Bytes sent in all.
    sent: AtomicU64,
}

/// The answer that breaks off when nine tenths of it are out. The first is only looked at to see that it has no pages.
const BREAKS: usize = 2;

/// Rows of one piece.
const PIECE: usize = 20;

impl Generator {
    fn piece(&self, from: usize) -> Bytes {
        let mut text = String::with_capacity(PIECE * 12 * 1024);
        for number in from..(from + PIECE).min(ROWS) {
            text.push_str(if number == 0 { r#"{"rows":["# } else { "," });
            self.templates[number % self.templates.len()].write(number, &mut text);
        }
        if from + PIECE >= ROWS {
            text.push_str("]}");
        }
        self.sent.fetch_add(text.len() as u64, Ordering::Relaxed);
        text.into()
    }
}

async fn answer_rows(State(generator): State<Arc<Generator>>) -> Body {
    let asked = generator.asked.fetch_add(1, Ordering::SeqCst) + 1;
    let end = if asked == BREAKS { ROWS / 10 * 9 } else { usize::MAX };
    Body::from_stream(stream::unfold(0, move |from| {
        let generator = Arc::clone(&generator);
        async move {
            match from {
                from if from >= end => Some((Err(std::io::Error::other("broken")), ROWS)),
                from if from >= ROWS => None,
                from => Some((Ok(generator.piece(from)), from + PIECE)),
            }
        }
    }))
}

/// Starts it; returns its base URL.
async fn serve(generator: Arc<Generator>) -> String {
    let json = |text: String| ([("content-type", "application/json")], text);
    let router = Router::new()
        .route("/api/campaigns", get(async move || json(format!(r#"{{"campaigns":[{CAMPAIGN}]}}"#))))
        .route("/api/campaigns/c1", get(async move || json(format!(r#"{{"campaign":{CAMPAIGN}}}"#))))
        .route("/api/users/me", get(async move || json(r#"{"user":{"organization_id":"o1"}}"#.to_owned())))
        .route("/api/campaigns/c1/rows", get(answer_rows))
        .with_state(generator);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/api")
}

/// The rows of the simulator's newer API that have a call with an attempt.
fn templates(setting: &Setting) -> Vec<Template> {
    let rows = setting.simulator.edit(|account| account.truth(0)).unwrap();
    rows.iter().filter_map(|row| Template::of(row)).collect()
}

/// Runs a pass to its end; returns the most memory that it held.
async fn pass(setting: &Setting, more: &[&str]) -> u64 {
    let child = setting.start(more);
    let status = format!("/proc/{}/status", child.id().unwrap());
    let watched = tokio::spawn(async move {
        let mut peak = 0;
        while let Ok(text) = tokio::fs::read_to_string(&status).await {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let Some(line) = line else { break };
            peak = line.trim().strip_suffix(" kB").unwrap().trim().parse::<u64>().unwrap() * 1024;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        peak
    });
    let output =
        tokio::time::timeout(BOUND, child.wait_with_output()).await.expect("it ends in time").unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    watched.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gigabytes_in_one_answer_pass_through_a_hundred_megabytes() {
    let options = Options {
        flavour: Flavour::Newer(NewerApi::default()),
        campaigns: 1,
        rows: 60,
        turns: 1,
        ..Options::default()
    };
    let mut setting = Setting::new(options).await;
    let templates = templates(&setting);
    assert!(templates.len() > 20);
    let generator = Arc::new(Generator { templates, asked: AtomicUsize::new(0), sent: AtomicU64::new(0) });
    setting.set("REVOX_BASE_URL", &serve(Arc::clone(&generator)).await);
    setting.environment.retain(|(name, _)| name != "REVOX_MIRROR__SYNC__BATCH_ROWS");
    let rows = i64::try_from(ROWS).unwrap();
    let landed = "select count(*) from revox.campaign_rows where _deleted_at is null";
    let written_twice = "select count(*) from revox.calls where _synced_at <> _first_seen_at";

    let backfill = pass(&setting, &[]).await;
    assert_eq!((setting.count(landed).await, setting.count(written_twice).await), (rows, 0));
    let before = generator.sent.load(Ordering::Relaxed);
    let unchanged = pass(&setting, &["--full"]).await;
    let sent = generator.sent.load(Ordering::Relaxed) - before;
    let kept =
        "select rows_unchanged from revox_sync.runs where outcome = 'complete' order by id desc limit 1";
    assert_eq!((setting.count(written_twice).await, setting.count(kept).await), (0, rows));
    // The question by which the paging is found out; the answer that breaks off; the one that does not; the second pass.
    assert_eq!(generator.asked.load(Ordering::SeqCst), 4);

    let [megabytes, backfill, unchanged] = [sent, backfill, unchanged].map(|bytes| bytes >> 20);
    announce(&format!(
        "an answer of {megabytes} MiB: the process held {backfill} MiB when all was new, {unchanged} MiB when nothing was"
    ));
    assert!(megabytes >= 1900, "the answer is smaller than it should be");
    assert!(backfill < MOST_MEMORY && unchanged < MOST_MEMORY, "that is more than {MOST_MEMORY} MiB");
}
