//! Texts of every kind: none of them makes the filling fail, and what of them cannot be found is said.

use super::desk::{Desk, language};
use sqlx::Row;

/// A name, its turns, whether it is cut, words that find it, words that do not.
type Case<'a> = (&'a str, Vec<&'a str>, bool, &'a [&'a str], &'a [&'a str]);

/// Distinct words, as many as are asked for.
fn distinct(count: usize) -> String {
    let words: Vec<String> = (0..count).map(|number| format!("w{number:06x}")).collect();
    words.join(" ")
}

/// A number of bytes that is never cut by what is between turns.
fn long(bytes: usize) -> String {
    let mut text = "the quick brown fox jumps over the lazy dog ".repeat(bytes / 44 + 1);
    text.truncate(bytes);
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_makes_the_filling_fail_and_what_cannot_be_found_is_said() {
    let desk = Desk::new().await;
    let five_megabytes: Vec<String> = (0..50).map(|_| long(100_000)).collect();
    // More bytes than a tsvector holds within the characters that are read.
    let hangul: String = distinct(100_000)
        .chars()
        .map(|letter| letter.to_digit(16).and_then(|digit| char::from_u32(0xac00 + digit)).unwrap_or(letter))
        .collect();
    let (million, word) = (distinct(1_000_000), "x".repeat(10_000));
    let word_within = format!("before {word} after");
    let url = format!("see https://example.com/{}?q=1 there", "p/".repeat(3_000));
    let turns: Vec<String> = (0..5_000).map(|turn| format!("turn{turn} spoken")).collect();
    let cases: Vec<Case<'_>> = vec![
        ("plain", vec!["hello there"], false, &["hello", "there"], &["absent"]),
        (
            "5 MB",
            five_megabytes.iter().map(String::as_str).chain(["the end"]).collect(),
            true,
            &["fox"],
            &["end"],
        ),
        ("one turn of 5 MB", vec![&million[..5_000_000]], true, &["w000000"], &["w0f0000"]),
        ("a million words", vec!["first", &million, "last"], true, &["first", "w000001"], &["last"]),
        ("more bytes than fit", vec!["first", &hangul, "last"], true, &["first", "w가가가가가각"], &["last"]),
        ("a word of 10 kB", vec![&word_within], true, &["before", "after"], &[]),
        ("nothing else", vec![&word], true, &[], &["x"]),
        ("a long address", vec![&url], true, &["there"], &[]),
        (
            "many turns",
            turns.iter().map(String::as_str).collect(),
            false,
            &["turn0", "turn4999"],
            &["turn5000"],
        ),
        (
            "the replacement character",
            vec!["\u{fffd} before \u{fffd}\u{fffd} after\u{fffd}"],
            false,
            &["before"],
            &[],
        ),
        ("signs alone", vec!["?!… 🎉 '' \\ %_"], false, &[], &["hello"]),
        ("quotes", vec!["o'brien \\ back\\slash 'quoted' \"double\""], false, &["quoted", "double"], &[]),
        (
            "other scripts",
            vec!["満足度調査 שלום Ünïcödé"],
            false,
            &["満足度調査", "שלום", "ünïcödé"],
            &["unicode"],
        ),
    ];
    for (case, said, ..) in &cases {
        desk.attempt("c", case, said).await;
    }
    // No line for those in which nothing was said.
    desk.attempt("c", "empty", &[""]).await;
    desk.attempt("c", "no turn", &[]).await;
    desk.attempt("c", "only tools", &[]).await;
    desk.execute(
        "insert into revox.transcript_turns (call_attempt_id, turn_index, role, tool_name, tool_output)
         values ('only tools', 0, 'tool', 'look_up', 'hello')",
    )
    .await;
    let counts = desk.fill(&language("simple")).await;
    assert_eq!(counts.read, u64::try_from(cases.len()).unwrap());
    assert_eq!(counts.cut, u64::try_from(cases.iter().filter(|(_, _, is_cut, ..)| *is_cut).count()).unwrap());
    assert_eq!(desk.count("select count(*) from revox_sync.search_marks").await, 0);

    for (case, _, is_cut, found, absent) in &cases {
        let line =
            sqlx::query("select is_cut, source from revox.transcript_words where call_attempt_id = $1")
                .bind(case)
                .fetch_one(&desk.pool)
                .await
                .unwrap();
        assert_eq!((line.get::<bool, _>(0), line.get::<&str, _>(1)), (*is_cut, "live"), "{case}");
        for word in *found {
            assert!(desk.found_in(word).await.iter().any(|id| id == case), "{word} is in {case}");
        }
        for word in *absent {
            assert!(!desk.found_in(word).await.iter().any(|id| id == case), "{word} is not in {case}");
        }
    }
    let lines = desk.count("select count(*) from revox.transcript_words").await;
    assert_eq!(lines, i64::try_from(cases.len()).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phrase_does_not_reach_from_one_turn_into_the_next() {
    let desk = Desk::new().await;
    desk.attempt("c", "apart", &["would you like a call back", "tomorrow please"]).await;
    desk.attempt("c", "together", &["call back tomorrow"]).await;
    desk.fill(&language("simple")).await;
    assert_eq!(desk.found_in("\"back tomorrow\"").await, ["together"]);
    assert_eq!(desk.found_in("\"call back\"").await, ["apart", "together"]);
    assert_eq!(desk.found_in("back tomorrow").await, ["apart", "together"]);
    assert_eq!(
        desk.count("select count(*) from revox.transcript_words where words::text like '%'' ''%'").await,
        0
    );
}
