-- Counts drift: $1 paths, $2 kinds, $3 counts, $4 and $5 what it was seen in first and last, $6 now.
-- New lines come in only while their family has less than $7 and the table less than $8; the rest counts as ($9, $10).
with seen as materialized (
    select
        i.path collate "C" as path,
        i.kind collate "C" as kind,
        i.count,
        i.first_seen_in,
        i.last_seen_in,
        d.path is not null as is_held
    from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[])
        as i(path, kind, count, first_seen_in, last_seen_in)
    left join revox_sync.drift d
        on d.path = i.path
        and d.kind = i.kind
),
-- A family: the values of one field, or what is unknown of one object's fields.
families as (
    select
        path,
        kind,
        case
            when kind like 'string, not a known value%' then path
            else substring(path, '^(.*)[.]')
        end as family
    from (
        select path, kind from revox_sync.drift
        union
        select path, kind from seen
    ) every
),
places as (
    select
        f.path,
        f.kind,
        row_number() over (partition by coalesce(f.family, '') order by d.path is null, f.path, f.kind) as place_in_family,
        row_number() over (order by d.path is null, f.path, f.kind) as place
    from families f
    left join revox_sync.drift d using (path, kind)
),
lines as (
    select
        case when fits.it then s.path else $9 end as path,
        case when fits.it then s.kind else $10 end as kind,
        s.count,
        s.first_seen_in,
        s.last_seen_in
    from seen s
    join places p using (path, kind)
    cross join lateral (select s.is_held or (p.place_in_family <= $7 and p.place <= $8) as it) fits
)
insert into revox_sync.drift as d
    (path, kind, first_seen_at, last_seen_at, first_seen_in, last_seen_in, count)
select path, kind, $6, $6, min(first_seen_in), max(last_seen_in), sum(count)::bigint
from lines
group by path, kind
order by path, kind
on conflict (path, kind) do update
set last_seen_in = case
        when excluded.last_seen_at >= d.last_seen_at then excluded.last_seen_in
        else d.last_seen_in
    end,
    last_seen_at = greatest(d.last_seen_at, excluded.last_seen_at),
    count = d.count + excluded.count
