-- The views of schema revox over outcomes and talk, and the counts of revox.sync_freshness: as they were summed up, or counted
-- now where something was written since.

-- Names can change by themselves, and are joined by whoever asks.
create or replace function revox_sync.count_summary(summary text, owner_kind text, owner_id text) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
    lines jsonb;
begin
    execute format(
        'select coalesce(jsonb_agg(to_jsonb(v) - %L::text[]), ''[]'') from revox_sync.%I v where v.%I = $1',
        array[owner_kind || '_id', 'campaign_name', 'assistant_name'], summary, owner_kind || '_id'
    ) into lines using owner_id;
    return lines;
end
$$;

create view revox.call_outcomes as
select
    m.id as campaign_id,
    m.name as campaign_name,
    l.assistant_id,
    s.name as assistant_name,
    l.status,
    l.is_final,
    l.outcome,
    l.assignee_email,
    l.calls,
    l.called,
    l.answered,
    l.answered_by_human,
    l.voicemail,
    l.attempts,
    l.ring_seconds,
    l.talk_seconds
from revox.campaigns m
cross join lateral jsonb_to_recordset(revox_sync.summary_lines('call_outcomes', 'campaign', m.id)) as l (
    assistant_id text,
    status text,
    is_final boolean,
    outcome text,
    assignee_email text,
    calls bigint,
    called bigint,
    answered bigint,
    answered_by_human bigint,
    voicemail bigint,
    attempts bigint,
    ring_seconds double precision,
    talk_seconds double precision
)
left join revox.assistants s on s.id = l.assistant_id
where m._deleted_at is null;

create view revox.attempt_outcomes as
select
    m.id as campaign_id,
    m.name as campaign_name,
    l.assistant_id,
    s.name as assistant_name,
    l.llm_model_name,
    l.attempt_number,
    l.result,
    l.dial_error,
    l.ended_by,
    l.end_reason,
    l.attempts,
    l.answered,
    l.answered_by_human,
    l.ring_seconds,
    l.talk_seconds
from revox.campaigns m
cross join lateral jsonb_to_recordset(revox_sync.summary_lines('attempt_outcomes', 'campaign', m.id)) as l (
    assistant_id text,
    llm_model_name text,
    attempt_number integer,
    result text,
    dial_error text,
    ended_by text,
    end_reason text,
    attempts bigint,
    answered bigint,
    answered_by_human bigint,
    ring_seconds double precision,
    talk_seconds double precision
)
left join revox.assistants s on s.id = l.assistant_id
where m._deleted_at is null;

create view revox.dial_errors as
select
    m.id as campaign_id,
    m.name as campaign_name,
    l.dial_error,
    l.attempts,
    l.calls,
    l.numbers
from revox.campaigns m
cross join lateral jsonb_to_recordset(revox_sync.summary_lines('dial_errors', 'campaign', m.id)) as l (
    dial_error text,
    attempts bigint,
    calls bigint,
    numbers bigint
)
where m._deleted_at is null;

create view revox.tool_usage as
select
    m.id as campaign_id,
    m.name as campaign_name,
    l.assistant_id,
    s.name as assistant_name,
    l.tool_name,
    l.uses,
    l.failed,
    l.conversations,
    l.calls,
    l.calls_succeeded
from revox.campaigns m
cross join lateral jsonb_to_recordset(revox_sync.summary_lines('tool_usage', 'campaign', m.id)) as l (
    assistant_id text,
    tool_name text,
    uses bigint,
    failed bigint,
    conversations bigint,
    calls bigint,
    calls_succeeded bigint
)
left join revox.assistants s on s.id = l.assistant_id
where m._deleted_at is null;

create view revox.talk_ratio as
select
    m.id as campaign_id,
    m.name as campaign_name,
    l.assistant_id,
    s.name as assistant_name,
    l.result,
    l.conversations,
    l.turns,
    l.assistant_words,
    l.user_words,
    l.human_agent_words,
    l.assistant_share
from revox.campaigns m
cross join lateral jsonb_to_recordset(revox_sync.summary_lines('talk_ratio', 'campaign', m.id)) as l (
    assistant_id text,
    result text,
    conversations bigint,
    turns bigint,
    assistant_words bigint,
    user_words bigint,
    human_agent_words bigint,
    assistant_share numeric
)
left join revox.assistants s on s.id = l.assistant_id
where m._deleted_at is null;

-- The same columns as before.
create or replace view revox.sync_freshness as
select
    c.id as campaign_id,
    c.name as campaign_name,
    k.complete_through,
    k.completed_at,
    k.full_walk_at,
    l.outcome as last_outcome,
    l.kind as last_kind,
    l.started_at as last_run_at,
    l.requests as last_requests,
    l.error as last_error,
    n.rows_live,
    n.calls_live,
    n.calls_open,
    n.calls_unsettled,
    j.rejects,
    k.suspicious_at is not null as is_suspicious
from revox.campaigns c
left join revox_sync.checkpoints k on k.campaign_id = c.id
left join lateral (
    select run.outcome, run.kind, run.started_at, run.requests, run.error
    from revox_sync.runs run
    where run.campaign_id = c.id
      and run.outcome is not null
    order by run.started_at desc, run.id desc
    limit 1
) l on true
-- Aggregates give one line, so that the planner leaves the joins out where a query does not ask for their counts.
left join lateral (
    select
        max(held.rows_live) as rows_live,
        max(held.calls_live) as calls_live,
        max(held.calls_open) as calls_open,
        max(held.calls_unsettled) as calls_unsettled
    from jsonb_to_recordset(revox_sync.summary_lines('copy_counts', 'campaign', c.id)) as held (
        rows_live bigint,
        calls_live bigint,
        calls_open bigint,
        calls_unsettled bigint
    )
) n on true
left join lateral (
    select count(*) as rejects
    from revox_sync.rejects reject
    where reject.campaign_id = c.id
) j on true
where c._deleted_at is null;

-- Whether a call is settled stands in the states of its rows, of which a pass may write nothing else.
create function revox_sync.mark_settled() returns trigger
language plpgsql
as $$
begin
    insert into revox_sync.summary_marks (owner_kind, owner_id)
    select distinct 'campaign', now_so.campaign_id
    from after now_so
    join before was_so on was_so.row_id = now_so.row_id
    where (now_so.unsettled_since, now_so.status) is distinct from (was_so.unsettled_since, was_so.status)
      and now_so.campaign_id is not null
    order by 2;
    return null;
end
$$;

comment on function revox_sync.mark_settled() is
    'Marks the campaigns of rows whose calls were settled, or are no longer.';

create trigger row_states_mark_summaries_on_insert
    after insert on revox_sync.row_states
    referencing new table as after
    for each statement execute function revox_sync.mark_summaries();
create trigger row_states_mark_summaries_on_update
    after update on revox_sync.row_states
    referencing old table as before new table as after
    for each statement execute function revox_sync.mark_settled();
create trigger row_states_mark_summaries_on_delete
    after delete on revox_sync.row_states
    referencing old table as before
    for each statement execute function revox_sync.mark_summaries();

-- They are described as those that they sum up.
do $$
declare
    described record;
begin
    for described in
        select v.relname, a.attname, a.attnum, coalesce(col_description(v.oid, a.attnum), '') as words,
            obj_description(v.oid, 'pg_class') as view_words
        from pg_class v
        join pg_attribute a on a.attrelid = v.oid and a.attnum > 0
        where v.relnamespace = 'revox_sync'::regnamespace
          and v.relname in ('call_outcomes', 'attempt_outcomes', 'dial_errors', 'tool_usage', 'talk_ratio')
    loop
        execute format('comment on column revox.%I.%I is %L', described.relname, described.attname, described.words);
        execute format('comment on view revox.%I is %L', described.relname, described.view_words);
    end loop;
end
$$;
