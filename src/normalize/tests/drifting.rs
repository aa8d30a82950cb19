//! What is drift: fields, types and values that the mirror does not know, wherever they stand, and nothing else.

use super::samples::{CAMPAIGN, NEWER_ASSISTANT, NEWER_ROW};
use super::*;

/// The drift of a sample in which one piece of text was replaced.
fn drift_of(
    read: impl Fn(&str, &mut DriftCounts),
    sample: &str,
    piece: &str,
    with_this: &str,
) -> Vec<String> {
    let mut drift = DriftCounts::new();
    read(&with(sample, piece, with_this), &mut drift);
    listed(&drift).into_iter().map(|(path, kind, _)| format!("{path}: {kind}")).collect()
}

fn of_row(piece: &str, with_this: &str) -> Vec<String> {
    drift_of(|json, drift| drop(row(json, 0, &Options::default(), drift)), NEWER_ROW, piece, with_this)
}

fn of_assistant(piece: &str, with_this: &str) -> Vec<String> {
    drift_of(|json, drift| drop(assistant(json, drift)), NEWER_ASSISTANT, piece, with_this)
}

fn of_campaign(piece: &str, with_this: &str) -> Vec<String> {
    drift_of(|json, drift| drop(campaign(json, drift)), CAMPAIGN, piece, with_this)
}

#[test]
fn a_value_that_is_none_of_those_known_is_drift_in_every_field_that_has_few() {
    let cases = [
        (
            r#""outcome": "interested""#,
            r#""outcome": "glad""#,
            "call.outcome: string, not a known value: glad",
        ),
        (r#""type": "custom""#, r#""type": "tiny""#, "call.llm_model.type: string, not a known value: tiny"),
        (
            r#""allowed_days": ["monday"]"#,
            r#""allowed_days": ["monday", "holiday"]"#,
            "call.call_retry_config.allowed_days[]: string, not a known value: holiday",
        ),
        (
            r#""end_reason": "max_duration""#,
            r#""end_reason": "struck by lightning""#,
            "call.call_attempts[].end_reason: string, not a known value: struck by lightning",
        ),
        (
            r#""role": "human_agent""#,
            r#""role": "parrot""#,
            "call.call_attempts[].post_call_transcript[].role: string, not a known value: parrot",
        ),
        (
            r#""provider": "twilio""#,
            r#""provider": "pigeon""#,
            "call.call_attempts[].sms_log[].provider: string, not a known value: pigeon",
        ),
        (
            r#""type": "in_call""#,
            r#""type": "telepathy""#,
            "call.call_attempts[].sms_log[].type: string, not a known value: telepathy",
        ),
        (
            r#""speaker": "agent""#,
            r#""speaker": "radio""#,
            "call.call_attempts[].speech_events[].speaker: string, not a known value: radio",
        ),
    ];
    for (piece, with_this, expected) in cases {
        assert_eq!(of_row(piece, with_this), [expected]);
    }
    let attempt = r#""id": "attempt-1", "#;
    for key in ["status", "result", "dial_error", "ended_by"] {
        let expected = format!("call.call_attempts[].{key}: string, not a known value: new");
        assert_eq!(of_row(attempt, &format!(r#"{attempt}"{key}":"new","#)), [expected]);
    }
    for key in ["status", "direction"] {
        let expected = format!("call.{key}: string, not a known value: new");
        let call = r#""id": "call-1", "#;
        assert_eq!(of_row(call, &format!(r#"{call}"{key}":"new","#)), [expected]);
    }
    let expected = "campaign.status: string, not a known value: archived";
    assert_eq!(of_campaign(r#""status": "running""#, r#""status": "archived""#), [expected]);
    let first = r#""id": "assistant-1", "#;
    for key in ["first_sentence_mode", "background_sound", "type", "thinking_sound", "human_transfer_mode"] {
        let expected = format!("assistant.{key}: string, not a known value: new");
        assert_eq!(of_assistant(first, &format!(r#"{first}"{key}":"new","#)), [expected]);
    }
}

#[test]
fn only_what_looks_like_one_of_a_few_is_named() {
    let long = "x".repeat(41);
    let cases =
        [("soft-launch/2.0", true), ("a@b.example", false), ("", false), ("né", false), (&long, false)];
    for (value, is_named) in cases {
        let name = if is_named { format!(": {value}") } else { String::new() };
        let expected = format!("call.outcome: string, not a known value{name}");
        assert_eq!(of_row("\"interested\"", &format!("\"{value}\"")), [expected]);
    }
}

#[test]
fn what_is_not_as_documented_is_drift_also_where_there_is_no_column() {
    let first = r#""id": "assistant-1", "#;
    let cases = [
        (r#""slack":{"channels":[{"id":"c","muted":true}]}"#, "slack.channels[].muted: boolean"),
        (r#""slack":[]"#, "slack: array, not an object"),
        (r#""zoho":{"outcomes":["none","sold"]}"#, "zoho.outcomes[]: string, not a known value: sold"),
        (r#""sms_enabled":"yes""#, "sms_enabled: string, not a boolean"),
        (r#""thinking_sound_volume":"loud""#, "thinking_sound_volume: string, not a number"),
        (r#""prompt_flow":{"nodes":[{"position":{"x":1,"z":2}}]}"#, "prompt_flow.nodes[].position.z: number"),
        (r#""custom_tools":[{"input_schema":{}}]"#, "custom_tools[].input_schema: object, not a list"),
        (r#""logo_url":{}"#, "logo_url: object, not text"),
    ];
    for (member, expected) in cases {
        // Of a key that stands twice the last one counts: those of the sample go.
        let mut drift = DriftCounts::new();
        let members = format!("{{{first}{member}}}");
        assert!(assistant(&members, &mut drift).is_ok());
        let found: Vec<_> = drift.iter().map(|(it, _)| format!("{}: {}", it.path, it.kind)).collect();
        assert_eq!(found, [format!("assistant.{expected}")]);
    }
    assert_eq!(
        of_assistant(r#""volume": 1.0"#, r#""volume": "1.0""#),
        [""; 0],
        "a number is one however it is written"
    );
    let expected = "campaign.funnel_stats.cold: number";
    assert_eq!(of_campaign(r#""hot": 1"#, r#""hot": 1, "cold": 2"#), [expected]);
    let expected = "call.call_attempts[].handled_by_user.age: number";
    assert_eq!(
        of_row(
            r#""first_name": "U", "last_name": null},
      "assistants_used""#,
            r#""age": 3}, "assistants_used""#
        ),
        [expected]
    );
    let expected = "call.prompt_variables: array, not an object";
    assert_eq!(of_row(r#"{"a": "b"}"#, "[1]"), [expected]);
}

#[test]
fn it_is_told_in_what_it_was_seen_first_and_last() {
    let mut drift = DriftCounts::new();
    for id in ["row-b", "row-a", "row-c"] {
        let json = format!(
            r#"{{"id":"{id}","new":1,"call":{{"id":"c","call_attempts":[{{"id":"a","x":1}},{{"id":"b","x":2}}]}}}}"#
        );
        drop(row(&json, 0, &Options::default(), &mut drift));
    }
    assert!(assistant(r#"{"id":"assistant-9","new":1}"#, &mut drift).is_ok());
    assert!(campaign(r#"{"id":"campaign-9","new":1}"#, &mut drift).is_ok());
    let mut later = DriftCounts::new();
    drop(row(r#"{"id":"row-d","new":1}"#, 0, &Options::default(), &mut later));
    drift.append(later);
    let found: Vec<_> = drift
        .iter()
        .map(|(it, seen)| {
            (it.path.as_str(), seen.first_seen_in.as_str(), seen.last_seen_in.as_str(), seen.count)
        })
        .collect();
    let expected = [
        ("assistant.new", "assistant-9", "assistant-9", 1),
        ("call.call_attempts[].x", "row-b", "row-c", 6),
        ("campaign.new", "campaign-9", "campaign-9", 1),
        ("new", "row-b", "row-d", 4),
    ];
    assert_eq!(found, expected);
}
