-- The campaigns of the account, as its list shows them: the entry to everything else, and few, so that their
-- indexes cost nothing.

create table revox.campaigns (
    id text collate "C" not null,
    organization_id text collate "C",
    assistant_id text collate "C",
    name text,
    status text,
    is_cancelled boolean,
    from_phone_number text,
    max_concurrent_calls bigint,
    call_retry_config_id text collate "C",
    scheduled_at timestamptz,
    created_at timestamptz,
    updated_at timestamptz,
    rows_total bigint,
    rows_pending bigint,
    rows_calling bigint,
    rows_retry bigint,
    rows_completed bigint,
    rows_failed bigint,
    rows_not_launched bigint,
    rows_skipped bigint,
    _first_seen_at timestamptz not null,
    _synced_at timestamptz not null,
    _deleted_at timestamptz,
    _extra jsonb,
    constraint campaigns_pk primary key (id),
    constraint campaigns_assistant_fk foreign key (assistant_id)
        references revox.assistants (id),
    constraint campaigns_call_retry_config_fk foreign key (call_retry_config_id)
        references revox.call_retry_configs (id)
);

create index campaigns_by_assistant
    on revox.campaigns (assistant_id);
create index campaigns_by_call_retry_config
    on revox.campaigns (call_retry_config_id);
create index campaigns_by_organization
    on revox.campaigns (organization_id);
create index campaigns_by_status
    on revox.campaigns (status);

comment on table revox.campaigns is
    'Calling campaigns: an assistant that calls a list of contacts (campaign_rows). Live while _deleted_at is null.';
comment on column revox.campaigns.id is
    'Key: the API''s id of the campaign.';
comment on column revox.campaigns.organization_id is
    'The organization that owns the campaign; tells accounts apart where several are mirrored.';
comment on column revox.campaigns.assistant_id is
    'The assistant that calls: assistants.id.';
comment on column revox.campaigns.name is
    'Name given by its author.';
comment on column revox.campaigns.status is
    'draft (older API), running, paused, completed, and whatever the API adds later.';
comment on column revox.campaigns.is_cancelled is
    'Whether it was cancelled.';
comment on column revox.campaigns.from_phone_number is
    'Number that its calls come from, usually E.164. Null: the organization''s default.';
comment on column revox.campaigns.max_concurrent_calls is
    'Calls at the same time at most, a count. Null when no limit is set.';
comment on column revox.campaigns.call_retry_config_id is
    'When and how often its calls are tried again: call_retry_configs.id. Null: the API''s defaults.';
comment on column revox.campaigns.scheduled_at is
    'When it is to start. Null when it is not scheduled.';
comment on column revox.campaigns.created_at is
    'When it was created in Revox.';
comment on column revox.campaigns.updated_at is
    'When it was last changed in Revox.';
comment on column revox.campaigns.rows_total is
    'Contacts in all as Revox counts them (row_stats.total). The mirror''s own count is that of the live campaign_rows.';
comment on column revox.campaigns.rows_pending is
    'Contacts not called yet, as Revox counts them.';
comment on column revox.campaigns.rows_calling is
    'Contacts being called, as Revox counts them.';
comment on column revox.campaigns.rows_retry is
    'Contacts that wait for another attempt, as Revox counts them.';
comment on column revox.campaigns.rows_completed is
    'Contacts done, as Revox counts them.';
comment on column revox.campaigns.rows_failed is
    'Contacts given up, as Revox counts them.';
comment on column revox.campaigns.rows_not_launched is
    'Contacts not launched, as Revox counts them. Newer API only.';
comment on column revox.campaigns.rows_skipped is
    'Contacts skipped, as Revox counts them. Newer API only.';
comment on column revox.campaigns._first_seen_at is
    'When the mirror first stored the line.';
comment on column revox.campaigns._synced_at is
    'When the content of the line last changed in the mirror. How fresh the campaign is stands in revox_sync.checkpoints.';
comment on column revox.campaigns._deleted_at is
    'When the mirror found it gone from the API. Null while it exists there.';
comment on column revox.campaigns._extra is
    'Fields of the API that have no column here, as JSON, secrets scrubbed. Null when there are none.';
