-- Of the $2 calls after the id $1: a line for each live one whose status is not the last one that the history knows. A
-- call that a pass changes meanwhile gets a later line from the trigger, and this one before it.

with batch as (
    select c.id, c.status, c._synced_at, c._deleted_at
    from revox.calls c
    where c.id > $1
    order by c.id
    limit $2
),
noted as (
    insert into revox.call_status_history (call_id, status, seen_at)
    select b.id, b.status, greatest(b._synced_at, last.seen_at + interval '1 microsecond')
    from batch b
    left join lateral (
        select h.status, h.seen_at
        from revox.call_status_history h
        where h.call_id = b.id
        order by h.seen_at desc
        limit 1
    ) last on true
    where b._deleted_at is null
      and (last.seen_at is null or last.status is distinct from b.status)
    on conflict do nothing
)
select max(b.id)
from batch b
