-- Who spoke when within an attempt, and how long the machinery took to answer (newer API). The id is the API's,
-- but the key holds the attempt too: nothing promises that an id is unique beyond its list.

create table revox.speech_events (
    call_attempt_id text collate "C" not null,
    id text collate "C" not null,
    is_real_turn boolean,
    llm_system_prompt text,
    llm_ttft_ms double precision,
    llm_winner_model text,
    speaker text,
    started_speaking_at_ms double precision,
    stopped_speaking_at_ms double precision,
    stt_transcription_delay_ms double precision,
    transcript text,
    tts_ttfb_ms double precision,
    was_cut boolean,
    _extra jsonb,
    constraint speech_events_pk primary key (call_attempt_id, id),
    constraint speech_events_call_attempt_fk foreign key (call_attempt_id)
        references revox.call_attempts (id) on delete cascade
);

comment on table revox.speech_events is
    'Stretches of speech within an attempt, with their timing. Newer API only; empty for calls from before it was tracked. Order by started_speaking_at_ms. Part of call_attempts: live while its owner is.';
comment on column revox.speech_events.call_attempt_id is
    'The attempt in which somebody spoke: call_attempts.id.';
comment on column revox.speech_events.id is
    'The API''s id of the event.';
comment on column revox.speech_events.is_real_turn is
    'False when it was taken for noise rather than a turn.';
comment on column revox.speech_events.llm_system_prompt is
    'The whole text that the language model was given for this turn, conversation included, as JSON text. Null unless the mirror''s configuration asks for it (it is large), and for the user''s speech.';
comment on column revox.speech_events.llm_ttft_ms is
    'Time until the language model''s first token, in milliseconds. Null for the user''s speech.';
comment on column revox.speech_events.llm_winner_model is
    'Model that made the reply, the fastest where several raced. Null for the user''s speech.';
comment on column revox.speech_events.speaker is
    'Who spoke: user, agent, and whatever the API adds later.';
comment on column revox.speech_events.started_speaking_at_ms is
    'When the speech began, in milliseconds since the session''s start.';
comment on column revox.speech_events.stopped_speaking_at_ms is
    'When the speech ended, in milliseconds since the session''s start. Null when the session ended first.';
comment on column revox.speech_events.stt_transcription_delay_ms is
    'Time from the end of the speech to its text, in milliseconds. Null for the agent''s speech.';
comment on column revox.speech_events.transcript is
    'What was understood. Null when nothing is known.';
comment on column revox.speech_events.tts_ttfb_ms is
    'Time until the first audio of the reply, in milliseconds. Null for the user''s speech.';
comment on column revox.speech_events.was_cut is
    'Whether the agent was interrupted. Null for the user''s speech.';
comment on column revox.speech_events._extra is
    'Fields of the API that have no column here, as JSON, secrets scrubbed. Null when there are none.';
