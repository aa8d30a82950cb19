-- What the mirror knows about itself and about each account it mirrors. The installation's key is random and so
-- is not made here: a migration is the same everywhere, and the program draws it on its first start.

create table revox_sync.installation (
    id smallint not null,
    hash_key bytea not null,
    created_at timestamptz not null,
    constraint installation_pk primary key (id),
    constraint installation_is_one_line check (id = 1),
    constraint installation_hash_key_is_32_bytes check (octet_length(hash_key) = 32)
);

comment on table revox_sync.installation is
    'One line: what belongs to this copy of the mirror as a whole.';
comment on column revox_sync.installation.id is
    'Always 1: there is one line.';
comment on column revox_sync.installation.hash_key is
    'Random key, 32 bytes, of the hashes in row_states and walk_pages. Without it they mean nothing; with another, every row is looked at again.';
comment on column revox_sync.installation.created_at is
    'When the key was drawn.';

create table revox_sync.accounts (
    name text not null,
    organization_id text collate "C",
    base_url text,
    api_shape jsonb,
    first_seen_at timestamptz not null,
    updated_at timestamptz not null,
    listed_at timestamptz,
    constraint accounts_pk primary key (name)
);

comment on table revox_sync.accounts is
    'The accounts that are mirrored, with what their lists said last: a list from another organization or base URL is refused until it is accepted.';
comment on column revox_sync.accounts.name is
    'Key: the account''s name in the configuration; default where there is but one.';
comment on column revox_sync.accounts.organization_id is
    'The organization that the account''s key belonged to when it was last listed. Null until one is known.';
comment on column revox_sync.accounts.base_url is
    'Base URL that the account''s last list came from.';
comment on column revox_sync.accounts.api_shape is
    'What was found out about the API, as JSON: paged or not, number of the first page, largest page size, and since when that is known. Null until it was asked.';
comment on column revox_sync.accounts.first_seen_at is
    'When the account was first mirrored.';
comment on column revox_sync.accounts.updated_at is
    'When this line last changed.';
comment on column revox_sync.accounts.listed_at is
    'When its campaign list was last read whole. Null until it was.';
