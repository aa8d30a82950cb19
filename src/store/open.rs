//! Opening the database: the pool, the checks that it is fit, and the one way to begin a transaction.

use super::StoreError;
use super::error::is_lost;
use super::nodelay::send_at_once;
use super::statement::query;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Postgres, Row, Transaction};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;

/// What is needed to reach the database.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// `postgres://user:password@host/database`.
    pub url: SecretString,
    /// Connections at most.
    pub max_connections: u32,
    /// How long a lease holds: no transaction may stand still for longer, or a frozen holder would stall others.
    pub lease_ttl: Duration,
}

/// The mirror's database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: PgPool,
    lease_ttl: Duration,
    /// What opens a transaction.
    opening: Arc<str>,
    /// Host and port, or socket.
    address: Arc<str>,
    /// `server_version_num`.
    server: i32,
}

/// What the database says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitness {
    /// `server_version`.
    pub version: String,
    /// The database's name.
    pub database: String,
    /// The role that is connected.
    pub user: String,
}

/// What connections call themselves.
pub(super) const APPLICATION: &str = "revox-mirror";

/// The oldest server that is supported, as `server_version_num` has it.
const OLDEST_SERVER: i32 = 140_000;

/// How long a connection may take to stand.
const REACH_WITHIN: Duration = Duration::from_secs(5);

/// How long to wait for a connection of the pool: on a slow server others may hold all of them for a while.
const ACQUIRE_WITHIN: Duration = Duration::from_secs(15);

/// What a server says of itself, asked on a connection apart from the pool, which would only say that it has waited long enough.
async fn reach(connect: &PgConnectOptions, address: String) -> Result<(i32, Fitness), StoreError> {
    let asked = async {
        let mut connection = connect.connect().await?;
        // Behind a pooler in transaction mode a statement outside of one may meet two servers.
        let mut transaction = connection.begin().await?;
        let row = query(
            "select current_setting('server_version_num')::integer,
                    current_setting('server_version'),
                    current_setting('server_encoding'),
                    current_database()::text,
                    current_user::text",
        )
        .fetch_one(&mut *transaction)
        .await?;
        transaction.commit().await?;
        connection.close().await?;
        Ok(row)
    };
    let source = match tokio::time::timeout(REACH_WITHIN, asked).await {
        Ok(Ok(row)) => {
            let (number, version): (i32, String) = (row.get(0), row.get(1));
            judge_server(number, &version, row.get(2))?;
            return Ok((number, Fitness { version, database: row.get(3), user: row.get(4) }));
        }
        // A server that starts, ends or is full refuses no one for good.
        Ok(Err(error)) if is_lost(&error) => error,
        Ok(Err(sqlx::Error::Database(refusal))) => {
            return Err(StoreError::Refused { address, problem: refusal.message().to_owned() });
        }
        Ok(Err(source)) => source,
        Err(_) => sqlx::Error::PoolTimedOut,
    };
    Err(StoreError::Unreachable { address, source })
}

/// Whether a server is one that the mirror works with.
fn judge_server(number: i32, version: &str, encoding: &str) -> Result<(), StoreError> {
    if number < OLDEST_SERVER {
        return Err(StoreError::TooOld { found: version.to_owned() });
    }
    if encoding != "UTF8" {
        return Err(StoreError::NotUtf8 { found: encoding.to_owned() });
    }
    Ok(())
}

impl Store {
    /// Connects and checks version and encoding. Does not look at the schema yet.
    pub async fn open(options: &StoreOptions) -> Result<(Self, Fitness), StoreError> {
        let connect = PgConnectOptions::from_str(options.url.expose_secret())
            .map_err(|source| StoreError::BadUrl { source })?
            .application_name(APPLICATION)
            // A pooler in transaction mode keeps no named statements and refuses unknown start-up settings.
            .statement_cache_capacity(0)
            .extra_float_digits(None)
            .log_statements(tracing::log::LevelFilter::Off)
            .log_slow_statements(tracing::log::LevelFilter::Off, Duration::ZERO);
        let address = match connect.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => format!("{}:{}", connect.get_host(), connect.get_port()),
        };
        let is_tcp = connect.get_socket().is_none();
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(ACQUIRE_WITHIN)
            .test_before_acquire(false)
            .after_connect(move |_, _| {
                if is_tcp {
                    send_at_once();
                }
                Box::pin(async { Ok(()) })
            })
            .connect_lazy_with(connect.clone());
        // The first connection of the pool comes to stand meanwhile.
        let warming = pool.clone();
        let warming = AbortOnDropHandle::new(tokio::spawn(async move { drop(warming.acquire().await) }));
        let (server, fitness) = reach(&connect, address.clone()).await?;
        drop(warming.detach());
        let lease_ttl = options.lease_ttl;
        let opening = opening(lease_ttl).into();
        Ok((Self { pool, lease_ttl, opening, address: address.into(), server }, fitness))
    }

    /// The server's version, as `server_version_num` has it.
    pub(super) fn server(&self) -> i32 {
        self.server
    }

    /// How long a lease holds.
    pub(super) fn lease_ttl(&self) -> Duration {
        self.lease_ttl
    }

    /// How long to wait between renewals of a lease.
    #[must_use]
    pub fn renewal_pause(&self) -> Duration {
        self.lease_ttl / 3
    }

    /// Closes every connection, once what is under way has ended.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Begins a transaction that cannot stand still for longer than a lease lives.
    pub(super) async fn begin(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        self.begin_with(&self.opening).await
    }

    /// Begins a transaction whose work can be done again, so that its commit does not wait for the disk. It is whole
    /// or not at all like any other; a server that crashes may lose it with all that came after.
    pub(super) async fn begin_repeatable(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        self.begin_with(&format!("{}; set local synchronous_commit = off", self.opening)).await
    }

    /// Begins a transaction whose statements lay sets of lines beside each other as a whole, whatever the planner knows of their
    /// sizes: nothing is looked up line by line.
    pub(super) async fn begin_comparing(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        self.begin_with(&format!("{}; {COMPARING}", self.opening)).await
    }

    /// Begins a transaction that only reads and sees one state of the database throughout. It reads tables as a whole,
    /// so the planner is free, and it holds nothing that a pass waits for.
    pub(super) async fn begin_reading(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        self.begin_with(READING).await
    }

    /// Begins a transaction that counts over much, sees one state of the database throughout, and holds nothing that a
    /// pass waits for.
    pub(super) async fn begin_counting(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        self.begin_with(COUNTING).await
    }

    async fn begin_with(&self, opening: &str) -> Result<Transaction<'static, Postgres>, StoreError> {
        // After a restart of the server each pooled connection fails once. Nothing has been done yet, so that beginning is
        // made again on another one; when none can be had at all, the pool says so.
        let mut dead_connections = 0;
        loop {
            match self.pool.begin_with(AssertSqlSafe(opening.to_owned())).await {
                Err(error)
                    if is_lost(&error)
                        && !matches!(error, sqlx::Error::PoolTimedOut)
                        && dead_connections < self.pool.options().get_max_connections() =>
                {
                    dead_connections += 1;
                }
                // The pool only says that it has waited; a connection apart from it says why.
                Err(sqlx::Error::PoolTimedOut) => {
                    reach(&self.pool.connect_options(), self.address.to_string()).await?;
                    return Err(StoreError::query("beginning a transaction")(sqlx::Error::PoolTimedOut));
                }
                begun => return begun.map_err(StoreError::query("beginning a transaction")),
            }
        }
    }
}

/// Settings for statements that lay sets of lines beside each other.
pub(super) const COMPARING: &str = "set local enable_hashjoin = on; set local enable_nestloop = off";

/// The settings of other statements in their place again.
pub(super) const LOOKING_UP: &str = "set local enable_hashjoin = off; set local enable_nestloop = on";

/// The statements that open a transaction which reads.
const READING: &str = "begin isolation level repeatable read read only; \
                       set local statement_timeout = '2min'; \
                       set local idle_in_transaction_session_timeout = '2min'; \
                       set local jit = off; \
                       set local timezone = 'UTC'";

/// The statements that open a transaction which counts.
const COUNTING: &str = "begin isolation level repeatable read; \
                        set local statement_timeout = '10min'; \
                        set local lock_timeout = '10s'; \
                        set local idle_in_transaction_session_timeout = '1min'; \
                        set local synchronous_commit = off; \
                        set local jit = off; \
                        set local timezone = 'UTC'";

/// The statements that open a transaction, sent at once: a page costs few round trips, and these are half of them.
///
/// The joins are pinned to nested loops over indexes: on a table that grows from nothing the planner has no
/// statistics and would hash the whole table for every batch. A plan that has to scan all the same looks so costly
/// then that it would be compiled first, which no statement here is worth.
fn opening(lease_ttl: Duration) -> String {
    let ttl_ms = u64::try_from(lease_ttl.as_millis()).unwrap_or(30_000).max(1_000);
    format!(
        "begin; \
         set local statement_timeout = {}; \
         set local lock_timeout = {}; \
         set local idle_in_transaction_session_timeout = {}; \
         set local enable_hashjoin = off; \
         set local enable_mergejoin = off; \
         set local enable_seqscan = off; \
         set local jit = off; \
         set local timezone = 'UTC'",
        ttl_ms * 2 / 3,
        ttl_ms / 3,
        ttl_ms / 2,
    )
}

/// Times that a transaction is made again when others stand in its way.
const CONFLICT_TRIES: u32 = 5;

/// Makes a transaction, and makes it again when another one stood in its way (a deadlock, a lock that took too long).
pub(super) async fn until_it_commits<T, F: Future<Output = Result<T, StoreError>>>(
    mut make: impl FnMut() -> F,
) -> Result<T, StoreError> {
    let mut tries = 0;
    loop {
        match make().await {
            Err(error) if error.is_passing() && tries < CONFLICT_TRIES => {
                tries += 1;
                tracing::debug!(tries, "a transaction is made again");
                tokio::time::sleep(Duration::from_millis(20 << tries)).await;
            }
            ended => return ended,
        }
    }
}

/// Commits.
pub(super) async fn commit(transaction: Transaction<'static, Postgres>) -> Result<(), StoreError> {
    transaction.commit().await.map_err(StoreError::query("committing"))
}

#[cfg(test)]
mod tests {
    use super::{CONFLICT_TRIES, StoreError, judge_server, until_it_commits};
    use std::cell::Cell;

    #[tokio::test]
    async fn a_transaction_that_another_one_stood_in_the_way_of_is_made_again_and_not_for_ever() {
        for (conflicts, commits) in [(0, true), (CONFLICT_TRIES, true), (CONFLICT_TRIES + 1, false)] {
            let made = Cell::new(0);
            let ended = until_it_commits(async || {
                made.set(made.get() + 1);
                if made.get() <= conflicts { Err(StoreError::Conflict) } else { Ok(()) }
            });
            assert_eq!(ended.await.is_ok(), commits, "{conflicts}");
        }
        let made = Cell::new(0);
        let ended = until_it_commits(async || {
            made.set(made.get() + 1);
            Err::<(), _>(StoreError::ParentMissing)
        });
        assert!(ended.await.is_err());
        assert_eq!(made.get(), 1, "another trouble does not pass by itself");
    }

    #[test]
    fn a_server_that_is_too_old_or_holds_not_every_text_is_refused() {
        assert!(judge_server(140_000, "14.0", "UTF8").is_ok());
        assert!(judge_server(180_001, "18.1", "UTF8").is_ok());
        let too_old = judge_server(130_014, "13.14", "UTF8").unwrap_err();
        assert_eq!(
            too_old.to_string(),
            "the database is Postgres 13.14, and 14 is the oldest that the mirror works with"
        );
        assert!(too_old.hint().is_some_and(|hint| hint.contains("14")));
        assert!(matches!(judge_server(150_000, "15", "LATIN1"), Err(StoreError::NotUtf8 { .. })));
    }
}
