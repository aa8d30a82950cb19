-- The contacts of a campaign. A row points to its call, not the other way round: the API shows the call inside
-- the row, a row can get another call, and a call can move to another row.

create table revox.campaign_rows (
    id text collate "C" not null,
    campaign_id text collate "C",
    row_index bigint,
    phone_number text,
    input_data jsonb,
    call_id text collate "C",
    _first_seen_at timestamptz not null,
    _synced_at timestamptz not null,
    _deleted_at timestamptz,
    _extra jsonb,
    constraint campaign_rows_pk primary key (id),
    constraint campaign_rows_campaign_fk foreign key (campaign_id)
        references revox.campaigns (id),
    constraint campaign_rows_call_fk foreign key (call_id)
        references revox.calls (id)
);

create index campaign_rows_by_campaign_and_position
    on revox.campaign_rows (campaign_id, row_index);
create index campaign_rows_by_call
    on revox.campaign_rows (call_id);
create index campaign_rows_by_phone_number
    on revox.campaign_rows (phone_number);
create index campaign_rows_alive
    on revox.campaign_rows (campaign_id, id)
    where _deleted_at is null;

comment on table revox.campaign_rows is
    'The contacts of the campaigns: one line per person to call. Live while _deleted_at is null.';
comment on column revox.campaign_rows.id is
    'Key: the API''s id of the row.';
comment on column revox.campaign_rows.campaign_id is
    'The campaign that the row belongs to: campaigns.id.';
comment on column revox.campaign_rows.row_index is
    'Place of the row in its campaign as Revox numbers it.';
comment on column revox.campaign_rows.phone_number is
    'Number to call, usually E.164, as given.';
comment on column revox.campaign_rows.input_data is
    'The other columns of the contact list: a JSON object of strings, keyed by column name.';
comment on column revox.campaign_rows.call_id is
    'The row''s current call: calls.id. Null before it has one.';
comment on column revox.campaign_rows._first_seen_at is
    'When the mirror first stored the line.';
comment on column revox.campaign_rows._synced_at is
    'When the content of the line last changed in the mirror.';
comment on column revox.campaign_rows._deleted_at is
    'When the mirror found it gone from the API. Null while it exists there.';
comment on column revox.campaign_rows._extra is
    'Fields of the API that have no column here, as JSON, secrets scrubbed. Null when there are none.';
