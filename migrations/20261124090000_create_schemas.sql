-- Two schemas, so that people who ask questions see nothing but data: `revox` is theirs, `revox_sync` is the
-- mirror's own. Each is made only where it is missing, by an explicit look: `create schema if not exists` asks
-- for the right to create schemas even when there is nothing to create, and an administrator may have made both
-- for a user without that right. For the same reason a schema is described only by a role that owns it.

do $$
begin
    if to_regnamespace('revox') is null then
        create schema revox;
    end if;
    if to_regnamespace('revox_sync') is null then
        create schema revox_sync;
    end if;
    if pg_has_role((select nspowner from pg_namespace where nspname = 'revox'), 'usage') then
        comment on schema revox is
            'The mirrored account: campaigns, their rows (the contacts), calls, call attempts and transcripts. Read it freely; the mirror alone writes it.';
    end if;
    if pg_has_role((select nspowner from pg_namespace where nspname = 'revox_sync'), 'usage') then
        comment on schema revox_sync is
            'The bookkeeping of revox-mirror: runs, checkpoints, rejects, drift, leases. Useful to see how fresh the copy is; not meant to be edited.';
    end if;
end
$$;
