//! `docs/questions.md`: each question is asked as the document has it, and its answer counted a second time from what the
//! API shows, without SQL.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by a panic")]

mod figures;
mod operations;
mod product;
mod retries;
mod sales;
mod words;

use crate::support::documents::{Answer, Document, ask};
use crate::support::shown::{self, Campaign, flavours, lived_in};
use figures::Lines;
use revox_mirror::store::Languages;
use revox_mirror::upkeep::{Upkeep, look_after};
use sqlx::{Connection, PgConnection};
use std::collections::BTreeMap;
use tokio_util::sync::CancellationToken;

/// A question of the document, and what answers it from what the API shows.
type Truth = (&'static str, fn(&[Campaign]) -> Lines);

const TRUTHS: [Truth; 25] = [
    ("How many contacts were reached?", sales::reached),
    ("Who is interested?", sales::interested),
    ("What came of the conversations?", sales::outcomes),
    ("Who follows up on how many interested contacts?", sales::follow_ups),
    ("How warm are the contacts, and how many have a budget?", sales::warmth),
    ("Which source gives contacts that can be reached?", sales::sources),
    ("What happened on each day?", operations::days),
    ("At which hours do people answer?", operations::hours),
    ("Is anybody called too early or too late?", operations::out_of_hours),
    ("Why do attempts fail?", operations::failures),
    ("How many numbers do not exist?", operations::unattributed),
    ("What is still open?", operations::open),
    ("How many contacts have never been called?", operations::never_called),
    ("Which attempt reaches people?", retries::reaching),
    ("What does another attempt cost, and what does it bring?", retries::costs),
    ("How long did people talk?", retries::talk),
    ("Which assistant does better?", product::assistants),
    ("With which language model do people talk for longer?", product::models),
    ("How do conversations end?", product::endings),
    ("Which tools are used, and which fail?", product::tools),
    ("In how many calls was an appointment booked?", product::bookings),
    ("Who talks more, the assistant or the person?", words::shares),
    ("Who asked not to be called any more?", words::refusals),
    ("What was said last?", words::last),
    ("How quick are the replies?", words::latencies),
];

/// What only the newer API can answer.
const NEWER_ALONE: [&str; 3] =
    ["Who is interested?", "Who follows up on how many interested contacts?", "How quick are the replies?"];

#[tokio::test(flavor = "multi_thread")]
async fn every_question_of_the_document_is_answered_rightly_on_both_apis() {
    let document = Document::read("questions.md");
    assert_eq!(document.asked.len(), TRUTHS.len());
    for flavour in flavours() {
        let account = lived_in(flavour).await;
        let languages = Languages { default: "simple".to_owned(), campaigns: BTreeMap::default() };
        let upkeep = Upkeep { search: Some(languages), ..Upkeep::default() };
        let store = account.mirror.store.as_ref().unwrap();
        assert!(look_after(store, &upkeep, &CancellationToken::new()).await);
        let shown = shown::account(&account.simulator);
        let mut connection = PgConnection::connect(account.database.url()).await.unwrap();
        sqlx::query("set timezone = 'UTC'").execute(&mut connection).await.unwrap();
        let mut answers: Vec<Answer> = Vec::new();
        for (place, (asked, (words, truth))) in document.asked.iter().zip(TRUTHS).enumerate() {
            assert_eq!(asked.heading, format!("{}. {words}", place + 1));
            assert!(asked.shown.is_some(), "no answer is shown to {words}");
            let answer = ask(&mut connection, &asked.sql).await;
            assert_eq!(answer.rows, truth(&shown), "{flavour:?} {words}\n{}", asked.sql);
            let is_silent = !flavour.is_newer() && NEWER_ALONE.contains(&words);
            assert_eq!(answer.rows.is_empty(), is_silent, "{flavour:?} {words}");
            answers.push(answer);
        }
        if flavour.is_newer() {
            document.assert_shows(&answers);
        }
    }
}
