-- How far each campaign has come. A checkpoint moves in the same transaction as the records it vouches for, so
-- that a pass killed at any instant goes on from here. No foreign keys: a campaign may be refused by the API, or
-- its line not be written yet, and its checkpoint stands all the same.

create table revox_sync.checkpoints (
    campaign_id text collate "C" not null,
    account text not null,
    api_shape jsonb,
    walk_id uuid,
    walk_started_at timestamptz,
    walk_first_total bigint,
    walk_fingerprint jsonb,
    walk_next_page bigint,
    walk_rows_seen bigint,
    total bigint,
    fingerprint jsonb,
    fingerprint_trusted boolean not null default true,
    completed_at timestamptz,
    full_walk_at timestamptz,
    gone_strikes integer not null default 0,
    suspicious_at timestamptz,
    suspicious_passes integer not null default 0,
    suspicious_deletions bigint,
    updated_at timestamptz not null,
    constraint checkpoints_pk primary key (campaign_id)
);

create index checkpoints_by_account
    on revox_sync.checkpoints (account);

comment on table revox_sync.checkpoints is
    'How far each campaign has come: the walk in progress (columns walk_*), if there is one, and what the last complete pass found. How fresh a campaign is: completed_at.';
comment on column revox_sync.checkpoints.campaign_id is
    'Key: the campaign, revox.campaigns.id once that line is written (no foreign key).';
comment on column revox_sync.checkpoints.account is
    'The account that listed the campaign (accounts.name); only that account''s list can make it vanish.';
comment on column revox_sync.checkpoints.api_shape is
    'What was found out about the API at this campaign, as JSON: paged or not, number of the first page, page size. Null until it was asked.';
comment on column revox_sync.checkpoints.walk_id is
    'The full walk in progress, the same as walk_pages.walk_id. Null when there is none.';
comment on column revox_sync.checkpoints.walk_started_at is
    'When the walk in progress began. Null when there is none.';
comment on column revox_sync.checkpoints.walk_first_total is
    'Rows in all as the walk''s first page said, a count; every later page has to agree. Null where the API gives no total.';
comment on column revox_sync.checkpoints.walk_fingerprint is
    'The campaign''s updated_at, status and row_stats as read before the walk''s first page, and what the walk has found odd since, as JSON. Null when there is no walk.';
comment on column revox_sync.checkpoints.walk_next_page is
    'First page that is not committed yet, counted from 0: where a killed walk goes on. Null when there is no walk.';
comment on column revox_sync.checkpoints.walk_rows_seen is
    'Rows that the walk has seen so far, doublets included, a count. Null when there is no walk.';
comment on column revox_sync.checkpoints.total is
    'Rows in all after the last complete pass, a count. Null until there was one.';
comment on column revox_sync.checkpoints.fingerprint is
    'The campaign''s updated_at, status and row_stats as read before the last complete pass, as JSON. Null until there was one, or when it was too fresh to be believed.';
comment on column revox_sync.checkpoints.fingerprint_trusted is
    'Whether an unmoved fingerprint is taken as proof that nothing changed; false once a full walk found a change under one.';
comment on column revox_sync.checkpoints.completed_at is
    'When the last complete pass ended. Null until there was one.';
comment on column revox_sync.checkpoints.full_walk_at is
    'When the last proven full walk ended. Null until there was one.';
comment on column revox_sync.checkpoints.gone_strikes is
    'Passes in a row in which the campaign was missing from the list and the API said 404 for it; at 2 it is tombstoned.';
comment on column revox_sync.checkpoints.suspicious_at is
    'When the last suspicious pass ended: too many rows would have vanished, so none did. Null when the last full walk was not suspicious.';
comment on column revox_sync.checkpoints.suspicious_passes is
    'Suspicious passes in a row, a count; the pauses between walks grow with it.';
comment on column revox_sync.checkpoints.suspicious_deletions is
    'Live rows that would have vanished in the last suspicious pass, a count: what --accept-deletions accepts, no more. Null when the last full walk was not suspicious.';
comment on column revox_sync.checkpoints.updated_at is
    'When this line last changed.';

create table revox_sync.walk_pages (
    campaign_id text collate "C" not null,
    walk_id uuid not null,
    first_page bigint not null,
    row_hashes bytea not null,
    constraint walk_pages_pk primary key (campaign_id, walk_id, first_page)
);

comment on table revox_sync.walk_pages is
    'The set of rows that a walk in progress has seen, by which it is proven complete and by which a resumed walk knows what came before. Gone when the walk ends.';
comment on column revox_sync.walk_pages.campaign_id is
    'The campaign that is walked.';
comment on column revox_sync.walk_pages.walk_id is
    'The walk: checkpoints.walk_id.';
comment on column revox_sync.walk_pages.first_page is
    'First of the pages that the line stands for, counted from 0.';
comment on column revox_sync.walk_pages.row_hashes is
    'Keyed hashes of the ids of the rows on those pages, 16 bytes a row, in the order in which they came.';
