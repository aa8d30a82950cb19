//! `revox.search_transcripts`: what is found, what is shown of it, and what is asked of the database for it.

use super::desk::{Desk, Hit, language};
use sqlx::AssertSqlSafe;

/// A hit with all but its rank: attempt, call, campaign, source, turn, role, sentence.
type Line = (String, String, String, String, i32, String, String);

async fn talk() -> Desk {
    let desk = Desk::new().await;
    desk.attempt(
        "one",
        "a",
        &["Hello, is it about the invoice?", "I want a refund, please.", "A refund takes a week."],
    )
    .await;
    desk.attempt("one", "b", &["Hello again", "The invoice is wrong"]).await;
    desk.attempt("two", "c", &["Good morning", "No refund, no invoice, thanks"]).await;
    desk.fill(&language("simple")).await;
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_asked_for_as_in_a_web_search_and_the_turns_that_hold_them_are_shown() {
    let desk = talk().await;
    // The attempts and turns that are found, in order of their ids.
    let cases: [(&str, &[(&str, i32)]); 15] = [
        ("refund", &[("a", 1), ("a", 2), ("c", 1)]),
        ("REFUND", &[("a", 1), ("a", 2), ("c", 1)]),
        // Together in one turn, or spread over several.
        ("refund invoice", &[("a", 0), ("a", 1), ("a", 2), ("c", 1)]),
        ("\"no refund\"", &[("c", 1)]),
        ("\"refund no\"", &[("c", 1)]),
        ("\"refund invoice\"", &[]),
        ("refund or again", &[("a", 1), ("a", 2), ("b", 0), ("c", 1)]),
        ("invoice -refund", &[("b", 1)]),
        ("hello -\"no refund\"", &[("a", 0), ("b", 0)]),
        ("absent", &[]),
        ("refund absent", &[]),
        // What would have to be looked for everywhere is looked for nowhere.
        ("-refund", &[]),
        ("again or -refund", &[]),
        ("", &[]),
        ("?!", &[]),
    ];
    for (words, expected) in cases {
        let mut found: Vec<(String, i32)> =
            desk.search(words).await.into_iter().map(|(id, turn, _)| (id, turn)).collect();
        found.sort();
        let expected: Vec<(String, i32)> =
            expected.iter().map(|(id, turn)| ((*id).to_owned(), *turn)).collect();
        assert_eq!(found, expected, "{words}");
    }
    let hits = desk.search("\"invoice is wrong\"").await;
    let expected: Hit = ("b".to_owned(), 1, "The **invoice** **is** **wrong**".to_owned());
    assert_eq!(hits, [expected]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hit_says_where_it_stands_and_a_campaign_can_be_asked_alone() {
    let desk = talk().await;
    desk.execute(
        "begin;
         insert into revox.post_call_transcript_turns (call_attempt_id, turn_index, role, content) values ('b', 7, 'user', 'No refund was asked for');
         update revox.call_attempts set _synced_at = clock_timestamp() where id = 'b';
         commit",
    )
    .await;
    desk.fill(&language("simple")).await;
    let ask = async |arguments: &str| -> Vec<Line> {
        let statement = format!(
            "select call_attempt_id, call_id, campaign_id, source, turn_index, role, sentence
             from revox.search_transcripts({arguments}) order by 1, 5"
        );
        sqlx::query_as(AssertSqlSafe(statement)).fetch_all(&desk.pool).await.unwrap()
    };
    let line = |id: &str, campaign: &str, source: &str, turn, sentence: &str| -> Line {
        let [id, campaign, source, sentence] = [id, campaign, source, sentence].map(str::to_owned);
        (id.clone(), id, campaign, source, turn, "user".to_owned(), sentence)
    };
    let (b, c) = (
        line("b", "one", "post_call", 7, "**No** **refund** was asked for"),
        line("c", "two", "live", 1, "**No** **refund**, **no** invoice, thanks"),
    );
    assert_eq!(ask("'\"no refund\"'").await, [b.clone(), c.clone()]);
    assert_eq!(ask("'\"no refund\"', 'two'").await, std::slice::from_ref(&c));
    assert_eq!(ask("'\"no refund\"', campaign => 'one'").await, [b]);
    assert_eq!(ask("'\"no refund\"', 'three'").await, []);
    // The best conversations alone: the one that says it more often than the other.
    let ranks: Vec<(String, f32)> =
        sqlx::query_as("select call_attempt_id, rank from revox.search_transcripts('no')")
            .fetch_all(&desk.pool)
            .await
            .unwrap();
    assert!(ranks[0].0 == "c" && ranks[0].1 > ranks[1].1, "{ranks:?}");
    assert_eq!(ask("'no', conversations => 1").await.len(), 1);
    assert_eq!(ask("'no', conversations => 0").await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_of_a_query_is_an_error() {
    let desk = talk().await;
    let long = "refund ".repeat(100_000);
    let word = "x".repeat(100_000);
    let nested = "-(\"a -".repeat(1_000);
    let refunds = ["a", "c"];
    let cases: Vec<(&str, &[&str])> = vec![
        (&long, &refunds),
        (&word, &[]),
        (&nested, &[]),
        ("'; drop table revox.calls; --", &[]),
        ("refund'", &refunds),
        ("\"refund", &refunds),
        ("refund\\", &refunds),
        ("'refund' \\\\ '' \"", &refunds),
        ("refund & ! | ( ) <-> :* *", &refunds),
        ("or or or", &[]),
        ("- - -", &[]),
        ("\u{fffd}\u{202e}\u{0}".trim_end_matches('\0'), &[]),
        ("%_ $1 {} ${x} **refund**", &[]),
        ("re*", &[]),
        ("http://a.com/x'y?b=\\", &[]),
        ("🎉", &[]),
    ];
    for most in ["-1", "0"] {
        let statement =
            format!("select count(*) from revox.search_transcripts('refund', conversations => {most})");
        let found: i64 = sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(&desk.pool).await.unwrap();
        assert_eq!(found, 0, "{most}");
    }
    for (words, expected) in cases {
        assert_eq!(desk.found_in(words).await, expected, "{words:.60}");
    }
    assert_eq!(desk.count("select count(*) from revox.calls").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_long_turn_the_part_that_holds_the_word_is_shown() {
    let desk = Desk::new().await;
    let long = format!("{} here the needle lies {}", "hay ".repeat(5_000), "straw ".repeat(5_000));
    // Distinct words without end: more than one index entry may hold.
    let endless: Vec<String> = (0..400_000).map(|number| format!("w{number:06x}")).collect();
    desk.attempt("c", "a", &["Short", &long, &format!("needle {}", endless.join(" "))]).await;
    desk.fill(&language("simple")).await;
    let hits = desk.search("needle").await;
    assert_eq!(hits.len(), 2);
    for (_, _, sentence) in hits {
        assert!(sentence.contains("**needle**") && sentence.len() < 600, "{sentence}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_may_only_read_revox_can_search() {
    let desk = talk().await;
    let mut connection = desk.pool.acquire().await.unwrap();
    // A role that every server has, so that the test leaves none behind.
    sqlx::raw_sql(
        "grant usage on schema revox to pg_monitor;
         grant select on all tables in schema revox to pg_monitor;
         set role pg_monitor",
    )
    .execute(&mut *connection)
    .await
    .unwrap();
    assert!(sqlx::query("select from revox_sync.search_marks").execute(&mut *connection).await.is_err());
    let found: i64 = sqlx::query_scalar("select count(*) from revox.search_transcripts('refund')")
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    assert_eq!(found, 3);
    sqlx::raw_sql("reset role").execute(&mut *connection).await.unwrap();
}
