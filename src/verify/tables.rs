//! The tables that are compared, and where in the API's JSON each column comes from.
//!
//! Written from the description of the tables, not from the code that fills them. A column that stands here nowhere
//! (`_first_seen_at`, `_synced_at`, the keys of owners) is the mirror's own or is compared by `rows`.

use super::value::Kind;

/// A table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The columns of its key; by the first one lines are looked up.
    pub(super) keys: &'static [&'static str],
    /// Whether its lines are marked when they are gone, and keep what an answer does not show. The others are replaced
    /// with their owner.
    pub(super) is_entity: bool,
    pub(super) columns: &'static [Column],
}

/// A column and its source.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// Empty for a field that is known and kept nowhere.
    pub(super) name: &'static str,
    /// The member, or `object.member`; of several members (`a|b`) the first that has a value.
    pub(super) source: &'static str,
    pub(super) kind: Kind,
}

/// An object whose absent members are no news, while those of others are null when the object is there.
pub(super) const COUNTS: &str = "row_stats";

/// Members, by table, that only the newer API shows of parts that both do: while they are absent they are no news, too.
pub(super) const NEWER_ONLY: [(&str, &str); 3] = [
    ("transcript_turns", "tool_output"),
    ("call_retry_configs", "allowed_days"),
    ("call_retry_configs", "call_twice_in_a_row"),
];

macro_rules! columns {
    ($($name:literal $(from $source:literal)?: $kind:ident),+ $(,)?) => {
        &[$(Column { name: $name, source: columns!(@source $name $($source)?), kind: Kind::$kind }),+]
    };
    (@source $name:literal) => { $name };
    (@source $name:literal $source:literal) => { $source };
}

pub(super) static CAMPAIGNS: Table = Table {
    name: "campaigns",
    keys: &["id"],
    is_entity: true,
    columns: columns! {
        "organization_id": Id, "assistant_id": Id, "name": Text, "status": Word, "is_cancelled": Boolean,
        "from_phone_number": Phone, "max_concurrent_calls": Integer, "scheduled_at": Moment, "created_at": Moment,
        "updated_at": Moment, "rows_total" from "row_stats.total": Integer,
        "rows_pending" from "row_stats.pending": Integer, "rows_calling" from "row_stats.calling": Integer,
        "rows_retry" from "row_stats.retry": Integer, "rows_completed" from "row_stats.completed": Integer,
        "rows_failed" from "row_stats.failed": Integer,
        "rows_not_launched" from "row_stats.not_launched": Integer,
        "rows_skipped" from "row_stats.skipped": Integer,
    },
};

pub(super) static ASSISTANTS: Table = Table {
    name: "assistants",
    keys: &["id"],
    is_entity: true,
    columns: columns! {
        "organization_id": Id, "name": Text, "prompt": Text, "first_sentence": Text, "first_sentence_mode": Word,
        "first_sentence_delay_ms": Integer, "end_of_call_sentence": Text, "voicemail_message": Text,
        "background_sound": Word, "ivr_navigation_enabled": Boolean, "max_call_duration_secs": Float,
        "transfer_phone_number": Phone, "webhook_url": Url, "voice_id" from "voice.id": Id,
        "voice_provider" from "voice.provider": Word, "voice_speed" from "voice.speed": Float,
        "llm_model_type" from "llm_model.type": Word,
        "llm_model_name" from "llm_model.name|openrouter_model_id|model_name|realtime_model_id": Word,
        "llm_model_provider" from "llm_model.openrouter_provider|provider": Word,
        "has_llm_api_key" from "llm_model.api_key": IsSet,
        "calendly_connection_id" from "calendly.connection_id": Id,
        "calendly_event_type_id" from "calendly.event_type_id": Id,
        "pending_faq_count": Integer, "created_at": Moment, "updated_at": Moment,
    },
};

pub(super) static STRUCTURED_OUTPUT_FIELDS: Table = Table {
    name: "assistant_structured_output_fields",
    keys: &["assistant_id", "field_index"],
    is_entity: false,
    columns: columns! {
        "name": Text, "type": Word, "required": Boolean, "description": Text, "enum_options": Texts,
    },
};

pub(super) static FAQ_ITEMS: Table = Table {
    name: "assistant_faq_items",
    keys: &["assistant_id", "item_index"],
    is_entity: false,
    columns: columns! {
        "id": Id, "question": Text, "answer": Text, "source": Word, "needs_human_answer": Boolean,
    },
};

pub(super) static CALL_RETRY_CONFIGS: Table = Table {
    name: "call_retry_configs",
    keys: &["id"],
    is_entity: false,
    columns: columns! {
        "max_retry_attempts": Integer, "timezone": Word, "allowed_days": Texts, "call_twice_in_a_row": Boolean,
    },
};

pub(super) static CALLING_WINDOWS: Table = Table {
    name: "calling_windows",
    keys: &["call_retry_config_id", "window_index"],
    is_entity: false,
    columns: columns! {
        "start_time" from "calling_window_start_time": Word, "end_time" from "calling_window_end_time": Word,
        "retry_delay_seconds": Integer,
    },
};

pub(super) static CAMPAIGN_ROWS: Table = Table {
    name: "campaign_rows",
    keys: &["id"],
    is_entity: true,
    columns: columns! { "row_index": Integer, "phone_number": Phone, "input_data": Json },
};

pub(super) static CALLS: Table = Table {
    name: "calls",
    keys: &["id"],
    is_entity: true,
    columns: columns! {
        "organization_id": Id, "direction": Word, "status": Word, "from_phone_number": Phone,
        "to_phone_number": Phone, "calls_count": Integer, "first_sentence_delay_ms": Integer,
        "llm_model_type" from "llm_model.type": Word,
        "llm_model_name" from "llm_model.name|openrouter_model_id|model_name|realtime_model_id": Word,
        "llm_model_provider" from "llm_model.openrouter_provider|provider": Word,
        "has_llm_api_key" from "llm_model.api_key": IsSet, "metadata": Json, "is_cancelled": Boolean,
        "is_completed": Boolean, "created_at": Moment, "scheduled_at": Moment, "updated_at": Moment,
        "outcome": Word, "outcome_summary": Text, "contact_first_name" from "contact.first_name": Word,
        "contact_last_name" from "contact.last_name": Word, "contact_email" from "contact.email": Word,
        "contact_company" from "contact.company": Word, "contact_job_title" from "contact.job_title": Word,
        "assignee_id" from "assignee.id": Id, "assignee_email" from "assignee.email": Word,
        "assignee_first_name" from "assignee.first_name": Word,
        "assignee_last_name" from "assignee.last_name": Word, "prompt_variables": Json,
        "follow_up_emails": Texts, "slack_channel_ids": Texts,
        // The campaign that is walked is repeated in each of its calls.
        "" from "campaign.id": Dropped, "" from "campaign.name": Dropped,
    },
};

pub(super) static CALL_ATTEMPTS: Table = Table {
    name: "call_attempts",
    keys: &["id"],
    is_entity: true,
    columns: columns! {
        "phone_number": Phone, "status": Word, "result": Word, "dial_error": Word, "started_at": Moment,
        "answered_at": Moment, "ended_at": Moment, "recording_url": SignedUrl, "end_reason": Word,
        "ended_by": Word, "structured_output": Json, "handled_by_ai": Boolean, "handled_by_human": Boolean,
        "handled_by_user_id" from "handled_by_user.id": Id,
        "handled_by_user_email" from "handled_by_user.email": Word, "assistants_used": Texts,
    },
};

const TURN: &[Column] = columns! {
    "role": Word, "content": Text, "tool_name": Text, "tool_arguments": Json, "tool_is_error": Boolean,
    "tool_output": Text,
};

pub(super) static TRANSCRIPT_TURNS: Table = Table {
    name: "transcript_turns",
    keys: &["call_attempt_id", "turn_index"],
    is_entity: false,
    columns: TURN,
};

pub(super) static POST_CALL_TRANSCRIPT_TURNS: Table = Table {
    name: "post_call_transcript_turns",
    keys: &["call_attempt_id", "turn_index"],
    is_entity: false,
    columns: TURN,
};

pub(super) static SPEECH_EVENTS: Table = Table {
    name: "speech_events",
    keys: &["call_attempt_id", "id"],
    is_entity: false,
    columns: columns! {
        "is_real_turn": Boolean, "llm_system_prompt": Text, "llm_ttft_ms": Float, "llm_winner_model": Word,
        "speaker": Word, "started_speaking_at_ms": Float, "stopped_speaking_at_ms": Float,
        "stt_transcription_delay_ms": Float, "transcript": Text, "tts_ttfb_ms": Float, "was_cut": Boolean,
    },
};

pub(super) static SMS_MESSAGES: Table = Table {
    name: "sms_messages",
    keys: &["call_attempt_id", "id"],
    is_entity: false,
    columns: columns! {
        "created_at": Moment, "message_body": Text, "provider": Word, "provider_message_id": Id,
        "to_phone_number": Phone, "type": Word,
    },
};

pub(super) static EMAIL_MESSAGES: Table = Table {
    name: "email_messages",
    keys: &["call_attempt_id", "id"],
    is_entity: false,
    columns: columns! {
        "created_at": Moment, "from_address": Text, "resend_message_id": Id, "subject": Text, "to_emails": Texts,
    },
};

/// The parts of an attempt: the member that lists them, their table, and whether they are told apart by their place.
pub(super) static ATTEMPT_PARTS: [(&str, &Table, bool); 5] = [
    ("transcript", &TRANSCRIPT_TURNS, true),
    ("post_call_transcript", &POST_CALL_TRANSCRIPT_TURNS, true),
    ("speech_events", &SPEECH_EVENTS, false),
    ("sms_log", &SMS_MESSAGES, false),
    ("email_log", &EMAIL_MESSAGES, false),
];

/// The parts of an assistant, told apart by their places.
pub(super) static ASSISTANT_PARTS: [(&str, &Table); 2] =
    [("structured_output_config", &STRUCTURED_OUTPUT_FIELDS), ("faq_items", &FAQ_ITEMS)];
