-- What was said, turn by turn. By far the largest table: it has its primary key alone, which is how a
-- transcript is read. The transcript made after the call is a second, better version of the same conversation
-- and not more of it, so it has a table of its own and no count or search mixes the two.

create table revox.transcript_turns (
    call_attempt_id text collate "C" not null,
    turn_index integer not null,
    role text,
    content text,
    tool_name text,
    tool_arguments jsonb,
    tool_is_error boolean,
    tool_output text,
    _extra jsonb,
    constraint transcript_turns_pk primary key (call_attempt_id, turn_index),
    constraint transcript_turns_call_attempt_fk foreign key (call_attempt_id)
        references revox.call_attempts (id) on delete cascade
);

comment on table revox.transcript_turns is
    'The live transcript of an attempt, one line per turn, made while people spoke. Part of call_attempts: live while its owner is.';
comment on column revox.transcript_turns.call_attempt_id is
    'The attempt in which it was said: call_attempts.id.';
comment on column revox.transcript_turns.turn_index is
    'Place in the conversation, from 0.';
comment on column revox.transcript_turns.role is
    'Who speaks: user (the person), assistant (the AI), tool (a tool that the AI used); newer API also human_agent (an operator); and whatever the API adds later.';
comment on column revox.transcript_turns.content is
    'What was said.';
comment on column revox.transcript_turns.tool_name is
    'Tool that was used. Null for speech.';
comment on column revox.transcript_turns.tool_arguments is
    'What the tool was given: a JSON object, or a JSON string where the API gives text. Null for speech.';
comment on column revox.transcript_turns.tool_is_error is
    'Whether the tool failed. Null for speech.';
comment on column revox.transcript_turns.tool_output is
    'What the tool answered. Null for speech. Newer API only.';
comment on column revox.transcript_turns._extra is
    'Fields of the API that have no column here, as JSON, secrets scrubbed. Null when there are none.';

create table revox.post_call_transcript_turns (
    call_attempt_id text collate "C" not null,
    turn_index integer not null,
    role text,
    content text,
    tool_name text,
    tool_arguments jsonb,
    tool_is_error boolean,
    tool_output text,
    _extra jsonb,
    constraint post_call_transcript_turns_pk primary key (call_attempt_id, turn_index),
    constraint post_call_transcript_turns_call_attempt_fk foreign key (call_attempt_id)
        references revox.call_attempts (id) on delete cascade
);

comment on table revox.post_call_transcript_turns is
    'The better transcript of an attempt, made from its recording after the call, one line per turn. Newer API only; empty until it was made. Part of call_attempts: live while its owner is.';
comment on column revox.post_call_transcript_turns.call_attempt_id is
    'The attempt in which it was said: call_attempts.id.';
comment on column revox.post_call_transcript_turns.turn_index is
    'Place in the conversation, from 0. Not the same turn as the live transcript''s of that number.';
comment on column revox.post_call_transcript_turns.role is
    'Who speaks: user (the person), assistant (the AI), human_agent (an operator), tool (a tool that the AI used), and whatever the API adds later.';
comment on column revox.post_call_transcript_turns.content is
    'What was said.';
comment on column revox.post_call_transcript_turns.tool_name is
    'Tool that was used. Null for speech.';
comment on column revox.post_call_transcript_turns.tool_arguments is
    'What the tool was given: a JSON object, or a JSON string where the API gives text. Null for speech.';
comment on column revox.post_call_transcript_turns.tool_is_error is
    'Whether the tool failed. Null for speech.';
comment on column revox.post_call_transcript_turns.tool_output is
    'What the tool answered. Null for speech.';
comment on column revox.post_call_transcript_turns._extra is
    'Fields of the API that have no column here, as JSON, secrets scrubbed. Null when there are none.';
