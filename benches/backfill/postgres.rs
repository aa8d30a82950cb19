//! The server that is measured, and the databases on it.
//!
//! The server is one of the machine's own (`localdb`, with the settings it has in production, fsync included),
//! or the one that was named.

use crate::processes::family_cpu_seconds;
use crate::report::Figures;
use anyhow::Context;
use revox_mirror::localdb::{self, LocalDb};
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::Mutex;
use url::Url;

/// The server.
pub(crate) struct Server {
    url: Url,
    /// Of the postmaster, when it runs on this machine and may be looked at.
    pid: Option<u32>,
    own: Option<(LocalDb, TempDir)>,
}

/// What the server had used when a stage began.
pub(crate) struct Meter {
    cpu_seconds: Option<f64>,
    wal: String,
}

/// A database of the server's.
pub(crate) struct Database {
    name: String,
    url: Url,
    /// For looking into it while others work on it.
    looking: Mutex<Option<PgConnection>>,
}

impl Server {
    /// Starts a server, or uses the given one.
    pub(crate) async fn start(url: Option<&str>) -> anyhow::Result<Self> {
        let (url, own) = if let Some(url) = url {
            (Url::parse(url)?, None)
        } else {
            // The server's account must be able to enter it when root runs the bench.
            let open = fs::Permissions::from_mode(0o755);
            let directory = tempfile::Builder::new().prefix("revox-mirror-").permissions(open).tempdir()?;
            let local_db = LocalDb::start(localdb::Options::new(directory.path().join("db"))).await?;
            (Url::parse(local_db.url().expose_secret())?, Some((local_db, directory)))
        };
        let mut connection = PgConnection::connect(url.as_str()).await?;
        let directory: String =
            sqlx::query_scalar("select current_setting('data_directory')").fetch_one(&mut connection).await?;
        let pid = fs::read_to_string(format!("{directory}/postmaster.pid"))
            .ok()
            .and_then(|text| text.lines().next()?.trim().parse().ok());
        Ok(Self { url, pid, own })
    }

    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        if let Some((local_db, _directory)) = self.own {
            local_db.stop().await?;
        }
        Ok(())
    }

    async fn connect(&self) -> anyhow::Result<PgConnection> {
        PgConnection::connect(self.url.as_str()).await.context("the server cannot be reached")
    }

    /// Version and the settings that matter.
    pub(crate) async fn describe(&self) -> anyhow::Result<String> {
        let row = sqlx::query(
            "select current_setting('server_version'), current_setting('fsync'),
                    current_setting('synchronous_commit'), current_setting('shared_buffers')",
        )
        .fetch_one(&mut self.connect().await?)
        .await?;
        let setting = |index: usize| row.get::<String, _>(index);
        Ok(format!(
            "Postgres {}, fsync {}, synchronous_commit {}, shared_buffers {}",
            setting(0),
            setting(1),
            setting(2),
            setting(3)
        ))
    }

    pub(crate) async fn create_database(&self, purpose: &str) -> anyhow::Result<Database> {
        let name = format!("revox_bench_{}_{purpose}", std::process::id());
        self.execute(format!("create database {name} template template0 encoding 'UTF8'")).await?;
        let mut url = self.url.clone();
        url.set_path(&name);
        Ok(Database { name, url, looking: Mutex::new(None) })
    }

    pub(crate) async fn drop_database(&self, database: Database) -> anyhow::Result<()> {
        self.execute(format!("drop database {} with (force)", database.name)).await
    }

    async fn execute(&self, statement: String) -> anyhow::Result<()> {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut self.connect().await?).await?;
        Ok(())
    }

    /// Begins a stage, on a server that has nothing left to write from before.
    pub(crate) async fn begin(&self) -> anyhow::Result<Meter> {
        let mut connection = self.connect().await?;
        sqlx::raw_sql("checkpoint").execute(&mut connection).await?;
        let wal =
            sqlx::query_scalar("select pg_current_wal_insert_lsn()::text").fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(Meter { cpu_seconds: self.pid.map(family_cpu_seconds), wal })
    }

    /// What it came to so far.
    pub(crate) async fn read(&self, meter: &Meter, elapsed: Duration) -> anyhow::Result<Figures> {
        let after = self.pid.map(family_cpu_seconds);
        let wal_bytes: i64 =
            sqlx::query_scalar("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1::pg_lsn)::bigint")
                .bind(&meter.wal)
                .fetch_one(&mut self.connect().await?)
                .await?;
        Ok(Figures {
            seconds: elapsed.as_secs_f64(),
            postgres_cpu_seconds: after.zip(meter.cpu_seconds).map(|(after, before)| after - before),
            wal_bytes: u64::try_from(wal_bytes).ok(),
            ..Figures::default()
        })
    }
}

impl Database {
    pub(crate) fn url(&self) -> &str {
        self.url.as_str()
    }

    pub(crate) async fn connect(&self) -> anyhow::Result<PgConnection> {
        Ok(PgConnection::connect(self.url.as_str()).await?)
    }

    /// Passes over campaigns that have ended in it.
    pub(crate) async fn passes_ended(&self) -> anyhow::Result<usize> {
        let mut looking = self.looking.lock().await;
        let mut connection = match looking.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let ended: i64 =
            sqlx::query_scalar("select count(*) from revox_sync.runs where finished_at is not null")
                .fetch_one(&mut connection)
                .await?;
        *looking = Some(connection);
        Ok(usize::try_from(ended)?)
    }

    /// Drops the foreign keys and the indexes of schema `revox`.
    pub(crate) async fn drop_all_but_primary_keys(&self) -> anyhow::Result<()> {
        let mut connection = self.connect().await?;
        sqlx::raw_sql(
            "do $$
             declare statement text;
             begin
                 for statement in
                     select format('alter table %s drop constraint %I', conrelid::regclass, conname)
                     from pg_constraint
                     where contype = 'f' and connamespace = 'revox'::regnamespace
                     union all
                     select format('drop index %s', indexrelid::regclass)
                     from pg_index join pg_class on pg_class.oid = indexrelid
                     where relnamespace = 'revox'::regnamespace and not indisprimary
                 loop
                     execute statement;
                 end loop;
             end
             $$",
        )
        .execute(&mut connection)
        .await?;
        Ok(())
    }
}
