-- Who was erased is not to come back with the next page. What is remembered of them says who they are only to somebody
-- who holds the operator's key, which is not in this database.

create table revox_sync.erased (
    kind text not null,
    hash bytea not null,
    erased_at timestamptz not null,
    constraint erased_pk primary key (kind, hash),
    constraint erased_hash_is_16_bytes check (octet_length(hash) = 16)
);

comment on table revox_sync.erased is
    'What `revox-mirror erase` has removed and later passes leave out, as keyed hashes: one line is a phone number, a call or a row. The key is the file that privacy.key_file names. A deleted line lets its owner come back when the API changes or the row is read anew.';
comment on column revox_sync.erased.kind is
    'What the hash is of: phone (a number, digits alone), call (an id), row (the id of a row that showed an erased call).';
comment on column revox_sync.erased.hash is
    'Keyed hash, 16 bytes. Without the key nobody can tell whose it is.';
comment on column revox_sync.erased.erased_at is
    'When it was first asked for.';

-- Every batch that a pass commits holds this line, so that nothing that was read before an erasure is written after it.

create table revox_sync.erasures (
    id smallint not null,
    count bigint not null,
    key_check bytea,
    constraint erasures_pk primary key (id),
    constraint erasures_is_one_line check (id = 1)
);

insert into revox_sync.erasures (id, count)
values (1, 0);

comment on table revox_sync.erasures is
    'How often something was erased. One line, which the commits of passes share and an erasure waits for.';
comment on column revox_sync.erasures.id is
    'Always 1.';
comment on column revox_sync.erasures.count is
    'Erasures so far. A pass that began with another count writes nothing more.';
comment on column revox_sync.erasures.key_check is
    'By which another key than that of the first erasure is refused: a hash of the key alone, 16 bytes. Null before the first one.';
