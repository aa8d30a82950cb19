//! The newer API's answer that holds everything, read as it comes: from a server that sends it, stops in the middle, breaks
//! off, or says something else altogether.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by a panic")]

use crate::support::account::{Account, client_options, full, passing};
use crate::support::running::until;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::routing::get;
use futures::{StreamExt, stream};
use revox_mirror::api::Client;
use revox_mirror::plan::Outcome;
use revox_mirror::simulator::Options;
use revox_mirror::sync::{CampaignReport, PassOptions};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;

/// A piece of an answer, or something that happens instead.
#[derive(Clone)]
enum Piece {
    Bytes(Bytes),
    /// Nothing more comes until it is told.
    Wait(Arc<Notify>),
    /// The connection breaks.
    Break,
}

/// What the next questions for rows are answered with; the last answer is repeated.
#[derive(Default)]
struct Script {
    answers: Mutex<Vec<Vec<Piece>>>,
    asked: AtomicUsize,
}

/// Of a row that is larger than everything around it.
const SIZE: usize = 100 << 20;

const CAMPAIGN: &str = r#"{"id":"c1","name":"Spring","status":"running","created_at":"2026-03-01T10:00:00Z","updated_at":"2026-03-01T10:00:00Z"}"#;

fn json(text: String) -> ([(&'static str, &'static str); 1], String) {
    ([("content-type", "application/json")], text)
}

async fn answer_rows(State(script): State<Arc<Script>>) -> Body {
    script.asked.fetch_add(1, Ordering::SeqCst);
    let pieces = {
        let mut answers = script.answers.lock().unwrap();
        if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
    };
    Body::from_stream(stream::iter(pieces).filter_map(async |piece| match piece {
        Piece::Bytes(bytes) => Some(Ok(bytes)),
        Piece::Wait(notify) => {
            notify.notified().await;
            None
        }
        Piece::Break => Some(Err(std::io::Error::other("broken"))),
    }))
}

/// A mirror of the campaign that the script's server has.
struct Setting {
    account: Account,
    script: Arc<Script>,
}

impl Setting {
    async fn new(answers: Vec<Vec<Piece>>) -> Self {
        Self::with_patience(answers, Duration::from_secs(40)).await
    }

    /// With an API that may be silent for no longer than this.
    async fn with_patience(answers: Vec<Vec<Piece>>, patience: Duration) -> Self {
        let script = Arc::new(Script::default());
        *script.answers.lock().unwrap() = answers;
        let router = Router::new()
            .route("/api/campaigns", get(|| async { json(format!(r#"{{"campaigns":[{CAMPAIGN}]}}"#)) }))
            .route("/api/campaigns/c1", get(|| async { json(format!(r#"{{"campaign":{CAMPAIGN}}}"#)) }))
            .route("/api/users/me", get(|| async { json(r#"{"user":{"organization_id":"o1"}}"#.to_owned()) }))
            .route("/api/campaigns/c1/rows", get(answer_rows))
            .with_state(Arc::clone(&script));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/api", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut account = Account::new(Options { campaigns: 1, rows: 1, ..Options::default() }).await;
        let mut options = client_options(&account.simulator, "a-key");
        options.base_url.clone_from(&base_url);
        options.total_timeout = patience;
        account.mirror.client = Client::new(options).unwrap();
        account.mirror.base_url = base_url;
        Self { account, script }
    }

    async fn pass(&self, options: &PassOptions) -> CampaignReport {
        self.account.pass(options).await.unwrap().campaigns.remove(0)
    }

    async fn rows(&self) -> i64 {
        self.account.count("select count(*) from revox.campaign_rows where _deleted_at is null").await
    }

    fn asked(&self) -> usize {
        self.script.asked.load(Ordering::SeqCst)
    }
}

/// A row of about two kilobytes.
fn row(number: usize) -> String {
    let note = "Bonjour, \u{1f680} \\\"oui\\\" ] } ".repeat(60);
    format!(
        r#"{{"id":"r{number}","campaign_id":"c1","row_index":{number},"created_at":"2026-03-01T10:00:00Z","input_data":{{"name":"Ann {number}","note":"{note}"}},"call":null}}"#
    )
}

fn rows(range: std::ops::Range<usize>) -> String {
    range.map(row).collect::<Vec<_>>().join(",")
}

/// Text as pieces of the size that the network likes.
fn pieces(text: &str) -> Vec<Piece> {
    text.as_bytes().chunks(16 * 1024).map(|chunk| Piece::Bytes(Bytes::copy_from_slice(chunk))).collect()
}

fn whole(count: usize) -> Vec<Piece> {
    pieces(&format!(r#"{{"rows":[{}]}}"#, rows(0..count)))
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_in_the_database_while_the_rest_is_on_its_way() {
    let go_on = Arc::new(Notify::new());
    let mut answer = pieces(&format!(r#"{{"rows":[{},"#, rows(0..2000)));
    answer.push(Piece::Wait(Arc::clone(&go_on)));
    answer.extend(pieces(&format!("{}]}}", rows(2000..2500))));
    // The first answer is the one by which the paging is found out.
    let setting = Setting::new(vec![whole(2500), answer]).await;
    let pass = tokio::spawn({
        let mirror = setting.account.mirror.clone();
        async move { revox_mirror::sync::run_pass(&mirror, &passing()).await.unwrap() }
    });
    until("rows have landed", async || setting.rows().await >= 1000).await;
    let complete = "select count(*) from revox_sync.checkpoints where completed_at is not null";
    assert_eq!(setting.account.count(complete).await, 0);
    go_on.notify_one();
    let report = pass.await.unwrap().campaigns.remove(0);
    assert_eq!((report.outcome, report.rows.inserted), (Outcome::Complete, 2500), "{:?}", report.note);
    assert_eq!((setting.rows().await, setting.asked()), (2500, 2));
    // Of the answer that was only to tell how the API pages, no more was read than it took.
    let (read, all) = (report.cost.bytes, 2500 * row(1000).len() as u64);
    assert!(read < all + all / 4, "{read} bytes were read, and all rows have {all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_off_is_read_again_and_what_had_come_is_not_written_again() {
    let mut broken = pieces(&format!(r#"{{"rows":[{},"#, rows(0..1800)));
    broken.push(Piece::Break);
    let setting = Setting::new(vec![whole(2000), broken, whole(2000)]).await;
    let report = setting.pass(&passing()).await;
    assert_eq!((report.outcome, report.rows.inserted), (Outcome::Complete, 2000), "{:?}", report.note);
    assert_eq!((report.rows.updated, setting.asked()), (0, 3));
    let twice = "select count(*) from revox.campaign_rows where _synced_at <> _first_seen_at";
    assert_eq!((setting.rows().await, setting.account.count(twice).await), (2000, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_small_answer_too_what_had_come_stays() {
    let mut broken = pieces(&format!(r#"{{"rows":[{},"#, rows(0..400)));
    broken.push(Piece::Break);
    let setting = Setting::new(vec![whole(450), broken]).await;
    let report = setting.pass(&passing()).await;
    assert_eq!(report.outcome, Outcome::Failed, "{:?}", report.note);
    let landed = setting.rows().await;
    // What is on its way when a connection is reset may never arrive.
    assert!((300..=400).contains(&landed), "{landed}");
    assert_eq!((i64::try_from(report.rows.inserted).unwrap(), report.rows.updated), (landed, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_ends_too_early_is_said_and_nothing_is_taken_for_gone() {
    let text = format!(r#"{{"rows":[{}"#, rows(0..700));
    let in_a_string = text.len() - 100;
    let in_a_letter = text.rfind('\u{1f680}').unwrap() + 2;
    let setting = Setting::new(vec![whole(700)]).await;
    assert_eq!(setting.pass(&passing()).await.outcome, Outcome::Complete);
    for end in [text.len(), text.len() - 1, in_a_string, in_a_letter] {
        let cut = text.as_bytes()[..end].chunks(16 * 1024).map(|it| Piece::Bytes(Bytes::copy_from_slice(it)));
        *setting.script.answers.lock().unwrap() = vec![cut.collect()];
        let report = setting.pass(&full()).await;
        assert_eq!(report.outcome, Outcome::Failed, "at {end}");
        let note = report.note.unwrap();
        assert!(note.contains("JSON that breaks off"), "{note}");
        assert_eq!(setting.rows().await, 700);
    }
    // Every row that came whole is kept, down to the last.
    let more = format!(r#"{{"rows":[{}"#, rows(0..750));
    *setting.script.answers.lock().unwrap() = vec![pieces(&more[..more.len() - 1])];
    assert_eq!(setting.pass(&full()).await.outcome, Outcome::Failed);
    assert_eq!(setting.rows().await, 749);
    *setting.script.answers.lock().unwrap() = vec![whole(751)];
    let report = setting.pass(&full()).await;
    assert_eq!((report.outcome, report.rows.inserted), (Outcome::Complete, 2), "{:?}", report.note);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_may_stand_anywhere_and_have_to_be_a_list_once() {
    let rows = rows(0..400);
    for (answer, what) in [
        (format!(r#"{{"meta":{{"rows":[1]}},"rows":[{rows}],"more":"x"}}"#), None),
        (format!(r#"{{"rows":null,"rows":[{rows}]}}"#), None),
        (format!(r#"{{"row":[{rows}]}}"#), Some("an object without `rows`")),
        (r#"{"rows":null}"#.to_owned(), Some("`rows` of type null, not a list")),
        (format!(r#"{{"rows":[{rows}],"rows":[{rows}]}}"#), Some("`rows` stands twice")),
        ("<html>gone fishing</html>".to_owned(), Some("an HTML page")),
        (String::new(), Some("an empty answer")),
    ] {
        let setting = Setting::new(vec![whole(400)]).await;
        assert_eq!(setting.pass(&passing()).await.outcome, Outcome::Complete);
        *setting.script.answers.lock().unwrap() = vec![pieces(&answer)];
        let report = setting.pass(&full()).await;
        match what {
            None => assert_eq!(report.outcome, Outcome::Complete, "{:?}", report.note),
            Some(what) => {
                assert_eq!(report.outcome, Outcome::Failed, "{what}");
                let note = report.note.unwrap();
                assert!(note.contains(what), "{what} is not in {note}");
            }
        }
        assert_eq!(setting.rows().await, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_slow_holds_the_download_up_and_does_not_end_it() {
    let setting = Setting::with_patience(vec![whole(6000)], Duration::from_secs(5)).await;
    let pass = tokio::spawn({
        let mirror = setting.account.mirror.clone();
        async move { revox_mirror::sync::run_pass(&mirror, &passing()).await.unwrap() }
    });
    until("rows have landed", async || setting.rows().await > 0).await;
    // For longer than the API may be silent.
    let mut lock = setting.account.pool.begin().await.unwrap();
    sqlx::query("lock table revox.campaign_rows in exclusive mode").execute(&mut *lock).await.unwrap();
    tokio::time::sleep(Duration::from_secs(7)).await;
    lock.commit().await.unwrap();
    let report = pass.await.unwrap().campaigns.remove(0);
    assert_eq!((report.outcome, report.rows.inserted), (Outcome::Complete, 6000), "{:?}", report.note);
    assert_eq!(setting.asked(), 2, "it was not read again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_many_megabytes_is_a_row() {
    let large = format!(
        r#"{{"id":"large","campaign_id":"c1","input_data":{{"text":"{}"}},"call":null}}"#,
        "x".repeat(SIZE)
    );
    let answer = pieces(&format!(r#"{{"rows":[{},{large},{}]}}"#, row(0), row(1)));
    let setting = Setting::new(vec![answer]).await;
    let report = setting.pass(&passing()).await;
    assert_eq!(report.outcome, Outcome::Complete, "{:?}", report.note);
    assert_eq!(setting.rows().await, 3);
    let length = "select length(input_data ->> 'text')::bigint from revox.campaign_rows where id = 'large'";
    assert_eq!(setting.account.count(length).await, i64::try_from(SIZE).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_pages_whose_total_is_all_it_has_is_complete() {
    let answer = format!(r#"{{"rows":[{}],"total":400}}"#, rows(0..400));
    let setting = Setting::new(vec![pieces(&answer)]).await;
    for options in [passing(), full(), full()] {
        let report = setting.pass(&options).await;
        assert_eq!(report.outcome, Outcome::Complete, "{:?}", report.note);
    }
    assert_eq!(setting.rows().await, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_pages_that_has_another_total_proves_nothing() {
    let setting = Setting::new(vec![whole(400)]).await;
    assert_eq!(setting.pass(&passing()).await.outcome, Outcome::Complete);
    let answer = pieces(&format!(r#"{{"rows":[{}],"total":900}}"#, rows(0..300)));
    *setting.script.answers.lock().unwrap() = vec![answer];
    let report = setting.pass(&full()).await;
    assert_ne!(report.outcome, Outcome::Complete, "{:?}", report.note);
    assert_eq!((setting.rows().await, report.rows.tombstoned), (400, 0));
    *setting.script.answers.lock().unwrap() = vec![whole(400)];
    assert_eq!(setting.pass(&full()).await.outcome, Outcome::Complete);
}
