//! Schema `revox` as the database describes it.

use crate::support::database::TestDatabase;
use sqlx::postgres::PgPoolOptions;
use sqlx::{FromRow, PgPool};

/// A database with the mirror's tables and nothing in them.
pub(crate) async fn migrated() -> (TestDatabase, PgPool) {
    use revox_mirror::store::{Store, StoreOptions};
    let database = TestDatabase::fresh().await;
    let options = StoreOptions {
        url: database.url().to_owned().into(),
        max_connections: 2,
        lease_ttl: std::time::Duration::from_secs(30),
    };
    let (store, _) = Store::open(&options).await.unwrap();
    store.migrate().await.unwrap();
    store.close().await;
    let pool = PgPoolOptions::new().max_connections(2).connect(database.url()).await.unwrap();
    (database, pool)
}

/// A column.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// `timestamptz`, `text[]`.
    pub(crate) kind: String,
    pub(crate) comment: String,
    pub(crate) is_key: bool,
    pub(crate) is_obliged: bool,
    pub(crate) is_indexed: bool,
    /// The table that it points to, by that table's `id`.
    pub(crate) parent: Option<String>,
}

/// A table or a view.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    pub(crate) name: String,
    pub(crate) is_view: bool,
    pub(crate) comment: String,
    pub(crate) columns: Vec<Column>,
}

impl Relation {
    pub(crate) fn key(&self) -> Vec<&str> {
        self.columns.iter().filter(|column| column.is_key).map(|column| column.name.as_str()).collect()
    }
}

/// The tables and views of schema `revox`, by name.
pub(crate) async fn relations(pool: &PgPool) -> Vec<Relation> {
    let found: Vec<(String, bool, String)> = sqlx::query_as(
        "select c.relname::text, c.relkind in ('v', 'm'), obj_description(c.oid, 'pg_class')
         from pg_class c
         where c.relnamespace = to_regnamespace('revox')
           and c.relkind in ('r', 'p', 'v', 'm')
         order by c.relname collate \"C\"",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut relations = Vec::new();
    for (name, is_view, comment) in found {
        let columns = columns(pool, &name).await;
        relations.push(Relation { name, is_view, comment, columns });
    }
    assert!(relations.len() > 10);
    relations
}

async fn columns(pool: &PgPool, relation: &str) -> Vec<Column> {
    sqlx::query_as(
        "select
             a.attname::text as name,
             replace(format_type(a.atttypid, a.atttypmod), 'timestamp with time zone', 'timestamptz') as kind,
             col_description(a.attrelid, a.attnum) as comment,
             exists (
                 select
                 from pg_constraint k
                 where k.conrelid = a.attrelid and k.contype = 'p' and a.attnum = any (k.conkey)
             ) as is_key,
             a.attnotnull as is_obliged,
             exists (
                 select from pg_index i where i.indrelid = a.attrelid and a.attnum = any (i.indkey)
             ) as is_indexed,
             (
                 select p.relname::text
                 from pg_constraint k
                 join pg_class p on p.oid = k.confrelid
                 where k.conrelid = a.attrelid and k.contype = 'f' and k.conkey = array[a.attnum]
             ) as parent
         from pg_attribute a
         where a.attrelid = to_regclass(format('revox.%I', $1))
           and a.attnum > 0
           and not a.attisdropped
         order by a.attnum",
    )
    .bind(relation)
    .fetch_all(pool)
    .await
    .unwrap()
}
