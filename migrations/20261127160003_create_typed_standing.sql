-- How the typed views stand beside what they are made from: what is due, and what people are to be told. An assistant that is
-- known by its id alone waits for its name, which its view keeps.

create view revox_sync.typed_standing as
select
    s.kind,
    s.owner_id,
    s.owner_name,
    s.account,
    s.view_name,
    s.columns,
    s.impossible,
    s.trouble,
    s.refreshed_at,
    s.fields,
    s.state,
    s.view_name is null
        or s.trouble is not null
        or s.state is not null
        or s.fields_hash is distinct from md5(s.fields::text)
        or exists (
            select
            from revox_sync.typed_pending p
            where p.kind = s.kind
              and p.owner_id = s.owner_id
        ) as is_due
from (
    select
        o.kind,
        o.owner_id,
        o.owner_name,
        o.account,
        v.view_name,
        v.columns,
        v.impossible,
        v.trouble,
        v.refreshed_at,
        v.fields_hash,
        revox_sync.typed_fields(o.assistant_id) as fields,
        case
            when v.view_name is not null then revox_sync.typed_view_state(o.kind, v.view_name, v.columns)
        end as state
    from (
        select 'campaign' as kind, c.id as owner_id, c.name as owner_name, c.assistant_id, k.account
        from revox.campaigns c
        left join revox_sync.checkpoints k on k.campaign_id = c.id and k.passes > 0
        where c._deleted_at is null
        union all
        select 'assistant', a.id, a.name, a.id, null
        from revox.assistants a
        where a._deleted_at is null
          and (
              a.name is not null
              or exists (
                  select
                  from revox.assistant_structured_output_fields f
                  where f.assistant_id = a.id
              )
          )
    ) o
    left join revox_sync.typed_views v
        on v.kind = o.kind
        and v.owner_id = o.owner_id
) s;

comment on view revox_sync.typed_standing is
    'Who is to have a typed view (live campaigns, and assistants of which more is known than their id), with how it stands.';
comment on column revox_sync.typed_standing.kind is
    'Whose view it is: campaign or assistant.';
comment on column revox_sync.typed_standing.owner_id is
    'Its owner: revox.campaigns.id or revox.assistants.id.';
comment on column revox_sync.typed_standing.owner_name is
    'The owner''s name, given by its author.';
comment on column revox_sync.typed_standing.account is
    'The account that a campaign was read for. Null for an assistant, and for a campaign before its first pass.';
comment on column revox_sync.typed_standing.view_name is
    'The view''s name: typed_views.view_name. Null before it has one.';
comment on column revox_sync.typed_standing.columns is
    'Its columns: typed_views.columns.';
comment on column revox_sync.typed_standing.impossible is
    'What could not be done: typed_views.impossible.';
comment on column revox_sync.typed_standing.trouble is
    'What the database said when the view could not be made or changed: typed_views.trouble.';
comment on column revox_sync.typed_standing.refreshed_at is
    'When it was last brought up to date: typed_views.refreshed_at.';
comment on column revox_sync.typed_standing.fields is
    'The fields that the assistant is to find out, as typed_fields() gives them.';
comment on column revox_sync.typed_standing.state is
    'What is wrong with the view as it stands now, as typed_view_state() says: no_schema, missing, taken or altered. Null when nothing is.';
comment on column revox_sync.typed_standing.is_due is
    'Whether there is anything to do about it.';
