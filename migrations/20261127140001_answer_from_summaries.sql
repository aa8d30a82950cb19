-- The views of schema revox that count: as they were summed up, or counted now where something was written since. A line an
-- owner is asked for by a function and no join, so that nobody's query is planned as if it read every call.

-- Counts a view's lines about one owner. Without the owner's names, which can change by themselves.
create function revox_sync.count_summary(summary text, owner_kind text, owner_id text) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
    lines jsonb;
begin
    execute format(
        'select coalesce(jsonb_agg(to_jsonb(v) - %L::text[]), ''[]'') from revox_sync.%I v where v.%I = $1',
        array[owner_kind || '_id', owner_kind || '_name'], summary, owner_kind || '_id'
    ) into lines using owner_id;
    return lines;
end
$$;

comment on function revox_sync.count_summary(text, text, text) is
    'The lines of a view of revox_sync about one campaign or assistant, counted now, as a JSON list.';

create function revox_sync.summary_lines(summary text, owner_kind text, owner_id text) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    held jsonb;
begin
    if not exists (
        select
        from revox_sync.summary_marks m
        where m.owner_id = summary_lines.owner_id
          and m.owner_kind = summary_lines.owner_kind
    ) then
        select s.lines into held
        from revox_sync.summaries s
        where s.summary = summary_lines.summary
          and s.owner_id = summary_lines.owner_id;
    end if;
    return coalesce(held, revox_sync.count_summary(summary, owner_kind, owner_id));
end
$$;

comment on function revox_sync.summary_lines(text, text, text) is
    'The lines of a view of revox_sync about one campaign or assistant: as they were summed up, or counted now where something was written since.';

create view revox.campaign_funnel as
select
    m.id as campaign_id,
    m.name as campaign_name,
    m.status,
    l.rows,
    l.called,
    l.answered,
    l.answered_by_human,
    l.voicemail,
    l.completed,
    l.failed,
    l.cancelled,
    l.open,
    l.called_rate,
    l.answer_rate,
    l.human_rate,
    l.completion_rate
from revox.campaigns m
cross join lateral jsonb_to_recordset(revox_sync.summary_lines('campaign_funnel', 'campaign', m.id)) as l (
    rows bigint,
    called bigint,
    answered bigint,
    answered_by_human bigint,
    voicemail bigint,
    completed bigint,
    failed bigint,
    cancelled bigint,
    open bigint,
    called_rate numeric,
    answer_rate numeric,
    human_rate numeric,
    completion_rate numeric
)
where m._deleted_at is null;

create view revox.daily_activity as
select
    m.id as campaign_id,
    m.name as campaign_name,
    l.day,
    l.attempts,
    l.calls,
    l.answered,
    l.answered_by_human,
    l.voicemail,
    l.ring_seconds,
    l.talk_seconds,
    l.answer_rate,
    l.human_rate
from revox.campaigns m
cross join lateral jsonb_to_recordset(revox_sync.summary_lines('daily_activity', 'campaign', m.id)) as l (
    day date,
    attempts bigint,
    calls bigint,
    answered bigint,
    answered_by_human bigint,
    voicemail bigint,
    ring_seconds double precision,
    talk_seconds double precision,
    answer_rate numeric,
    human_rate numeric
)
where m._deleted_at is null;

create view revox.hourly_answer_rate as
select
    m.id as campaign_id,
    m.name as campaign_name,
    l.weekday,
    l.hour,
    l.time_zone_source,
    l.attempts,
    l.calls,
    l.answered,
    l.answered_by_human,
    l.voicemail,
    l.ring_seconds,
    l.talk_seconds,
    l.answer_rate,
    l.human_rate
from revox.campaigns m
cross join lateral jsonb_to_recordset(revox_sync.summary_lines('hourly_answer_rate', 'campaign', m.id)) as l (
    weekday integer,
    hour integer,
    time_zone_source text,
    attempts bigint,
    calls bigint,
    answered bigint,
    answered_by_human bigint,
    voicemail bigint,
    ring_seconds double precision,
    talk_seconds double precision,
    answer_rate numeric,
    human_rate numeric
)
where m._deleted_at is null;

create view revox.assistant_scorecard as
select
    s.id as assistant_id,
    s.name as assistant_name,
    s.llm_model_name,
    l.calls,
    l.called,
    l.answered,
    l.answered_by_human,
    l.voicemail,
    l.completed,
    l.failed,
    l.cancelled,
    l.open,
    l.interested,
    l.not_interested,
    l.callbacks,
    l.attempts,
    l.conversations,
    l.talk_seconds,
    l.talk_seconds_average,
    l.talk_seconds_median,
    l.ended_by_user,
    l.transferred,
    l.answer_rate,
    l.human_rate,
    l.completion_rate,
    l.interested_rate,
    l.hang_up_rate
from revox.assistants s
cross join lateral jsonb_to_recordset(revox_sync.summary_lines('assistant_scorecard', 'assistant', s.id)) as l (
    calls bigint,
    called bigint,
    answered bigint,
    answered_by_human bigint,
    voicemail bigint,
    completed bigint,
    failed bigint,
    cancelled bigint,
    open bigint,
    interested bigint,
    not_interested bigint,
    callbacks bigint,
    attempts bigint,
    conversations bigint,
    talk_seconds double precision,
    talk_seconds_average double precision,
    talk_seconds_median double precision,
    ended_by_user bigint,
    transferred bigint,
    answer_rate numeric,
    human_rate numeric,
    completion_rate numeric,
    interested_rate numeric,
    hang_up_rate numeric
)
where s._deleted_at is null;

create view revox.voice_latency as
select
    s.id as assistant_id,
    s.name as assistant_name,
    l.llm_model_name,
    l.attempts,
    l.replies,
    l.interrupted,
    l.interruption_rate,
    l.response_gap_ms_p50,
    l.response_gap_ms_p90,
    l.response_gap_ms_p99,
    l.transcription_delay_ms_p50,
    l.transcription_delay_ms_p90,
    l.transcription_delay_ms_p99,
    l.first_token_ms_p50,
    l.first_token_ms_p90,
    l.first_token_ms_p99,
    l.first_audio_ms_p50,
    l.first_audio_ms_p90,
    l.first_audio_ms_p99
from revox.assistants s
cross join lateral jsonb_to_recordset(revox_sync.summary_lines('voice_latency', 'assistant', s.id)) as l (
    llm_model_name text,
    attempts bigint,
    replies bigint,
    interrupted bigint,
    interruption_rate numeric,
    response_gap_ms_p50 double precision,
    response_gap_ms_p90 double precision,
    response_gap_ms_p99 double precision,
    transcription_delay_ms_p50 double precision,
    transcription_delay_ms_p90 double precision,
    transcription_delay_ms_p99 double precision,
    first_token_ms_p50 double precision,
    first_token_ms_p90 double precision,
    first_token_ms_p99 double precision,
    first_audio_ms_p50 double precision,
    first_audio_ms_p90 double precision,
    first_audio_ms_p99 double precision
)
where s._deleted_at is null;

-- They are described as those that they sum up.
do $$
declare
    described record;
begin
    for described in
        select v.relname, a.attname, col_description(v.oid, a.attnum) as words
        from pg_class v
        join pg_attribute a on a.attrelid = v.oid and a.attnum > 0
        where v.relnamespace = 'revox_sync'::regnamespace
          and v.relname in ('campaign_funnel', 'daily_activity', 'hourly_answer_rate', 'assistant_scorecard', 'voice_latency')
    loop
        execute format('comment on column revox.%I.%I is %L', described.relname, described.attname, described.words);
    end loop;
    for described in
        select v.relname, obj_description(v.oid, 'pg_class') as words
        from pg_class v
        where v.relnamespace = 'revox_sync'::regnamespace
          and v.relname in ('campaign_funnel', 'daily_activity', 'hourly_answer_rate', 'assistant_scorecard', 'voice_latency')
    loop
        execute format('comment on view revox.%I is %L', described.relname, described.words);
    end loop;
end
$$;
