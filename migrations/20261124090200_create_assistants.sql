-- The API repeats the whole assistant, a long prompt included, inside every campaign and every call. It is kept
-- once here; what it asks for and what it knows (its two lists) stand in the next migration.

create table revox.assistants (
    id text collate "C" not null,
    organization_id text collate "C",
    name text,
    prompt text,
    first_sentence text,
    first_sentence_mode text,
    first_sentence_delay_ms bigint,
    end_of_call_sentence text,
    voicemail_message text,
    background_sound text,
    ivr_navigation_enabled boolean,
    max_call_duration_secs double precision,
    transfer_phone_number text,
    webhook_url text,
    voice_id text collate "C",
    voice_provider text,
    voice_speed double precision,
    llm_model_type text,
    llm_model_name text,
    llm_model_provider text,
    has_llm_api_key boolean,
    calendly_connection_id text collate "C",
    calendly_event_type_id text collate "C",
    call_retry_config_id text collate "C",
    pending_faq_count bigint,
    created_at timestamptz,
    updated_at timestamptz,
    _first_seen_at timestamptz not null,
    _synced_at timestamptz not null,
    _deleted_at timestamptz,
    _extra jsonb,
    constraint assistants_pk primary key (id),
    constraint assistants_call_retry_config_fk foreign key (call_retry_config_id)
        references revox.call_retry_configs (id)
);

create index assistants_by_call_retry_config
    on revox.assistants (call_retry_config_id);

comment on table revox.assistants is
    'The AI agents that hold the calls. Seen only inside campaigns and calls; the newest copy counts. A line with nothing but its id stands for an assistant that is known by its id alone so far.';
comment on column revox.assistants.id is
    'Key: the API''s id of the assistant.';
comment on column revox.assistants.organization_id is
    'The organization that owns the assistant.';
comment on column revox.assistants.name is
    'Name given by its author.';
comment on column revox.assistants.prompt is
    'Instructions to the language model; may hold {{variable}} placeholders.';
comment on column revox.assistants.first_sentence is
    'What it says first when first_sentence_mode is static.';
comment on column revox.assistants.first_sentence_mode is
    'Where the first sentence comes from: generated, static, none, and whatever the API adds later.';
comment on column revox.assistants.first_sentence_delay_ms is
    'Pause before the first sentence, in milliseconds; the API''s default is 400.';
comment on column revox.assistants.end_of_call_sentence is
    'What it says last. Null when nothing is set.';
comment on column revox.assistants.voicemail_message is
    'What it says to a voicemail before it hangs up. Null: it hangs up at once.';
comment on column revox.assistants.background_sound is
    'Sound played under the call: audio/office.ogg, and whatever the API adds later. Null for silence.';
comment on column revox.assistants.ivr_navigation_enabled is
    'Whether it may press keys and wait in phone menus.';
comment on column revox.assistants.max_call_duration_secs is
    'Longest duration of a call, in seconds.';
comment on column revox.assistants.transfer_phone_number is
    'Number that calls go to when people ask for a human, usually E.164. Older API; the newer one lists transfer_destinations (in _extra).';
comment on column revox.assistants.webhook_url is
    'URL that Revox calls when a call is completed, without user information and query string (they may hold secrets).';
comment on column revox.assistants.voice_id is
    'The provider''s id of the voice.';
comment on column revox.assistants.voice_provider is
    'Who makes the voice: cartesia, elevenlabs, gradium, and whatever the API adds later.';
comment on column revox.assistants.voice_speed is
    'Speed of the voice, a factor: 1 is normal, about 0.6 to 1.5.';
comment on column revox.assistants.llm_model_type is
    'How the language model is run: dedicated-instance, openrouter, custom, realtime, and whatever the API adds later.';
comment on column revox.assistants.llm_model_name is
    'The model''s name or id, whichever its type has, such as gpt-4.1 or openai/gpt-4.1.';
comment on column revox.assistants.llm_model_provider is
    'Who serves the model, such as openai, google, azure, nebius. Null for types that name none.';
comment on column revox.assistants.has_llm_api_key is
    'Whether a key for a custom model is set. The key itself is never stored. Null when no model is known.';
comment on column revox.assistants.calendly_connection_id is
    'The link between the Calendly account and Revox. Null when Calendly is not set up.';
comment on column revox.assistants.calendly_event_type_id is
    'The Calendly event type that is booked, as given (a URL). Null when Calendly is not set up.';
comment on column revox.assistants.call_retry_config_id is
    'When and how often its calls are tried again: call_retry_configs.id. Null: the API''s defaults.';
comment on column revox.assistants.pending_faq_count is
    'Questions that still wait for an answer by a human, a count.';
comment on column revox.assistants.created_at is
    'When it was created in Revox.';
comment on column revox.assistants.updated_at is
    'When it was last changed in Revox.';
comment on column revox.assistants._first_seen_at is
    'When the mirror first stored the line.';
comment on column revox.assistants._synced_at is
    'When the content of the line, its lists included, last changed in the mirror.';
comment on column revox.assistants._deleted_at is
    'Always null: assistants are only seen inside campaigns and calls, so that their absence proves nothing.';
comment on column revox.assistants._extra is
    'Fields of the API that have no column here, as JSON, secrets scrubbed. Null when there are none.';
