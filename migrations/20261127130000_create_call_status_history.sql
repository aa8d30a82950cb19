-- The API shows what a call's status is, never what it was. Where history.call_status asks for it, triggers on revox.calls
-- write each status down in the transaction that stores it, so that none is missed whatever writes the table. They are made
-- and dropped by the program as the setting says; this makes what they write to and what they do.
--
-- They fire once a statement, not once a row: a batch of calls costs one statement more, within the server.

create table revox.call_status_history (
    call_id text collate "C" not null,
    status text,
    seen_at timestamptz not null,
    constraint call_status_history_pk primary key (call_id, seen_at),
    constraint call_status_history_call_fk foreign key (call_id)
        references revox.calls (id) on delete cascade
);

comment on table revox.call_status_history is
    'Each status in which the mirror has seen a call, a line a change. Empty unless history.call_status is set. Statuses between two passes are not seen.';
comment on column revox.call_status_history.call_id is
    'The call: calls.id.';
comment on column revox.call_status_history.status is
    'The status that the call was in from then on, as in calls.status. Null when the API gave none.';
comment on column revox.call_status_history.seen_at is
    'When the mirror stored it: calls._synced_at of that moment, which is later than the change itself by up to the time between two passes. A microsecond after the line before where the clock went back.';

create function revox_sync.note_call_statuses() returns trigger
language plpgsql
as $$
begin
    insert into revox.call_status_history (call_id, status, seen_at)
    select c.id, c.status, greatest(c._synced_at, last.seen_at + interval '1 microsecond')
    from written c
    left join lateral (
        select h.status, h.seen_at
        from revox.call_status_history h
        where h.call_id = c.id
        order by h.seen_at desc
        limit 1
    ) last on true
    where last.seen_at is null
       or last.status is distinct from c.status;
    return null;
end
$$;

comment on function revox_sync.note_call_statuses() is
    'Writes down the statuses of the calls that a statement wrote, where they are not the last ones known.';
