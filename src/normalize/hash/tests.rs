//! What of a row counts for its hash, and what does not.

use super::*;
use serde_json::value::RawValue;

fn hasher() -> Hasher {
    Hasher::new(&[7; 32], &Options::default())
}

fn view_with(rows: &[&str], hasher: &Hasher) -> PageView {
    let body = format!(r#"{{"rows":[{}],"total":{}}}"#, rows.join(", "), rows.len());
    PageView::new(RowsPage::split(body.as_bytes()).expect("a page"), hasher)
}

fn view(rows: &[&str]) -> PageView {
    view_with(rows, &hasher())
}

fn hash(row: &str) -> Hash {
    view(&[row]).rows[0].hash
}

/// A row of which some parts can be chosen.
fn row(assistant: &str, query: &str, name: &str) -> String {
    format!(
        r#"{{"id":"r","input_data":{{"assistant":{{"id":"x","prompt":"{name}"}}}},"call":{{"id":"c",
        "assistant": {assistant} ,"call_attempts":[{{"recording_url" : "https://h/r{query}","status":"{name}"}},
        {{"recording_url":"https://h/s{query}"}}],"campaign":null}}}}"#
    )
}

#[test]
fn an_assistants_text_and_a_recordings_signature_do_not_count() {
    let one = hash(&row(r#"{"id":"a","prompt":"one"}"#, "?s=1", "n"));
    let same = [
        row(r#"{"id":"a","prompt":"another"}"#, "?s=1", "n"),
        row(r#"{"prompt":{"id":"b"},"id":"a"}"#, "?s=1", "n"),
        row(r#"{"id":"a","prompt":"one"}"#, "?s=2&t=\\\"3\\u0026", "n"),
        row(r#"{"id":"a","prompt":"one"}"#, "?", "n"),
    ];
    for row in same {
        assert_eq!(hash(&row), one, "{row}");
    }
}

#[test]
fn everything_else_counts() {
    let assistant = r#"{"id":"a","prompt":"one"}"#;
    let base = row(assistant, "?s=1", "n");
    let mut hashes = vec![
        hash(&base),
        hash(&row(r#"{"id":"b","prompt":"one"}"#, "?s=1", "n")),
        hash(&row(r#"{"prompt":"one"}"#, "?s=1", "n")),
        hash(&row(r#"{"prompt":"two"}"#, "?s=1", "n")),
        hash(&row("null", "?s=1", "n")),
        hash(&row(r#""a""#, "?s=1", "n")),
        hash(&row(assistant, "", "n")),
        hash(&row(assistant, "x?s=1", "n")),
        hash(&row(assistant, "?s=1", "N")),
        hash(&base.replace(r#""campaign":null"#, r#""campaign":null,"x":"https://h/x?s=1""#)),
        hash(&base.replace(r#""campaign":null"#, r#""campaign":null,"x":"https://h/x?s=2""#)),
        hash(&base.replace("\"id\":\"x\"", "\"id\":\"y\"")),
        hash(&base.replace("\"campaign\"", "\"assistant_\"")),
    ];
    let count = hashes.len();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), count);
}

#[test]
fn every_byte_outside_the_exceptions_counts() {
    let base = row(r#"{"id":"a","prompt":"one"}"#, "?s=1", "n");
    let excepted = [r#"{"id":"a","prompt":"one"}"#, "s=1"];
    let is_excepted = |at: usize| {
        excepted
            .iter()
            .any(|text| base.match_indices(text).any(|(start, _)| (start..start + text.len()).contains(&at)))
    };
    let expected = hash(&base);
    for at in 0..base.len() {
        let letter = base.as_bytes()[at];
        // Letters and digits within strings, so that the row stays JSON.
        if !letter.is_ascii_alphanumeric() || is_excepted(at) || base[at..].starts_with("ull") {
            continue;
        }
        let mut changed = base.clone();
        changed.replace_range(at..=at, if letter == b'q' { "z" } else { "q" });
        if serde_json::from_str::<&RawValue>(&changed).is_ok() {
            assert_ne!(hash(&changed), expected, "{changed}");
        }
    }
}

#[test]
fn what_only_looks_like_a_recording_counts() {
    let rows = |value: &str| {
        [
            format!(r#"{{"id":"r","x":"\"recording_url\":\"https://h/?{value}"}}"#),
            format!(r#"{{"id":"r","x\"recording_url":"https://h/?{value}"}}"#),
            format!(r#"{{"id":"r","recording_url":["https://h/?{value}"]}}"#),
            format!(r#"{{"id":"r","x":["recording_url","https://h/?{value}"]}}"#),
            format!(r#"{{"id":"r","recording_url":"https://h/","x":"?{value}"}}"#),
        ]
    };
    for (one, other) in rows("1").iter().zip(&rows("2")) {
        assert_ne!(hash(one), hash(other), "{one}");
    }
}

#[test]
fn distinct_assistants_are_seen_once() {
    let assistants =
        [r#"{"id":"a","v":1}"#, r#"{"id":"b"}"#, r#"{"id":"a","v":1}"#, r#"{"id":"a","v":2}"#, "3"];
    let rows: Vec<_> = assistants.iter().map(|assistant| row(assistant, "", "n")).collect();
    let mut rows: Vec<_> = rows.iter().map(String::as_str).collect();
    rows.extend([r#"{"id":"r2","call":null}"#, r#"{"id":"r3","call":{"assistant":null}}"#, r#"{"id":"r4"}"#]);
    let view = view(&rows);
    let body = std::str::from_utf8(&view.page.body).expect("UTF-8");
    let seen: Vec<_> =
        view.assistants.iter().map(|seen| (seen.id.as_deref(), &body[seen.span.clone()])).collect();
    let expected = [
        (Some("a"), r#"{"id":"a","v":1}"#),
        (Some("b"), r#"{"id":"b"}"#),
        (Some("a"), r#"{"id":"a","v":2}"#),
        (None, "3"),
    ];
    assert_eq!(seen, expected);
    assert_eq!(view.rows.len(), 8);
    assert_eq!(view.rows[0].hash, view.rows[3].hash, "the same assistant, by its id");
    assert_ne!(view.rows[0].hash, view.rows[1].hash);
}

#[test]
fn ids_are_those_of_the_records() {
    let long = format!(r#"{{"id":"{}"}}"#, "x".repeat(513));
    let cases = [
        (r#"{"id":"r"}"#, Some("r")),
        (r#"{"call":{"id":"c"},"id":"r"}"#, Some("r")),
        (r#"{"id":"q","id":"r"}"#, Some("r")),
        (r#"{"id":12}"#, Some("12")),
        (r#"{"id":"a\u0000\ud800\u0062"}"#, Some("a��b")),
        (r#"{"\u0069d":"r"}"#, Some("r")),
        (r#"{"id":"r","\ud800":1}"#, Some("r")),
        (r#"{"id":"r","call":1e400}"#, Some("r")),
        (r#"{"id":"r","call":"c"}"#, Some("r")),
        (r#"{"id":"r","call":[{"assistant":{}}]}"#, Some("r")),
        (r#"{"id":""}"#, None),
        (r#"{"id":null}"#, None),
        (r#"{"id":["r"]}"#, None),
        ("{}", None),
        ("null", None),
        (r#""r""#, None),
        ("[]", None),
        ("1e400", None),
        (long.as_str(), None),
    ];
    let rows: Vec<_> = cases.iter().map(|(row, _)| *row).collect();
    let view = view(&rows);
    for ((json, expected), (index, row)) in cases.iter().zip(view.rows.iter().enumerate()) {
        assert_eq!(row.id.as_deref(), *expected, "{json}");
        assert_eq!(view.page.row(index), Some(*json));
        assert_eq!(view.page.body[row.span.clone()], *json.as_bytes());
        let records =
            crate::normalize::row(json, 0, &Options::default(), &mut crate::normalize::DriftCounts::new());
        assert_eq!(records.row.map(|row| row.id).as_deref(), *expected, "{json}");
    }
}

#[test]
fn hashes_are_bound_to_key_and_options() {
    let row = r#"{"id":"r"}"#;
    let keep = Options { keep_llm_system_prompt: true, ..Options::default() };
    let hashers = [hasher(), Hasher::new(&[8; 32], &Options::default()), Hasher::new(&[7; 32], &keep)];
    let content: Vec<_> = hashers.iter().map(|hasher| view_with(&[row], hasher).rows[0].hash).collect();
    assert!(content[0] != content[1] && content[0] != content[2] && content[1] != content[2]);
    let ids: Vec<_> = hashers.iter().map(|hasher| hasher.row_id("r")).collect();
    assert_ne!(ids[0], ids[1]);
    assert_eq!(ids[0], ids[2], "ids do not depend on the options");
    assert_ne!(ids[0], hashers[0].row_id("s"));
}

#[test]
fn an_assistant_behind_keys_with_escapes_is_found() {
    let rows = [
        r#"{"\u0069d":"r","c\u0061ll":{"\u0061ssistant":{"id":"a"}}}"#,
        r#"{"id":"r","zero\u0000":1,"call":{"lone\ud800":1,"assistant":{"id":"a"}}}"#,
    ];
    for row in rows {
        let view = view(&[row]);
        assert_eq!(view.rows[0].id.as_deref(), Some("r"), "{row}");
        let ids: Vec<_> = view.assistants.iter().map(|assistant| assistant.id.as_deref()).collect();
        assert_eq!(ids, [Some("a")], "{row}");
    }
}

#[test]
fn a_rows_status_is_its_calls() {
    let status = |row: &str| view(&[row]).rows[0].status.clone();
    let cases = [
        (r#"{"id":"r"}"#, None),
        (r#"{"id":"r","call":null,"status":"x"}"#, None),
        (
            r#"{"id":"r","call":{"id":"c","status":"completed","call_attempts":[{"status":"error"}]}}"#,
            Some("completed"),
        ),
        (r#"{"call":{"status":"calling"},"id":"r"}"#, Some("calling")),
        (r#"{"id":"r","call":{"id":"c"}}"#, Some("")),
        (r#"{"id":"r","call":{"status":7}}"#, Some("")),
        (r#"{"id":"r","call":{"status":"\u0000"}}"#, Some("")),
        (r#"{"id":"r","call":"none"}"#, Some("")),
        ("[]", Some("")),
    ];
    for (row, expected) in cases {
        assert_eq!(status(row).as_deref(), expected, "{row}");
    }
}

#[test]
fn a_page_whose_indexes_were_taken_shows_the_same() {
    let body = format!(r#"{{"rows":[{},{}]}}"#, row(r#"{"id":"a"}"#, "?x", "n"), row("null", "", "m"));
    let page = RowsPage::split(body.as_bytes()).expect("a page");
    assert_eq!(page.indexes.len(), page.rows.len());
    let without = RowsPage { indexes: Vec::new(), ..page.clone() };
    let views = [page, without].map(|page| PageView::new(page, &hasher()));
    let shown = views.map(|view| {
        let text = std::str::from_utf8(&view.page.body).expect("UTF-8");
        let is_read = |row: &RowView| Indexed::new(&text[row.span.clone()], &row.index).root().is_some();
        assert!(view.rows.iter().all(is_read));
        view.rows.into_iter().map(|row| (row.id, row.hash)).collect::<Vec<_>>()
    });
    assert_eq!(shown[0].len(), 2);
    assert_eq!(shown[0], shown[1]);
}
