-- A call is the order to reach one person, carried out by one or more attempts. Text that identifies nothing
-- (summaries, variables) has no index; phone numbers, states and the campaign's timeline do.
-- last_call_attempt_id has no foreign key: attempts point to their call, and it would be a circle.

create table revox.calls (
    id text collate "C" not null,
    campaign_id text collate "C",
    assistant_id text collate "C",
    organization_id text collate "C",
    direction text,
    status text,
    from_phone_number text,
    to_phone_number text,
    calls_count bigint,
    first_sentence_delay_ms bigint,
    llm_model_type text,
    llm_model_name text,
    llm_model_provider text,
    has_llm_api_key boolean,
    metadata jsonb,
    call_retry_config_id text collate "C",
    last_call_attempt_id text collate "C",
    is_cancelled boolean,
    is_completed boolean,
    created_at timestamptz,
    scheduled_at timestamptz,
    updated_at timestamptz,
    outcome text,
    outcome_summary text,
    contact_first_name text,
    contact_last_name text,
    contact_email text,
    contact_company text,
    contact_job_title text,
    assignee_id text collate "C",
    assignee_email text,
    assignee_first_name text,
    assignee_last_name text,
    prompt_variables jsonb,
    follow_up_emails text[],
    slack_channel_ids text[],
    _first_seen_at timestamptz not null,
    _synced_at timestamptz not null,
    _deleted_at timestamptz,
    _extra jsonb,
    constraint calls_pk primary key (id),
    constraint calls_campaign_fk foreign key (campaign_id)
        references revox.campaigns (id),
    constraint calls_assistant_fk foreign key (assistant_id)
        references revox.assistants (id),
    constraint calls_call_retry_config_fk foreign key (call_retry_config_id)
        references revox.call_retry_configs (id)
);

create index calls_by_campaign_and_creation
    on revox.calls (campaign_id, created_at);
create index calls_by_assistant
    on revox.calls (assistant_id);
create index calls_by_call_retry_config
    on revox.calls (call_retry_config_id);
create index calls_by_status
    on revox.calls (status);
create index calls_by_to_phone_number
    on revox.calls (to_phone_number);
create index calls_alive
    on revox.calls (campaign_id, id)
    where _deleted_at is null;

comment on table revox.calls is
    'Calls: each the order to reach one person, carried out by one or more call_attempts over up to a few days. Live (_deleted_at is null) while a live row of a campaign shows it; one that was replaced on its row is kept as deleted.';
comment on column revox.calls.id is
    'Key: the API''s id of the call.';
comment on column revox.calls.campaign_id is
    'The campaign in whose rows the call was found: campaigns.id.';
comment on column revox.calls.assistant_id is
    'The assistant that calls: assistants.id.';
comment on column revox.calls.organization_id is
    'The organization that owns the call.';
comment on column revox.calls.direction is
    'inbound, outbound, and whatever the API adds later.';
comment on column revox.calls.status is
    'initializing, queued_for_calling, calling, scheduled, completed, cancelled, errored; newer API also post_processing, not_launched, paused; and whatever the API adds later.';
comment on column revox.calls.from_phone_number is
    'Number that calls, usually E.164.';
comment on column revox.calls.to_phone_number is
    'Number that is called, usually E.164.';
comment on column revox.calls.calls_count is
    'Attempts made, as Revox counts them.';
comment on column revox.calls.first_sentence_delay_ms is
    'Pause before the assistant''s first sentence, in milliseconds.';
comment on column revox.calls.llm_model_type is
    'How the language model of this call is run: dedicated-instance, openrouter, custom, realtime, and whatever the API adds later.';
comment on column revox.calls.llm_model_name is
    'The model''s name or id, whichever its type has, such as gpt-4.1 or openai/gpt-4.1.';
comment on column revox.calls.llm_model_provider is
    'Who serves the model, such as openai, google, azure, nebius. Null for types that name none.';
comment on column revox.calls.has_llm_api_key is
    'Whether a key for a custom model is set. The key itself is never stored. Null when no model is known.';
comment on column revox.calls.metadata is
    'What the one who ordered the call stored with it: a JSON object of strings. Null when nothing is.';
comment on column revox.calls.call_retry_config_id is
    'When and how often it is tried again: call_retry_configs.id. Null: the API''s defaults.';
comment on column revox.calls.last_call_attempt_id is
    'The latest attempt as the API names it: call_attempts.id, without a foreign key. Null before the first attempt.';
comment on column revox.calls.is_cancelled is
    'Whether it was cancelled. Revox derives it from status and advises to use that.';
comment on column revox.calls.is_completed is
    'Whether it is completed. Revox derives it from status and advises to use that.';
comment on column revox.calls.created_at is
    'When the call was ordered.';
comment on column revox.calls.scheduled_at is
    'When the call is to start.';
comment on column revox.calls.updated_at is
    'When it last changed in Revox (state, retry or analysis). Newer API only.';
comment on column revox.calls.outcome is
    'Business outcome: not_interested, interested, completed, requested_callback_later, and whatever the API adds later. Null when not computed. Newer API only.';
comment on column revox.calls.outcome_summary is
    'The language model''s reasons for the outcome. Newer API only.';
comment on column revox.calls.contact_first_name is
    'First name of the person, found in the row''s input or the conversation. Newer API only.';
comment on column revox.calls.contact_last_name is
    'Last name of the person, found in the row''s input or the conversation. Newer API only.';
comment on column revox.calls.contact_email is
    'Email address of the person, found in the row''s input or the conversation. Newer API only.';
comment on column revox.calls.contact_company is
    'Company of the person, found in the row''s input or the conversation. Newer API only.';
comment on column revox.calls.contact_job_title is
    'Job title of the person, found in the row''s input or the conversation. Newer API only.';
comment on column revox.calls.assignee_id is
    'Revox user who is to follow up. Null when nobody is. Newer API only.';
comment on column revox.calls.assignee_email is
    'Email address of the user who is to follow up. Newer API only.';
comment on column revox.calls.assignee_first_name is
    'First name of the user who is to follow up. Newer API only.';
comment on column revox.calls.assignee_last_name is
    'Last name of the user who is to follow up. Newer API only.';
comment on column revox.calls.prompt_variables is
    'What was put in place of the prompt''s {{variable}} placeholders: a JSON object of strings. Newer API only.';
comment on column revox.calls.follow_up_emails is
    'Further addresses to notify, found by the prompt''s routing rules. Null when it has none. Newer API only.';
comment on column revox.calls.slack_channel_ids is
    'Slack channels to notify, chosen by the prompt''s routing rules. Null when it has none: then all of the assistant''s channels are. Newer API only.';
comment on column revox.calls._first_seen_at is
    'When the mirror first stored the line.';
comment on column revox.calls._synced_at is
    'When the content of the line last changed in the mirror.';
comment on column revox.calls._deleted_at is
    'When the mirror found that no live row shows the call any more. Null while one does.';
comment on column revox.calls._extra is
    'Fields of the API that have no column here, as JSON, secrets scrubbed. Null when there are none.';
