//! Looks for a marker in everything that the mirror keeps.

use sqlx::PgPool;

/// The lines of all tables of the mirror that hold the marker.
pub(crate) async fn leaks(pool: &PgPool, marker: &str) -> Vec<String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select format('%I.%I', table_schema, table_name) from information_schema.tables
         where table_schema in ('revox', 'revox_sync')",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert!(tables.len() > 15, "{tables:?}");
    let mut leaks = Vec::new();
    for table in tables {
        let statement = format!("select t::text from {table} t where position($1 in t::text) > 0");
        let lines: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).bind(marker).fetch_all(pool).await.unwrap();
        leaks.extend(lines.into_iter().map(|line| format!("{table}: {line}")));
    }
    leaks
}
