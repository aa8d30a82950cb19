-- The rate at which an account's API may be asked, shared by all processes that mirror it: each reserves its next
-- requests here, a block at a time, by the database's clock.

create table revox_sync.paces (
    account text not null,
    next_slot_at timestamptz not null,
    paused_until timestamptz,
    constraint paces_pk primary key (account)
);

comment on table revox_sync.paces is
    'When the API may be asked next, for each account with a configured rate: shared by all processes that mirror it.';
comment on column revox_sync.paces.account is
    'Key: the account (accounts.name; no foreign key, since the rate holds before its first list was read).';
comment on column revox_sync.paces.next_slot_at is
    'The first moment that nobody has reserved yet, by the database''s clock.';
comment on column revox_sync.paces.paused_until is
    'Until when the API asked to be left alone, by the database''s clock. Null until it did.';
