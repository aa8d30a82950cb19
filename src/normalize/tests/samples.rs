//! Answers as the two APIs give them, every field filled, to be changed by the tests.

/// A row of the older API, after its documentation's example, with the parts of [`OLDER_ASSISTANT`] and
/// [`RETRY_CONFIG`].
pub(super) fn older_row() -> String {
    format!(
        r#"{{
  "id": "row-1", "row_index": 0.0, "phone_number": "+33612345678",
  "input_data": {{"first_name": "Zoé", "n": 1.10}},
  "call": {{
    "id": "call-1", "assistant": {OLDER_ASSISTANT}, "call_attempts": [{ATTEMPTS}],
    "call_retry_config": {RETRY_CONFIG}, "calls_count": 2, "campaign": {{"id": "campaign-1", "name": "Spring"}},
    "created_at": {{}}, "direction": "outbound", "first_sentence_delay_ms": 400,
    "from_phone_number": "+33100000000", "is_cancelled": false, "is_completed": true,
    "last_call_attempt": {{"id": "attempt-2", "started_at": {{}}, "status": "completed"}},
    "llm_model": {{"name": "gpt-4.1", "type": "dedicated-instance"}}, "metadata": {{"k": "v"}},
    "organization_id": "org-1", "scheduled_at": null, "status": "completed", "to_phone_number": "+33612345678"
  }}
}}"#
    )
}

const ATTEMPTS: &str = r#"
    {"id": "attempt-2", "answered_at": "2024-05-06T07:08:19Z", "dial_error": null,
     "ended_at": "2024-05-06T07:09:09.250Z", "phone_number": "+33612345678",
     "recording_url": "https://files.example/a.wav?signature=1", "result": "human",
     "started_at": "2024-05-06T07:08:09Z", "status": "completed", "end_reason": "tool_end_call", "ended_by": "agent",
     "structured_output": {"age": 42.0}, "transcript": [
       {"role": "assistant", "content": "Bonjour \"Zoé\" 👋"},
       {"role": "tool", "content": "", "tool_name": "book", "tool_arguments": {"day": 1.0}, "tool_is_error": false},
       {"role": "tool", "content": "x", "tool_name": "book", "tool_arguments": "{}"}]},
    {"id": "attempt-1", "answered_at": null, "dial_error": "busy", "ended_at": 1714979289, "phone_number": "+33612345678",
     "recording_url": null, "result": null, "started_at": 1714979289000, "status": "error", "transcript": null}
"#;

pub(super) const RETRY_CONFIG: &str = r#"{"calling_windows": [
    {"calling_window_end_time": "6pm", "calling_window_start_time": "10:00", "retry_delay_seconds": 7200}],
    "max_retry_attempts": 3, "timezone": "Europe/Paris"}"#;

pub(super) const OLDER_ASSISTANT: &str = r#"{
    "id": "assistant-1", "background_sound": "audio/office.ogg",
    "calendly": {"connection_id": "connection-1", "event_type_id": "https://api.calendly.com/event_types/1"},
    "call_retry_config": null, "created_at": "2024-01-01T00:00:00Z", "end_of_call_sentence": "Bye",
    "first_sentence": "Hello", "first_sentence_delay_ms": 400, "first_sentence_mode": "static",
    "ivr_navigation_enabled": true,
    "llm_model": {"openrouter_model_id": "openai/gpt-4.1", "openrouter_provider": "azure", "type": "openrouter"},
    "max_call_duration_secs": 600, "name": "Ann", "organization_id": "org-1", "prompt": "Be kind.\nBe brief.",
    "structured_output_config": [
      {"name": "mood", "required": true, "type": "enum", "description": "How it went", "enum_options": ["good", "bad"]}],
    "transfer_phone_number": null, "updated_at": {}, "voice": {"id": "voice-1", "provider": "cartesia", "speed": 1.1},
    "voicemail_message": "Call me", "webhook_url": "https://user:pass@hooks.example/in?token=t",
    "faq_items": [{"answer": "Nine", "question": "When?", "id": "faq-1", "needs_human_answer": false, "source": "ai"}],
    "pending_faq_count": 0.0
}"#;

/// A row of the newer API with what the older one does not have.
pub(super) const NEWER_ROW: &str = r#"{
  "id": "row-1", "row_index": 7, "phone_number": "+33612345678", "input_data": {},
  "call": {
    "id": "call-1", "assistant": {"id": "assistant-1", "prompt": "?"},
    "assignee": {"id": "user-1", "email": "u@h.example", "first_name": "U", "last_name": null},
    "contact": {"company": "C", "email": "c@h.example", "first_name": "Zoé", "job_title": "Boss", "last_name": "L"},
    "call_attempts": [{
      "id": "attempt-1", "handled_by_ai": true, "handled_by_human": "false",
      "handled_by_user": {"id": "user-1", "email": "u@h.example", "first_name": "U", "last_name": null},
      "assistants_used": ["assistant-1"], "end_reason": "max_duration",
      "email_log": [{"id": "mail-1", "created_at": "2024-05-06T07:08:09Z", "from_address": "f@h.example",
        "resend_message_id": "m", "subject": "Hi", "to_emails": ["t@h.example"]}],
      "post_call_transcript": [{"role": "human_agent", "content": "ok", "tool_output": "done"}],
      "sms_log": [{"id": "sms-1", "created_at": 0, "message_body": "Hi", "provider": "twilio",
        "provider_message_id": null, "to_phone_number": 33612345678, "type": "in_call"}],
      "speech_events": [{"id": "speech-1", "is_real_turn": true, "llm_system_prompt": "Be kind.", "llm_ttft_ms": 310.5,
        "llm_winner_model": "m", "speaker": "agent", "started_speaking_at_ms": 0, "stopped_speaking_at_ms": 900,
        "stt_transcription_delay_ms": null, "transcript": "Hi", "tts_ttfb_ms": 80, "was_cut": false}],
      "transcript": []
    }],
    "call_retry_config": {"allowed_days": ["monday"], "call_twice_in_a_row": true, "calling_windows": [],
      "max_retry_attempts": 1, "timezone": null},
    "llm_model": {"api_key": "sk-1", "api_url": "https://u:p@llm.example/v1?key=k", "model_name": "m", "type": "custom"},
    "prompt_variables": {"a": "b"}, "updated_at": "2024-05-06T07:08:09.123456Z", "outcome": "interested",
    "outcome_summary": "Likes it", "follow_up_emails": ["a@h.example"], "slack_channel_ids": []
  }
}"#;

pub(super) const NEWER_ASSISTANT: &str = r#"{
    "id": "assistant-1", "after_call_sms_outcomes": ["none"], "background_sound_volume": 0.5,
    "custom_tools": [{"body_template": null, "description": "d", "headers": [{"key": "X-Key", "value": "hush-1"}],
      "input_schema": [], "method": "GET", "name": "t", "query_params": [{"key": "k", "value": "hush-2"}],
      "url": "https://hush-3:hush-4@tool.example/x?k=hush-5"}],
    "precall_lookup_url": "https://lookup.example/?k=hush-6", "position": {"x": 1.50, "y": 2},
    "llm_model": {"provider": "openai", "realtime_model_id": "rt", "realtime_voice_id": "alto", "type": "realtime"},
    "voice": {"id": "voice-1", "provider": "gradium", "model": "sonic-3", "volume": 1.0},
    "slack": {"channels": [], "connection_id": "s", "outcomes": []}, "sms_enabled": true, "stt_model": "stt-rt-v5",
    "structured_output_config": null, "created_by": {"id": "user-1", "email": "u@h.example"}, "zoho": null
}"#;

/// A campaign of the newer API.
pub(super) const CAMPAIGN: &str = r#"{
    "id": "campaign-1", "assistant_id": "assistant-1", "created_at": "2024-01-01T00:00:00Z", "is_cancelled": false,
    "name": "Spring", "organization_id": "org-1", "status": "running", "updated_at": "2024-05-06T07:08:09Z",
    "from_phone_number": "+33100000000", "max_concurrent_calls": 5.0, "scheduled_at": null, "created_by": null,
    "row_stats": {"calling": 1, "completed": 2, "failed": 3, "not_launched": 4, "pending": 5, "retry": 6, "skipped": 7,
      "total": 28.0},
    "funnel_stats": {"hot": 1, "talked_to_human": 2, "total_leads": 3}, "metadata_keys": ["k"],
    "structured_output_extraction": "none"
}"#;
