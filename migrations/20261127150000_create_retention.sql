-- What is kept for a time only is left out by its own time, and not by when somebody looks: a point in time that moves a
-- day a day. It stands here, and not in each process, so that passes, the sweep and `verify` go by the same one. It takes
-- no part in the hashes of rows: a day that passes makes no row differ.

create table revox_sync.retention (
    id smallint not null,
    version bigint not null,
    swept_version bigint not null,
    readings bigint not null,
    settings text collate "C" not null,
    transcripts_before timestamptz,
    recording_urls_before timestamptz,
    calls_before timestamptz,
    moved_at timestamptz,
    constraint retention_pk primary key (id),
    constraint retention_is_one_line check (id = 1)
);

insert into revox_sync.retention (id, version, swept_version, readings, settings)
values (1, 0, 0, 0, '');

comment on table revox_sync.retention is
    'Before when what was said, where it was recorded, and calls as a whole are removed. One line, which the commits of passes share; who moves a time waits for them.';
comment on column revox_sync.retention.id is
    'Always 1.';
comment on column revox_sync.retention.version is
    'Raised whenever one of the times moves. A pass that has read under another one removes in its own commits what is past by now.';
comment on column revox_sync.retention.swept_version is
    'The version for which everything that was there was swept. Another one than version: a sweep is to come, or under way.';
comment on column revox_sync.retention.readings is
    'How often one of the times went back, or was given up: every row is read anew then, so that what the API still shows comes back.';
comment on column revox_sync.retention.settings is
    'What the configuration said when a process was last started: empty, or such as transcripts=180d calls=730d.';
comment on column revox_sync.retention.transcripts_before is
    'What was said in attempts that ended before is removed. A whole day, UTC. Null: it is kept.';
comment on column revox_sync.retention.recording_urls_before is
    'The same of where attempts were recorded.';
comment on column revox_sync.retention.calls_before is
    'The same of calls as a whole, when they are over and their last attempt ended before.';
comment on column revox_sync.retention.moved_at is
    'When one of the times was last moved. Null: never.';
