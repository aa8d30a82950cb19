//! A fresh, empty database for each test, on whatever Postgres there is: `TEST_DATABASE_URL`, else a container,
//! else a cluster made from this machine's programs. One server serves all the tests of a process.

use super::cluster::shared_downloads;
use super::{announce, container, variable};
use revox_mirror::localdb::{LocalDb, LocalDbError, Options};
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError, Weak};
use std::time::Duration;
use url::Url;

/// How long anything that is asked of the server may take.
const LIMIT: Duration = Duration::from_mins(1);

/// A database of one test's own, dropped with this value.
#[derive(Debug)]
pub(crate) struct TestDatabase {
    name: String,
    url: Url,
    mirror_url: Url,
    server: Arc<Server>,
}

impl TestDatabase {
    /// Makes an empty database in UTF-8.
    pub(crate) async fn fresh() -> Self {
        let server = tokio::task::spawn_blocking(Server::shared).await.unwrap();
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        server.execute(format!("create database {name} template template0 encoding 'UTF8'")).await.unwrap();
        let mut url = server.url.clone();
        url.set_path(&name);
        let mirror_url = super::pgbouncer::url_through(&server.url, &name).unwrap_or_else(|| url.clone());
        Self { name, url, mirror_url, server }
    }

    /// Where to connect to, as the server's superuser.
    pub(crate) fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Where the mirror connects to: the same, or a pooler before it.
    pub(crate) fn mirror_url(&self) -> &str {
        self.mirror_url.as_str()
    }

    /// The database's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let statement = format!("drop database if exists {} with (force)", self.name);
        let server = Arc::clone(&self.server);
        let dropped =
            leaving_others_at_work(|| on_own_runtime(async move { server.execute(statement).await }));
        if let Err(error) = dropped {
            announce(&format!("{} was not dropped: {error}", self.name));
        }
    }
}

/// The server behind the databases of this process.
#[derive(Debug)]
struct Server {
    /// A database on it from which others are made.
    url: Url,
    /// Ends the cluster when the last test's database goes; a later test starts it again.
    _cluster: Option<LocalDb>,
}

/// One cluster for all the test binaries at once, and at most one start in this process.
static CLUSTER: Mutex<Weak<Server>> = Mutex::new(Weak::new());

/// What serves this process to its end.
static LASTING: OnceLock<Option<Arc<Server>>> = OnceLock::new();

impl Server {
    fn shared() -> Arc<Self> {
        if let Some(server) = LASTING.get_or_init(Self::find_lasting) {
            return Arc::clone(server);
        }
        let mut cluster = CLUSTER.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = cluster.upgrade() {
            return server;
        }
        let server = Arc::new(on_own_runtime(Self::start_cluster()).unwrap());
        *cluster = Arc::downgrade(&server);
        server
    }

    /// A server that needs no end from here: the one that was given, or a container with its guard.
    fn find_lasting() -> Option<Arc<Self>> {
        let url = if let Some(given) = variable("TEST_DATABASE_URL") {
            announce("tests run on the Postgres of TEST_DATABASE_URL");
            given
        } else {
            on_own_runtime(container::start())?
        };
        Some(Arc::new(Self { url: Url::parse(&url).unwrap(), _cluster: None }))
    }

    async fn start_cluster() -> Result<Self, LocalDbError> {
        static SAID: Once = Once::new();
        let built = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name("test-postgres");
        let cluster = match LocalDb::start(cluster_options(built)).await {
            // The clone stands where only its owner may enter, and the server runs as another account.
            Err(LocalDbError::CannotEnter { .. }) => {
                LocalDb::start(cluster_options(PathBuf::from("/var/tmp/revox-mirror-test-postgres"))).await?
            }
            started => started?,
        };
        SAID.call_once(|| {
            announce(&format!(
                "tests run on a Postgres of this machine's programs in {}",
                cluster.bin_dir().display()
            ));
        });
        let url = Url::parse(cluster.url().expose_secret()).expect("a URL for sqlx");
        Ok(Self { url, _cluster: Some(cluster) })
    }

    async fn execute(&self, statement: String) -> Result<(), sqlx::Error> {
        let work = async {
            let mut connection = PgConnection::connect(self.url.as_str()).await?;
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
            connection.close().await
        };
        tokio::time::timeout(LIMIT, work).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }
}

/// Tests care for speed, not for a power cut.
fn cluster_options(data_dir: PathBuf) -> Options {
    let settings = [("fsync", "off"), ("full_page_writes", "off"), ("max_connections", "200")];
    Options {
        database: "tests".to_owned(),
        download_dir: Some(shared_downloads()),
        settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        ..Options::new(data_dir)
    }
}

/// Waits in the middle of a runtime, whose other tasks are worked on meanwhile where it has threads for that: a server may take
/// seconds to drop a database, and a connection that another test waits for would be given up.
fn leaving_others_at_work<T>(wait: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(wait),
        _ => wait(),
    }
}

/// Runs a future to its end on a thread of its own, since the caller may stand inside a runtime already.
fn on_own_runtime<F>(future: F) -> F::Output
where
    F: Future + Send,
    F::Output: Send,
{
    std::thread::scope(|scope| {
        let run =
            || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future);
        scope.spawn(run).join().unwrap()
    })
}
