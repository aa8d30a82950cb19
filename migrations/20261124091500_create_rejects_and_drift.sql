-- Nothing that the API says is lost without a trace: what cannot be stored is kept as a reject until it lands,
-- and what the mirror did not know is counted as drift, from which its next version is written.

create table revox_sync.rejects (
    campaign_id text collate "C" not null,
    row_key text collate "C" not null,
    path text collate "C" not null,
    payload_hash bytea not null,
    reason text not null,
    payload text,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    times bigint not null default 1,
    constraint rejects_pk primary key (campaign_id, row_key, path, payload_hash)
);

create index rejects_by_last_seen
    on revox_sync.rejects (last_seen_at);

comment on table revox_sync.rejects is
    'Pieces of answers that could not be stored, whole rows or parts of them. A line goes once its row lands; the rest as sync.keep_rejects says.';
comment on column revox_sync.rejects.campaign_id is
    'The campaign whose answer held the piece (no foreign key).';
comment on column revox_sync.rejects.row_key is
    'The id of the row that holds the piece, or #N for the row at position N, from 0, when it has none.';
comment on column revox_sync.rejects.path is
    'Where in the row the piece stood: empty for the row itself, or such as call or call.call_attempts[3].';
comment on column revox_sync.rejects.payload_hash is
    'Hash of the piece: the same piece again counts up, another piece is another line.';
comment on column revox_sync.rejects.reason is
    'Why it could not be stored: one plain sentence without the values at fault.';
comment on column revox_sync.rejects.payload is
    'The piece as JSON text, secrets scrubbed. Text, because what is refused need not be valid JSON.';
comment on column revox_sync.rejects.first_seen_at is
    'When it was first seen.';
comment on column revox_sync.rejects.last_seen_at is
    'When it was last seen.';
comment on column revox_sync.rejects.times is
    'How many times it was seen.';

create table revox_sync.drift (
    path text collate "C" not null,
    kind text collate "C" not null,
    sample_type text generated always as (split_part(kind, ',', 1)) stored,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    count bigint not null default 1,
    constraint drift_pk primary key (path, kind)
);

comment on table revox_sync.drift is
    'What the API says that the mirror did not know: fields, types, values. The values themselves of unknown fields are in the _extra columns; none that may be secret is here.';
comment on column revox_sync.drift.path is
    'Where it stands in the API''s answer, such as call.call_attempts[].new_field.';
comment on column revox_sync.drift.kind is
    'What was seen: a JSON type (string, number, boolean, object, array, null), followed by what was expected where a known field has an unreadable value, such as: string, not a time.';
comment on column revox_sync.drift.sample_type is
    'The JSON type alone. Generated from kind.';
comment on column revox_sync.drift.first_seen_at is
    'When it was first seen.';
comment on column revox_sync.drift.last_seen_at is
    'When it was last seen.';
comment on column revox_sync.drift.count is
    'How many times it was seen.';
