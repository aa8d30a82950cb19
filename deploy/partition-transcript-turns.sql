-- Turns revox.transcript_turns into a table of hash partitions by call_attempt_id, for mirrors with very many turns. What it
-- is called, its columns, key, foreign key, indexes, comments, rights, views and publications stay, so that no query and
-- no part of the mirror notices. docs/scaling.md says when it is worth it.
--
--   stop the mirror; then, as the owner of the table or a superuser:
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f deploy/partition-transcript-turns.sql
--   with another number of partitions than 32:
--   PGOPTIONS='-c revox_mirror.partitions=64' psql ...
--
-- All of it is one transaction: it is done, or nothing happened. The table is locked meanwhile, and needs its size in free
-- space once more. Where it is partitioned already, nothing is done. What depends on the table in a way that cannot be
-- carried over (a materialized view, say) makes it fail and is named; drop it before and make it again after.
--
-- The partitions stand in a schema of their own, revox_partitions, where they are in nobody's way.

begin;

set local lock_timeout = '10s';
set local statement_timeout = 0;
set local idle_in_transaction_session_timeout = 0;
-- Names in what the catalog says are qualified then.
set local search_path = pg_catalog;

do $partition$
declare
    partitions integer := coalesce(nullif(current_setting('revox_mirror.partitions', true), '')::integer, 32);
    whole oid := to_regclass('revox.transcript_turns');
    owner name;
    statements text[];
    views text[];
    columns text;
    statement text;
    blocker text;
begin
    if whole is null then
        raise exception 'there is no table revox.transcript_turns in this database'
            using hint = 'run: revox-mirror migrate';
    end if;
    if (select c.relkind = 'p' from pg_class c where c.oid = whole) then
        raise notice 'revox.transcript_turns is partitioned already';
        return;
    end if;
    if partitions not between 2 and 1024 then
        raise exception 'revox_mirror.partitions is %, and must be between 2 and 1024', partitions;
    end if;

    lock table revox.call_attempts in share row exclusive mode;
    lock table revox.transcript_turns in access exclusive mode;

    select string_agg(distinct c.oid::regclass::text, ', ')
    into blocker
    from pg_depend d
    join pg_rewrite r on r.oid = d.objid
    join pg_class c on c.oid = r.ev_class
    where d.classid = 'pg_rewrite'::regclass
      and d.refclassid = 'pg_class'::regclass
      and d.refobjid = whole
      and c.relkind = 'm';
    if blocker is not null then
        raise exception 'materialized views read revox.transcript_turns: %', blocker
            using hint = 'drop them, run this again, and make them again';
    end if;

    select r.rolname into owner
    from pg_class c
    join pg_roles r on r.oid = c.relowner
    where c.oid = whole;

    -- What the table has besides its columns, as the statements that give it to the new one, in their order.
    select array_agg(s.statement order by s.place, s.name)
    into statements
    from (
        select 1 as place, k.conname::text as name, format(
            'alter table revox.transcript_turns add constraint %I %s', k.conname, pg_get_constraintdef(k.oid)
        ) as statement
        from pg_constraint k
        where k.conrelid = whole
          and k.contype in ('p', 'u')
        union all
        select 2, k.conname, format(
            'alter table revox.transcript_turns add constraint %I %s', k.conname, pg_get_constraintdef(k.oid)
        )
        from pg_constraint k
        where k.conrelid = whole
          and k.contype in ('c', 'f')
        union all
        select 3, i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
        from pg_index i
        where i.indrelid = whole
          and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.conrelid = whole)
        union all
        select 4, t.tgname, pg_get_triggerdef(t.oid)
        from pg_trigger t
        where t.tgrelid = whole
          and not t.tgisinternal
        union all
        select 5, 'table', format('comment on table revox.transcript_turns is %L', obj_description(whole, 'pg_class'))
        union all
        select 5, k.conname, format(
            'comment on constraint %I on revox.transcript_turns is %L', k.conname, obj_description(k.oid, 'pg_constraint')
        )
        from pg_constraint k
        where k.conrelid = whole
          and obj_description(k.oid, 'pg_constraint') is not null
        union all
        select 5, i.indexrelid::regclass::text, format(
            'comment on index %s is %L', i.indexrelid::regclass, obj_description(i.indexrelid, 'pg_class')
        )
        from pg_index i
        where i.indrelid = whole
          and obj_description(i.indexrelid, 'pg_class') is not null
        union all
        select 6, '', format(
            'grant %s on revox.transcript_turns to %s%s',
            a.privilege_type,
            case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end,
            case when a.is_grantable then ' with grant option' else '' end
        )
        from pg_class c
        cross join lateral aclexplode(c.relacl) a
        where c.oid = whole
          and a.grantee <> c.relowner
        union all
        select 7, p.pubname, format('alter publication %I add table revox.transcript_turns', p.pubname)
        from pg_publication_rel m
        join pg_publication p on p.oid = m.prpubid
        where m.prrelid = whole
    ) s;

    -- Views keep their places: they are laid over the new table before the old one goes.
    select array_agg(distinct format(
        'create or replace view %s%s as %s',
        c.oid::regclass,
        coalesce(' with (' || array_to_string(c.reloptions, ', ') || ')', ''),
        pg_get_viewdef(c.oid)
    ))
    into views
    from pg_depend d
    join pg_rewrite r on r.oid = d.objid
    join pg_class c on c.oid = r.ev_class
    where d.classid = 'pg_rewrite'::regclass
      and d.refclassid = 'pg_class'::regclass
      and d.refobjid = whole
      and c.relkind = 'v';

    alter table revox.transcript_turns rename to transcript_turns_whole;
    create table revox.transcript_turns (
        like revox.transcript_turns_whole including all excluding indexes excluding constraints
    ) partition by hash (call_attempt_id);

    if to_regnamespace('revox_partitions') is null then
        create schema revox_partitions;
        comment on schema revox_partitions is
            'The partitions of large tables of schema revox. Ask those tables, not these.';
        execute format('alter schema revox_partitions owner to %I', owner);
    end if;
    execute format('alter table revox.transcript_turns owner to %I', owner);
    for place in 0 .. partitions - 1 loop
        statement := format('transcript_turns_%s', lpad(place::text, 4, '0'));
        execute format(
            'create table revox_partitions.%I partition of revox.transcript_turns for values with (modulus %s, remainder %s)',
            statement,
            partitions,
            place
        );
        execute format('alter table revox_partitions.%I owner to %I', statement, owner);
        execute format(
            'comment on table revox_partitions.%I is %L',
            statement,
            format('A part of revox.transcript_turns: the attempts whose hash leaves %s of %s.', place, partitions)
        );
    end loop;

    select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
    into columns
    from pg_attribute a
    where a.attrelid = whole
      and a.attnum > 0
      and not a.attisdropped
      and a.attgenerated = '';
    execute format(
        'insert into revox.transcript_turns (%s) select %s from revox.transcript_turns_whole', columns, columns
    );

    foreach statement in array coalesce(views, '{}') loop
        execute statement;
    end loop;
    drop table revox.transcript_turns_whole;
    foreach statement in array statements loop
        execute statement;
    end loop;
end
$partition$;

commit;

-- The server does not do this by itself for the table as a whole, only for its partitions.
analyze revox.transcript_turns;
