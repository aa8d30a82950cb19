//! What a well-formed row becomes, field by field.

use super::samples::{NEWER_ROW, older_row};
use super::*;
use crate::records::*;

#[test]
fn a_row_of_the_older_api_lands() {
    let (records, drift) = read_row(&older_row());
    assert_eq!(outlined(&records.rejects), []);
    assert_eq!(records.replaced, 0);
    let row = CampaignRow {
        id: "row-1".to_owned(),
        row_index: Field::Value(0),
        phone_number: text("+33612345678"),
        input_data: json(r#"{"first_name": "Zoé", "n": 1.10}"#),
        call_id: text("call-1"),
        extra: None,
    };
    assert_eq!(records.row, Some(row));

    let mut call = records.call.expect("a call");
    let attempts = std::mem::take(&mut call.attempts);
    let expected = Call {
        id: "call-1".to_owned(),
        assistant_id: text("assistant-1"),
        organization_id: text("org-1"),
        direction: text("outbound"),
        status: text("completed"),
        from_phone_number: text("+33100000000"),
        to_phone_number: text("+33612345678"),
        calls_count: Field::Value(2),
        first_sentence_delay_ms: Field::Value(400),
        llm_model_type: text("dedicated-instance"),
        llm_model_name: text("gpt-4.1"),
        llm_model_provider: Field::Null,
        has_llm_api_key: Field::Value(false),
        metadata: json(r#"{"k": "v"}"#),
        call_retry_config_id: Field::Value(records.call_retry_configs[0].id.clone()),
        last_call_attempt_id: text("attempt-2"),
        is_cancelled: Field::Value(false),
        is_completed: Field::Value(true),
        created_at: Field::Null,
        scheduled_at: Field::Null,
        extra: Some(JsonText(r#"{"created_at":{}}"#.to_owned())),
        ..Call::default()
    };
    assert_eq!(call, expected);
    assert_eq!(drift, [("call.created_at".to_owned(), "object, not a time".to_owned(), 1)]);

    let Listed::Whole(mut attempts) = attempts else { panic!("a whole list") };
    let turns = std::mem::take(&mut attempts[0].transcript);
    let newest = CallAttempt {
        id: "attempt-2".to_owned(),
        attempt_number: 2,
        phone_number: text("+33612345678"),
        status: text("completed"),
        result: text("human"),
        dial_error: Field::Null,
        started_at: moment("2024-05-06T07:08:09Z"),
        answered_at: moment("2024-05-06T07:08:19Z"),
        ended_at: moment("2024-05-06T07:09:09.250Z"),
        recording_url: text("https://files.example/a.wav?signature=1"),
        end_reason: text("tool_end_call"),
        ended_by: text("agent"),
        structured_output: json(r#"{"age": 42.0}"#),
        ..CallAttempt::default()
    };
    let oldest = CallAttempt {
        id: "attempt-1".to_owned(),
        attempt_number: 1,
        phone_number: text("+33612345678"),
        status: text("error"),
        result: Field::Null,
        dial_error: text("busy"),
        started_at: moment("2024-05-06T07:08:09Z"),
        answered_at: Field::Null,
        ended_at: moment("2024-05-06T07:08:09Z"),
        recording_url: Field::Null,
        ..CallAttempt::default()
    };
    assert_eq!(attempts, [newest, oldest]);
    let turn = |role: &str, content: &str| TranscriptTurn {
        role: Some(role.to_owned()),
        content: Some(content.to_owned()),
        ..TranscriptTurn::default()
    };
    let tool = |content, arguments: &str, tool_is_error| TranscriptTurn {
        tool_name: Some("book".to_owned()),
        tool_arguments: Some(JsonText(arguments.to_owned())),
        tool_is_error,
        ..turn("tool", content)
    };
    let expected = vec![
        turn("assistant", "Bonjour \"Zoé\" 👋"),
        tool("", r#"{"day": 1.0}"#, Some(false)),
        tool("x", "\"{}\"", None),
    ];
    assert_eq!(turns, Listed::Whole(expected));
}

#[test]
fn a_row_of_the_newer_api_lands() {
    let (records, drift) = read_row(NEWER_ROW);
    assert_eq!(outlined(&records.rejects), []);
    assert_eq!(drift, []);
    let mut call = records.call.expect("a call");
    let Listed::Whole(attempts) = std::mem::take(&mut call.attempts) else { panic!("a whole list") };
    let expected = Call {
        id: "call-1".to_owned(),
        assistant_id: text("assistant-1"),
        llm_model_type: text("custom"),
        llm_model_name: text("m"),
        llm_model_provider: Field::Null,
        has_llm_api_key: Field::Value(true),
        call_retry_config_id: Field::Value(records.call_retry_configs[0].id.clone()),
        updated_at: moment("2024-05-06T07:08:09.123456Z"),
        outcome: text("interested"),
        outcome_summary: text("Likes it"),
        contact_first_name: text("Zoé"),
        contact_last_name: text("L"),
        contact_email: text("c@h.example"),
        contact_company: text("C"),
        contact_job_title: text("Boss"),
        assignee_id: text("user-1"),
        assignee_email: text("u@h.example"),
        assignee_first_name: text("U"),
        assignee_last_name: Field::Null,
        prompt_variables: json(r#"{"a": "b"}"#),
        follow_up_emails: Field::Value(vec!["a@h.example".to_owned()]),
        slack_channel_ids: Field::Value(vec![]),
        extra: Some(JsonText(r#"{"llm_model":{"api_url":"https://llm.example/v1"}}"#.to_owned())),
        ..Call::default()
    };
    assert_eq!(call, expected);

    let speech = SpeechEvent {
        id: "speech-1".to_owned(),
        is_real_turn: Some(true),
        llm_ttft_ms: Some(310.5),
        llm_winner_model: Some("m".to_owned()),
        speaker: Some("agent".to_owned()),
        started_speaking_at_ms: Some(0.0),
        stopped_speaking_at_ms: Some(900.0),
        transcript: Some("Hi".to_owned()),
        tts_ttfb_ms: Some(80.0),
        was_cut: Some(false),
        ..SpeechEvent::default()
    };
    let sms = SmsMessage {
        id: "sms-1".to_owned(),
        created_at: Some(Time::UNIX_EPOCH),
        message_body: Some("Hi".to_owned()),
        provider: Some("twilio".to_owned()),
        to_phone_number: Some("33612345678".to_owned()),
        r#type: Some("in_call".to_owned()),
        ..SmsMessage::default()
    };
    let email = EmailMessage {
        id: "mail-1".to_owned(),
        created_at: moment("2024-05-06T07:08:09Z").into(),
        from_address: Some("f@h.example".to_owned()),
        resend_message_id: Some("m".to_owned()),
        subject: Some("Hi".to_owned()),
        to_emails: Some(vec!["t@h.example".to_owned()]),
        extra: None,
    };
    let turn = TranscriptTurn {
        role: Some("human_agent".to_owned()),
        content: Some("ok".to_owned()),
        tool_output: text("done"),
        ..TranscriptTurn::default()
    };
    let attempt = CallAttempt {
        id: "attempt-1".to_owned(),
        attempt_number: 1,
        end_reason: text("max_duration"),
        handled_by_ai: Field::Value(true),
        handled_by_human: Field::Value(false),
        handled_by_user_id: text("user-1"),
        handled_by_user_email: text("u@h.example"),
        assistants_used: Field::Value(vec!["assistant-1".to_owned()]),
        extra: Some(JsonText(r#"{"handled_by_user":{"first_name":"U"}}"#.to_owned())),
        transcript: Listed::Whole(vec![]),
        post_call_transcript: Listed::Whole(vec![turn]),
        speech_events: Listed::Whole(vec![speech]),
        sms_messages: Listed::Whole(vec![sms]),
        email_messages: Listed::Whole(vec![email]),
        ..CallAttempt::default()
    };
    assert_eq!(attempts, [attempt]);
    let config = &records.call_retry_configs[0];
    assert_eq!(config.allowed_days, Some(vec!["monday".to_owned()]));
    assert_eq!((config.call_twice_in_a_row, config.timezone.as_deref()), (Some(true), None));
}

#[test]
fn a_system_prompt_is_kept_if_it_is_wanted() {
    let options = Options { keep_llm_system_prompt: true, ..Options::default() };
    let records = row(NEWER_ROW, 0, &options, &mut DriftCounts::new());
    let call = records.call.expect("a call");
    let event = &call.attempts.items()[0].speech_events.items()[0];
    assert_eq!(event.llm_system_prompt.as_deref(), Some("Be kind."));
}

#[test]
fn missing_and_null_are_not_the_same() {
    let (records, _) = read_row(r#"{"id":"r","call":{"id":"c"}}"#);
    let call = records.call.expect("a call");
    assert_eq!(call, Call { id: "c".to_owned(), ..Call::default() });
    assert_eq!(records.row.map(|row| row.input_data), Some(Field::Absent));

    let nulls =
        r#""status":null,"llm_model":null,"contact":null,"last_call_attempt":null,"call_retry_config":null"#;
    let (records, drift) =
        read_row(&format!(r#"{{"id":"r","input_data":null,"call":{{"id":"c",{nulls}}}}}"#));
    let call = records.call.expect("a call");
    assert_eq!((call.status, call.llm_model_name), (Field::Null, Field::Null));
    assert_eq!((call.has_llm_api_key, call.contact_email), (Field::Null, Field::Null));
    assert_eq!((call.last_call_attempt_id, call.call_retry_config_id), (Field::Null, Field::Null));
    assert_eq!((call.attempts, call.extra, drift), (Listed::Unread, None, vec![]));
    assert_eq!(records.row.map(|row| row.input_data), Some(Field::Null));

    for json in [r#"{"id":"r"}"#, r#"{"id":"r","call":null}"#] {
        let (records, _) = read_row(json);
        assert_eq!(records.row.map(|row| row.call_id), Some(Field::Null), "{json}");
        assert_eq!((records.call, records.rejects), (None, vec![]));
    }
}
