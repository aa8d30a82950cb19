select
    to_char(a.ended_at, 'YYYY-MM-DD HH24:MI') as ended,
    a.phone_number,
    t.role,
    left(t.content, 70) as last_words
from revox.call_attempts a
cross join lateral (
    select role, content
    from revox.transcript_turns
    where call_attempt_id = a.id
        and content <> ''
    order by turn_index desc
    limit 1
) t
where a.ended_at is not null
    and a._deleted_at is null
order by a.ended_at desc, a.id
limit 5
