//! The names of the design: what queries are written against, and so may grow but not change.

/// Every table of schema `revox` with its columns, in order.
pub(crate) const TABLES: &[(&str, &str)] = &[
    (
        "campaigns",
        "id organization_id assistant_id name status is_cancelled from_phone_number max_concurrent_calls
         call_retry_config_id scheduled_at created_at updated_at rows_total rows_pending rows_calling rows_retry
         rows_completed rows_failed rows_not_launched rows_skipped _first_seen_at _synced_at _deleted_at _extra",
    ),
    (
        "assistants",
        "id organization_id name prompt first_sentence first_sentence_mode first_sentence_delay_ms
         end_of_call_sentence voicemail_message background_sound ivr_navigation_enabled max_call_duration_secs
         transfer_phone_number webhook_url voice_id voice_provider voice_speed llm_model_type llm_model_name
         llm_model_provider has_llm_api_key calendly_connection_id calendly_event_type_id call_retry_config_id
         pending_faq_count created_at updated_at _first_seen_at _synced_at _deleted_at _extra",
    ),
    (
        "campaign_rows",
        "id campaign_id row_index phone_number input_data call_id _first_seen_at _synced_at _deleted_at _extra",
    ),
    (
        "calls",
        "id campaign_id assistant_id organization_id direction status from_phone_number to_phone_number calls_count
         first_sentence_delay_ms llm_model_type llm_model_name llm_model_provider has_llm_api_key metadata
         call_retry_config_id last_call_attempt_id is_cancelled is_completed created_at scheduled_at updated_at
         outcome outcome_summary contact_first_name contact_last_name contact_email contact_company
         contact_job_title assignee_id assignee_email assignee_first_name assignee_last_name prompt_variables
         follow_up_emails slack_channel_ids _first_seen_at _synced_at _deleted_at _extra",
    ),
    (
        "call_attempts",
        "id call_id attempt_number phone_number status result dial_error started_at answered_at ended_at ring_seconds
         talk_seconds recording_url end_reason ended_by structured_output handled_by_ai handled_by_human
         handled_by_user_id handled_by_user_email assistants_used _first_seen_at _synced_at _deleted_at _extra",
    ),
    (
        "transcript_turns",
        "call_attempt_id turn_index role content tool_name tool_arguments tool_is_error tool_output _extra",
    ),
    (
        "post_call_transcript_turns",
        "call_attempt_id turn_index role content tool_name tool_arguments tool_is_error tool_output _extra",
    ),
    (
        "assistant_structured_output_fields",
        "assistant_id field_index name type required description enum_options _extra",
    ),
    (
        "assistant_faq_items",
        "assistant_id item_index id question answer source needs_human_answer _extra",
    ),
    (
        "call_retry_configs",
        "id max_retry_attempts timezone allowed_days call_twice_in_a_row _extra",
    ),
    (
        "calling_windows",
        "call_retry_config_id window_index start_time end_time starts_at ends_at retry_delay_seconds _extra",
    ),
    (
        "speech_events",
        "call_attempt_id id is_real_turn llm_system_prompt llm_ttft_ms llm_winner_model speaker
         started_speaking_at_ms stopped_speaking_at_ms stt_transcription_delay_ms transcript tts_ttfb_ms was_cut
         _extra",
    ),
    (
        "sms_messages",
        "call_attempt_id id created_at message_body provider provider_message_id to_phone_number type _extra",
    ),
    (
        "email_messages",
        "call_attempt_id id created_at from_address resend_message_id subject to_emails _extra",
    ),
];

/// Every view of schema `revox` with its columns, in order.
pub(crate) const VIEWS: &[(&str, &str)] = &[
    ("call_settlement", "call_id campaign_id is_final is_settled may_change_until"),
    (
        "sync_freshness",
        "campaign_id campaign_name complete_through completed_at full_walk_at last_outcome last_kind last_run_at
         last_requests last_error rows_live calls_live calls_open calls_unsettled rejects is_suspicious",
    ),
];

/// What the design names of schema `revox_sync`; the tables may hold more.
pub(crate) const BOOKKEEPING: &[(&str, &str)] = &[
    (
        "runs",
        "id campaign_id kind outcome started_at finished_at trigger evidence requests bytes rows_seen rows_inserted
         rows_updated rows_unchanged rows_tombstoned rejected error",
    ),
    ("checkpoints", "campaign_id completed_at"),
    ("installation", "settle_window"),
    ("rejects", "campaign_id row_key payload_hash reason payload"),
    ("leases", "scope holder epoch expires_at"),
    ("drift", "path sample_type first_seen_at last_seen_at count"),
    ("_sqlx_migrations", "version"),
];

/// Entities: what the API can delete keeps its line and says so.
pub(crate) const ENTITIES: &[&str] = &["assistants", "call_attempts", "calls", "campaign_rows", "campaigns"];
