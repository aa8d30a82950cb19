-- By which rows that did not change are passed over, neither parsed nor written. Apart from the
-- data, so that people's tables stay clean and narrow, and without foreign keys: a state that is missing or
-- left over costs one look, never a wrong line.

create table revox_sync.row_states (
    row_id text collate "C" not null,
    campaign_id text collate "C" not null,
    hash bytea not null,
    constraint row_states_pk primary key (row_id)
);

create index row_states_by_campaign
    on revox_sync.row_states (campaign_id);

comment on table revox_sync.row_states is
    'What each row looked like when it was last written.';
comment on column revox_sync.row_states.row_id is
    'Key: the row, revox.campaign_rows.id.';
comment on column revox_sync.row_states.campaign_id is
    'The campaign in which it was found.';
comment on column revox_sync.row_states.hash is
    'Keyed hash, 16 bytes, of the row''s JSON without its assistant and without what changes on every read; seeded with the mirror''s version and privacy settings.';
