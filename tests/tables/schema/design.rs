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
        "transcript_words",
        "call_attempt_id source language words is_cut attempt_synced_at",
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
    // Facts rather than the API's.
    ("number_zones", "prefix zone"),
    ("call_status_history", "call_id status seen_at"),
];

/// Every view of schema `revox` with its columns, in order.
pub(crate) const VIEWS: &[(&str, &str)] = &[
    ("call_settlement", "call_id campaign_id is_final is_settled may_change_until"),
    (
        "sync_freshness",
        "campaign_id campaign_name complete_through completed_at full_walk_at last_outcome last_kind last_run_at
         last_requests last_error rows_live calls_live calls_open calls_unsettled rejects is_suspicious",
    ),
    (
        "call_facts",
        "call_id campaign_id campaign_name assistant_id assistant_name llm_model_name direction rows row_id
         row_index phone_number contact_first_name contact_last_name contact_email contact_company
         input_data status final_result final_dial_error attempts is_answered is_answered_by_human
         is_voicemail ring_seconds talk_seconds first_attempt_at last_attempt_at recording_url
         structured_output outcome outcome_summary assignee_email metadata created_at scheduled_at is_final is_settled",
    ),
    (
        "attempt_facts",
        "call_attempt_id call_id campaign_id campaign_name assistant_id assistant_name llm_model_name
         attempt_number phone_number status result dial_error started_at answered_at ended_at is_answered
         is_answered_by_human is_voicemail ring_seconds talk_seconds end_reason ended_by handled_by_human
         recording_url structured_output time_zone time_zone_source started_local weekday hour",
    ),
    (
        "transcripts",
        "call_attempt_id call_id campaign_id campaign_name assistant_id assistant_name llm_model_name
         attempt_number phone_number started_at result source transcript live_transcript
         post_call_transcript turns user_turns assistant_turns human_agent_turns tool_turns user_words
         assistant_words human_agent_words last_role",
    ),
    (
        "tool_calls",
        "call_attempt_id turn_index call_id campaign_id campaign_name assistant_id assistant_name
         llm_model_name attempt_number phone_number started_at tool_name tool_arguments tool_is_error
         tool_output",
    ),
    (
        "campaign_funnel",
        "campaign_id campaign_name status rows called answered answered_by_human voicemail completed failed
         cancelled open called_rate answer_rate human_rate completion_rate",
    ),
    (
        "daily_activity",
        "campaign_id campaign_name day attempts calls answered answered_by_human voicemail ring_seconds
         talk_seconds answer_rate human_rate",
    ),
    (
        "hourly_answer_rate",
        "campaign_id campaign_name weekday hour time_zone_source attempts calls answered answered_by_human
         voicemail ring_seconds talk_seconds answer_rate human_rate",
    ),
    (
        "call_outcomes",
        "campaign_id campaign_name assistant_id assistant_name status is_final outcome assignee_email calls called
         answered answered_by_human voicemail attempts ring_seconds talk_seconds",
    ),
    (
        "attempt_outcomes",
        "campaign_id campaign_name assistant_id assistant_name llm_model_name attempt_number result dial_error
         ended_by end_reason attempts answered answered_by_human ring_seconds talk_seconds",
    ),
    ("dial_errors", "campaign_id campaign_name dial_error attempts calls numbers"),
    (
        "tool_usage",
        "campaign_id campaign_name assistant_id assistant_name tool_name uses failed conversations calls
         calls_succeeded",
    ),
    (
        "talk_ratio",
        "campaign_id campaign_name assistant_id assistant_name result conversations turns assistant_words
         user_words human_agent_words assistant_share",
    ),
    (
        "assistant_scorecard",
        "assistant_id assistant_name llm_model_name calls called answered answered_by_human voicemail
         completed failed cancelled open interested not_interested callbacks attempts conversations
         talk_seconds talk_seconds_average talk_seconds_median ended_by_user transferred answer_rate
         human_rate completion_rate interested_rate hang_up_rate",
    ),
    (
        "voice_latency",
        "assistant_id assistant_name llm_model_name attempts replies interrupted interruption_rate
         response_gap_ms_p50 response_gap_ms_p90 response_gap_ms_p99 transcription_delay_ms_p50
         transcription_delay_ms_p90 transcription_delay_ms_p99 first_token_ms_p50 first_token_ms_p90
         first_token_ms_p99 first_audio_ms_p50 first_audio_ms_p90 first_audio_ms_p99",
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
    ("settings", "time_zone"),
    ("installation", "settle_window search_languages"),
    ("search_marks", "id synced_at"),
    ("rejects", "campaign_id row_key payload_hash reason payload"),
    ("erased", "kind hash erased_at"),
    ("erasures", "id count key_check"),
    (
        "retention",
        "version swept_version readings settings transcripts_before recording_urls_before calls_before moved_at",
    ),
    ("leases", "scope holder epoch expires_at"),
    ("typed_views", "kind owner_id view_name columns impossible trouble refreshed_at"),
    ("typed_misfits", "kind owner_id line_id column_name"),
    ("typed_pending", "kind owner_id line_id"),
    ("drift", "path sample_type first_seen_at last_seen_at first_seen_in last_seen_in count"),
    ("_sqlx_migrations", "version"),
];

/// Entities: what the API can delete keeps its line and says so.
pub(crate) const ENTITIES: &[&str] = &["assistants", "call_attempts", "calls", "campaign_rows", "campaigns"];
