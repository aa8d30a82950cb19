-- Full text over what was said: one line per attempt, kept by the daemon and by `run --once` after a pass and outside of
-- its transactions, so that no text, however long, can break a batch. What has to be read is known by marks: each
-- transaction that writes attempts leaves the times that it gave them as _synced_at, one tiny line as a rule, and an index
-- finds the attempts of such a time. The times are compared for being equal and never ordered, so that clocks that
-- differ or are set back hide nothing.

create table revox.transcript_words (
    call_attempt_id text collate "C" not null,
    source text not null,
    language text collate "C" not null,
    words tsvector not null,
    is_cut boolean not null,
    attempt_synced_at timestamptz not null,
    constraint transcript_words_pk primary key (call_attempt_id),
    constraint transcript_words_call_attempt_fk foreign key (call_attempt_id)
        references revox.call_attempts (id) on delete cascade
);

-- What is new waits beside the index, and every search reads it: half a megabyte (in kB) at most.
create index transcript_words_by_word
    on revox.transcript_words using gin (words)
    with (gin_pending_list_limit = 512);
create index transcript_words_by_language
    on revox.transcript_words (language);
create index transcript_words_cut
    on revox.transcript_words (call_attempt_id)
    where is_cut;

comment on table revox.transcript_words is
    'The words of each conversation, for full text search: one line per live attempt in which something was said. Follows the transcripts within moments after a pass; revox.search_transcripts asks it.';
comment on column revox.transcript_words.call_attempt_id is
    'Key: the attempt in which it was said, call_attempts.id.';
comment on column revox.transcript_words.source is
    'Which transcript was read: post_call (post_call_transcript_turns) where there is one, else live (transcript_turns).';
comment on column revox.transcript_words.language is
    'The text search configuration by which it was read, such as simple or french; with its schema unless that is pg_catalog. Text and not regconfig, with which a server could not be upgraded.';
comment on column revox.transcript_words.words is
    'The words with their positions. A phrase does not reach from one turn into the next.';
comment on column revox.transcript_words.is_cut is
    'Whether something of it cannot be found: the end of a very long transcript, or a word of more than 2,046 bytes.';
comment on column revox.transcript_words.attempt_synced_at is
    'call_attempts._synced_at when it was read: another one there means that this line is to follow.';

-- Also for whoever loads what is new into another store. Lines of one transaction share their time, so that the index
-- stays small.
create index call_attempts_by_sync
    on revox.call_attempts (_synced_at);

create table revox_sync.search_marks (
    id bigint generated always as identity,
    synced_at timestamptz not null,
    constraint search_marks_pk primary key (id)
);

comment on table revox_sync.search_marks is
    'Times at which attempts were written whose words are to be read (again). Empty when the search is up to date.';
comment on column revox_sync.search_marks.id is
    'Key: the oldest is the smallest.';
comment on column revox_sync.search_marks.synced_at is
    'The attempts are those whose _synced_at is exactly this.';

-- What the configuration said when the marks were last complete; null: the search was off, and nothing is known.
alter table revox_sync.installation
    add column search_languages jsonb;

comment on column revox_sync.installation.search_languages is
    'search.language and search.campaigns as the last filling had them, as JSON. Another configuration has every transcript looked at again. Null while the search is off and before it was first filled.';

create function revox_sync.mark_for_search() returns trigger
language plpgsql
as $$
begin
    insert into revox_sync.search_marks (synced_at)
    select distinct written._synced_at
    from written;
    return null;
end
$$;

comment on function revox_sync.mark_for_search is
    'Leaves a mark for the attempts that a statement has written.';

create trigger call_attempts_inserted
    after insert on revox.call_attempts
    referencing new table as written
    for each statement execute function revox_sync.mark_for_search();
create trigger call_attempts_updated
    after update on revox.call_attempts
    referencing new table as written
    for each statement execute function revox_sync.mark_for_search();

-- A call that has gone over to another campaign may have to be read in another language. Line by line, since the condition
-- is asked before anything is called, and holds for few.
create function revox_sync.mark_moved_call() returns trigger
language plpgsql
as $$
begin
    insert into revox_sync.search_marks (synced_at)
    select distinct a._synced_at
    from revox.call_attempts a
    where a.call_id = new.id;
    return null;
end
$$;

comment on function revox_sync.mark_moved_call is
    'Leaves marks for the attempts of a call that has moved to another campaign.';

create trigger calls_moved
    after update of campaign_id on revox.calls
    for each row
    when (old.campaign_id is distinct from new.campaign_id)
    execute function revox_sync.mark_moved_call();

-- A text is read as far as a tsvector holds it (1 MB), and no further than `most` characters, so that one reading takes
-- no longer than a statement may. Nothing in a text makes this fail. A gap keeps phrases within their turn: a lexeme that
-- no parser brings forth, and that is taken out again.
create function revox_sync.read_transcript(
    attempt text,
    language text,
    most integer,
    out source text,
    out words tsvector,
    out is_cut boolean
)
language plpgsql
stable
set client_min_messages = warning
as $$
declare
    config constant regconfig := case when strpos(language, '.') = 0 then 'pg_catalog.' else '' end || language;
    gap constant tsvector := $gap$' ':1$gap$;
    turn record;
    piece text;
    room integer := most;
begin
    words := '';
    is_cut := false;
    if exists (
        select
        from revox.post_call_transcript_turns t
        where t.call_attempt_id = attempt
          and t.content <> ''
    ) then
        source := 'post_call';
    end if;
    for turn in
        select t.turn_index, t.content
        from revox.post_call_transcript_turns t
        where source is not null
          and t.call_attempt_id = attempt
          and t.content <> ''
        union all
        select t.turn_index, t.content
        from revox.transcript_turns t
        where source is null
          and t.call_attempt_id = attempt
          and t.content <> ''
        order by turn_index
    loop
        source := coalesce(source, 'live');
        piece := left(turn.content, room);
        room := room - length(piece);
        is_cut := is_cut or length(piece) < length(turn.content);
        if octet_length(piece) > 2046 then
            is_cut := is_cut or exists (
                select
                from pg_catalog.ts_parse((select c.cfgparser from pg_catalog.pg_ts_config c where c.oid = config), piece) t
                where octet_length(t.token) > 2046
                  and btrim(t.token) <> ''
            );
        end if;
        loop
            begin
                words := words || (gap || to_tsvector(config, piece));
                exit;
            exception when others then
                -- Whatever it is that a dictionary cannot bear: what goes before it is kept.
                is_cut := true;
                room := 0;
                piece := left(piece, length(piece) / 2);
                exit when piece = '';
            end;
        end loop;
        exit when is_cut and room <= 0;
    end loop;
    words := ts_delete(words, ' ');
end
$$;

comment on function revox_sync.read_transcript is
    'The words of an attempt''s transcript in a language, from its first `most` characters; no source when nothing was said.';

-- What is there already is to be read, too.
insert into revox_sync.search_marks (synced_at)
select distinct a._synced_at
from revox.call_attempts a
order by a._synced_at;
