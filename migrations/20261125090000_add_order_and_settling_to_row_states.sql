-- What an incremental pass needs to know of every row: where it stands among the others, which filtered list shows
-- it, and until when it may still change. One line for each row that the API has shown, one that could not land too,
-- so that counts agree with the API's.

alter table revox_sync.row_states
    alter column hash drop not null,
    add column position bigint,
    add column status text,
    add column unsettled_since timestamptz,
    add column read_by timestamptz;

drop index revox_sync.row_states_by_campaign;
create index row_states_by_campaign_and_position
    on revox_sync.row_states (campaign_id, position);
create index row_states_unsettled
    on revox_sync.row_states (campaign_id, read_by)
    where unsettled_since is not null;

comment on table revox_sync.row_states is
    'What each row of the API looked like when it was last read, where it stands, and until when it may still change.';
comment on column revox_sync.row_states.hash is
    'Keyed hash, 16 bytes, of the row''s JSON without its assistant and without what changes on every read; seeded with the mirror''s version and privacy settings. Null when the row is to be written again whatever its bytes.';
comment on column revox_sync.row_states.position is
    'Orders the rows of a campaign as the API shows them; numbers may be missing. Null until a full walk has shown it.';
comment on column revox_sync.row_states.status is
    'Status of the row''s call as last read. Null when it has no call.';
comment on column revox_sync.row_states.unsettled_since is
    'Since when the row''s call may change without anything else showing it: its last attempt''s end, its start while it is under way, the time it is scheduled for. Null when nothing of the kind is expected.';
comment on column revox_sync.row_states.read_by is
    'From when on its page is read again for it. Null when unsettled_since is.';

-- Rows mirrored by an earlier version are read again once: their places and statuses are not known.
truncate revox_sync.row_states;
insert into revox_sync.row_states (row_id, campaign_id)
select id, campaign_id from revox.campaign_rows where _deleted_at is null;
update revox_sync.checkpoints set fingerprint = null, full_walk_at = null;
