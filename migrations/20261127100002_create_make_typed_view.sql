-- Makes a campaign's view, or adds columns at its end. Every name and every key passes through format(), so that no
-- campaign, key or comment, however it is written, can be anything but a name or a text.

create function revox_sync.make_typed_view(campaign text, name text, about text, columns jsonb) returns void
language plpgsql
as $$
declare
    typed text;
    described record;
begin
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
        E'create or replace view revox_campaigns.%1$I as\n'
        'select\n'
        '    r.row_id, r.row_index, r.phone_number, r.call_id, r.status, r.result, r.attempts, r.last_attempt_at,\n'
        '    r.input_data, r.structured_output%2$s\n'
        'from revox_sync.typed_rows r\n'
        'where r.campaign_id = %3$L',
        name,
        typed,
        campaign
    );
    execute format('comment on view revox_campaigns.%I is %L', name, about);
    for described in
        select a.attname as name, col_description(a.attrelid, a.attnum) as comment
        from pg_attribute a
        where a.attrelid = to_regclass('revox_sync.typed_rows')
          and a.attnum > 0
          and a.attname <> 'campaign_id'
        union all
        select c.name, c.comment
        from jsonb_to_recordset(columns) as c (name text, comment text)
    loop
        execute format(
            'comment on column revox_campaigns.%I.%I is %L', name, described.name, described.comment
        );
    end loop;
end
$$;

comment on function revox_sync.make_typed_view(text, text, text, jsonb) is
    'Makes a campaign''s view in schema revox_campaigns, or adds columns at its end: the campaign, the view''s name, its comment, its columns as in typed_views.columns.';
