//! A migrated database in which a test writes attempts and what was said in them, fills the search, and asks it.

use crate::support::database::TestDatabase;
use revox_mirror::store::{IndexCounts, Languages, Store, StoreOptions};
use revox_mirror::upkeep::fulltext;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, PgPool};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

pub(crate) struct Desk {
    pub(crate) store: Store,
    pub(crate) pool: PgPool,
    _database: TestDatabase,
}

/// One language for all.
pub(crate) fn language(name: &str) -> Languages {
    Languages { default: name.to_owned(), campaigns: BTreeMap::new() }
}

/// A hit: the attempt, the turn, what is shown of it.
pub(crate) type Hit = (String, i32, String);

impl Desk {
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::fresh().await;
        let (store, _) = Store::open(&StoreOptions {
            url: database.mirror_url().to_owned().into(),
            max_connections: 5,
            lease_ttl: Duration::from_secs(30),
        })
        .await
        .unwrap();
        store.migrate().await.unwrap();
        store.installation_key(Duration::from_hours(24)).await.unwrap();
        let pool = PgPoolOptions::new().max_connections(3).connect(database.url()).await.unwrap();
        Self { store, pool, _database: database }
    }

    pub(crate) async fn execute(&self, statements: &str) {
        sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))
            .execute(&self.pool)
            .await
            .unwrap_or_else(|error| panic!("{error}: {statements}"));
    }

    pub(crate) async fn count(&self, statement: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(statement.to_owned())).fetch_one(&self.pool).await.unwrap()
    }

    /// Writes a campaign, its call and an attempt of the same id, with a live transcript, in one transaction.
    pub(crate) async fn attempt(&self, campaign: &str, id: &str, said: &[&str]) {
        let mut transaction = self.pool.begin().await.unwrap();
        for statement in [
            "insert into revox.campaigns (id, _first_seen_at, _synced_at) values ($1, now(), now()) on conflict do nothing",
            "insert into revox.calls (id, campaign_id, _first_seen_at, _synced_at) values ($2, $1, now(), now())",
            "insert into revox.call_attempts (id, call_id, _first_seen_at, _synced_at) select $2, $2, now(), now() where $1 <> ''",
        ] {
            let query = sqlx::query(statement).bind(campaign);
            let query = if statement.contains("$2") { query.bind(id) } else { query };
            query.execute(&mut *transaction).await.unwrap();
        }
        for (turn, content) in (0..).zip(said) {
            let role = if turn % 2 == 0 { "assistant" } else { "user" };
            sqlx::query(
                "insert into revox.transcript_turns (call_attempt_id, turn_index, role, content) values ($1, $2, $3, $4)",
            )
            .bind(id)
            .bind(turn)
            .bind(role)
            .bind(content)
            .execute(&mut *transaction)
            .await
            .unwrap();
        }
        transaction.commit().await.unwrap();
    }

    /// Fills the search, and stops when it is up to date.
    pub(crate) async fn fill(&self, languages: &Languages) -> IndexCounts {
        fulltext::fill(&self.store, Some(languages), &CancellationToken::new()).await.unwrap()
    }

    /// What a search finds, the best first.
    pub(crate) async fn search(&self, words: &str) -> Vec<Hit> {
        sqlx::query_as("select call_attempt_id, turn_index, sentence from revox.search_transcripts($1)")
            .bind(words)
            .fetch_all(&self.pool)
            .await
            .unwrap_or_else(|error| panic!("{error}: {words:.200}"))
    }

    /// In which attempts a search finds something, in order.
    pub(crate) async fn found_in(&self, words: &str) -> Vec<String> {
        let mut attempts: Vec<String> = self.search(words).await.into_iter().map(|(id, ..)| id).collect();
        attempts.sort();
        attempts.dedup();
        attempts
    }
}
