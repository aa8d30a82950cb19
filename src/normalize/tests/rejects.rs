//! What happens to pieces that cannot land: they are rejects with a reason, and the rest lands.

use super::*;
use crate::records::{Field, Listed};

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
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
        (r#"{"id":null,"call":{"id":"c","llm_model":{"api_key":"hush"}}}"#, "it has no id that can be read"),
        (r#"{"id":"","token":"hush"}"#, "it has no id that can be read"),
        (r#"{"id":{"a":1}}"#, "it has no id that can be read"),
        (long.as_str(), "its id is longer than 512 bytes"),
    ];
    for (json, reason) in cases {
        let (records, _) = read_row(json);
        assert_eq!(outlined(&records.rejects), [("#3", "", reason)]);
        assert_eq!((records.row, records.call), (None, None));
        let payload = &records.rejects[0].payload;
        assert!(!payload.contains("hush") && payload.len() + 20 > json.len(), "all is kept but the secrets");
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
        ("r", "call.call_attempts[3].speech_events[1]", "it has no id that can be read"),
        ("r", "call.call_attempts[3].sms_log", "it is a string, not a list"),
        ("r", "call.call_attempts[3].email_log", "it is an object, not a list"),
        ("r", "call.call_attempts[1]", "it has no id that can be read"),
        ("r", "call.call_attempts[2]", "it is not an object"),
    ];
    assert_eq!(outlined(&records.rejects), expected);
    assert_eq!(records.rejects[4].payload, r#"{"status":"error"}"#);
    let Listed::Partly(attempts) = records.call.expect("a call").attempts else { panic!("a part of a list") };
    let numbered: Vec<_> =
        attempts.iter().map(|attempt| (attempt.id.as_str(), attempt.attempt_number)).collect();
    assert_eq!(numbered, [("a3", 4), ("a0", 1)]);
    let attempt = &attempts[1];
    assert!(!attempt.speech_events.is_whole() && attempt.speech_events.items().len() == 1);
    assert_eq!((&attempt.sms_messages, &attempt.email_messages), (&Listed::Unread, &Listed::Unread));
    // The others keep their places.
    let contents: Vec<_> = attempt.transcript.items().iter().map(|turn| turn.content.as_deref()).collect();
    assert_eq!(contents, [Some("one"), None, Some("three")]);
    assert!(!attempt.transcript.is_whole());
}

#[test]
fn a_list_that_is_missing_or_malformed_is_no_evidence() {
    for (json, reject) in
        [("null", None), (r#""none""#, Some("it is a string, not a list")), ("{}", Some(""))]
    {
        let (records, _) = read_row(&format!(r#"{{"id":"r","call":{{"id":"c","call_attempts":{json}}}}}"#));
        assert_eq!(records.call.expect("a call").attempts, Listed::Unread, "{json}");
        assert_eq!(records.rejects.len(), usize::from(reject.is_some()), "{json}");
        assert!(records.rejects.iter().all(|reject| reject.path == "call.call_attempts"));
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
        ("r", "call.metadata", "it holds a number that is too large or too fine for the database"),
        ("r", "call.call_attempts[0].structured_output", too_deep),
        ("r", "call.call_attempts[0].transcript[0].tool_arguments", too_deep),
        ("r", "row_index", too_deep),
        ("r", "input_data", too_deep),
        ("r", "new", too_deep),
    ];
    assert_eq!(outlined(&records.rejects), expected);
    assert!(records.rejects[1..].iter().all(|reject| reject.payload == deep));
    let row = records.row.expect("a row");
    assert_eq!((row.input_data, row.phone_number), (Field::Null, Field::Value("1".to_owned())));
    let call = records.call.expect("a call");
    assert_eq!(call.metadata, Field::Null);
    assert_eq!(call.attempts.items()[0].transcript.items()[0].content.as_deref(), Some("x"));
    assert!(call.attempts.is_whole());

    let (records, _) = read_row(&format!(r#"{{"id":"r","input_data":{}}}"#, nested(MAX_DEPTH)));
    assert_eq!(
        (records.rejects.len(), records.row.is_some_and(|row| row.input_data.value().is_some())),
        (0, true)
    );
}

#[test]
fn assistants_and_campaigns_without_an_id_are_rejects() {
    for (json, reason) in
        [("3", "it is not an object"), (r#"{"api_key":"hush"}"#, "it has no id that can be read")]
    {
        let mut drift = DriftCounts::new();
        let rejects =
            [assistant(json, &mut drift).expect_err(json), campaign(json, &mut drift).expect_err(json)];
        for reject in rejects {
            assert_eq!(outlined(std::slice::from_ref(&reject)), [("", "", reason)]);
            assert!(!reject.payload.contains("hush"));
        }
        assert_eq!(drift, DriftCounts::new());

        let records = campaign(&format!(r#"{{"id":"c","name":"n","assistant":{json}}}"#), &mut drift)
            .expect("a campaign");
        assert_eq!(outlined(&records.rejects), [("c", "assistant", reason)]);
        assert_eq!((records.assistant, records.campaign.name), (None, Field::Value("n".to_owned())));
    }
    let json = r#"{"id":"c","assistant":{"id":"a","faq_items":[7],"structured_output_config":3}}"#;
    let records = campaign(json, &mut DriftCounts::new()).expect("a campaign");
    let expected = [
        ("c", "assistant.structured_output_config", "it is a number, not a list"),
        ("c", "assistant.faq_items[0]", "it is not an object"),
    ];
    assert_eq!(outlined(&records.rejects), expected);
}
