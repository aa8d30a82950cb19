-- What contacts and calls hold as JSON becomes real columns by these functions. None of them ever raises an error,
-- whatever the value: what does not fit is null. All are immutable, so that they may stand in indexes, and free of
-- exception blocks, which cost a subtransaction each and would keep queries from running in parallel.

create function revox.as_numeric(value jsonb) returns numeric
language plpgsql immutable strict parallel safe
as $$
declare
    text text := btrim(value #>> '{}', E' \t\r\n');
begin
    if jsonb_typeof(value) = 'number' then
        return text::numeric;
    end if;
    if jsonb_typeof(value) = 'string'
        and text ~ '^[-+]?([0-9]{1,40}([.][0-9]{0,40})?|[.][0-9]{1,40})([eE][-+]?[0-9]{1,2})?$'
    then
        return text::numeric;
    end if;
    return null;
end
$$;

comment on function revox.as_numeric(jsonb) is
    'The number that a JSON value is: a number, or a text that is nothing but a number with a point. Null for anything else; never an error.';

create function revox.as_boolean(value jsonb) returns boolean
language plpgsql immutable strict parallel safe
as $$
begin
    if jsonb_typeof(value) in ('boolean', 'string') then
        return case lower(btrim(value #>> '{}', E' \t\r\n')) when 'true' then true when 'false' then false end;
    end if;
    return null;
end
$$;

comment on function revox.as_boolean(jsonb) is
    'The truth value that a JSON value is: true or false, also as a text. Null for anything else; never an error.';

-- The parts of an ISO 8601 date, or date and time, as they are written, each within its bounds: year, month, day, hour,
-- minute, second, offset in minutes. Hour to offset are null where there is a date alone.
create function revox.iso_parts(value jsonb) returns numeric[]
language plpgsql immutable strict parallel safe
as $$
declare
    parts text[];
    year integer;
    month integer;
    day integer;
    hour integer;
    minute integer;
    second numeric;
    offset_minutes integer;
begin
    if jsonb_typeof(value) <> 'string' then
        return null;
    end if;
    parts := regexp_match(
        btrim(value #>> '{}', E' \t\r\n'),
        '^([0-9]{4})-([0-9]{2})-([0-9]{2})'
        || '(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2}(?:[.][0-9]{1,6})?)[0-9]*)?'
        || ' ?(?:(Z|z|UTC)|([-+])([0-9]{2}):?([0-9]{2})?)?)?$'
    );
    if parts is null then
        return null;
    end if;
    year := parts[1];
    month := parts[2];
    day := parts[3];
    if year < 1 or month not between 1 and 12 or day < 1
        or day > extract(day from make_date(year, month, 1) + interval '1 month' - interval '1 day')
    then
        return null;
    end if;
    if parts[4] is null then
        return array[year, month, day, null, null, null, null];
    end if;
    hour := parts[4];
    minute := parts[5];
    second := coalesce(parts[6], '0');
    offset_minutes := case
        when parts[8] is null then 0
        else (parts[8] || '1')::integer * (parts[9]::integer * 60 + coalesce(parts[10], '0')::integer)
    end;
    if hour > 23 or minute > 59 or second >= 60 or coalesce(parts[10], '0')::integer > 59
        or abs(offset_minutes) > 15 * 60
    then
        return null;
    end if;
    return array[year, month, day, hour, minute, second, offset_minutes];
end
$$;

comment on function revox.iso_parts(jsonb) is
    'Year, month, day, hour, minute, second and offset in minutes of an ISO 8601 text; null for anything else. For as_date and as_timestamptz.';

create function revox.as_date(value jsonb) returns date
language plpgsql immutable strict parallel safe
as $$
declare
    parts numeric[] := revox.iso_parts(value);
begin
    return make_date(parts[1]::integer, parts[2]::integer, parts[3]::integer);
end
$$;

comment on function revox.as_date(jsonb) is
    'The day that a JSON value is: a text such as 2026-03-12, or a moment, of which the day counts as it is written. Null for anything else; never an error.';

create function revox.as_timestamptz(value jsonb) returns timestamptz
language plpgsql immutable strict parallel safe
as $$
declare
    parts numeric[] := revox.iso_parts(value);
begin
    return (
        make_timestamp(
            parts[1]::integer, parts[2]::integer, parts[3]::integer,
            coalesce(parts[4], 0)::integer, coalesce(parts[5], 0)::integer, coalesce(parts[6], 0)::double precision
        )
        - make_interval(mins => coalesce(parts[7], 0)::integer)
    ) at time zone 'UTC';
end
$$;

comment on function revox.as_timestamptz(jsonb) is
    'The moment that a JSON value is: an ISO 8601 text; without an offset it is UTC, a day alone is its first moment. Null for anything else; never an error.';

create function revox_sync.is_misfit(value jsonb, type text) returns boolean
language sql immutable parallel safe
as $$
    select case
        when value is null or jsonb_typeof(value) = 'null' then false
        when jsonb_typeof(value) = 'string' and btrim(value #>> '{}', E' \t\r\n') = '' then false
        when type = 'numeric' then revox.as_numeric(value) is null
        when type = 'boolean' then revox.as_boolean(value) is null
        when type = 'date' then revox.as_date(value) is null
        when type = 'timestamptz' then revox.as_timestamptz(value) is null
        else false
    end
$$;

comment on function revox_sync.is_misfit(jsonb, text) is
    'Whether a JSON value is there, says something, and is null in a column of this type.';
