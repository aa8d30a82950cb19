-- The parts of an attempt (turns, speech events, messages) are most of what is written, and checking their foreign key line by
-- line took a third of the time in which Postgres took them all in by COPY. Nothing rests on the check: parts are written in the
-- transaction that writes their attempt and by nobody else, they are removed with it by name, and `verify` looks for parts
-- whose attempt is not there. The keys between contacts, calls, attempts and what these refer to stay: there are few of them a
-- row, and BI tools join by them.

alter table revox.transcript_turns
    drop constraint transcript_turns_call_attempt_fk;
alter table revox.post_call_transcript_turns
    drop constraint post_call_transcript_turns_call_attempt_fk;
alter table revox.speech_events
    drop constraint speech_events_call_attempt_fk;
alter table revox.sms_messages
    drop constraint sms_messages_call_attempt_fk;
alter table revox.email_messages
    drop constraint email_messages_call_attempt_fk;

do $$
declare
    part text;
begin
    foreach part in array array[
        'transcript_turns', 'post_call_transcript_turns', 'speech_events', 'sms_messages', 'email_messages'
    ] loop
        execute format(
            'comment on column revox.%I.call_attempt_id is %L',
            part,
            'Key: the attempt that it belongs to: call_attempts.id. No foreign key, whose check would slow every backfill down; revox-mirror verify looks for what it would find.'
        );
    end loop;
end
$$;
