//! What happens to values that no column can hold, and to pieces that cannot land: nothing is lost.

use super::samples::{CAMPAIGN, OLDER_ASSISTANT, older_row};
use super::*;
use crate::records::{Call, Field, JsonText, Listed};

fn read_call(json: &str) -> (Call, Vec<(String, String, u64)>) {
    let (records, drift) = read_row(&format!(r#"{{"id":"r","call":{json}}}"#));
    assert_eq!(outlined(&records.rejects), [], "{json}");
    (records.call.expect("a call"), drift)
}

fn extra(record: &Option<JsonText>) -> &str {
    record.as_ref().map_or("", |JsonText(json)| json)
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
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
        assert_eq!(extra(&call.extra), format!(r#"{{"{key}":{json}}}"#));
        assert_eq!(
            drift,
            [(format!("call.{key}"), kind.to_owned(), 1)],
            "{key} {json}"
        );
        let empty = Call {
            id: "c".to_owned(),
            extra: call.extra.clone(),
            ..Call::default()
        };
        // Nulls and fields that are absent are both no value.
        assert_eq!(
            format!("{call:?}").replace("Null", "Absent"),
            format!("{empty:?}"),
            "{key} {json}"
        );
    }
}

#[test]
fn a_value_that_can_be_understood_lands() {
    let json = r#"{"id":12,"calls_count":"3.0","first_sentence_delay_ms":-4e2,"is_cancelled":"true","is_completed":"False",
        "from_phone_number":33100000000,"organization_id":7,"created_at":"1714979289000","status":"brand_new"}"#;
    let (call, drift) = read_call(json);
    assert_eq!(drift, []);
    assert_eq!(call.id, "12");
    assert_eq!(
        (call.calls_count, call.first_sentence_delay_ms),
        (Field::Value(3), Field::Value(-400))
    );
    assert_eq!(
        (call.is_cancelled, call.is_completed),
        (Field::Value(true), Field::Value(false))
    );
    assert_eq!(call.from_phone_number, Field::Value("33100000000".to_owned()));
    assert_eq!(
        (call.organization_id, call.status),
        (Field::Value("7".into()), Field::Value("brand_new".into()))
    );
    assert_eq!(
        call.created_at,
        Field::Value("2024-05-06T07:08:09Z".parse().expect("a time"))
    );
}

#[test]
fn fields_that_are_not_known_are_kept_without_secrets_and_are_drift() {
    let json = r#"{"id":"r","new":1.10,"none":null,"call":{"id":"c","id":"d","x_token":"hush","nested":{"api_key":"hush"},
        "contact":{"fax":"1"},"call_attempts":[{"id":"a","new":[]},{"id":"b","new":{}}]}}"#;
    let (records, drift) = read_row(json);
    let call = records.call.expect("a call");
    assert_eq!(call.id, "d", "the last of two keys counts");
    assert_eq!(extra(&records.row.expect("a row").extra), r#"{"new":1.10}"#);
    let expected = r#"{"contact":{"fax":"1"},"x_token":"[scrubbed]","nested":{"api_key":"[scrubbed]"}}"#;
    assert_eq!(extra(&call.extra), expected);
    let extras: Vec<_> = call
        .attempts
        .items()
        .iter()
        .map(|attempt| extra(&attempt.extra))
        .collect();
    assert_eq!(extras, [r#"{"new":[]}"#, r#"{"new":{}}"#]);
    let drift: Vec<_> = drift
        .iter()
        .map(|(path, kind, count)| (path.as_str(), kind.as_str(), *count))
        .collect();
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
    let members: Vec<_> = (0..5000)
        .map(|index| format!(r#""{index}{}":1"#, "x".repeat(2000)))
        .collect();
    let (records, drift) = read_row(&format!(r#"{{"id":"r",{}}}"#, members.join(",")));
    assert!(extra(&records.row.expect("a row").extra).len() > 5000 * 2000);
    assert_eq!(drift.len(), 1001);
    assert!(drift.iter().all(|(path, ..)| path.chars().count() <= 101));
    assert_eq!(drift.iter().map(|(.., count)| count).sum::<u64>(), 5000);
}

#[test]
fn zeros_and_lone_surrogates_are_replaced_and_counted() {
    let json = r#"{"id":"r\u0000","phone_number":"\ud800","input_data":{"k\u0000":["\udc00",{"a":"\u0000\u0000"}]},
        "new\u0000":"\ud83d\ude00","call":{"id":"c","call_attempts":[{"id":"a","transcript":[{"content":"x\u0000y"}]}]}}"#;
    let (records, drift) = read_row(json);
    assert_eq!(records.replaced, 7);
    let row = records.row.expect("a row");
    assert_eq!(
        (row.id.as_str(), row.phone_number),
        ("r\u{fffd}", Field::Value("\u{fffd}".to_owned()))
    );
    let expected = "{\"k\u{fffd}\":[\"\u{fffd}\",{\"a\":\"\u{fffd}\u{fffd}\"}]}";
    assert_eq!(row.input_data, Field::Value(JsonText(expected.to_owned())));
    assert_eq!(extra(&row.extra), "{\"new\u{fffd}\":\"\\ud83d\\ude00\"}");
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
    assert_eq!(
        (records.replaced, records.campaign.name),
        (1, Field::Value("\u{fffd}".to_owned()))
    );
}

#[test]
fn a_row_that_cannot_land_is_rejected_whole() {
    let long = format!(r#"{{"id":"{}","api_key":"hush"}}"#, "x".repeat(1 << 20));
    let cases = [
        ("7", "it is not an object"),
        ("null", "it is not an object"),
        ("[]", "it is not an object"),
        (r#""https://u:hush@h/""#, "it is not an object"),
        ("no JSON", "it is not an object"),
        ("{}", "it has no id that can be read"),
        (
            r#"{"id":null,"call":{"id":"c","llm_model":{"api_key":"hush"}}}"#,
            "it has no id that can be read",
        ),
        (r#"{"id":"","token":"hush"}"#, "it has no id that can be read"),
        (r#"{"id":{"a":1}}"#, "it has no id that can be read"),
        (long.as_str(), "its id is longer than 512 bytes"),
    ];
    for (json, reason) in cases {
        let (records, _) = read_row(json);
        assert_eq!(outlined(&records.rejects), [("#3", "", reason)]);
        assert_eq!((records.row, records.call), (None, None));
        let payload = &records.rejects[0].payload;
        assert!(
            !payload.contains("hush") && payload.len() + 20 > json.len(),
            "all is kept but the secrets"
        );
    }
}

#[test]
fn a_call_that_cannot_land_leaves_its_row() {
    let cases = [
        ("{}", "it has no id that can be read"),
        (r#"{"id":[]}"#, "it has no id that can be read"),
        (r#""c""#, "it is a string, not an object"),
        ("1e400", "it is a number, not an object"),
    ];
    for (json, reason) in cases {
        let (records, _) = read_row(&format!(r#"{{"id":"r","row_index":1,"call":{json}}}"#));
        assert_eq!(outlined(&records.rejects), [("r", "call", reason)]);
        assert_eq!(records.rejects[0].payload, json);
        assert_eq!(records.call, None);
        let row = records.row.expect("a row");
        assert_eq!((row.call_id, row.row_index), (Field::Absent, Field::Value(1)));
    }
}

#[test]
fn an_attempt_that_cannot_land_leaves_the_others() {
    let json = r#"{"id":"r","call":{"id":"c","call_attempts":[
        {"id":"a3"},{"status":"error"},"x",{"id":"a0","speech_events":[{"id":"s"},{"speaker":"user"}],
        "transcript":[{"content":"one"},null,{"content":"three"}],"sms_log":"none","email_log":{}}]}}"#;
    let (records, _) = read_row(json);
    let expected = [
        ("r", "call.call_attempts[3].transcript[1]", "it is not an object"),
        (
            "r",
            "call.call_attempts[3].speech_events[1]",
            "it has no id that can be read",
        ),
        ("r", "call.call_attempts[3].sms_log", "it is a string, not a list"),
        (
            "r",
            "call.call_attempts[3].email_log",
            "it is a object, not a list",
        ),
        ("r", "call.call_attempts[1]", "it has no id that can be read"),
        ("r", "call.call_attempts[2]", "it is not an object"),
    ];
    assert_eq!(outlined(&records.rejects), expected);
    assert_eq!(records.rejects[4].payload, r#"{"status":"error"}"#);
    let Listed::Partly(attempts) = records.call.expect("a call").attempts else {
        panic!("a part of a list")
    };
    let numbered: Vec<_> = attempts
        .iter()
        .map(|attempt| (attempt.id.as_str(), attempt.attempt_number))
        .collect();
    assert_eq!(numbered, [("a3", 4), ("a0", 1)]);
    let attempt = &attempts[1];
    assert!(!attempt.speech_events.is_whole() && attempt.speech_events.items().len() == 1);
    assert_eq!(
        (&attempt.sms_messages, &attempt.email_messages),
        (&Listed::Unread, &Listed::Unread)
    );
    // The others keep their places.
    let contents: Vec<_> = attempt
        .transcript
        .items()
        .iter()
        .map(|turn| turn.content.as_deref())
        .collect();
    assert_eq!(contents, [Some("one"), None, Some("three")]);
    assert!(!attempt.transcript.is_whole());
}

#[test]
fn a_list_that_is_missing_or_malformed_is_no_evidence() {
    for (json, reject) in [
        ("null", None),
        (r#""none""#, Some("it is a string, not a list")),
        ("{}", Some("")),
    ] {
        let (records, _) = read_row(&format!(
            r#"{{"id":"r","call":{{"id":"c","call_attempts":{json}}}}}"#
        ));
        assert_eq!(records.call.expect("a call").attempts, Listed::Unread, "{json}");
        assert_eq!(records.rejects.len(), usize::from(reject.is_some()), "{json}");
        assert!(
            records
                .rejects
                .iter()
                .all(|reject| reject.path == "call.call_attempts")
        );
    }
}

#[test]
fn json_that_is_no_jsonb_is_rejected_and_the_rest_lands() {
    let deep = nested(10_000);
    let json = format!(
        r#"{{"id":"r","input_data":{deep},"new":{deep},"row_index":{deep},"phone_number":"1","call":{{"id":"c",
        "metadata":[1e999999],"call_attempts":[{{"id":"a","structured_output":{deep},"transcript":[
        {{"content":"x","tool_arguments":{deep}}}]}}]}}}}"#
    );
    let (records, _) = read_row(&json);
    let too_deep = "it nests deeper than 512 levels";
    let expected = [
        (
            "r",
            "call.metadata",
            "it holds a number that is too large or too fine for the database",
        ),
        ("r", "call.call_attempts[0].structured_output", too_deep),
        (
            "r",
            "call.call_attempts[0].transcript[0].tool_arguments",
            too_deep,
        ),
        ("r", "row_index", too_deep),
        ("r", "input_data", too_deep),
        ("r", "new", too_deep),
    ];
    assert_eq!(outlined(&records.rejects), expected);
    assert!(records.rejects[1..].iter().all(|reject| reject.payload == deep));
    let row = records.row.expect("a row");
    assert_eq!(
        (row.input_data, row.phone_number),
        (Field::Null, Field::Value("1".to_owned()))
    );
    let call = records.call.expect("a call");
    assert_eq!(call.metadata, Field::Null);
    assert_eq!(
        call.attempts.items()[0].transcript.items()[0].content.as_deref(),
        Some("x")
    );
    assert!(call.attempts.is_whole());

    let (records, _) = read_row(&format!(r#"{{"id":"r","input_data":{}}}"#, nested(MAX_DEPTH)));
    assert_eq!(
        (
            records.rejects.len(),
            records.row.is_some_and(|row| row.input_data.value().is_some())
        ),
        (0, true)
    );
}

#[test]
fn a_megabyte_in_a_short_text_goes_to_extra() {
    let long = "x".repeat(1 << 20);
    let keys = [
        "organization_id",
        "direction",
        "status",
        "from_phone_number",
        "to_phone_number",
        "outcome",
    ];
    let members: Vec<_> = keys.iter().map(|key| format!(r#""{key}":"{long}""#)).collect();
    let (call, drift) = read_call(&format!(r#"{{"id":"c",{}}}"#, members.join(",")));
    assert_eq!(
        call.extra
            .as_ref()
            .map(|JsonText(json)| json.len() > keys.len() << 20),
        Some(true)
    );
    assert_eq!(drift.len(), keys.len());
    assert_eq!((call.status, call.organization_id), (Field::Null, Field::Null));

    let (call, drift) = read_call(&format!(
        r#"{{"id":"c","outcome_summary":"{long}","status":"{}"}}"#,
        &long[..512]
    ));
    assert_eq!((call.extra, drift), (None, vec![]));
    assert_eq!(call.outcome_summary, Field::Value(long));
}

#[test]
fn ids_within_are_all_that_counts_of_what_repeats() {
    let cases = [
        (
            r#"{"id":"a","new":1,"prompt":{}}"#,
            Field::Value("a".to_owned()),
            Field::Value("a".to_owned()),
        ),
        ("null", Field::Null, Field::Null),
        ("{}", Field::Absent, Field::Null),
        (r#""a""#, Field::Absent, Field::Null),
    ];
    for (json, assistant_id, attempt_id) in cases {
        let (call, drift) = read_call(&format!(
            r#"{{"id":"c","assistant":{json},"last_call_attempt":{json}}}"#
        ));
        assert_eq!(
            (call.assistant_id, call.last_call_attempt_id),
            (assistant_id, attempt_id),
            "{json}"
        );
        assert_eq!((call.extra, drift), (None, vec![]));
    }
}

#[test]
fn assistants_and_campaigns_without_an_id_are_rejects() {
    for (json, reason) in [
        ("3", "it is not an object"),
        (r#"{"api_key":"hush"}"#, "it has no id that can be read"),
    ] {
        let mut drift = DriftCounts::new();
        let rejects = [
            assistant(json, &mut drift).expect_err(json),
            campaign(json, &mut drift).expect_err(json),
        ];
        for reject in rejects {
            assert_eq!(outlined(&[reject.clone()]), [("", "", reason)]);
            assert!(!reject.payload.contains("hush"));
        }
        assert_eq!(drift, DriftCounts::new());

        let records = campaign(
            &format!(r#"{{"id":"c","name":"n","assistant":{json}}}"#),
            &mut drift,
        )
        .expect("a campaign");
        assert_eq!(outlined(&records.rejects), [("c", "assistant", reason)]);
        assert_eq!(
            (records.assistant, records.campaign.name),
            (None, Field::Value("n".to_owned()))
        );
    }
    let json = r#"{"id":"c","assistant":{"id":"a","faq_items":[7],"structured_output_config":3}}"#;
    let records = campaign(json, &mut DriftCounts::new()).expect("a campaign");
    let expected = [
        (
            "c",
            "assistant.structured_output_config",
            "it is a number, not a list",
        ),
        ("c", "assistant.faq_items[0]", "it is not an object"),
    ];
    assert_eq!(outlined(&records.rejects), expected);
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
