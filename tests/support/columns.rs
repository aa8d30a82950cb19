//! Which fields of the API are columns of the same name, for the comparison with the truth.

use serde_json::{Map, Value};

pub(crate) const CALL_TEXTS: &[&str] = &[
    "organization_id",
    "direction",
    "status",
    "from_phone_number",
    "to_phone_number",
    "is_cancelled",
    "is_completed",
    "metadata",
    "outcome",
    "outcome_summary",
    "prompt_variables",
    "follow_up_emails",
    "slack_channel_ids",
    "calls_count",
    "first_sentence_delay_ms",
];
pub(crate) const ATTEMPT_TEXTS: &[&str] = &[
    "phone_number",
    "status",
    "result",
    "dial_error",
    "end_reason",
    "ended_by",
    "structured_output",
    "handled_by_ai",
    "handled_by_human",
    "assistants_used",
];
pub(crate) const TURN_TEXTS: &[&str] =
    &["role", "content", "tool_name", "tool_arguments", "tool_is_error", "tool_output"];
pub(crate) const SPEECH_TEXTS: &[&str] = &[
    "id",
    "is_real_turn",
    "llm_ttft_ms",
    "llm_winner_model",
    "speaker",
    "started_speaking_at_ms",
    "stopped_speaking_at_ms",
    "stt_transcription_delay_ms",
    "transcript",
    "tts_ttfb_ms",
    "was_cut",
];
pub(crate) const ASSISTANT_TEXTS: &[&str] = &[
    "organization_id",
    "name",
    "prompt",
    "first_sentence",
    "first_sentence_mode",
    "first_sentence_delay_ms",
    "end_of_call_sentence",
    "voicemail_message",
    "background_sound",
    "ivr_navigation_enabled",
    "max_call_duration_secs",
    "pending_faq_count",
];
pub(crate) const CAMPAIGN_TEXTS: &[&str] = &[
    "organization_id",
    "assistant_id",
    "name",
    "status",
    "is_cancelled",
    "from_phone_number",
    "max_concurrent_calls",
];

/// Takes out the columns that an object does not show at all: each is named like its field, or begins with its name.
pub(crate) fn forget_absent(line: &mut Map<String, Value>, from: &Value) {
    line.retain(|column, _| match NESTED.iter().find(|(nested, _)| nested == column) {
        Some((_, field)) => from.get(*field).is_some(),
        None => from.get(column).is_some(),
    });
}

/// Columns that come from a field of another name.
const NESTED: &[(&str, &str)] = &[
    ("assistant_id", "assistant"),
    ("last_call_attempt_id", "last_call_attempt"),
    ("contact_email", "contact"),
    ("assignee_id", "assignee"),
    ("handled_by_user_id", "handled_by_user"),
    ("voice_id", "voice"),
    ("llm_model_type", "llm_model"),
    ("call_id", "call"),
];
