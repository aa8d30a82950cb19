//! Tables of cases and properties of the repair of JSON text.

use super::*;
use proptest::prelude::*;
use serde_json::Value;

#[test]
fn only_what_cannot_be_stored_is_replaced() {
    let cases = [
        (r#"{"a":"b"}"#, r#"{"a":"b"}"#, 0),
        (r#"{"a":"\u0000"}"#, r#"{"a":"�"}"#, 1),
        (r#"{"a":"x\u0000y\u0000z"}"#, r#"{"a":"x�y�z"}"#, 1),
        (r#"{"\u0000a":["\u0000"]}"#, r#"{"�a":["�"]}"#, 2),
        (r#"{"a":"\\u0000"}"#, r#"{"a":"\\u0000"}"#, 0),
        (r#"{"a":"\\\u0000"}"#, r#"{"a":"\\�"}"#, 1),
        (r#"{"a":"\"\u0000"}"#, r#"{"a":"\"�"}"#, 1),
        (r#"{"a":"\ud83d\ude00"}"#, r#"{"a":"\ud83d\ude00"}"#, 0),
        (r#"{"a":"\uD83D\uDE00\u0000"}"#, r#"{"a":"\uD83D\uDE00�"}"#, 1),
        (r#"{"a":"\ud83d"}"#, r#"{"a":"�"}"#, 1),
        (r#"{"a":"\ude00"}"#, r#"{"a":"�"}"#, 1),
        (r#"{"a":"\ude00\ud83d"}"#, r#"{"a":"��"}"#, 1),
        (r#"{"a":"\ud83d\ud83d\ude00"}"#, r#"{"a":"�\ud83d\ude00"}"#, 1),
        (r#"{"a":"\ud83d\n\ude00"}"#, r#"{"a":"�\n�"}"#, 1),
        (r#"{"a":"\ud83d\\ude00"}"#, r#"{"a":"�\\ude00"}"#, 1),
        (r#"{"a":"\u00e9\ud7ff\ue000"}"#, r#"{"a":"\u00e9\ud7ff\ue000"}"#, 0),
        (r#"[[[{"a":{"b":["\uDBFF"]}}]]]"#, r#"[[[{"a":{"b":["�"]}}]]]"#, 1),
        (r#" { "a" : 1e400 , "b":"\u0000" } "#, r#" { "a" : 1e400 , "b":"�" } "#, 1),
        ("", "", 0),
        (r#""\u0000"#, "\"�", 1),
        (r#""\u00"#, r#""\u00"#, 0),
        (r"no JSON \u0000", r"no JSON \u0000", 0),
    ];
    for (json, expected, count) in cases {
        let (repaired, replaced) = repair(json);
        assert_eq!((repaired.as_ref(), replaced), (expected, count), "{json}");
    }
}

#[test]
fn text_that_needs_no_repair_is_not_copied() {
    assert!(matches!(repair(r#"{"a":"\\u0000 \ud83d\ude00"}"#).0, Cow::Borrowed(_)));
}

/// A string's literal out of pieces that are dangerous side by side.
fn literal() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(r"\u0000".to_owned()),
        Just(r"\ud83d".to_owned()),
        Just(r"\uDE00".to_owned()),
        Just(r"\\".to_owned()),
        Just(r#"\""#.to_owned()),
        Just("u0000".to_owned()),
        Just("é😀".to_owned()),
        "[a-z ]{0,3}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![literal(), Just("null".to_owned()), Just("-1.50e3".to_owned())];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(" , "))),
            prop::collection::vec((literal(), inner), 0..4).prop_map(|members| {
                // No key stands twice: a `Value` would only show the last of them.
                let members = members.into_iter().enumerate();
                let members = members.map(|(index, (key, json))| format!("\"{index}{}: {json}", &key[1..]));
                let members: Vec<_> = members.collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn has_zero(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_zero),
        Value::Object(members) => members.iter().any(|(key, value)| key.contains('\0') || has_zero(value)),
        _ => false,
    }
}

proptest! {
    #[test]
    fn repaired_json_is_json_without_zeros_and_lone_surrogates(json in json()) {
        let (repaired, replaced) = repair(&json);
        let value: Value = serde_json::from_str(&repaired).expect("valid JSON");
        prop_assert!(!has_zero(&value));
        prop_assert_eq!(repair(&repaired).1, 0);
        let was_fine = serde_json::from_str::<Value>(&json).is_ok_and(|value| !has_zero(&value));
        prop_assert_eq!(replaced == 0, was_fine);
    }
}
