//! `docs/views.md`: every view has its section there, and the answers that it shows are those that come.

use crate::support::documents::{Document, ask};
use crate::support::shown::{flavours, lived_in};
use sqlx::{Connection, PgConnection};

#[tokio::test(flavor = "multi_thread")]
async fn every_view_is_documented_with_a_query_and_the_answer_that_comes() {
    let [_, newer] = flavours();
    let account = lived_in(newer).await;
    let mut connection = PgConnection::connect(account.database.url()).await.unwrap();
    sqlx::query("set timezone = 'UTC'").execute(&mut connection).await.unwrap();
    let document = Document::read("views.md");
    let mut answers = Vec::new();
    for asked in &document.asked {
        assert!(asked.shown.is_some(), "no answer is shown: {}", asked.sql);
        answers.push(ask(&mut connection, &asked.sql).await);
    }
    let views: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c
         where c.relnamespace = 'revox'::regnamespace and c.relkind in ('v', 'm') and c.relname <> 'call_settlement'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert!(views.len() >= 10);
    for view in views {
        let its = |heading: &str| heading.starts_with(&format!("`{view}`"));
        let query = document.asked.iter().find(|asked| its(&asked.heading));
        assert!(query.is_some_and(|asked| asked.sql.contains(&view)), "{view} has no section with a query");
    }
    document.assert_shows(&answers);
}
