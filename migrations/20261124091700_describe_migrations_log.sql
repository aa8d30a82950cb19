-- The migrator makes its table itself, before the first migration, and describes nothing. It is found in
-- `revox_sync` because the program tells it so; where the files are applied by hand there is no such table.

do $$
begin
    if to_regclass('revox_sync._sqlx_migrations') is not null then
        comment on table revox_sync._sqlx_migrations is
            'The migrations that were applied to this database; written by the migrator alone.';
        comment on column revox_sync._sqlx_migrations.version is
            'Key: the migration''s number, a time written as YYYYMMDDHHMMSS.';
        comment on column revox_sync._sqlx_migrations.description is
            'What it does, from the name of its file.';
        comment on column revox_sync._sqlx_migrations.installed_on is
            'When it was applied.';
        comment on column revox_sync._sqlx_migrations.success is
            'Whether it went through; always true, since each runs in a transaction.';
        comment on column revox_sync._sqlx_migrations.checksum is
            'Hash of its text, by which a migration that was edited after it landed is noticed.';
        comment on column revox_sync._sqlx_migrations.execution_time is
            'How long it took, in nanoseconds; -1 when that was not recorded.';
    end if;
end
$$;
