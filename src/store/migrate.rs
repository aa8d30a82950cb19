//! The schema: applying migrations, and telling whether it is this program's.

use super::StoreError;
use super::open::{Store, commit};
use super::statement::{query, query_scalar};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{PgConnection, Row};

static MIGRATIONS: Migrator = sqlx::migrate!();

/// Where the migrator keeps its list: with the mirror's other bookkeeping.
const MIGRATIONS_TABLE: &str = "revox_sync._sqlx_migrations";

/// Serializes migrations of one database between processes.
const MIGRATION_LOCK: i64 = 0x7265_766f_785f_6d72;

fn migrator() -> Migrator {
    let mut migrator = Migrator { ..clone_of(&MIGRATIONS) };
    migrator.dangerous_set_table_name(MIGRATIONS_TABLE);
    // A session lock would not survive a pooler; `migrate` takes one of its own that ends with its transaction.
    migrator.set_locking(false);
    migrator
}

fn clone_of(migrations: &Migrator) -> Migrator {
    Migrator::with_migrations(migrations.iter().cloned().collect())
}

fn known_versions() -> impl DoubleEndedIterator<Item = i64> {
    MIGRATIONS.iter().map(|migration| migration.version)
}

/// How long another process's migration may take: no lease is at stake, and starting in vain helps nobody.
const PATIENCE: &str =
    "select set_config('lock_timeout', '10min', true), set_config('statement_timeout', '10min', true)";

/// Waits until no other process changes what belongs to the schema; holds to the end of the transaction, whose statements may
/// take as long as migrations of large tables do.
pub(super) async fn lock_migrations(connection: &mut PgConnection) -> Result<(), StoreError> {
    query(PATIENCE)
        .execute(&mut *connection)
        .await
        .map_err(StoreError::query("waiting for another migration"))?;
    query("select pg_advisory_xact_lock($1)")
        .bind(MIGRATION_LOCK)
        .execute(connection)
        .await
        .map(drop)
        .map_err(StoreError::query("waiting for another migration"))
}

async fn deallocate(connection: &mut PgConnection) -> Result<(), StoreError> {
    let freed = sqlx::raw_sql("deallocate all").execute(connection).await;
    freed.map(drop).map_err(StoreError::query("freeing the migrator's statements"))
}

impl Store {
    /// Applies the migrations that are missing, all or none; returns how many. Safe to run from several
    /// processes at once.
    pub async fn migrate(&self) -> Result<usize, StoreError> {
        let pending = match self.check_schema().await {
            Ok(()) => return Ok(0),
            Err(StoreError::SchemaOlder { pending }) => pending,
            Err(other) => return Err(other),
        };
        let mut transaction = self.begin().await?;
        lock_migrations(&mut transaction).await?;
        // The migrator's own way would ask for the right to create schemas even where they are there already.
        sqlx::raw_sql(
            "do $$ begin
                 if to_regnamespace('revox_sync') is null then create schema revox_sync; end if;
             end $$",
        )
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::query("creating the schema revox_sync"))?;
        // The migrator names its statements; none of them may stay behind in a session that a pooler lends to others.
        deallocate(&mut transaction).await?;
        migrator().run_direct(None, &mut *transaction, false).await.map_err(|source| match source {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                StoreError::query("migrating the schema")(error)
            }
            source => StoreError::Migration { source },
        })?;
        deallocate(&mut transaction).await?;
        commit(transaction).await?;
        Ok(pending)
    }

    /// Whether the schema is this program's: `Ok`, or `SchemaOlder`, or `SchemaNewer`.
    pub async fn check_schema(&self) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let there: bool = query("select to_regclass($1) is not null")
            .bind(MIGRATIONS_TABLE)
            .fetch_one(&mut *transaction)
            .await
            .map_err(StoreError::query("looking for the schema"))?
            .get(0);
        let known = known_versions().last().unwrap_or_default();
        if !there {
            return Err(StoreError::SchemaOlder { pending: known_versions().count() });
        }
        let applied: Vec<i64> =
            query_scalar("select version from revox_sync._sqlx_migrations where success order by version")
                .fetch_all(&mut *transaction)
                .await
                .map_err(StoreError::query("reading the schema's version"))?;
        if let Some(found) = applied.last().copied().filter(|found| *found > known) {
            return Err(StoreError::SchemaNewer { found, known });
        }
        let pending = known_versions().filter(|version| !applied.contains(version)).count();
        if pending > 0 {
            return Err(StoreError::SchemaOlder { pending });
        }
        Ok(())
    }

    /// Whether the user may do what the mirror needs: create its schemas, or write to the existing ones.
    pub async fn check_rights(&self) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let row = query(
            "select current_user::text,
                    has_database_privilege(current_database(), 'create'),
                    to_regnamespace('revox') is not null and to_regnamespace('revox_sync') is not null,
                    coalesce(
                        (select has_table_privilege(oid, 'insert') and has_schema_privilege(relnamespace, 'usage')
                         from pg_class where relnamespace = to_regnamespace('revox') and relname = 'campaign_rows'),
                        has_schema_privilege(to_regnamespace('revox')::oid, 'create')
                    ),
                    coalesce(
                        (select has_table_privilege(oid, 'insert') and has_schema_privilege(relnamespace, 'usage')
                         from pg_class where relnamespace = to_regnamespace('revox_sync') and relname = 'checkpoints'),
                        has_schema_privilege(to_regnamespace('revox_sync')::oid, 'create')
                    ),
                    quote_ident(current_user::text),
                    quote_ident(current_database()::text)",
        )
        .fetch_one(&mut *transaction)
        .await
        .map_err(StoreError::query("asking for the user's rights"))?;
        let (user, may_create, schemas_exist): (String, bool, bool) = (row.get(0), row.get(1), row.get(2));
        let may_write: [Option<bool>; 2] = [row.get(3), row.get(4)];
        let role: String = row.get(5);
        if !schemas_exist {
            let grant = format!(
                "as an owner of the database: grant create on database {} to {role}",
                row.get::<String, _>(6)
            );
            let what = "create schemas in this database".to_owned();
            return if may_create { Ok(()) } else { Err(StoreError::NoRight { user, what, grant }) };
        }
        let denied = ["revox", "revox_sync"].into_iter().zip(may_write).find(|(_, may)| *may != Some(true));
        let Some((schema, _)) = denied else { return Ok(()) };
        let grant = format!(
            "connect as the role that owns the schemas, which newer versions need to migrate them; or as that role: \
             grant usage on schema revox, revox_sync to {role}; \
             grant select, insert, update, delete on all tables in schema revox, revox_sync to {role}; \
             grant usage on all sequences in schema revox_sync to {role}"
        );
        Err(StoreError::NoRight { user, what: format!("write to the schema {schema}"), grant })
    }
}
