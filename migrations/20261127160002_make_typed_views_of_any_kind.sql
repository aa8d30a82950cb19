-- Makes the views of campaigns and of assistants, and says how each stands. The schema of a kind is revox_ with its name in the
-- plural; the last column of what a view is made from tells whose line it is.

create function revox_sync.typed_source(kind text) returns regclass
language sql stable
as $$
    select case kind
        when 'campaign' then 'revox_sync.typed_rows'::regclass
        when 'assistant' then 'revox_sync.typed_calls'::regclass
    end
$$;

comment on function revox_sync.typed_source(text) is
    'What the views of a kind (campaign, assistant) are made from.';

create function revox_sync.make_typed_schema(kind text) returns boolean
language plpgsql
as $$
declare
    home text := 'revox_' || kind || 's';
    is_missing boolean := to_regnamespace(home) is null;
begin
    if is_missing then
        execute format('create schema %I', home);
    end if;
    if pg_has_role((select nspowner from pg_namespace where nspname = home), 'usage') then
        execute format('comment on schema %I is %L', home, case kind
            when 'campaign' then 'A view a campaign: one line per live contact, with a column for each key of its input_data and each field that the assistant finds out. Made and kept up to date by revox-mirror.'
            else 'A view an assistant: one line per live call, with a column for each field that it is to find out. Made and kept up to date by revox-mirror.'
        end);
    end if;
    return is_missing;
end
$$;

comment on function revox_sync.make_typed_schema(text) is
    'Makes the schema of the views of a kind (campaign, assistant) where it is missing; returns whether it was.';

do $$
begin
    perform revox_sync.make_typed_schema('assistant');
exception
    when insufficient_privilege then
        raise notice 'the schema revox_assistants cannot be made by this role: there will be no views of single assistants until it is';
end
$$;

-- From the catalog alone, so that no right is needed on what stands there.
create function revox_sync.typed_view_state(kind text, view_name text, columns jsonb) returns text
language plpgsql stable
as $$
declare
    home oid := to_regnamespace('revox_' || kind || 's');
    source oid := revox_sync.typed_source(kind);
    fixed integer;
    found record;
begin
    if home is null then
        return 'no_schema';
    end if;
    select c.oid, c.relkind into found
    from pg_class c
    where c.relnamespace = home
      and c.relname = view_name;
    if found.oid is null then
        return 'missing';
    end if;
    if found.relkind <> 'v' or not exists (
        select
        from pg_rewrite r
        join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
        where r.ev_class = found.oid
          and d.refclassid = 'pg_class'::regclass
          and d.refobjid = source
    ) then
        return 'taken';
    end if;
    select max(a.attnum) - 1 into fixed
    from pg_attribute a
    where a.attrelid = source;
    if exists (
        select
        from (
            select a.attnum as place, a.attname::text as name, a.atttypid as type
            from pg_attribute a
            where a.attrelid = source
              and a.attnum between 1 and fixed
            union all
            select fixed + c.place, c.name, to_regtype(c.type)
            from rows from (
                jsonb_to_recordset(columns) as (name text, type text)
            ) with ordinality as c (name, type, place)
        ) e
        left join pg_attribute a
            on a.attrelid = found.oid
            and a.attnum = e.place
            and a.attname = e.name
            and a.atttypid = e.type
        where a.attrelid is null
    ) then
        return 'altered';
    end if;
    return null;
end
$$;

comment on function revox_sync.typed_view_state(text, text, jsonb) is
    'What is wrong with a view of a kind, by its name and its columns as in typed_views.columns: no_schema, missing, taken (something that the mirror has not made stands in its place), altered (its columns are others). Null when nothing is.';

drop function revox_sync.make_typed_view(text, text, text, jsonb);

-- Every name and every key passes through format(), so that no owner, key or comment, however it is written, can be anything
-- but a name or a text.
create function revox_sync.make_typed_view(kind text, owner text, name text, about text, columns jsonb) returns boolean
language plpgsql
as $$
declare
    home text := 'revox_' || kind || 's';
    source regclass := revox_sync.typed_source(kind);
    schema_is_new boolean := revox_sync.make_typed_schema(kind);
    fixed text;
    typed text;
    described record;
begin
    if revox_sync.typed_view_state(kind, name, '[]') = 'taken' then
        raise exception 'something that the mirror has not made stands in its place' using errcode = 'duplicate_table';
    end if;
    select string_agg(format('r.%I', a.attname), ', ' order by a.attnum)
    into fixed
    from pg_attribute a
    where a.attrelid = source
      and a.attnum > 0
      and a.attname <> kind || '_id';
    select coalesce(string_agg(
        format(
            case c.type
                when 'text' then E',\n    r.%1$I ->> %2$L::text as %3$I'
                else E',\n    revox.%4$I(r.%1$I -> %2$L::text) as %3$I'
            end,
            case c.source when 'input' then 'input_data' else 'structured_output' end,
            c.key,
            c.name,
            -- One of the few for which there is a function; anything else fails here and does no harm.
            'as_' || c.type
        ),
        '' order by c.place
    ), '')
    into typed
    from rows from (
        jsonb_to_recordset(columns) as (name text, source text, key text, type text)
    ) with ordinality as c (name, source, key, type, place);

    execute format(
        E'create or replace view %1$I.%2$I as\n'
        'select\n'
        '    %3$s%4$s\n'
        'from %5$s r\n'
        'where r.%6$I = %7$L',
        home,
        name,
        fixed,
        typed,
        source,
        kind || '_id',
        owner
    );
    execute format('comment on view %I.%I is %L', home, name, about);
    for described in
        select a.attname as name, col_description(a.attrelid, a.attnum) as comment
        from pg_attribute a
        where a.attrelid = source
          and a.attnum > 0
          and a.attname <> kind || '_id'
        union all
        select c.name, c.comment
        from jsonb_to_recordset(columns) as c (name text, comment text)
    loop
        execute format(
            'comment on column %I.%I.%I is %L', home, name, described.name, described.comment
        );
    end loop;
    return schema_is_new;
end
$$;

comment on function revox_sync.make_typed_view(text, text, text, text, jsonb) is
    'Makes a view of a kind (campaign, assistant), or adds columns at its end: its owner''s id, its name, its comment, its columns as in typed_views.columns. Its schema is made where it is missing; returns whether it was.';
