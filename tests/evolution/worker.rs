//! A database that serves one case after another, and the mirror's end of a case.

use crate::support::account::client_options;
use crate::support::database::TestDatabase;
use revox_mirror::api::Client;
use revox_mirror::clock::Clock;
use revox_mirror::observe::Silent;
use revox_mirror::simulator::Simulator;
use revox_mirror::store::{Store, StoreError, StoreOptions};
use revox_mirror::sync::{Mirror, SyncSettings, Walks};
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, PgPool};
use std::sync::Arc;
use std::time::Duration;

/// How often a connection is asked for.
const TRIES: u32 = 4;

pub(crate) struct Worker {
    /// For looking into the tables.
    pub(crate) pool: PgPool,
    /// Empties every table, but for the installation's key.
    emptying: String,
    database: TestDatabase,
}

impl Worker {
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::fresh().await;
        migrate(database.url()).await;
        let pool = PgPoolOptions::new().max_connections(2).connect(database.url()).await.unwrap();
        let tables: Vec<String> = sqlx::query_scalar(
            "select schemaname || '.' || tablename from pg_tables
             where schemaname in ('revox', 'revox_sync')
               and tablename not in ('_sqlx_migrations', 'installation')",
        )
        .fetch_all(&pool)
        .await
        .unwrap();
        // Without the triggers of the foreign keys, the order does not matter.
        let emptying =
            tables.iter().fold("set local session_replication_role = replica;".to_owned(), |all, it| {
                format!("{all} delete from {it};")
            });
        Self { pool, emptying, database }
    }

    /// Forgets the case before.
    pub(crate) async fn clear(&self) {
        sqlx::raw_sql(AssertSqlSafe(format!("begin; {} commit", self.emptying)))
            .execute(&self.pool)
            .await
            .unwrap();
    }

    /// Connects anew.
    pub(crate) async fn open(&self) -> Store {
        open(self.url()).await
    }

    /// Where its database is.
    pub(crate) fn url(&self) -> &str {
        self.database.url()
    }

    /// A mirror of the simulator's account in this database.
    pub(crate) async fn mirror(
        &self,
        simulator: &Simulator,
        settings: &SyncSettings,
        clock: &Clock,
    ) -> Mirror {
        Mirror {
            account: "default".into(),
            client: Client::new(client_options(simulator, "demo-key")).unwrap(),
            base_url: simulator.base_url(),
            store: Some(self.open().await),
            settings: settings.clone(),
            clock: clock.clone(),
            progress: Arc::new(Silent),
            stop: tokio_util::sync::CancellationToken::new(),
            walks: Walks::default(),
        }
    }

    /// Ends the leases of a pass that was killed: in a process of its own, it would be found dead.
    pub(crate) async fn bury_holders(&self) {
        self.execute("update revox_sync.leases set expires_at = clock_timestamp()").await;
    }

    /// Campaigns with a walk that was broken off.
    pub(crate) async fn under_way(&self) -> Vec<String> {
        self.column("select campaign_id from revox_sync.checkpoints where walk_id is not null").await
    }

    /// Those of them that have committed pages.
    pub(crate) async fn begun(&self) -> Vec<String> {
        self.column(
            "select campaign_id from revox_sync.checkpoints where walk_id is not null and walk_next_page > 0",
        )
        .await
    }

    /// The texts of a query's only column.
    pub(crate) async fn column(&self, statement: &'static str) -> Vec<String> {
        sqlx::query_scalar(statement).fetch_all(&self.pool).await.unwrap()
    }

    async fn execute(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.pool).await.unwrap();
    }
}

/// Applies the migrations; a busy machine may keep the first connections waiting for longer than the mirror does.
async fn migrate(url: &str) {
    let mut tries = 0;
    loop {
        tries += 1;
        match open(url).await.migrate().await {
            Err(StoreError::Away { .. }) if tries < TRIES => {}
            ended => {
                ended.unwrap();
                return;
            }
        }
    }
}

/// Opens the database, for which a busy machine may need more time than a person at a prompt is asked to wait.
async fn open(url: &str) -> Store {
    let options =
        StoreOptions { url: url.to_owned().into(), max_connections: 8, lease_ttl: Duration::from_secs(30) };
    let mut tries = 0;
    loop {
        tries += 1;
        match Store::open(&options).await {
            Err(StoreError::Unreachable { .. }) if tries < TRIES => {}
            ended => return ended.unwrap().0,
        }
    }
}
