-- What the views that count over many calls come to, kept for a campaign or an assistant at a time, since a million attempts
-- are not counted while somebody waits. A summary can be behind and is never believed then: whoever writes calls, rows or
-- attempts leaves a mark in the same transaction, and what is marked is counted anew by whoever asks, until the daemon or
-- `run --once` has summed it up after the pass. So the views of schema revox always say what those of the same names in
-- revox_sync say, and say it at once where nothing has just changed.

create table revox_sync.summaries (
    summary text collate "C" not null,
    owner_id text collate "C" not null,
    lines jsonb not null,
    summed_at timestamptz not null,
    took interval not null,
    constraint summaries_pk primary key (summary, owner_id)
);

comment on table revox_sync.summaries is
    'What the views that count say of one campaign or assistant, summed up. Lines that are marked in summary_marks are not believed.';
comment on column revox_sync.summaries.summary is
    'Key, with owner_id: the view of this schema whose lines it holds, such as daily_activity.';
comment on column revox_sync.summaries.owner_id is
    'Key: the campaign or assistant: campaigns.id or assistants.id.';
comment on column revox_sync.summaries.lines is
    'The view''s lines about it: a JSON list of objects, keyed by column name.';
comment on column revox_sync.summaries.summed_at is
    'When they were counted.';
comment on column revox_sync.summaries.took is
    'How long that took; it is not done again before ten times as long have passed.';

create table revox_sync.summary_marks (
    id bigint generated always as identity,
    owner_kind text collate "C" not null,
    owner_id text collate "C" not null,
    constraint summary_marks_pk primary key (id)
);

create index summary_marks_by_owner
    on revox_sync.summary_marks (owner_id, owner_kind);

comment on table revox_sync.summary_marks is
    'Campaigns and assistants of which something was written since they were last summed up; a line a statement that wrote.';
comment on column revox_sync.summary_marks.id is
    'Key: a number. Each line is its writer''s own, so that none waits for another or for the summing up.';
comment on column revox_sync.summary_marks.owner_kind is
    'campaign or assistant.';
comment on column revox_sync.summary_marks.owner_id is
    'Which one: campaigns.id or assistants.id.';

create function revox_sync.mark_summaries() returns trigger
language plpgsql
as $$
declare
    columns constant text := case tg_table_name
        when 'call_attempts' then 'call_id'
        when 'calls' then 'campaign_id, assistant_id'
        else 'campaign_id'
    end;
    touched constant text := case tg_op
        when 'INSERT' then format('select %s from after', columns)
        when 'DELETE' then format('select %s from before', columns)
        else format('select %1$s from before union select %1$s from after', columns)
    end;
begin
    execute
        'insert into revox_sync.summary_marks (owner_kind, owner_id)
         select distinct o.kind, o.id '
        || case tg_table_name
            when 'call_attempts' then format(
                'from (%s) t join revox.calls c on c.id = t.call_id
                 cross join lateral (values (''campaign'', c.campaign_id), (''assistant'', c.assistant_id)) o (kind, id)',
                touched
            )
            when 'calls' then format(
                'from (%s) t
                 cross join lateral (values (''campaign'', t.campaign_id), (''assistant'', t.assistant_id)) o (kind, id)',
                touched
            )
            else format('from (select ''campaign'' as kind, t.campaign_id as id from (%s) t) o', touched)
        end
        || ' where o.id is not null order by 1, 2';
    return null;
end
$$;

comment on function revox_sync.mark_summaries() is
    'Marks the campaigns and assistants of what a statement has written.';

create trigger campaign_rows_mark_summaries_on_insert
    after insert on revox.campaign_rows
    referencing new table as after
    for each statement execute function revox_sync.mark_summaries();
create trigger campaign_rows_mark_summaries_on_update
    after update on revox.campaign_rows
    referencing old table as before new table as after
    for each statement execute function revox_sync.mark_summaries();
create trigger campaign_rows_mark_summaries_on_delete
    after delete on revox.campaign_rows
    referencing old table as before
    for each statement execute function revox_sync.mark_summaries();
create trigger calls_mark_summaries_on_insert
    after insert on revox.calls
    referencing new table as after
    for each statement execute function revox_sync.mark_summaries();
create trigger calls_mark_summaries_on_update
    after update on revox.calls
    referencing old table as before new table as after
    for each statement execute function revox_sync.mark_summaries();
create trigger calls_mark_summaries_on_delete
    after delete on revox.calls
    referencing old table as before
    for each statement execute function revox_sync.mark_summaries();
create trigger call_attempts_mark_summaries_on_insert
    after insert on revox.call_attempts
    referencing new table as after
    for each statement execute function revox_sync.mark_summaries();
create trigger call_attempts_mark_summaries_on_update
    after update on revox.call_attempts
    referencing old table as before new table as after
    for each statement execute function revox_sync.mark_summaries();
create trigger call_attempts_mark_summaries_on_delete
    after delete on revox.call_attempts
    referencing old table as before
    for each statement execute function revox_sync.mark_summaries();

-- Another time zone makes other days and hours.
create function revox_sync.mark_all_summaries() returns trigger
language plpgsql
as $$
begin
    insert into revox_sync.summary_marks (owner_kind, owner_id)
    select 'campaign', c.id
    from revox.campaigns c
    order by c.id;
    return null;
end
$$;

comment on function revox_sync.mark_all_summaries() is
    'Marks every campaign.';

create trigger settings_mark_summaries
    after insert or update on revox_sync.settings
    for each row execute function revox_sync.mark_all_summaries();

-- What is there already.
insert into revox_sync.summary_marks (owner_kind, owner_id)
select 'campaign', c.id from revox.campaigns c
union all
select 'assistant', a.id from revox.assistants a;
