-- The fixed columns, from which every assistant's view is made, and the lines of the views of both kinds. The findings are those
-- of the latest attempt that has some, as in the views of campaigns.

create view revox_sync.typed_calls as
select
    c.id as call_id,
    c.campaign_id,
    m.name as campaign_name,
    coalesce(
        case when c.direction = 'inbound' then c.from_phone_number else c.to_phone_number end,
        r.phone_number
    ) as phone_number,
    c.status,
    a.result,
    coalesce(a.attempts, 0) as attempts,
    a.first_attempt_at,
    a.last_attempt_at,
    a.structured_output,
    c.assistant_id
from revox.calls c
left join revox.campaigns m
    on m.id = c.campaign_id
left join lateral (
    select min(shown.phone_number) as phone_number
    from revox.campaign_rows shown
    where shown.call_id = c.id
      and shown._deleted_at is null
) r on true
left join lateral (
    select
        count(*) as attempts,
        min(t.started_at) as first_attempt_at,
        max(t.started_at) as last_attempt_at,
        (array_agg(t.result order by t.attempt_number desc nulls last, t.id desc))[1] as result,
        (
            array_agg(t.structured_output order by t.attempt_number desc nulls last, t.id desc)
                filter (where jsonb_typeof(t.structured_output) = 'object')
        )[1] as structured_output
    from revox.call_attempts t
    where t.call_id = c.id
      and t._deleted_at is null
) a on true
where c._deleted_at is null;

comment on view revox_sync.typed_calls is
    'The live calls with what came of them: the columns that every view of schema revox_assistants begins with.';
comment on column revox_sync.typed_calls.call_id is
    'The call: calls.id.';
comment on column revox_sync.typed_calls.campaign_id is
    'The campaign that the call belongs to: campaigns.id.';
comment on column revox_sync.typed_calls.campaign_name is
    'The campaign''s name, given by its author.';
comment on column revox_sync.typed_calls.phone_number is
    'The contact''s number: the one that is called, or that calls when the call is inbound; else the one of its row.';
comment on column revox_sync.typed_calls.status is
    'Status of the call.';
comment on column revox_sync.typed_calls.result is
    'Who or what answered the latest attempt: call_attempts.result. Null before there is one.';
comment on column revox_sync.typed_calls.attempts is
    'Attempts at the call so far, a count.';
comment on column revox_sync.typed_calls.first_attempt_at is
    'When the first attempt started. Null before there is one.';
comment on column revox_sync.typed_calls.last_attempt_at is
    'When the latest attempt started. Null before there is one.';
comment on column revox_sync.typed_calls.structured_output is
    'What the latest attempt that found out anything has found out, as JSON. Null while there is nothing.';
comment on column revox_sync.typed_calls.assistant_id is
    'The assistant that calls: assistants.id.';

create view revox_sync.typed_lines as
select
    'campaign' as kind,
    r.campaign_id as owner_id,
    r.row_id as line_id,
    r.input_data,
    r.structured_output
from revox_sync.typed_rows r
union all
select
    'assistant',
    c.assistant_id,
    c.call_id,
    null,
    c.structured_output
from revox_sync.typed_calls c;

comment on view revox_sync.typed_lines is
    'The lines of all typed views with the JSON that their columns come from.';
comment on column revox_sync.typed_lines.kind is
    'Whose view: typed_views.kind.';
comment on column revox_sync.typed_lines.owner_id is
    'Whose view: typed_views.owner_id.';
comment on column revox_sync.typed_lines.line_id is
    'The line: revox.campaign_rows.id in a campaign''s view, revox.calls.id in an assistant''s.';
comment on column revox_sync.typed_lines.input_data is
    'The contact''s input_data. Null in an assistant''s view.';
comment on column revox_sync.typed_lines.structured_output is
    'What the call has found out.';
