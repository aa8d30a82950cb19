-- Who may write what right now. A lease is a line and not an advisory lock, so that it works behind a pooler that
-- gives no session; a takeover raises the epoch on the same line, and whoever holds an older one cannot commit.

create table revox_sync.leases (
    scope text collate "C" not null,
    holder text not null,
    epoch bigint not null,
    expires_at timestamptz not null,
    renewed_at timestamptz,
    constraint leases_pk primary key (scope)
);

comment on table revox_sync.leases is
    'Who may write what right now: two mirrors on one database never sync the same campaign at once.';
comment on column revox_sync.leases.scope is
    'Key: what is leased, a campaign or an account''s list.';
comment on column revox_sync.leases.holder is
    'The process that holds it, or held it last: machine, process and a random part.';
comment on column revox_sync.leases.epoch is
    'How many times the lease has changed hands; a commit needs the epoch that it began with.';
comment on column revox_sync.leases.expires_at is
    'Until when it holds, by the database''s clock.';
comment on column revox_sync.leases.renewed_at is
    'When it was last renewed, by the database''s clock. Null until it was.';
