-- A field that gets a column has its values in _extra so far. These functions are for the migrations that add columns:
-- they move what is there, also on lines that the API does not show any more and that nothing will write again.

create function revox_sync.without_path(extra jsonb, path text[]) returns jsonb
language plpgsql immutable
as $$
declare
    depth integer := cardinality(path);
begin
    extra := extra #- path;
    -- An object that held nothing else goes, too.
    while depth > 1 and extra #> path[:depth - 1] = '{}' loop
        depth := depth - 1;
        extra := extra #- path[:depth];
    end loop;
    return nullif(extra, '{}');
end
$$;

comment on function revox_sync.without_path(jsonb, text[]) is
    'An _extra without the value at a path; null when nothing is left. For promote_extra.';

create function revox_sync.fits(value jsonb, type regtype) returns boolean
language plpgsql stable
set timezone = 'UTC'
as $$
declare
    text text := value #>> '{}';
    ignored boolean;
begin
    case type::text
        when 'jsonb' then return true;
        when 'text' then return jsonb_typeof(value) = 'string';
        when 'boolean' then return jsonb_typeof(value) = 'boolean';
        when 'bigint', 'integer' then
            if jsonb_typeof(value) <> 'number' or (text::numeric <> trunc(text::numeric)) then
                return false;
            end if;
        when 'double precision' then
            if jsonb_typeof(value) <> 'number' then
                return false;
            end if;
        when 'timestamp with time zone' then
            -- Postgres would take now and infinity, too.
            if jsonb_typeof(value) <> 'string' or text !~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d' then
                return false;
            end if;
        when 'text[]' then
            return jsonb_typeof(value) = 'array'
                and not jsonb_path_exists(value, '$[*] ? (@.type() != "string")');
        else raise exception 'promote_extra does not know the type %', type;
    end case;
    -- What is out of range is found by trying.
    begin
        execute format(
            case when jsonb_typeof(value) = 'number' then 'select $1::numeric::%s is null' else 'select $1::%s is null' end,
            type
        ) into ignored using text;
    exception
        when others then return false;
    end;
    return true;
end
$$;

comment on function revox_sync.fits(jsonb, regtype) is
    'Whether a JSON value can be stored in a column of this type as it is. For promote_extra.';

create function revox_sync.promote_extra(
    target regclass,
    path text[],
    new_column name,
    drift_path text
) returns bigint
language plpgsql
set timezone = 'UTC'
as $$
declare
    type regtype := (
        select a.atttypid from pg_attribute a
        where a.attrelid = target and a.attname = new_column and not a.attisdropped
    );
    value text := case type::text
        when 'jsonb' then 't._extra #> $1'
        when 'text[]' then 'array(select jsonb_array_elements_text(t._extra #> $1))'
        when 'bigint' then '(t._extra #>> $1)::numeric::bigint'
        when 'integer' then '(t._extra #>> $1)::numeric::integer'
        else format('(t._extra #>> $1)::%s', type)
    end;
    moved bigint;
begin
    if type is null then
        raise exception '% has no column %', target, new_column;
    end if;
    execute format(
        'update %s t
         set %I = %s, _extra = revox_sync.without_path(t._extra, $1)
         where t.%2$I is null
           and case
                   when t._extra #> $1 is null then false
                   when jsonb_typeof(t._extra #> $1) = ''null'' then false
                   else revox_sync.fits(t._extra #> $1, $2)
               end',
        target, new_column, value
    ) using path, type;
    get diagnostics moved = row_count;
    delete from revox_sync.drift d where d.path = drift_path;
    return moved;
end
$$;

comment on function revox_sync.promote_extra(regclass, text[], name, text) is
    'For migrations that add a column for a field that older lines keep in _extra: moves the values of the path within _extra into the column, leaves those that the column cannot hold where they are, and removes the field''s lines of drift. Gives how many lines were moved. _synced_at stays.';
