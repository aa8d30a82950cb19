-- What the contacts of a campaign and the findings of its calls hold differs from campaign to campaign. Each campaign
-- gets a view of its own with a column for every key. The schema is made only where it is missing; a role that may not
-- make schemas goes without until somebody makes it, since nothing else depends on it.

do $$
begin
    if to_regnamespace('revox_campaigns') is null then
        create schema revox_campaigns;
    end if;
    if pg_has_role((select nspowner from pg_namespace where nspname = 'revox_campaigns'), 'usage') then
        comment on schema revox_campaigns is
            'A view a campaign: one line per live contact, with a column for each key of its input_data and each field that the assistant finds out. Made and kept up to date by revox-mirror.';
    end if;
exception
    when insufficient_privilege then
        raise notice 'the schema revox_campaigns cannot be made by this role: there will be no views of single campaigns until it is';
end
$$;

create table revox_sync.typed_views (
    campaign_id text collate "C" not null,
    view_name text not null,
    columns jsonb not null default '[]',
    impossible jsonb not null default '[]',
    trouble text,
    fields_hash text,
    refreshed_at timestamptz,
    constraint typed_views_pk primary key (campaign_id),
    constraint typed_views_have_names_of_their_own unique (view_name)
);

comment on table revox_sync.typed_views is
    'The views of schema revox_campaigns, one line a campaign. A view keeps its name when the campaign is renamed, and its columns keep names, types and places.';
comment on column revox_sync.typed_views.campaign_id is
    'Key: the campaign, revox.campaigns.id.';
comment on column revox_sync.typed_views.view_name is
    'The view''s name in schema revox_campaigns, fixed when it was first made.';
comment on column revox_sync.typed_views.columns is
    'Its columns behind the fixed ones, in order, as a JSON array of objects: name, source (input or output), key, type, comment.';
comment on column revox_sync.typed_views.impossible is
    'What could not be done, as a JSON array of objects: source, key, why. Such as a key that has no column, or a field whose type has changed and whose column has not.';
comment on column revox_sync.typed_views.trouble is
    'What the database said when the view could not be made or changed the last time. Null when it could.';
comment on column revox_sync.typed_views.fields_hash is
    'Hash of the assistant''s fields from which the columns were last made. Null until they were.';
comment on column revox_sync.typed_views.refreshed_at is
    'When columns and misfits were last brought up to date with the rows. Null until they were.';

create table revox_sync.typed_pending (
    campaign_id text collate "C" not null,
    row_id text collate "C" not null,
    constraint typed_pending_pk primary key (campaign_id, row_id)
);

comment on table revox_sync.typed_pending is
    'Rows that were written since their campaign''s view was last brought up to date: their keys and misfits are to be looked at. No foreign keys: a line left over costs one look.';
comment on column revox_sync.typed_pending.campaign_id is
    'The campaign: typed_views.campaign_id.';
comment on column revox_sync.typed_pending.row_id is
    'The row: revox.campaign_rows.id.';

create table revox_sync.typed_misfits (
    campaign_id text collate "C" not null,
    row_id text collate "C" not null,
    column_name text collate "C" not null,
    constraint typed_misfits_pk primary key (campaign_id, row_id, column_name)
);

comment on table revox_sync.typed_misfits is
    'Values that do not fit the type of their column in a campaign''s view: null there, and whole in input_data or structured_output.';
comment on column revox_sync.typed_misfits.campaign_id is
    'The campaign: typed_views.campaign_id.';
comment on column revox_sync.typed_misfits.row_id is
    'The row: revox.campaign_rows.id.';
comment on column revox_sync.typed_misfits.column_name is
    'The column of the campaign''s view.';

create view revox_sync.typed_misfit_counts as
select
    v.campaign_id,
    v.view_name,
    c.name as column_name,
    c.type as column_type,
    count(r.id) as misfits,
    v.refreshed_at
from revox_sync.typed_views v
cross join lateral jsonb_to_recordset(v.columns) as c (name text, type text)
left join revox_sync.typed_misfits m
    on m.campaign_id = v.campaign_id
    and m.column_name = c.name
left join revox.campaign_rows r
    on r.id = m.row_id
    and r.campaign_id = v.campaign_id
    and r._deleted_at is null
where c.type <> 'text'
group by v.campaign_id, v.view_name, v.refreshed_at, c.name, c.type;

comment on view revox_sync.typed_misfit_counts is
    'How many values do not fit their column, by campaign and column; columns of text, which everything fits, are left out.';
comment on column revox_sync.typed_misfit_counts.campaign_id is
    'The campaign: revox.campaigns.id.';
comment on column revox_sync.typed_misfit_counts.view_name is
    'Its view in schema revox_campaigns.';
comment on column revox_sync.typed_misfit_counts.column_name is
    'The view''s column.';
comment on column revox_sync.typed_misfit_counts.column_type is
    'The column''s type: numeric, boolean, date or timestamptz.';
comment on column revox_sync.typed_misfit_counts.misfits is
    'Live rows whose value is null in the column though there is one, a count.';
comment on column revox_sync.typed_misfit_counts.refreshed_at is
    'As of when they were counted.';

-- The fixed columns, from which every campaign's view is made. The findings are those of the latest attempt that has
-- some; the other columns of the call come from its latest attempt.
create view revox_sync.typed_rows as
select
    r.id as row_id,
    r.row_index,
    r.phone_number,
    c.id as call_id,
    c.status,
    a.result,
    a.attempts,
    a.last_attempt_at,
    r.input_data,
    a.structured_output,
    r.campaign_id
from revox.campaign_rows r
left join revox.calls c
    on c.id = r.call_id
    and c._deleted_at is null
left join lateral (
    select
        (array_agg(t.result order by t.attempt_number desc nulls last, t.id desc))[1] as result,
        count(*) as attempts,
        max(t.started_at) as last_attempt_at,
        (
            array_agg(t.structured_output order by t.attempt_number desc nulls last, t.id desc)
                filter (where jsonb_typeof(t.structured_output) = 'object')
        )[1] as structured_output
    from revox.call_attempts t
    where t.call_id = c.id
      and t._deleted_at is null
) a on true
where r._deleted_at is null;

comment on view revox_sync.typed_rows is
    'The live contacts with what is known of their calls: the columns that every view of schema revox_campaigns begins with.';
comment on column revox_sync.typed_rows.row_id is
    'The contact: campaign_rows.id.';
comment on column revox_sync.typed_rows.row_index is
    'Place of the contact in its campaign as Revox numbers it.';
comment on column revox_sync.typed_rows.phone_number is
    'Number to call, as given.';
comment on column revox_sync.typed_rows.call_id is
    'The contact''s current call: calls.id. Null before it has one.';
comment on column revox_sync.typed_rows.status is
    'Status of the call. Null before there is one.';
comment on column revox_sync.typed_rows.result is
    'Who or what answered the latest attempt: call_attempts.result.';
comment on column revox_sync.typed_rows.attempts is
    'Attempts at the call so far, a count.';
comment on column revox_sync.typed_rows.last_attempt_at is
    'When the latest attempt started. Null before there is one.';
comment on column revox_sync.typed_rows.input_data is
    'The other columns of the contact list, as JSON.';
comment on column revox_sync.typed_rows.structured_output is
    'What the latest attempt that found out anything has found out, as JSON. Null while there is nothing.';
comment on column revox_sync.typed_rows.campaign_id is
    'The campaign: campaigns.id.';

-- The fields that an assistant is to find out, from which columns are made.
create function revox_sync.typed_fields(assistant text) returns jsonb
language sql stable parallel safe
as $$
    select coalesce(
        jsonb_agg(
            jsonb_build_object(
                'name', f.name,
                'type', f.type,
                'description', f.description,
                'enum_options', f.enum_options
            )
            order by f.field_index
        ),
        '[]'
    )
    from revox.assistant_structured_output_fields f
    where f.assistant_id = assistant
$$;

comment on function revox_sync.typed_fields(text) is
    'The fields that an assistant (assistants.id) is to find out, in order, as a JSON array; empty for an unknown one.';
