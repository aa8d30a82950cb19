-- Assistants get views as campaigns have them. What is known of the views is kept in the same tables, by the kind of their
-- owner and its id; the lines of a campaign's view are its contacts, those of an assistant's its calls.

drop view revox_sync.typed_misfit_counts;

alter table revox_sync.typed_views rename column campaign_id to owner_id;
alter table revox_sync.typed_views add column kind text collate "C" not null default 'campaign';
alter table revox_sync.typed_views alter column kind drop default;
alter table revox_sync.typed_views drop constraint typed_views_pk;
alter table revox_sync.typed_views add constraint typed_views_pk primary key (kind, owner_id);
alter table revox_sync.typed_views drop constraint typed_views_have_names_of_their_own;
alter table revox_sync.typed_views add constraint typed_views_have_names_of_their_own unique (kind, view_name);
alter table revox_sync.typed_views add constraint typed_views_are_of_a_known_kind check (kind in ('campaign', 'assistant'));

comment on table revox_sync.typed_views is
    'The views of the schemas revox_campaigns and revox_assistants, a line each. A view keeps its name when its owner is renamed, and its columns keep names, types and places.';
comment on column revox_sync.typed_views.kind is
    'Key, with owner_id: whose view it is, campaign or assistant.';
comment on column revox_sync.typed_views.owner_id is
    'Key, with kind: revox.campaigns.id or revox.assistants.id.';
comment on column revox_sync.typed_views.view_name is
    'The view''s name in schema revox_campaigns or revox_assistants, fixed when it was first made.';

alter table revox_sync.typed_pending rename column campaign_id to owner_id;
alter table revox_sync.typed_pending rename column row_id to line_id;
alter table revox_sync.typed_pending add column kind text collate "C" not null default 'campaign';
alter table revox_sync.typed_pending alter column kind drop default;
alter table revox_sync.typed_pending drop constraint typed_pending_pk;
alter table revox_sync.typed_pending add constraint typed_pending_pk primary key (kind, owner_id, line_id);

comment on table revox_sync.typed_pending is
    'Lines that were written since their view was last brought up to date: their keys and misfits are to be looked at. No foreign keys: one that is left over costs one look.';
comment on column revox_sync.typed_pending.kind is
    'Whose view: typed_views.kind.';
comment on column revox_sync.typed_pending.owner_id is
    'Whose view: typed_views.owner_id.';
comment on column revox_sync.typed_pending.line_id is
    'The line: revox.campaign_rows.id in a campaign''s view, revox.calls.id in an assistant''s.';

alter table revox_sync.typed_misfits rename column campaign_id to owner_id;
alter table revox_sync.typed_misfits rename column row_id to line_id;
alter table revox_sync.typed_misfits add column kind text collate "C" not null default 'campaign';
alter table revox_sync.typed_misfits alter column kind drop default;
alter table revox_sync.typed_misfits drop constraint typed_misfits_pk;
alter table revox_sync.typed_misfits add constraint typed_misfits_pk primary key (kind, owner_id, line_id, column_name);

-- The misfits of what is erased are taken out by the ids of its lines.
create index typed_misfits_by_line on revox_sync.typed_misfits (line_id);

comment on table revox_sync.typed_misfits is
    'Values that do not fit the type of their column in a typed view: null there, and whole in input_data or structured_output.';
comment on column revox_sync.typed_misfits.kind is
    'Whose view: typed_views.kind.';
comment on column revox_sync.typed_misfits.owner_id is
    'Whose view: typed_views.owner_id.';
comment on column revox_sync.typed_misfits.line_id is
    'The line: revox.campaign_rows.id in a campaign''s view, revox.calls.id in an assistant''s.';
comment on column revox_sync.typed_misfits.column_name is
    'The column of the view.';

create view revox_sync.typed_misfit_counts as
select
    v.kind,
    v.owner_id,
    v.view_name,
    c.name as column_name,
    c.type as column_type,
    count(m.line_id) filter (where r.id is not null or l.id is not null) as misfits,
    v.refreshed_at
from revox_sync.typed_views v
cross join lateral jsonb_to_recordset(v.columns) as c (name text, type text)
left join revox_sync.typed_misfits m
    on m.kind = v.kind
    and m.owner_id = v.owner_id
    and m.column_name = c.name
left join revox.campaign_rows r
    on v.kind = 'campaign'
    and r.id = m.line_id
    and r.campaign_id = v.owner_id
    and r._deleted_at is null
left join revox.calls l
    on v.kind = 'assistant'
    and l.id = m.line_id
    and l.assistant_id = v.owner_id
    and l._deleted_at is null
where c.type <> 'text'
group by v.kind, v.owner_id, v.view_name, v.refreshed_at, c.name, c.type;

comment on view revox_sync.typed_misfit_counts is
    'How many values do not fit their column, by view and column; columns of text, which everything fits, are left out.';
comment on column revox_sync.typed_misfit_counts.kind is
    'Whose view it is: campaign or assistant.';
comment on column revox_sync.typed_misfit_counts.owner_id is
    'Its owner: revox.campaigns.id or revox.assistants.id.';
comment on column revox_sync.typed_misfit_counts.view_name is
    'The view in schema revox_campaigns or revox_assistants.';
comment on column revox_sync.typed_misfit_counts.column_name is
    'The view''s column.';
comment on column revox_sync.typed_misfit_counts.column_type is
    'The column''s type: numeric, boolean, date or timestamptz.';
comment on column revox_sync.typed_misfit_counts.misfits is
    'Live lines whose value is null in the column though there is one, a count.';
comment on column revox_sync.typed_misfit_counts.refreshed_at is
    'As of when they were counted.';
