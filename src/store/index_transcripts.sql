-- Reads the words of attempts ($1) into revox.transcript_words, as far as they are not those that are there already, each
-- in the language of its campaign ($3 and $4, which go together) or else in $2, from its first $5 characters. What is gone
-- or says nothing any more leaves. Returns how many were read, and how many of those are cut.
with asked as materialized (
    select a.id, a._synced_at, a._deleted_at is null as is_alive, coalesce(o.language, $2) as language
    from revox.call_attempts a
    left join revox.calls k on k.id = a.call_id
    left join unnest($3::text[], $4::text[]) as o (campaign_id, language) on o.campaign_id = k.campaign_id
    where a.id = any($1)
), stale as materialized (
    select q.id, q._synced_at, q.language
    from asked q
    left join revox.transcript_words w on w.call_attempt_id = q.id
    where q.is_alive
      and (w.attempt_synced_at = q._synced_at and w.language = q.language) is not true
), read as materialized (
    select s.id, s.language, s._synced_at, t.source, t.words, t.is_cut
    from stale s
    cross join lateral revox_sync.read_transcript(s.id, s.language, $5) t
), removed as (
    delete from revox.transcript_words w
    using asked q
    where w.call_attempt_id = q.id
      and (not q.is_alive or exists (select from read r where r.id = q.id and r.source is null))
), written as (
    insert into revox.transcript_words as w (call_attempt_id, source, language, words, is_cut, attempt_synced_at)
    select r.id, r.source, r.language, r.words, r.is_cut, r._synced_at
    from read r
    where r.source is not null
    order by r.id
    -- Words that are the same are left as they stand, so that the index is not touched.
    on conflict (call_attempt_id) do update
    set source = excluded.source,
        language = excluded.language,
        words = case when w.words = excluded.words then w.words else excluded.words end,
        is_cut = excluded.is_cut,
        attempt_synced_at = excluded.attempt_synced_at
    returning is_cut
)
select count(*), count(*) filter (where is_cut)
from written
