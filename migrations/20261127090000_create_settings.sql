-- What of the configuration an answer in SQL depends on, so that whoever asks gets the same answer: the time zone by which
-- reports count days and hours. It has a table of its own, since it is there before the installation's key is drawn.

create table revox_sync.settings (
    id smallint not null,
    time_zone text not null,
    constraint settings_pk primary key (id),
    constraint settings_is_one_line check (id = 1)
);

comment on table revox_sync.settings is
    'One line: keys of the configuration that views depend on, as the last run, run --once or migrate had them.';
comment on column revox_sync.settings.id is
    'Always 1: there is one line.';
comment on column revox_sync.settings.time_zone is
    'reporting.time_zone, an IANA name such as Europe/Paris: where the days and hours of reports begin.';

-- With its owner's rights, so that who may read revox alone may ask for it.
create function revox.reporting_time_zone() returns text
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $$
    select coalesce((select s.time_zone from revox_sync.settings s), 'UTC')
$$;

comment on function revox.reporting_time_zone() is
    'The time zone by which reports count days and hours: reporting.time_zone of the configuration, UTC until one was stored.';
