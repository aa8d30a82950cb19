//! The records that the normalizer makes and the store writes: one struct a table of schema `revox`.
//!
//! This file owns the shapes alone. How JSON becomes a record is `normalize`'s business, how a record becomes
//! a row is `store`'s. Column names are the field names; units are in the names; times are UTC.

use chrono::{DateTime, Utc};

/// What an answer says of one column.
///
/// The three cases differ when a row exists already: `Absent` keeps the stored value, `Null` clears it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Field<T> {
    /// The answer does not have the field: the column keeps its last value.
    #[default]
    Absent,
    /// The answer has the field and it is null, or cannot be read as the column's type.
    Null,
    /// The answer has a value.
    Value(T),
}

impl<T> Field<T> {
    /// The value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Whether the answer does not have the field at all.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl<T> From<Option<T>> for Field<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Value)
    }
}

/// A list as an answer shows it. Only a list that was read whole is evidence that something was removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Listed<T> {
    /// Missing, null, malformed: no evidence of removal; what the mirror holds stays.
    #[default]
    Unread,
    /// Read, but some of its items could not be: what is here is written, nothing is removed.
    Partly(Vec<T>),
    /// Read whole: what is not in it is gone.
    Whole(Vec<T>),
}

impl<T> Listed<T> {
    /// The items that could be read.
    #[must_use]
    pub fn items(&self) -> &[T] {
        match self {
            Self::Unread => &[],
            Self::Partly(items) | Self::Whole(items) => items,
        }
    }

    /// Whether what is not among the items is gone.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Whole(_))
    }
}

/// JSON text that Postgres' `jsonb` accepts: no U+0000, no lone surrogates, nested at most
/// [`normalize::MAX_DEPTH`](crate::normalize::MAX_DEPTH) deep. Numbers keep their digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonText(pub String);

/// A moment in UTC.
pub type Time = DateTime<Utc>;

/// A line of `revox.campaigns`.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(missing_docs, reason = "the fields are the columns, described by the comments in the database")]
pub struct Campaign {
    pub id: String,
    pub organization_id: Field<String>,
    pub assistant_id: Field<String>,
    pub name: Field<String>,
    pub status: Field<String>,
    pub is_cancelled: Field<bool>,
    pub from_phone_number: Field<String>,
    pub max_concurrent_calls: Field<i64>,
    pub call_retry_config_id: Field<String>,
    pub scheduled_at: Field<Time>,
    pub created_at: Field<Time>,
    pub updated_at: Field<Time>,
    pub rows_total: Field<i64>,
    pub rows_pending: Field<i64>,
    pub rows_calling: Field<i64>,
    pub rows_retry: Field<i64>,
    pub rows_completed: Field<i64>,
    pub rows_failed: Field<i64>,
    pub rows_not_launched: Field<i64>,
    pub rows_skipped: Field<i64>,
    pub extra: Option<JsonText>,
}

/// A line of `revox.assistants`, with the parts that are replaced together with it.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(missing_docs, reason = "the fields are the columns, described by the comments in the database")]
pub struct Assistant {
    pub id: String,
    pub organization_id: Field<String>,
    pub name: Field<String>,
    pub prompt: Field<String>,
    pub first_sentence: Field<String>,
    pub first_sentence_mode: Field<String>,
    pub first_sentence_delay_ms: Field<i64>,
    pub end_of_call_sentence: Field<String>,
    pub voicemail_message: Field<String>,
    pub background_sound: Field<String>,
    pub ivr_navigation_enabled: Field<bool>,
    pub max_call_duration_secs: Field<f64>,
    pub transfer_phone_number: Field<String>,
    /// Without user information and query string.
    pub webhook_url: Field<String>,
    pub voice_id: Field<String>,
    pub voice_provider: Field<String>,
    pub voice_speed: Field<f64>,
    pub llm_model_type: Field<String>,
    pub llm_model_name: Field<String>,
    pub llm_model_provider: Field<String>,
    pub has_llm_api_key: Field<bool>,
    pub calendly_connection_id: Field<String>,
    pub calendly_event_type_id: Field<String>,
    pub call_retry_config_id: Field<String>,
    pub pending_faq_count: Field<i64>,
    pub created_at: Field<Time>,
    pub updated_at: Field<Time>,
    pub extra: Option<JsonText>,
    /// `revox.assistant_structured_output_fields`, in order; `Whole(vec![])` for null.
    pub structured_output_fields: Listed<StructuredOutputField>,
    /// `revox.assistant_faq_items`, in order.
    pub faq_items: Listed<FaqItem>,
}

/// A line of `revox.assistant_structured_output_fields`; its index is its place in the list.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(missing_docs, reason = "the fields are the columns, described by the comments in the database")]
pub struct StructuredOutputField {
    pub name: Option<String>,
    pub r#type: Option<String>,
    pub required: Option<bool>,
    pub description: Option<String>,
    pub enum_options: Option<Vec<String>>,
    pub extra: Option<JsonText>,
}

/// A line of `revox.assistant_faq_items`; its index is its place in the list.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(missing_docs, reason = "the fields are the columns, described by the comments in the database")]
pub struct FaqItem {
    pub id: Option<String>,
    pub question: Option<String>,
    pub answer: Option<String>,
    pub source: Option<String>,
    pub needs_human_answer: Option<bool>,
    pub extra: Option<JsonText>,
}

/// A line of `revox.call_retry_configs` with its `revox.calling_windows`. Its id is a hash of its content, so
/// that equal configurations are one line, whoever they belong to, and a line never changes.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(missing_docs, reason = "the fields are the columns, described by the comments in the database")]
pub struct CallRetryConfig {
    pub id: String,
    pub max_retry_attempts: Option<i64>,
    pub timezone: Option<String>,
    pub allowed_days: Option<Vec<String>>,
    pub call_twice_in_a_row: Option<bool>,
    pub extra: Option<JsonText>,
    pub calling_windows: Vec<CallingWindow>,
}

/// A line of `revox.calling_windows`; its index is its place in the list.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(missing_docs, reason = "the fields are the columns, described by the comments in the database")]
pub struct CallingWindow {
    pub start_time: Option<String>,
    pub end_time: Option<String>,
    pub starts_at: Option<chrono::NaiveTime>,
    pub ends_at: Option<chrono::NaiveTime>,
    pub retry_delay_seconds: Option<i64>,
    pub extra: Option<JsonText>,
}

/// A line of `revox.campaign_rows`: a contact of a campaign. The campaign is the one that was walked.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(missing_docs, reason = "the fields are the columns, described by the comments in the database")]
pub struct CampaignRow {
    pub id: String,
    pub row_index: Field<i64>,
    pub phone_number: Field<String>,
    pub input_data: Field<JsonText>,
    /// `Null` when the row shows no call; `Absent` when it shows one that cannot be read.
    pub call_id: Field<String>,
    pub extra: Option<JsonText>,
}

/// A line of `revox.calls`, with its attempts. The campaign is the one that was walked.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(missing_docs, reason = "the fields are the columns, described by the comments in the database")]
pub struct Call {
    pub id: String,
    pub assistant_id: Field<String>,
    pub organization_id: Field<String>,
    pub direction: Field<String>,
    pub status: Field<String>,
    pub from_phone_number: Field<String>,
    pub to_phone_number: Field<String>,
    pub calls_count: Field<i64>,
    pub first_sentence_delay_ms: Field<i64>,
    pub llm_model_type: Field<String>,
    pub llm_model_name: Field<String>,
    pub llm_model_provider: Field<String>,
    pub has_llm_api_key: Field<bool>,
    pub metadata: Field<JsonText>,
    pub call_retry_config_id: Field<String>,
    pub last_call_attempt_id: Field<String>,
    pub is_cancelled: Field<bool>,
    pub is_completed: Field<bool>,
    pub created_at: Field<Time>,
    pub scheduled_at: Field<Time>,
    pub updated_at: Field<Time>,
    pub outcome: Field<String>,
    pub outcome_summary: Field<String>,
    pub contact_first_name: Field<String>,
    pub contact_last_name: Field<String>,
    pub contact_email: Field<String>,
    pub contact_company: Field<String>,
    pub contact_job_title: Field<String>,
    pub assignee_id: Field<String>,
    pub assignee_email: Field<String>,
    pub assignee_first_name: Field<String>,
    pub assignee_last_name: Field<String>,
    pub prompt_variables: Field<JsonText>,
    pub follow_up_emails: Field<Vec<String>>,
    pub slack_channel_ids: Field<Vec<String>>,
    pub extra: Option<JsonText>,
    /// `revox.call_attempts`.
    pub attempts: Listed<CallAttempt>,
}

/// A line of `revox.call_attempts`, with the parts that are replaced together with it.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(missing_docs, reason = "the fields are the columns, described by the comments in the database")]
pub struct CallAttempt {
    pub id: String,
    /// 1 is the oldest.
    pub attempt_number: i32,
    pub phone_number: Field<String>,
    pub status: Field<String>,
    pub result: Field<String>,
    pub dial_error: Field<String>,
    pub started_at: Field<Time>,
    pub answered_at: Field<Time>,
    pub ended_at: Field<Time>,
    pub recording_url: Field<String>,
    pub end_reason: Field<String>,
    pub ended_by: Field<String>,
    pub structured_output: Field<JsonText>,
    pub handled_by_ai: Field<bool>,
    pub handled_by_human: Field<bool>,
    pub handled_by_user_id: Field<String>,
    pub handled_by_user_email: Field<String>,
    pub assistants_used: Field<Vec<String>>,
    pub extra: Option<JsonText>,
    /// `revox.transcript_turns`, in order.
    pub transcript: Listed<TranscriptTurn>,
    /// `revox.post_call_transcript_turns`, in order.
    pub post_call_transcript: Listed<TranscriptTurn>,
    /// `revox.speech_events`.
    pub speech_events: Listed<SpeechEvent>,
    /// `revox.sms_messages`.
    pub sms_messages: Listed<SmsMessage>,
    /// `revox.email_messages`.
    pub email_messages: Listed<EmailMessage>,
}

/// A line of `revox.transcript_turns` or `revox.post_call_transcript_turns`; its index is its place in the list.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(missing_docs, reason = "the fields are the columns, described by the comments in the database")]
pub struct TranscriptTurn {
    pub role: Option<String>,
    pub content: Option<String>,
    pub tool_name: Option<String>,
    pub tool_arguments: Option<JsonText>,
    pub tool_is_error: Option<bool>,
    /// Not shown by the older API.
    pub tool_output: Field<String>,
    pub extra: Option<JsonText>,
}

/// A line of `revox.speech_events`: one stretch of speech within an attempt.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(missing_docs, reason = "the fields are the columns, described by the comments in the database")]
pub struct SpeechEvent {
    pub id: String,
    pub is_real_turn: Option<bool>,
    /// Left out unless the configuration asks for it: it repeats the whole conversation in every turn.
    pub llm_system_prompt: Option<String>,
    pub llm_ttft_ms: Option<f64>,
    pub llm_winner_model: Option<String>,
    pub speaker: Option<String>,
    pub started_speaking_at_ms: Option<f64>,
    pub stopped_speaking_at_ms: Option<f64>,
    pub stt_transcription_delay_ms: Option<f64>,
    pub transcript: Option<String>,
    pub tts_ttfb_ms: Option<f64>,
    pub was_cut: Option<bool>,
    pub extra: Option<JsonText>,
}

/// A line of `revox.sms_messages`.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(missing_docs, reason = "the fields are the columns, described by the comments in the database")]
pub struct SmsMessage {
    pub id: String,
    pub created_at: Option<Time>,
    pub message_body: Option<String>,
    pub provider: Option<String>,
    pub provider_message_id: Option<String>,
    pub to_phone_number: Option<String>,
    pub r#type: Option<String>,
    pub extra: Option<JsonText>,
}

/// A line of `revox.email_messages`.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(missing_docs, reason = "the fields are the columns, described by the comments in the database")]
pub struct EmailMessage {
    pub id: String,
    pub created_at: Option<Time>,
    pub from_address: Option<String>,
    pub resend_message_id: Option<String>,
    pub subject: Option<String>,
    pub to_emails: Option<Vec<String>>,
    pub extra: Option<JsonText>,
}

/// A piece of an answer that could not land, for `revox_sync.rejects`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The id of the row that holds the piece, or `#N` for the row at position N (from 0) when it has none.
    pub row_key: String,
    /// Where in the row the piece stood: empty (the row itself), `call`, `call.call_attempts[3]`.
    pub path: String,
    /// Why it could not land: one plain sentence without the values at fault.
    pub reason: String,
    /// The piece as JSON text, secrets scrubbed; U+0000 and lone surrogates replaced.
    pub payload: String,
}

/// Something that the mirror did not know, for `revox_sync.drift`. Never holds a value that may be secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Drift {
    /// Where: `call.call_attempts[].new_field`.
    pub path: String,
    /// The JSON type that was seen there (`string`, `number`, `object`, ...); for a known field whose value
    /// cannot be read as its column's type, that type and what was expected: `string, not a time`; for one that is
    /// none of the values known: `string, not a known value: hibernating`.
    pub kind: String,
}

impl Drift {
    /// What stands for all that is too much to be listed.
    #[must_use]
    pub fn others() -> Self {
        Self { path: "(others)".to_owned(), kind: "more than can be listed".to_owned() }
    }
}
