-- The history that people look into when they ask whether the copy can be believed: a line per campaign and
-- pass, written when the pass begins and finished when it ends, so that a pass that was killed shows as well.

create table revox_sync.runs (
    id bigint generated always as identity,
    account text,
    campaign_id text collate "C",
    kind text,
    outcome text,
    started_at timestamptz not null,
    finished_at timestamptz,
    trigger text,
    evidence jsonb,
    requests bigint not null default 0,
    bytes bigint not null default 0,
    rows_seen bigint not null default 0,
    rows_inserted bigint not null default 0,
    rows_updated bigint not null default 0,
    rows_unchanged bigint not null default 0,
    rows_tombstoned bigint not null default 0,
    rejected bigint not null default 0,
    error text,
    constraint runs_pk primary key (id)
);

create index runs_by_campaign_and_start
    on revox_sync.runs (campaign_id, started_at desc);
create index runs_by_start
    on revox_sync.runs (started_at);

comment on table revox_sync.runs is
    'One line per campaign and pass; none for a pass that was skipped because nothing had changed. Kept as long as sync.keep_runs says.';
comment on column revox_sync.runs.id is
    'Key: a number that grows.';
comment on column revox_sync.runs.account is
    'The account that listed the campaign: accounts.name.';
comment on column revox_sync.runs.campaign_id is
    'The campaign (no foreign key).';
comment on column revox_sync.runs.kind is
    'full (every row was read) or incremental (what the evidence pointed at).';
comment on column revox_sync.runs.outcome is
    'complete (the copy is right as far as the evidence goes), partial (not everything could be proven or read), suspicious (too much would have vanished, so nothing was deleted), failed. Null while it runs, or when it was killed.';
comment on column revox_sync.runs.started_at is
    'When the pass began.';
comment on column revox_sync.runs.finished_at is
    'When the pass ended. Null while it runs, or when it was killed.';
comment on column revox_sync.runs.trigger is
    'What set it off: once (run --once), schedule, hook, demo, and what later versions add.';
comment on column revox_sync.runs.evidence is
    'What the outcome rests on, as JSON: totals, distinct rows, fingerprints before and after, pages that were read again.';
comment on column revox_sync.runs.requests is
    'Requests to the API, retries included, a count.';
comment on column revox_sync.runs.bytes is
    'Bytes of the API''s answers.';
comment on column revox_sync.runs.rows_seen is
    'Rows that the API showed, a count.';
comment on column revox_sync.runs.rows_inserted is
    'Rows that were new, a count.';
comment on column revox_sync.runs.rows_updated is
    'Known rows that differed, a count.';
comment on column revox_sync.runs.rows_unchanged is
    'Known rows that were passed over, a count.';
comment on column revox_sync.runs.rows_tombstoned is
    'Rows found to be gone, a count.';
comment on column revox_sync.runs.rejected is
    'Pieces that could not land (rejects), a count.';
comment on column revox_sync.runs.error is
    'Why it is not complete, in plain words and without anybody''s data. Null when it is.';
