-- One line each time the phone was made to ring. The two durations that everybody computes are generated, once
-- and alike. They are differences of epochs (as numeric, exact) rather than of timestamps: a subtraction of
-- timestamps raises an error when one of them is infinite or they lie too far apart, and one such value would
-- fail the whole batch; `at time zone 'UTC'` makes the expression immutable.

create table revox.call_attempts (
    id text collate "C" not null,
    call_id text collate "C",
    attempt_number integer,
    phone_number text,
    status text,
    result text,
    dial_error text,
    started_at timestamptz,
    answered_at timestamptz,
    ended_at timestamptz,
    ring_seconds double precision generated always as (
        case
            when isfinite(started_at) and isfinite(coalesce(answered_at, ended_at)) then (
                extract(epoch from coalesce(answered_at, ended_at) at time zone 'UTC')
                - extract(epoch from started_at at time zone 'UTC')
            )::double precision
        end
    ) stored,
    talk_seconds double precision generated always as (
        case
            when isfinite(answered_at) and isfinite(ended_at) then (
                extract(epoch from ended_at at time zone 'UTC')
                - extract(epoch from answered_at at time zone 'UTC')
            )::double precision
        end
    ) stored,
    recording_url text,
    end_reason text,
    ended_by text,
    structured_output jsonb,
    handled_by_ai boolean,
    handled_by_human boolean,
    handled_by_user_id text collate "C",
    handled_by_user_email text,
    assistants_used text[],
    _first_seen_at timestamptz not null,
    _synced_at timestamptz not null,
    _deleted_at timestamptz,
    _extra jsonb,
    constraint call_attempts_pk primary key (id),
    constraint call_attempts_call_fk foreign key (call_id)
        references revox.calls (id)
);

create index call_attempts_by_call_and_number
    on revox.call_attempts (call_id, attempt_number);
create index call_attempts_by_start
    on revox.call_attempts (started_at);
create index call_attempts_by_result
    on revox.call_attempts (result);
create index call_attempts_by_phone_number
    on revox.call_attempts (phone_number);

comment on table revox.call_attempts is
    'Attempts at a call: one line each time the phone was made to ring. Live (_deleted_at is null) while its call is and lists it.';
comment on column revox.call_attempts.id is
    'Key: the API''s id of the attempt.';
comment on column revox.call_attempts.call_id is
    'The call that it belongs to: calls.id.';
comment on column revox.call_attempts.attempt_number is
    'Place among the attempts at its call; 1 is the oldest.';
comment on column revox.call_attempts.phone_number is
    'Number that was called, usually E.164.';
comment on column revox.call_attempts.status is
    'queued, ringing, ongoing, completed, error, and whatever the API adds later.';
comment on column revox.call_attempts.result is
    'Who or what answered: human, voicemail, IVR, ios-screening-filter, unknown, and whatever the API adds later. Null when nothing is known.';
comment on column revox.call_attempts.dial_error is
    'Why the number could not be reached: number_non_attributed, too_many_calls, busy, temporarily_unavailable, no_answer, no_international_permission, precondition_failed, non_classified_error, and whatever the API adds later. Null when there was no error.';
comment on column revox.call_attempts.started_at is
    'When the attempt started.';
comment on column revox.call_attempts.answered_at is
    'When it was answered. Null when nobody answered (or not yet).';
comment on column revox.call_attempts.ended_at is
    'When it ended. Null while it lasts.';
comment on column revox.call_attempts.ring_seconds is
    'Seconds, with fractions, from the start to the answer, or to the end when nobody answered. Generated. Null while either moment is unknown; negative when the API''s times are out of order.';
comment on column revox.call_attempts.talk_seconds is
    'Seconds, with fractions, from the answer to the end. Generated. Null when nobody answered or while it lasts; negative when the API''s times are out of order.';
comment on column revox.call_attempts.recording_url is
    'Where the audio recording is, as last stored. The URL may be signed and expire; the mirror holds no audio.';
comment on column revox.call_attempts.end_reason is
    'Why it ended: client_initiated, connection_timeout, human_takeover, ivr_no_navigate, max_duration, participant_removed, tool_end_call, transfer, user_inactive, user_rejected, user_unavailable, voicemail, speed_dial_abandoned, speed_dial_operator_missed, speed_dial_timeout, speed_dial_hangup, and whatever the API adds later.';
comment on column revox.call_attempts.ended_by is
    'Who ended it: agent (the AI), user (the person hung up), system (a limit, for instance), and whatever the API adds later.';
comment on column revox.call_attempts.structured_output is
    'The data found out in the call: a JSON object, keyed by assistant_structured_output_fields.name. Null when nothing was extracted (or not yet).';
comment on column revox.call_attempts.handled_by_ai is
    'Whether the AI held the conversation. Newer API only.';
comment on column revox.call_attempts.handled_by_human is
    'Whether a human operator held the conversation or part of it. Newer API only.';
comment on column revox.call_attempts.handled_by_user_id is
    'Revox user who handled it. Null when nobody did. Newer API only.';
comment on column revox.call_attempts.handled_by_user_email is
    'Email address of the user who handled it. Newer API only.';
comment on column revox.call_attempts.assistants_used is
    'Nodes of a multi-step assistant that the call went through, in order, by their ids. Newer API only.';
comment on column revox.call_attempts._first_seen_at is
    'When the mirror first stored the line.';
comment on column revox.call_attempts._synced_at is
    'When the content of the line, its transcript and other parts included, last changed in the mirror.';
comment on column revox.call_attempts._deleted_at is
    'When the mirror found it gone: its call died, or no longer lists it. Null while it exists in the API.';
comment on column revox.call_attempts._extra is
    'Fields of the API that have no column here, as JSON, secrets scrubbed. Null when there are none.';
