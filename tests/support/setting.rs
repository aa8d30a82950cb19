//! A simulator and an empty database, and the program between them.

use crate::support::database::TestDatabase;
use crate::support::program::{self, Run};
use crate::support::running::{Running, until};
use crate::support::truth;
use revox_mirror::simulator::{Options, Simulator};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::process::Child;
use url::Url;

pub(crate) struct Setting {
    pub(crate) simulator: Simulator,
    /// Dropped with this value.
    database: Option<TestDatabase>,
    pub(crate) pool: PgPool,
    /// The environment of the program.
    pub(crate) environment: Vec<(String, String)>,
}

impl Setting {
    pub(crate) async fn new(options: Options) -> Self {
        let database = TestDatabase::fresh().await;
        let mut setting = Self::over(options, database.url()).await;
        setting.set("DATABASE_URL", database.mirror_url());
        setting.database = Some(database);
        setting
    }

    /// With the mirror in a database that the test looks after itself.
    pub(crate) async fn over(options: Options, url: &str) -> Self {
        let key = options.api_key.clone();
        let simulator = Simulator::start(options).await.unwrap();
        let pool = PgPoolOptions::new().max_connections(2).connect_lazy(url).unwrap();
        let environment = [
            ("REVOX_API_KEY", key),
            ("REVOX_BASE_URL", simulator.base_url()),
            ("DATABASE_URL", url.to_owned()),
            ("REVOX_MIRROR__SYNC__BATCH_ROWS", "300".to_owned()),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value)).into();
        Self { simulator, database: None, pool, environment }
    }

    /// The test's own database.
    pub(crate) fn database(&self) -> &TestDatabase {
        self.database.as_ref().unwrap()
    }

    /// Sets a variable of the program's environment.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(other, _)| other != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Lets the program log in to its database as a role of its own with this password; returns the role.
    pub(crate) async fn log_in_with(&mut self, password: &str) -> String {
        let name = self.database().name().to_owned();
        let role = format!("marked_{name}");
        self.execute(&format!(
            "create role {role} login password '{password}'; grant create on database {name} to {role}"
        ))
        .await;
        let mut url = Url::parse(self.database().url()).unwrap();
        url.set_username(&role).unwrap();
        url.set_password(Some(password)).unwrap();
        self.set("DATABASE_URL", url.as_str());
        role
    }

    /// Starts `run --once` with more arguments.
    pub(crate) fn start(&self, more: &[&str]) -> Child {
        let arguments: Vec<&str> = ["run", "--once"].iter().chain(more).copied().collect();
        let environment: Vec<(&str, &str)> =
            self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        program::start(&arguments, &environment)
    }

    /// Runs the program with its environment to its end.
    pub(crate) async fn program(&self, arguments: &[&str]) -> Run {
        let environment: Vec<(&str, &str)> =
            self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        program::run(arguments, &environment).await
    }

    /// Runs `run --once` to its end.
    pub(crate) async fn run(&self, more: &[&str]) -> Run {
        program::ended(self.start(more)).await
    }

    /// Starts the daemon with more variables; it looks every second unless they say otherwise.
    pub(crate) fn daemon(&self, more: &[(&str, &str)]) -> Running {
        self.daemon_with(&[], more)
    }

    /// The same with more arguments.
    pub(crate) fn daemon_with(&self, arguments: &[&str], more: &[(&str, &str)]) -> Running {
        let arguments: Vec<&str> = ["run"].iter().chain(arguments).copied().collect();
        let mut environment: Vec<(&str, &str)> = vec![
            ("REVOX_MIRROR__SCHEDULE__CRON", "* * * * * *"),
            ("REVOX_MIRROR__SCHEDULE__JITTER", "0s"),
            ("REVOX_MIRROR__DAEMON__LEASE_TTL", "3s"),
            ("REVOX_MIRROR__ADMIN__LISTEN", ""),
        ];
        environment.extend(self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        environment.extend(more.iter().copied());
        Running::start(&arguments, &environment)
    }

    /// Waits until a count out of the database is so many.
    pub(crate) async fn until_count(&self, statement: &'static str, expected: i64) {
        until(statement, async || self.count(statement).await == expected).await;
    }

    /// Waits until the mirror equals the account.
    pub(crate) async fn until_equal(&self) {
        until("the mirror equals the account", async || {
            truth::differences(&self.simulator, &self.pool).await.is_empty()
        })
        .await;
    }

    /// Requests for lists that the simulator has got so far.
    pub(crate) fn list_requests(&self) -> u64 {
        self.simulator.requests().count("GET /campaigns")
    }

    /// Requests for rows that the simulator has got so far.
    pub(crate) fn rows_requests(&self) -> u64 {
        self.simulator.requests().count("GET /campaigns/{id}/rows")
    }

    pub(crate) async fn assert_equal(&self) {
        truth::assert_equal(&self.simulator, &self.pool).await;
    }

    /// One number out of the database.
    pub(crate) async fn count(&self, statement: &'static str) -> i64 {
        sqlx::query_scalar(statement).fetch_one(&self.pool).await.unwrap()
    }

    /// Runs statements in the database.
    pub(crate) async fn execute(&self, statements: &str) {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned())).execute(&self.pool).await.unwrap();
    }
}
