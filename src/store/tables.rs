//! The tables of schema `revox` as the writer knows them: which column comes from where.
//!
//! Owns the correspondence of records and columns. How a batch becomes SQL is said in `table`.

use super::copy::Values;
use super::lines::{Cell, Line, absent, bind_column, encode_value, table};
use super::table::{Column, Kind, PgQuery, Role, Table, Target};
use crate::records::{
    Assistant, Call, CallAttempt, CallRetryConfig, CallingWindow, Campaign, CampaignRow, EmailMessage,
    FaqItem, JsonText, SmsMessage, SpeechEvent, StructuredOutputField, Time, TranscriptTurn,
};
use chrono::NaiveTime;
use sqlx::postgres::PgBindIterExt;
use std::sync::LazyLock;

/// A list of strings as JSON, since `unnest` flattens arrays of arrays.
fn json_list(list: &Vec<String>) -> String {
    serde_json::to_string(list).expect("strings are always JSON")
}

table! {
    /// Lines' owner: unused.
    CAMPAIGNS: Campaign => "revox.campaigns", Entity,
    keys { id: Key = |line| line.record.id.as_str(), }
    given {}
    fields {
        organization_id: Text, assistant_id: Text, name: Text, status: Text, is_cancelled: Boolean,
        from_phone_number: Text, max_concurrent_calls: Bigint, call_retry_config_id: RetryConfig,
        scheduled_at: Timestamptz, created_at: Timestamptz, updated_at: Timestamptz, rows_total: Bigint,
        rows_pending: Bigint, rows_calling: Bigint, rows_retry: Bigint, rows_completed: Bigint,
        rows_failed: Bigint, rows_not_launched: Bigint, rows_skipped: Bigint,
    }
}

table! {
    /// Lines' owner: unused. The newest `updated_at` wins.
    ASSISTANTS: Assistant => "revox.assistants", Entity,
    keys { id: Key = |line| line.record.id.as_str(), }
    given {}
    fields {
        organization_id: Text, name: Text, prompt: Text, first_sentence: Text, first_sentence_mode: Text,
        first_sentence_delay_ms: Bigint, end_of_call_sentence: Text, voicemail_message: Text,
        background_sound: Text, ivr_navigation_enabled: Boolean, max_call_duration_secs: Double,
        transfer_phone_number: Text, webhook_url: Text, voice_id: Text, voice_provider: Text,
        voice_speed: Double, llm_model_type: Text, llm_model_name: Text, llm_model_provider: Text,
        has_llm_api_key: Boolean, calendly_connection_id: Text, calendly_event_type_id: Text,
        call_retry_config_id: RetryConfig, pending_faq_count: Bigint, created_at: Timestamptz, updated_at: Timestamptz,
    }
    replace_if "coalesce(i.updated_at, t.updated_at, '-infinity') >= coalesce(t.updated_at, '-infinity')"
}

table! {
    /// Lines' owner: the assistant.
    STRUCTURED_OUTPUT_FIELDS: StructuredOutputField
        => "revox.assistant_structured_output_fields", Part,
    keys { assistant_id: Key = |line| line.owner, field_index: Index = |line| line.index, }
    given {}
    fields { name: Text, r#type: Text, required: Boolean, description: Text, enum_options: Texts, }
}

table! {
    /// Lines' owner: the assistant.
    FAQ_ITEMS: FaqItem => "revox.assistant_faq_items", Part,
    keys { assistant_id: Key = |line| line.owner, item_index: Index = |line| line.index, }
    given {}
    fields { id: Text, question: Text, answer: Text, source: Text, needs_human_answer: Boolean, }
}

table! {
    /// Lines' owner: unused. A line never changes, since its id is a hash of its content.
    CALL_RETRY_CONFIGS: CallRetryConfig => "revox.call_retry_configs", Part,
    keys { id: Key = |line| line.record.id.as_str(), }
    given {}
    fields { max_retry_attempts: Bigint, timezone: Text, allowed_days: Texts, call_twice_in_a_row: Boolean, }
}

table! {
    /// Lines' owner: the retry configuration.
    CALLING_WINDOWS: CallingWindow => "revox.calling_windows", Part,
    keys { call_retry_config_id: Key = |line| line.owner, window_index: Index = |line| line.index, }
    given {}
    fields { start_time: Text, end_time: Text, starts_at: Time, ends_at: Time, retry_delay_seconds: Bigint, }
}

table! {
    /// Lines' owner: the campaign that was walked.
    CAMPAIGN_ROWS: CampaignRow => "revox.campaign_rows", Entity,
    keys { id: Key = |line| line.record.id.as_str(), }
    given { campaign_id: Key = |line| line.owner, }
    fields { row_index: Bigint, phone_number: Text, input_data: Jsonb, call_id: Text, }
}

table! {
    /// Lines' owner: the campaign that was walked.
    CALLS: Call => "revox.calls", Entity,
    keys { id: Key = |line| line.record.id.as_str(), }
    given { campaign_id: Key = |line| line.owner, }
    fields {
        assistant_id: Text, organization_id: Text, direction: Text, status: Text, from_phone_number: Text,
        to_phone_number: Text, calls_count: Bigint, first_sentence_delay_ms: Bigint, llm_model_type: Text,
        llm_model_name: Text, llm_model_provider: Text, has_llm_api_key: Boolean, metadata: Jsonb,
        call_retry_config_id: RetryConfig, last_call_attempt_id: Text, is_cancelled: Boolean, is_completed: Boolean,
        created_at: Timestamptz, scheduled_at: Timestamptz, updated_at: Timestamptz, outcome: Text,
        outcome_summary: Text, contact_first_name: Text, contact_last_name: Text, contact_email: Text,
        contact_company: Text, contact_job_title: Text, assignee_id: Text, assignee_email: Text,
        assignee_first_name: Text, assignee_last_name: Text, prompt_variables: Jsonb, follow_up_emails: Texts,
        slack_channel_ids: Texts,
    }
}

table! {
    /// Lines' owner: the call. An attempt that two calls list belongs to the one with the smaller id.
    CALL_ATTEMPTS: CallAttempt => "revox.call_attempts", Entity,
    keys { id: Key = |line| line.record.id.as_str(), }
    given { call_id: Key = |line| line.owner, attempt_number: Index = |line| line.record.attempt_number, }
    fields {
        phone_number: Text, status: Text, result: Text, dial_error: Text, started_at: Timestamptz,
        answered_at: Timestamptz, ended_at: Timestamptz, recording_url: SignedUrl, end_reason: Text,
        ended_by: Text, structured_output: Jsonb, handled_by_ai: Boolean, handled_by_human: Boolean,
        handled_by_user_id: Text, handled_by_user_email: Text, assistants_used: Texts,
    }
    yields_if "t._deleted_at is null and t.call_id < i.call_id"
    owner "call_id"
}

table! {
    /// Lines' owner: the attempt.
    TRANSCRIPT_TURNS: TranscriptTurn => "revox.transcript_turns", Part,
    keys { call_attempt_id: Key = |line| line.owner, turn_index: Index = |line| line.index, }
    given {}
    fields {
        role: Text, content: Text, tool_name: Text, tool_arguments: Jsonb, tool_is_error: Boolean,
        tool_output: Text,
    }
    same_if "(t.role, t.content, t.tool_name, t.tool_arguments::text)
             is not distinct from (i.role, i.content, i.tool_name, i.tool_arguments::jsonb::text)"
}

table! {
    /// Lines' owner: the attempt.
    POST_CALL_TRANSCRIPT_TURNS: TranscriptTurn
        => "revox.post_call_transcript_turns", Part,
    keys { call_attempt_id: Key = |line| line.owner, turn_index: Index = |line| line.index, }
    given {}
    fields {
        role: Text, content: Text, tool_name: Text, tool_arguments: Jsonb, tool_is_error: Boolean,
        tool_output: Text,
    }
}

table! {
    /// Lines' owner: the attempt.
    SPEECH_EVENTS: SpeechEvent => "revox.speech_events", Part,
    keys { call_attempt_id: Key = |line| line.owner, id: Key = |line| line.record.id.as_str(), }
    given {}
    fields {
        is_real_turn: Boolean, llm_system_prompt: Text, llm_ttft_ms: Double, llm_winner_model: Text,
        speaker: Text, started_speaking_at_ms: Double, stopped_speaking_at_ms: Double,
        stt_transcription_delay_ms: Double, transcript: Text, tts_ttfb_ms: Double, was_cut: Boolean,
    }
}

table! {
    /// Lines' owner: the attempt.
    SMS_MESSAGES: SmsMessage => "revox.sms_messages", Part,
    keys { call_attempt_id: Key = |line| line.owner, id: Key = |line| line.record.id.as_str(), }
    given {}
    fields {
        created_at: Timestamptz, message_body: Text, provider: Text, provider_message_id: Text,
        to_phone_number: Text, r#type: Text,
    }
}

table! {
    /// Lines' owner: the attempt.
    EMAIL_MESSAGES: EmailMessage => "revox.email_messages", Part,
    keys { call_attempt_id: Key = |line| line.owner, id: Key = |line| line.record.id.as_str(), }
    given {}
    fields {
        created_at: Timestamptz, from_address: Text, resend_message_id: Text, subject: Text, to_emails: Texts,
    }
}
