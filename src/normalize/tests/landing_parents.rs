//! What well-formed assistants and campaigns become, field by field.

use super::samples::{CAMPAIGN, NEWER_ASSISTANT, OLDER_ASSISTANT, RETRY_CONFIG};
use super::*;
use crate::records::*;

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
    assert_eq!(listed(&drift), [("assistant.updated_at".to_owned(), "object, not a time".to_owned(), 1)]);
}

#[test]
fn an_assistant_of_the_newer_api_lands_without_its_secrets() {
    let mut drift = DriftCounts::new();
    let records = assistant(NEWER_ASSISTANT, &mut drift).expect("an assistant");
    assert_eq!(listed(&drift), []);
    let assistant = records.assistant;
    assert_eq!((assistant.llm_model_name, assistant.llm_model_provider), (text("rt"), text("openai")));
    assert_eq!((assistant.voice_id, assistant.voice_speed), (text("voice-1"), Field::Null));
    assert_eq!((assistant.name, assistant.calendly_connection_id), (Field::Absent, Field::Absent));
    assert_eq!(assistant.structured_output_fields, Listed::Whole(vec![]));
    assert_eq!(assistant.faq_items, Listed::Unread);
    let JsonText(extra) = assistant.extra.expect("fields without a column");
    assert!(!extra.contains("hush"), "{extra}");
    let extra: serde_json::Value = serde_json::from_str(&extra).expect("JSON");
    assert_eq!(extra["custom_tools"][0]["url"], "https://tool.example/x");
    assert_eq!(extra["custom_tools"][0]["headers"][0]["key"], "X-Key");
    assert_eq!(extra["voice"], serde_json::json!({"model": "sonic-3", "volume": 1.0}));
    assert_eq!(extra["llm_model"], serde_json::json!({"realtime_voice_id": "alto"}));
    assert_eq!(extra.get("zoho"), None, "null is nothing extra");
}

#[test]
fn a_campaign_lands_with_its_assistant() {
    let mut drift = DriftCounts::new();
    let records = campaign(CAMPAIGN, &mut drift).expect("a campaign");
    assert_eq!(listed(&drift), []);
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

    let assistant = OLDER_ASSISTANT
        .replace("\"call_retry_config\": null", &format!("\"call_retry_config\":{RETRY_CONFIG}"));
    let members =
        format!(r#""assistant":{assistant},"call_retry_config":{RETRY_CONFIG},"row_stats":{{"total":1}}"#);
    let json = format!(r#"{{"id":"campaign-1",{members}}}"#);
    let records = campaign(&json, &mut DriftCounts::new()).expect("a campaign");
    assert_eq!(records.campaign.assistant_id, text("assistant-1"));
    assert_eq!(records.call_retry_configs.len(), 1, "one configuration, though two refer to it");
    let config_id = Field::Value(records.call_retry_configs[0].id.clone());
    assert_eq!(records.campaign.call_retry_config_id, config_id);
    assert_eq!(records.assistant.map(|assistant| assistant.call_retry_config_id), Some(config_id));
    assert_eq!((records.campaign.rows_total, records.campaign.rows_failed), (Field::Value(1), Field::Absent));
}
