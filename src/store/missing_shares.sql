-- What others are to be given and is not there yet: the role that reads, and the publication. A line a statement, in the
-- order in which they are to be executed, with whether this user may. Nothing when all of it is there.

with schemas as (
    select n.oid, n.nspname, n.nspowner
    from pg_namespace n
    where n.nspname in ('revox', 'revox_campaigns', 'revox_assistants')
),
reader as (
    select
        (select r.oid from pg_roles r where r.rolname = 'revox_reader') as oid,
        exists (select from pg_roles r where r.rolname = 'revox_reader')
            or (select r.rolsuper or r.rolcreaterole from pg_roles r where r.rolname = current_user) as can_be_there
),
-- A partition is read and published with the table that it belongs to.
relations as (
    select c.oid, c.relname, c.relkind, c.relowner, s.nspname, s.oid as schema_oid
    from pg_class c
    join schemas s on s.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f')
      and not c.relispartition
),
tables as (
    select
        r.oid,
        r.relowner,
        format('%I.%I', r.nspname, r.relname) as name,
        exists (
            select
            from pg_publication_tables p
            where p.pubname = 'revox_mirror'
              and p.schemaname = r.nspname
              and p.tablename = r.relname
        ) as is_published
    from relations r
    where r.nspname = 'revox'
      and r.relkind in ('r', 'p')
),
statements (place, statement, may) as (
    select 1, 'create role revox_reader nologin', reader.can_be_there
    from reader
    where reader.oid is null
    union all
    select
        2,
        format('grant usage on schema %I to revox_reader', s.nspname),
        reader.can_be_there and pg_has_role(s.nspowner, 'usage')
    from schemas s
    cross join reader
    where reader.oid is null
       or not has_schema_privilege(reader.oid, s.oid, 'usage')
    union all
    select
        3,
        'grant select on '
            || string_agg(format('%I.%I', r.nspname, r.relname), ', ' order by r.relname)
            || ' to revox_reader',
        reader.can_be_there and pg_has_role(r.relowner, 'usage')
    from relations r
    cross join reader
    where reader.oid is null
       or not has_table_privilege(reader.oid, r.oid, 'select')
    group by r.nspname, r.relowner, reader.can_be_there
    union all
    -- What later migrations make.
    select
        4,
        format(
            'alter default privileges for role %I in schema %I grant select on tables to revox_reader',
            current_user,
            s.nspname
        ),
        reader.can_be_there
    from schemas s
    cross join reader
    where has_schema_privilege(s.oid, 'create')
      and not exists (
          select
          from pg_default_acl d
          cross join lateral aclexplode(d.defaclacl) a
          where d.defaclrole = (select r.oid from pg_roles r where r.rolname = current_user)
            and d.defaclnamespace = s.oid
            and d.defaclobjtype = 'r'
            and a.grantee = reader.oid
            and a.privilege_type = 'SELECT'
      )
    union all
    select
        5,
        'create publication revox_mirror for table '
            || string_agg(t.name, ', ' order by t.name)
            || ' with (publish_via_partition_root = true)',
        bool_and(pg_has_role(t.relowner, 'usage')) and has_database_privilege(current_database(), 'create')
    from tables t
    where not exists (select from pg_publication p where p.pubname = 'revox_mirror')
    having count(*) > 0
    union all
    select
        6,
        'alter publication revox_mirror add table ' || string_agg(t.name, ', ' order by t.name),
        bool_and(pg_has_role(t.relowner, 'usage')) and bool_and(pg_has_role(p.pubowner, 'usage'))
    from tables t
    join pg_publication p on p.pubname = 'revox_mirror'
    where not t.is_published
    having count(*) > 0
)
select statement, may
from statements
order by place, statement
