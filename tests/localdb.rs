//! The databases of the tests, and the embedded Postgres behind the mirror.

mod support;

use sqlx::{Connection, PgConnection};
use support::database::TestDatabase;

#[tokio::test]
async fn each_test_has_an_empty_database_of_its_own() {
    let (one, other) = tokio::join!(TestDatabase::fresh(), TestDatabase::fresh());
    assert_ne!(one.name(), other.name());
    for database in [&one, &other] {
        let mut connection = PgConnection::connect(database.url()).await.unwrap();
        let found: (String, String, i64) = sqlx::query_as(
            "select current_database()::text, current_setting('server_encoding'),
                    (select count(*) from pg_tables where schemaname = 'public')",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap();
        assert_eq!(found, (database.name().to_owned(), "UTF8".to_owned(), 0));
    }
}
