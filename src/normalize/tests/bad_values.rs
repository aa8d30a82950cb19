//! What happens to values that no column can hold, and to fields that nobody knows: nothing is lost.

use super::samples::{CAMPAIGN, OLDER_ASSISTANT, older_row};
use super::*;
use crate::records::{Call, Field, JsonText};

fn read_call(json: &str) -> (Call, Vec<(String, String, u64)>) {
    let (records, drift) = read_row(&format!(r#"{{"id":"r","call":{json}}}"#));
    assert_eq!(outlined(&records.rejects), [], "{json}");
    (records.call.expect("a call"), drift)
}

fn extra(record: Option<&JsonText>) -> &str {
    record.map_or("", |JsonText(json)| json)
}

#[test]
fn a_value_of_another_type_is_null_and_kept() {
    let cases = [
        ("created_at", "{}", "object, not a time"),
        ("created_at", r#""soon""#, "string, not a time"),
        ("scheduled_at", "true", "boolean, not a time"),
        ("updated_at", "1e400", "number, not a time"),
        ("calls_count", "2.5", "number, not an integer"),
        ("calls_count", "1e400", "number, not an integer"),
        ("calls_count", "9223372036854775808", "number, not an integer"),
        ("calls_count", r#""NaN""#, "string, not an integer"),
        ("first_sentence_delay_ms", r#""""#, "string, not an integer"),
        ("first_sentence_delay_ms", "[]", "array, not an integer"),
        ("is_cancelled", "1", "number, not a boolean"),
        ("is_completed", r#""yes""#, "string, not a boolean"),
        ("status", "7", "number, not a short text"),
        ("direction", r#"{"a":[1.10]}"#, "object, not a short text"),
        ("outcome_summary", "false", "boolean, not text"),
        ("organization_id", "[]", "array, not an id"),
        ("organization_id", r#""""#, "string, not an id"),
        ("to_phone_number", "true", "boolean, not a phone number"),
        ("follow_up_emails", r#"["a",1]"#, "array, not a list of text"),
        ("follow_up_emails", r#"["a",null]"#, "array, not a list of text"),
        ("slack_channel_ids", r#""a""#, "string, not a list of text"),
        ("llm_model", r#""gpt""#, "string, not an object"),
        ("contact", "[]", "array, not an object"),
        ("call_retry_config", r#""daily""#, "string, not an object"),
        ("campaign", r#""Spring""#, "string, not an object"),
    ];
    for (key, json, kind) in cases {
        let (call, drift) = read_call(&format!(r#"{{"id":"c","{key}":{json}}}"#));
        assert_eq!(extra(call.extra.as_ref()), format!(r#"{{"{key}":{json}}}"#));
        assert_eq!(drift, [(format!("call.{key}"), kind.to_owned(), 1)], "{key} {json}");
        let empty = Call { id: "c".to_owned(), extra: call.extra.clone(), ..Call::default() };
        // Nulls and fields that are absent are both no value.
        assert_eq!(format!("{call:?}").replace("Null", "Absent"), format!("{empty:?}"), "{key} {json}");
    }
}

#[test]
fn a_value_that_can_be_understood_lands() {
    let json = r#"{"id":12,"calls_count":"3.0","first_sentence_delay_ms":-4e2,"is_cancelled":"true","is_completed":"False",
        "from_phone_number":33100000000,"organization_id":7,"created_at":"1714979289000","status":"brand_new"}"#;
    let (call, drift) = read_call(json);
    let unknown = "string, not a known value: brand_new".to_owned();
    assert_eq!(
        drift,
        [("call.status".to_owned(), unknown, 1)],
        "a value that is not known is data and drift"
    );
    assert_eq!(call.id, "12");
    assert_eq!((call.calls_count, call.first_sentence_delay_ms), (Field::Value(3), Field::Value(-400)));
    assert_eq!((call.is_cancelled, call.is_completed), (Field::Value(true), Field::Value(false)));
    assert_eq!(call.from_phone_number, Field::Value("33100000000".to_owned()));
    assert_eq!(
        (call.organization_id, call.status),
        (Field::Value("7".into()), Field::Value("brand_new".into()))
    );
    assert_eq!(call.created_at, Field::Value("2024-05-06T07:08:09Z".parse().expect("a time")));
}

#[test]
fn fields_that_are_not_known_are_kept_without_secrets_and_are_drift() {
    let json = r#"{"id":"r","new":1.10,"none":null,"call":{"id":"c","id":"d","x_token":"hush","nested":{"api_key":"hush"},
        "contact":{"fax":"1"},"call_attempts":[{"id":"a","new":[]},{"id":"b","new":{}}]}}"#;
    let (records, drift) = read_row(json);
    let call = records.call.expect("a call");
    assert_eq!(call.id, "d", "the last of two keys counts");
    assert_eq!(extra(records.row.expect("a row").extra.as_ref()), r#"{"new":1.10}"#);
    let expected = r#"{"contact":{"fax":"1"},"x_token":"[scrubbed]","nested":{"api_key":"[scrubbed]"}}"#;
    assert_eq!(extra(call.extra.as_ref()), expected);
    let extras: Vec<_> = call.attempts.items().iter().map(|attempt| extra(attempt.extra.as_ref())).collect();
    assert_eq!(extras, [r#"{"new":[]}"#, r#"{"new":{}}"#]);
    let drift: Vec<_> =
        drift.iter().map(|(path, kind, count)| (path.as_str(), kind.as_str(), *count)).collect();
    let expected = [
        ("call.call_attempts[].new", "array", 1),
        ("call.call_attempts[].new", "object", 1),
        ("call.contact.fax", "string", 1),
        ("call.id", "duplicate key", 1),
        ("call.nested", "object", 1),
        ("call.x_token", "string", 1),
        ("new", "number", 1),
        ("none", "null", 1),
    ];
    assert_eq!(drift, expected);
}

#[test]
fn drift_stays_small_whatever_comes() {
    let members: Vec<_> = (0..2000).map(|index| format!(r#""{index}{}":1"#, "x".repeat(300))).collect();
    let (records, drift) = read_row(&format!(r#"{{"id":"r",{}}}"#, members.join(",")));
    assert!(extra(records.row.expect("a row").extra.as_ref()).len() > 2000 * 300);
    assert!(drift.len() <= 1001, "{}", drift.len());
    assert!(drift.iter().all(|(path, ..)| path.chars().count() <= 101));
    assert_eq!(drift.iter().map(|(.., count)| count).sum::<u64>(), 2000);
}

#[test]
fn zeros_and_lone_surrogates_are_replaced_and_counted() {
    let json = r#"{"id":"r\u0000","phone_number":"\ud800","input_data":{"k\u0000":["\udc00",{"a":"\u0000\u0000"}]},
        "new\u0000":"\ud83d\ude00","call":{"id":"c","call_attempts":[{"id":"a","transcript":[{"content":"x\u0000y"}]}]}}"#;
    let (records, drift) = read_row(json);
    assert_eq!(records.replaced, 7);
    let row = records.row.expect("a row");
    assert_eq!((row.id.as_str(), row.phone_number), ("r\u{fffd}", Field::Value("\u{fffd}".to_owned())));
    let expected = "{\"k\u{fffd}\":[\"\u{fffd}\",{\"a\":\"\u{fffd}\u{fffd}\"}]}";
    assert_eq!(row.input_data, Field::Value(JsonText(expected.to_owned())));
    assert_eq!(extra(row.extra.as_ref()), "{\"new\u{fffd}\":\"\\ud83d\\ude00\"}");
    let call = records.call.expect("a call");
    let content = call.attempts.items()[0].transcript.items()[0].content.as_deref();
    assert_eq!(content, Some("x\u{fffd}y"));
    assert_eq!(drift, [("new\u{fffd}".to_owned(), "string".to_owned(), 1)]);

    let json = with(OLDER_ASSISTANT, "Be kind.", r"\u0000");
    let records = assistant(&json, &mut DriftCounts::new()).expect("an assistant");
    assert_eq!(
        (records.replaced, records.assistant.prompt),
        (1, Field::Value("\u{fffd}\nBe brief.".to_owned()))
    );
    let records =
        campaign(&with(CAMPAIGN, "Spring", r"\udfff"), &mut DriftCounts::new()).expect("a campaign");
    assert_eq!((records.replaced, records.campaign.name), (1, Field::Value("\u{fffd}".to_owned())));
}

#[test]
fn a_megabyte_in_a_short_text_goes_to_extra() {
    let long = "x".repeat(1 << 20);
    let keys = ["organization_id", "direction", "status", "from_phone_number", "to_phone_number", "outcome"];
    let members: Vec<_> = keys.iter().map(|key| format!(r#""{key}":"{long}""#)).collect();
    let (call, drift) = read_call(&format!(r#"{{"id":"c",{}}}"#, members.join(",")));
    assert_eq!(call.extra.as_ref().map(|JsonText(json)| json.len() > keys.len() << 20), Some(true));
    assert_eq!(drift.len(), keys.len());
    assert_eq!((call.status, call.organization_id), (Field::Null, Field::Null));

    let (call, drift) =
        read_call(&format!(r#"{{"id":"c","outcome_summary":"{long}","status":"{}"}}"#, &long[..512]));
    let unknown = "string, not a known value".to_owned();
    assert_eq!((call.extra, drift), (None, vec![("call.status".to_owned(), unknown, 1)]));
    assert_eq!(call.outcome_summary, Field::Value(long));
}

#[test]
fn ids_within_are_all_that_counts_of_what_repeats() {
    let cases = [
        (
            r#"{"id":"a","new":1,"prompt":{}}"#,
            Field::Value("a".to_owned()),
            Field::Value("a".to_owned()),
            None,
        ),
        ("null", Field::Null, Field::Null, None),
        ("{}", Field::Absent, Field::Null, Some("it has no id that can be read")),
        (r#""a""#, Field::Absent, Field::Null, Some("it is a string, not an object")),
    ];
    for (json, assistant_id, attempt_id, reason) in cases {
        let row =
            format!(r#"{{"id":"r","call":{{"id":"c","assistant":{json},"last_call_attempt":{json}}}}}"#);
        let (records, drift) = read_row(&row);
        let rejects: Vec<_> = reason.map(|reason| ("r", "call.assistant", reason)).into_iter().collect();
        assert_eq!(outlined(&records.rejects), rejects, "an assistant that is nowhere else is not lost");
        let call = records.call.expect("a call");
        assert_eq!((call.assistant_id, call.last_call_attempt_id), (assistant_id, attempt_id), "{json}");
        assert_eq!((call.extra, drift), (None, vec![]));
    }
}

#[test]
fn a_row_of_twenty_megabytes_lands() {
    let long = "word ".repeat(4 << 20);
    let (records, _) = read_row(&with(&older_row(), "Bonjour", &long));
    assert_eq!(outlined(&records.rejects), []);
    let call = records.call.expect("a call");
    let content = call.attempts.items()[0].transcript.items()[0].content.as_deref();
    assert!(content.is_some_and(|content| content.starts_with(&long) && content.ends_with("👋")));
}
