-- Who said what, for people. A conversation is found when it matches as a whole, as with any search engine; shown are the
-- turns that match by themselves or, where the words are spread over several, the turns that hold one of them. Each
-- language that lines were read in is asked in its own way. Only the conversations that are shown are read turn by turn.

create function revox.search_transcripts(
    words text,
    campaign text default null,
    conversations integer default 100
)
returns table (
    call_attempt_id text,
    call_id text,
    campaign_id text,
    source text,
    turn_index integer,
    role text,
    sentence text,
    rank real
)
language sql
stable
-- Planned by itself: never taken apart within somebody's query, nor compiled.
set jit = off
as $$
    with recursive languages as (
        (
            select w.language
            from revox.transcript_words w
            order by w.language
            limit 1
        )
        union all
        select (
            select w.language
            from revox.transcript_words w
            where w.language > l.language
            order by w.language
            limit 1
        )
        from languages l
        where l.language is not null
    ), configs as materialized (
        select l.language, c.oid::regconfig as config
        from languages l
        join pg_catalog.pg_namespace n on true
        join pg_catalog.pg_ts_config c on c.cfgnamespace = n.oid
        where l.language = case when n.nspname = 'pg_catalog' then '' else quote_ident(n.nspname) || '.' end
                           || quote_ident(c.cfgname)
    ), asked as materialized (
        select c.language, c.config, q.query, any_word.query as any_word
        from configs c
        cross join lateral (
            -- Deep enough for any question, and no deeper than the server's stack; a word that would be cut is left out.
            select websearch_to_tsquery(
                c.config,
                case
                    when length(search_transcripts.words) > 2000
                        then regexp_replace(left(search_transcripts.words, 2000), '\S+$', '')
                    else search_transcripts.words
                end
            ) as query
        ) q
        -- Each word of a query stands in quotes in its text.
        cross join lateral (
            select string_agg(word.found[1], ' | ')::tsquery as query
            from regexp_matches(q.query::text, '(''(?:[^'']|'''')*'')', 'g') as word (found)
        ) any_word
        -- One that a conversation without any of its words would match has to read them all.
        where querytree(q.query) not in ('', 'T')
    ), latest as materialized (
        -- Looking a conversation up and ranking it takes time: of very many the latest are enough.
        select w.call_attempt_id, a.call_id, k.campaign_id, w.source, w.words, a.started_at, asked.config, asked.query,
               asked.any_word
        from asked
        -- By itself, so that no plan can read the table in place of the index.
        cross join lateral (
            select every.call_attempt_id, every.source, every.language, every.words
            from revox.transcript_words every
            where every.words @@ asked.query
            order by case when search_transcripts.campaign is null then every.attempt_synced_at end desc, every.call_attempt_id
            limit case when search_transcripts.campaign is null then greatest(search_transcripts.conversations, 1000) end
        ) w
        join revox.call_attempts a on a.id = w.call_attempt_id
        join revox.calls k on k.id = a.call_id
        where w.language = asked.language
          and a._deleted_at is null
          and (search_transcripts.campaign is null or k.campaign_id = search_transcripts.campaign)
        order by a.started_at desc nulls last, w.call_attempt_id
        limit greatest(search_transcripts.conversations, 1000)
    ), found as materialized (
        select l.call_attempt_id, l.call_id, l.campaign_id, l.source, l.started_at, l.config, l.query, l.any_word,
               ts_rank(l.words, l.query) as rank
        from latest l
        order by rank desc, l.started_at desc nulls last, l.call_attempt_id
        limit greatest(search_transcripts.conversations, 0)
    ), turns as (
        select f.*, t.turn_index, t.role, t.content, t.said @@ f.query as is_whole,
               bool_or(t.said @@ f.query) over (partition by f.call_attempt_id) as has_whole
        from found f
        cross join lateral (
            select s.turn_index, s.role, s.content, to_tsvector(f.config, s.content) as said
            from (
                select l.turn_index, l.role, left(l.content, 50000) as content
                from revox.transcript_turns l
                where f.source = 'live'
                  and l.call_attempt_id = f.call_attempt_id
                union all
                select p.turn_index, p.role, left(p.content, 50000)
                from revox.post_call_transcript_turns p
                where f.source = 'post_call'
                  and p.call_attempt_id = f.call_attempt_id
            ) s
        ) t
        where t.said @@ f.any_word
    )
    select t.call_attempt_id, t.call_id, t.campaign_id, t.source, t.turn_index, t.role,
           ts_headline(
               t.config,
               t.content,
               t.any_word,
               'StartSel=**, StopSel=**, '
               || case when length(t.content) <= 400 then 'HighlightAll=true' else 'MinWords=15, MaxWords=35' end
           ),
           t.rank
    from turns t
    where t.is_whole
       or not t.has_whole
    order by t.rank desc, t.started_at desc nulls last, t.call_attempt_id, t.turn_index
$$;

comment on function revox.search_transcripts is
    'Who said what: the turns that hold the words, of the best conversations that match (100, unless said otherwise), marked with **. Words as for a web search: all of them, "a phrase", this or that, -without. A campaign''s id as the second argument searches that campaign alone.';
