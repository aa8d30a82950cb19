//! What a well-formed answer becomes, field by field.

use super::samples::{CAMPAIGN, NEWER_ASSISTANT, NEWER_ROW, OLDER_ASSISTANT, RETRY_CONFIG, older_row};
use super::*;
use crate::records::*;

fn text(value: &str) -> Field<String> {
    Field::Value(value.to_owned())
}

fn json(value: &str) -> Field<JsonText> {
    Field::Value(JsonText(value.to_owned()))
}

fn moment(text: &str) -> Field<Time> {
    Field::Value(text.parse().expect("a time"))
}

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
    assert_eq!(
        drift,
        [("call.created_at".to_owned(), "object, not a time".to_owned(), 1)]
    );

    let Listed::Whole(mut attempts) = attempts else {
        panic!("a whole list")
    };
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
    let Listed::Whole(attempts) = std::mem::take(&mut call.attempts) else {
        panic!("a whole list")
    };
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
        extra: Some(JsonText(
            r#"{"llm_model":{"api_url":"https://llm.example/v1"}}"#.to_owned(),
        )),
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
        tool_output: Some("done".to_owned()),
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
    assert_eq!(
        (config.call_twice_in_a_row, config.timezone.as_deref()),
        (Some(true), None)
    );
}

#[test]
fn a_system_prompt_is_kept_if_it_is_wanted() {
    let options = Options {
        keep_llm_system_prompt: true,
    };
    let records = row(NEWER_ROW, 0, &options, &mut DriftCounts::new());
    let call = records.call.expect("a call");
    let event = &call.attempts.items()[0].speech_events.items()[0];
    assert_eq!(event.llm_system_prompt.as_deref(), Some("Be kind."));
}

#[test]
fn an_assistant_of_the_older_api_lands() {
    let mut drift = DriftCounts::new();
    let records = assistant(OLDER_ASSISTANT, &mut drift).expect("an assistant");
    let expected = Assistant {
        id: "assistant-1".to_owned(),
        organization_id: text("org-1"),
        name: text("Ann"),
        prompt: text("Be kind.\nBe brief."),
        first_sentence: text("Hello"),
        first_sentence_mode: text("static"),
        first_sentence_delay_ms: Field::Value(400),
        end_of_call_sentence: text("Bye"),
        voicemail_message: text("Call me"),
        background_sound: text("audio/office.ogg"),
        ivr_navigation_enabled: Field::Value(true),
        max_call_duration_secs: Field::Value(600.0),
        transfer_phone_number: Field::Null,
        webhook_url: text("https://hooks.example/in"),
        voice_id: text("voice-1"),
        voice_provider: text("cartesia"),
        voice_speed: Field::Value(1.1),
        llm_model_type: text("openrouter"),
        llm_model_name: text("openai/gpt-4.1"),
        llm_model_provider: text("azure"),
        has_llm_api_key: Field::Value(false),
        calendly_connection_id: text("connection-1"),
        calendly_event_type_id: text("https://api.calendly.com/event_types/1"),
        call_retry_config_id: Field::Null,
        pending_faq_count: Field::Value(0),
        created_at: moment("2024-01-01T00:00:00Z"),
        updated_at: Field::Null,
        extra: Some(JsonText(r#"{"updated_at":{}}"#.to_owned())),
        structured_output_fields: Listed::Whole(vec![StructuredOutputField {
            name: Some("mood".to_owned()),
            r#type: Some("enum".to_owned()),
            required: Some(true),
            description: Some("How it went".to_owned()),
            enum_options: Some(vec!["good".to_owned(), "bad".to_owned()]),
            extra: None,
        }]),
        faq_items: Listed::Whole(vec![FaqItem {
            id: Some("faq-1".to_owned()),
            question: Some("When?".to_owned()),
            answer: Some("Nine".to_owned()),
            source: Some("ai".to_owned()),
            needs_human_answer: Some(false),
            extra: None,
        }]),
    };
    assert_eq!(records.assistant, expected);
    assert_eq!(
        listed(drift),
        [(
            "assistant.updated_at".to_owned(),
            "object, not a time".to_owned(),
            1
        )]
    );
}

#[test]
fn an_assistant_of_the_newer_api_lands_without_its_secrets() {
    let mut drift = DriftCounts::new();
    let records = assistant(NEWER_ASSISTANT, &mut drift).expect("an assistant");
    assert_eq!(listed(drift), []);
    let assistant = records.assistant;
    assert_eq!(
        (assistant.llm_model_name, assistant.llm_model_provider),
        (text("rt"), text("openai"))
    );
    assert_eq!(
        (assistant.voice_id, assistant.voice_speed),
        (text("voice-1"), Field::Null)
    );
    assert_eq!(
        (assistant.name, assistant.calendly_connection_id),
        (Field::Absent, Field::Absent)
    );
    assert_eq!(assistant.structured_output_fields, Listed::Whole(vec![]));
    assert_eq!(assistant.faq_items, Listed::Unread);
    let JsonText(extra) = assistant.extra.expect("fields without a column");
    assert!(!extra.contains("hush"), "{extra}");
    let extra: serde_json::Value = serde_json::from_str(&extra).expect("JSON");
    assert_eq!(extra["custom_tools"][0]["url"], "https://tool.example/x");
    assert_eq!(extra["custom_tools"][0]["headers"][0]["key"], "X-Key");
    assert_eq!(
        extra["voice"],
        serde_json::json!({"model": "sonic-3", "volume": 1.0})
    );
    assert_eq!(
        extra["llm_model"],
        serde_json::json!({"realtime_voice_id": "alto"})
    );
    assert_eq!(extra.get("zoho"), None, "null is nothing extra");
}

#[test]
fn a_campaign_lands_with_its_assistant() {
    let mut drift = DriftCounts::new();
    let records = campaign(CAMPAIGN, &mut drift).expect("a campaign");
    assert_eq!(listed(drift), []);
    let expected = Campaign {
        id: "campaign-1".to_owned(),
        organization_id: text("org-1"),
        assistant_id: text("assistant-1"),
        name: text("Spring"),
        status: text("running"),
        is_cancelled: Field::Value(false),
        from_phone_number: text("+33100000000"),
        max_concurrent_calls: Field::Value(5),
        call_retry_config_id: Field::Absent,
        scheduled_at: Field::Null,
        created_at: moment("2024-01-01T00:00:00Z"),
        updated_at: moment("2024-05-06T07:08:09Z"),
        rows_total: Field::Value(28),
        rows_pending: Field::Value(5),
        rows_calling: Field::Value(1),
        rows_retry: Field::Value(6),
        rows_completed: Field::Value(2),
        rows_failed: Field::Value(3),
        rows_not_launched: Field::Value(4),
        rows_skipped: Field::Value(7),
        extra: Some(JsonText(
            r#"{"funnel_stats":{"hot": 1, "talked_to_human": 2, "total_leads": 3},"metadata_keys":["k"],"structured_output_extraction":"none"}"#
                .to_owned(),
        )),
    };
    assert_eq!(records.campaign, expected);
    assert_eq!(records.assistant, None);
    let stats = r#"{"calling":1,"completed":2,"failed":3,"not_launched":4,"pending":5,"retry":6,"skipped":7,"total":28}"#;
    assert_eq!(records.row_stats.as_deref(), Some(stats));

    let assistant = OLDER_ASSISTANT.replace(
        "\"call_retry_config\": null",
        &format!("\"call_retry_config\":{RETRY_CONFIG}"),
    );
    let members =
        format!(r#""assistant":{assistant},"call_retry_config":{RETRY_CONFIG},"row_stats":{{"total":1}}"#);
    let json = format!(r#"{{"id":"campaign-1",{members}}}"#);
    let records = campaign(&json, &mut DriftCounts::new()).expect("a campaign");
    assert_eq!(records.campaign.assistant_id, text("assistant-1"));
    assert_eq!(
        records.call_retry_configs.len(),
        1,
        "one configuration, though two refer to it"
    );
    let config_id = Field::Value(records.call_retry_configs[0].id.clone());
    assert_eq!(records.campaign.call_retry_config_id, config_id);
    assert_eq!(
        records.assistant.map(|assistant| assistant.call_retry_config_id),
        Some(config_id)
    );
    assert_eq!(
        (records.campaign.rows_total, records.campaign.rows_failed),
        (Field::Value(1), Field::Absent)
    );
}

#[test]
fn missing_and_null_are_not_the_same() {
    let (records, _) = read_row(r#"{"id":"r","call":{"id":"c"}}"#);
    let call = records.call.expect("a call");
    assert_eq!(
        call,
        Call {
            id: "c".to_owned(),
            ..Call::default()
        }
    );
    assert_eq!(records.row.map(|row| row.input_data), Some(Field::Absent));

    let nulls =
        r#""status":null,"llm_model":null,"contact":null,"last_call_attempt":null,"call_retry_config":null"#;
    let (records, drift) = read_row(&format!(
        r#"{{"id":"r","input_data":null,"call":{{"id":"c",{nulls}}}}}"#
    ));
    let call = records.call.expect("a call");
    assert_eq!((call.status, call.llm_model_name), (Field::Null, Field::Null));
    assert_eq!(
        (call.has_llm_api_key, call.contact_email),
        (Field::Null, Field::Null)
    );
    assert_eq!(
        (call.last_call_attempt_id, call.call_retry_config_id),
        (Field::Null, Field::Null)
    );
    assert_eq!((call.attempts, call.extra, drift), (Listed::Unread, None, vec![]));
    assert_eq!(records.row.map(|row| row.input_data), Some(Field::Null));

    for json in [r#"{"id":"r"}"#, r#"{"id":"r","call":null}"#] {
        let (records, _) = read_row(json);
        assert_eq!(records.row.map(|row| row.call_id), Some(Field::Null), "{json}");
        assert_eq!((records.call, records.rejects), (None, vec![]));
    }
}
