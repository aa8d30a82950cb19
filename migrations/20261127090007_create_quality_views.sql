-- How assistants do: what came of their calls, and how quick they answer. Counted each time:
-- the views of these names in schema revox answer from what was summed up of them.

create view revox_sync.assistant_scorecard as
select
    s.id as assistant_id,
    s.name as assistant_name,
    s.llm_model_name,
    c.calls,
    c.called,
    c.answered,
    c.answered_by_human,
    c.voicemail,
    c.completed,
    c.failed,
    c.cancelled,
    c.open,
    c.interested,
    c.not_interested,
    c.callbacks,
    a.attempts,
    a.conversations,
    a.talk_seconds,
    a.talk_seconds_average,
    a.talk_seconds_median,
    a.ended_by_user,
    a.transferred,
    round(c.answered::numeric / nullif(c.called, 0), 4) as answer_rate,
    round(c.answered_by_human::numeric / nullif(c.called, 0), 4) as human_rate,
    round(c.completed::numeric / nullif(c.calls, 0), 4) as completion_rate,
    round(c.interested::numeric / nullif(c.with_outcome, 0), 4) as interested_rate,
    round(a.ended_by_user::numeric / nullif(a.conversations, 0), 4) as hang_up_rate
from revox.assistants s
left join lateral (
    select
        count(*) as calls,
        count(*) filter (where f.attempts > 0) as called,
        count(*) filter (where f.is_answered) as answered,
        count(*) filter (where f.is_answered_by_human) as answered_by_human,
        count(*) filter (where f.is_voicemail) as voicemail,
        count(*) filter (where f.status = 'completed') as completed,
        count(*) filter (where f.status = 'errored') as failed,
        count(*) filter (where f.status = 'cancelled') as cancelled,
        count(*) filter (where not f.is_final) as open,
        count(f.outcome) as with_outcome,
        count(*) filter (where f.outcome = 'interested') as interested,
        count(*) filter (where f.outcome = 'not_interested') as not_interested,
        count(*) filter (where f.outcome = 'requested_callback_later') as callbacks
    from revox.call_facts f
    where f.assistant_id = s.id
) c on true
left join lateral (
    select
        count(*) as attempts,
        count(*) filter (where f.is_answered_by_human) as conversations,
        coalesce(sum(f.talk_seconds), 0) as talk_seconds,
        avg(f.talk_seconds) filter (where f.is_answered_by_human) as talk_seconds_average,
        percentile_cont(0.5) within group (order by f.talk_seconds)
            filter (where f.is_answered_by_human) as talk_seconds_median,
        count(*) filter (where f.is_answered_by_human and f.ended_by = 'user') as ended_by_user,
        count(*) filter (where f.is_answered_by_human and f.end_reason = 'transfer') as transferred
    from revox.attempt_facts f
    where f.assistant_id = s.id
) a on true
where s._deleted_at is null;

comment on view revox_sync.assistant_scorecard is
    'How each assistant does over its live calls: a line an assistant, those without calls too. To compare prompts, voices and models.';
comment on column revox_sync.assistant_scorecard.assistant_id is
    'Key: the assistant, assistants.id.';
comment on column revox_sync.assistant_scorecard.assistant_name is
    'The assistant''s name.';
comment on column revox_sync.assistant_scorecard.llm_model_name is
    'Its language model as configured now, by name or id.';
comment on column revox_sync.assistant_scorecard.calls is
    'Calls, a count.';
comment on column revox_sync.assistant_scorecard.called is
    'Calls that have been tried at least once, a count.';
comment on column revox_sync.assistant_scorecard.answered is
    'Calls of which an attempt was answered, by whomever or whatever, a count.';
comment on column revox_sync.assistant_scorecard.answered_by_human is
    'Calls of which a human answered an attempt, a count.';
comment on column revox_sync.assistant_scorecard.voicemail is
    'Calls of which a voicemail answered an attempt, a count.';
comment on column revox_sync.assistant_scorecard.completed is
    'Calls that are completed, a count.';
comment on column revox_sync.assistant_scorecard.failed is
    'Calls that were given up (errored), a count.';
comment on column revox_sync.assistant_scorecard.cancelled is
    'Calls that were cancelled, a count.';
comment on column revox_sync.assistant_scorecard.open is
    'All other calls, a count.';
comment on column revox_sync.assistant_scorecard.interested is
    'Calls with the outcome interested, a count. Newer API only.';
comment on column revox_sync.assistant_scorecard.not_interested is
    'Calls with the outcome not_interested, a count. Newer API only.';
comment on column revox_sync.assistant_scorecard.callbacks is
    'Calls with the outcome requested_callback_later, a count. Newer API only.';
comment on column revox_sync.assistant_scorecard.attempts is
    'Attempts at its calls, a count.';
comment on column revox_sync.assistant_scorecard.conversations is
    'Attempts that a human answered, a count.';
comment on column revox_sync.assistant_scorecard.talk_seconds is
    'Seconds from answer to end, over all attempts.';
comment on column revox_sync.assistant_scorecard.talk_seconds_average is
    'Seconds from answer to end of a conversation, on average. Null without conversations.';
comment on column revox_sync.assistant_scorecard.talk_seconds_median is
    'Seconds from answer to end of a conversation, the median. Null without conversations.';
comment on column revox_sync.assistant_scorecard.ended_by_user is
    'Conversations in which the person hung up, a count.';
comment on column revox_sync.assistant_scorecard.transferred is
    'Conversations that were handed over (end_reason transfer), a count.';
comment on column revox_sync.assistant_scorecard.answer_rate is
    'answered / called, from 0 to 1. Null when nobody was called.';
comment on column revox_sync.assistant_scorecard.human_rate is
    'answered_by_human / called, from 0 to 1. Null when nobody was called.';
comment on column revox_sync.assistant_scorecard.completion_rate is
    'completed / calls, from 0 to 1. Null without calls.';
comment on column revox_sync.assistant_scorecard.interested_rate is
    'interested / calls with any outcome, from 0 to 1. Null without outcomes.';
comment on column revox_sync.assistant_scorecard.hang_up_rate is
    'ended_by_user / conversations, from 0 to 1. Null without conversations.';

create view revox_sync.voice_latency as
select
    c.assistant_id,
    s.name as assistant_name,
    e.llm_model_name,
    count(distinct a.id) as attempts,
    count(*) as replies,
    count(*) filter (where e.was_cut) as interrupted,
    round(count(*) filter (where e.was_cut)::numeric / nullif(count(*), 0), 4) as interruption_rate,
    percentile_cont(0.5) within group (order by e.response_gap_ms) as response_gap_ms_p50,
    percentile_cont(0.9) within group (order by e.response_gap_ms) as response_gap_ms_p90,
    percentile_cont(0.99) within group (order by e.response_gap_ms) as response_gap_ms_p99,
    percentile_cont(0.5) within group (order by e.transcription_delay_ms) as transcription_delay_ms_p50,
    percentile_cont(0.9) within group (order by e.transcription_delay_ms) as transcription_delay_ms_p90,
    percentile_cont(0.99) within group (order by e.transcription_delay_ms) as transcription_delay_ms_p99,
    percentile_cont(0.5) within group (order by e.first_token_ms) as first_token_ms_p50,
    percentile_cont(0.9) within group (order by e.first_token_ms) as first_token_ms_p90,
    percentile_cont(0.99) within group (order by e.first_token_ms) as first_token_ms_p99,
    percentile_cont(0.5) within group (order by e.first_audio_ms) as first_audio_ms_p50,
    percentile_cont(0.9) within group (order by e.first_audio_ms) as first_audio_ms_p90,
    percentile_cont(0.99) within group (order by e.first_audio_ms) as first_audio_ms_p99
from revox.call_attempts a
join revox.calls c on c.id = a.call_id
left join revox.campaigns m on m.id = c.campaign_id
left join revox.assistants s on s.id = c.assistant_id
-- What a reply follows on has to be looked up among the attempt's events before others are left out.
cross join lateral (
    select
        coalesce(spoken.llm_winner_model, c.llm_model_name) as llm_model_name,
        spoken.was_cut,
        spoken.llm_ttft_ms as first_token_ms,
        spoken.tts_ttfb_ms as first_audio_ms,
        case when spoken.speaker_before = 'user' then spoken.delay_before_ms end as transcription_delay_ms,
        case
            when spoken.speaker_before = 'user' then spoken.started_speaking_at_ms - spoken.stopped_before_ms
        end as response_gap_ms
    from (
        select
            event.*,
            lag(event.speaker) over in_order as speaker_before,
            lag(event.stopped_speaking_at_ms) over in_order as stopped_before_ms,
            lag(event.stt_transcription_delay_ms) over in_order as delay_before_ms
        from revox.speech_events event
        where event.call_attempt_id = a.id
          and event.is_real_turn is distinct from false
        window in_order as (order by event.started_speaking_at_ms, event.id)
    ) spoken
    where spoken.speaker = 'agent'
) e
where a._deleted_at is null
  and c._deleted_at is null
  and m._deleted_at is null
  and c.assistant_id is not null
group by c.assistant_id, s.name, e.llm_model_name;

comment on view revox_sync.voice_latency is
    'How quick the assistants answer, over the replies in live attempts: a line an assistant and language model. Newer API only: empty on the older one.';
comment on column revox_sync.voice_latency.assistant_id is
    'Key, with llm_model_name: the assistant, assistants.id. Calls whose assistant the API does not name are left out.';
comment on column revox_sync.voice_latency.assistant_name is
    'The assistant''s name.';
comment on column revox_sync.voice_latency.llm_model_name is
    'Model that made the replies, the fastest where several raced; the call''s where the API does not say.';
comment on column revox_sync.voice_latency.attempts is
    'Attempts with replies, a count.';
comment on column revox_sync.voice_latency.replies is
    'Replies of the assistant, noise left out, a count.';
comment on column revox_sync.voice_latency.interrupted is
    'Replies in which it was interrupted, a count.';
comment on column revox_sync.voice_latency.interruption_rate is
    'interrupted / replies, from 0 to 1.';
comment on column revox_sync.voice_latency.response_gap_ms_p50 is
    'Silence between the end of the person''s turn and the assistant''s answer, in milliseconds: half of the replies have at most this. Null when none is known.';
comment on column revox_sync.voice_latency.response_gap_ms_p90 is
    'Silence between the end of the person''s turn and the assistant''s answer, in milliseconds: nine of ten of the replies have at most this. Null when none is known.';
comment on column revox_sync.voice_latency.response_gap_ms_p99 is
    'Silence between the end of the person''s turn and the assistant''s answer, in milliseconds: 99 of 100 of the replies have at most this. Null when none is known.';
comment on column revox_sync.voice_latency.transcription_delay_ms_p50 is
    'Time from the end of the person''s turn to its text, in milliseconds: half of the replies have at most this. Null when none is known.';
comment on column revox_sync.voice_latency.transcription_delay_ms_p90 is
    'Time from the end of the person''s turn to its text, in milliseconds: nine of ten of the replies have at most this. Null when none is known.';
comment on column revox_sync.voice_latency.transcription_delay_ms_p99 is
    'Time from the end of the person''s turn to its text, in milliseconds: 99 of 100 of the replies have at most this. Null when none is known.';
comment on column revox_sync.voice_latency.first_token_ms_p50 is
    'Time until the language model''s first token, in milliseconds: half of the replies have at most this. Null when none is known.';
comment on column revox_sync.voice_latency.first_token_ms_p90 is
    'Time until the language model''s first token, in milliseconds: nine of ten of the replies have at most this. Null when none is known.';
comment on column revox_sync.voice_latency.first_token_ms_p99 is
    'Time until the language model''s first token, in milliseconds: 99 of 100 of the replies have at most this. Null when none is known.';
comment on column revox_sync.voice_latency.first_audio_ms_p50 is
    'Time until the first audio of the reply, in milliseconds: half of the replies have at most this. Null when none is known.';
comment on column revox_sync.voice_latency.first_audio_ms_p90 is
    'Time until the first audio of the reply, in milliseconds: nine of ten of the replies have at most this. Null when none is known.';
comment on column revox_sync.voice_latency.first_audio_ms_p99 is
    'Time until the first audio of the reply, in milliseconds: 99 of 100 of the replies have at most this. Null when none is known.';
