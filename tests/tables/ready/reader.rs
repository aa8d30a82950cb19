//! The role `revox_reader`: what a login that belongs to it may, and how it is made or asked for.

use crate::support::cluster::{local_options, open_directory};
use crate::support::database::TestDatabase;
use crate::support::program::{Run, run};
use crate::support::running::until;
use revox_mirror::localdb::{LocalDb, Options};
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use url::Url;

async fn execute(connection: &mut PgConnection, statement: String) {
    sqlx::raw_sql(AssertSqlSafe(statement.clone()))
        .execute(connection)
        .await
        .unwrap_or_else(|error| panic!("{error}: {statement}"));
}

/// A login of the test's own, until it is removed.
struct Login {
    role: String,
    url: String,
}

impl Login {
    async fn make(database: &TestDatabase, administrator: &mut PgConnection, rights: &str) -> Self {
        let role = format!("login_{}", database.name());
        execute(administrator, format!("create role {role} login password 'of-a-login' {rights}")).await;
        let mut url = Url::parse(database.url()).unwrap();
        url.set_username(&role).unwrap();
        url.set_password(Some("of-a-login")).unwrap();
        Self { role, url: url.into() }
    }

    async fn remove(&self, administrator: &mut PgConnection) {
        execute(administrator, format!("drop owned by {0} cascade; drop role {0}", self.role)).await;
    }
}

async fn program(command: &str, url: &str) -> Run {
    // A key that nobody accepts, at an address where nobody listens: `check` says so, and looks at the database all the same.
    let environment = [
        ("DATABASE_URL", url),
        ("REVOX_API_KEY", "of-nobody"),
        ("REVOX_BASE_URL", "http://127.0.0.1:9/api"),
        ("REVOX_MIRROR__API__MAX_TRIES", "1"),
    ];
    run(&[command], &environment).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_of_the_readers_role_reads_every_table_and_view_and_nothing_else() {
    let database = TestDatabase::fresh().await;
    program("migrate", database.url()).await.exits(0);
    let mut administrator = PgConnection::connect(database.url()).await.unwrap();
    // What a later migration makes, and what is made for another schema.
    execute(
        &mut administrator,
        "create table revox.made_later (id integer primary key);
         create view revox.seen_later as select * from revox.made_later"
            .to_owned(),
    )
    .await;
    let login = Login::make(&database, &mut administrator, "in role revox_reader").await;
    let mut reader = PgConnection::connect(&login.url).await.unwrap();

    let names: Vec<String> = sqlx::query_scalar(
        "select c.oid::regclass::text
         from pg_class c
         where c.relnamespace = to_regnamespace('revox')
           and c.relkind in ('r', 'p', 'v', 'm')",
    )
    .fetch_all(&mut administrator)
    .await
    .unwrap();
    assert!(
        names.contains(&"revox.sync_freshness".to_owned()) && names.contains(&"revox.seen_later".to_owned())
    );
    for name in names {
        // All of it, so that what a view calls is called.
        execute(&mut reader, format!("select * from {name}")).await;
    }

    for statement in [
        "select * from revox_sync.runs",
        "select hash_key from revox_sync.installation",
        "insert into revox.calls (id, _first_seen_at, _synced_at) values ('a', now(), now())",
        "update revox.campaigns set name = 'mine'",
        "delete from revox.campaigns",
        "truncate revox.campaigns",
        "create table revox.mine (id integer)",
        "create view revox.mine as select 1",
        "create schema mine",
        "drop table revox.calls",
        "alter table revox.calls add column mine text",
        "create publication mine for table revox.calls",
        "create role mine",
    ] {
        let refused = sqlx::raw_sql(statement).execute(&mut reader).await.map(drop);
        let error = refused.unwrap_err();
        let code = error.as_database_error().and_then(|error| error.code().map(std::borrow::Cow::into_owned));
        assert_eq!(code.as_deref(), Some("42501"), "{statement}: {error}");
    }
    let (may_log_in, has_password): (bool, bool) = sqlx::query_as(
        "select rolcanlogin, rolpassword is not null from pg_authid where rolname = 'revox_reader'",
    )
    .fetch_one(&mut administrator)
    .await
    .unwrap();
    assert!(!may_log_in && !has_password);

    // The publication is completed, too.
    program("check", database.url()).await.says("are completed by the next run");
    program("migrate", database.url()).await.exits(0);
    program("check", database.url()).await.says("the role revox_reader may read the tables");
    reader.close().await.unwrap();
    login.remove(&mut administrator).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_without_the_rights_migrates_and_says_what_an_administrator_can_do() {
    let database = TestDatabase::fresh().await;
    let name = database.name();
    let mut administrator = PgConnection::connect(database.url()).await.unwrap();
    let login = Login::make(&database, &mut administrator, "").await;
    let role = &login.role;
    // Schemas made for it, as on managed servers: it owns neither them nor the database.
    execute(
        &mut administrator,
        format!(
            "create schema revox; create schema revox_sync; create schema revox_campaigns; create schema revox_assistants;
             grant usage, create on schema revox, revox_sync, revox_campaigns, revox_assistants to {role};
             revoke create on database {name} from public"
        ),
    )
    .await;
    program("check", &login.url).await.says("there is nothing to read before the schema is up to date");
    let said = program("migrate", &login.url).await;
    said.exits(0).says("migrations were applied").says("As an administrator");
    let create = "create publication revox_mirror for table";
    said.says(create).says("grant usage on schema revox to revox_reader");
    let checked = program("check", &login.url).await;
    checked.says(create).says("readers        ok");

    // What was said, word for word.
    let statements: Vec<&str> = said.out.lines().filter(|line| line.starts_with("  ")).collect();
    execute(&mut administrator, statements.join("\n")).await;
    program("check", &login.url).await.says("the role revox_reader may read the tables");
    let again = program("migrate", &login.url).await;
    assert!(!again.exits(0).out.contains("administrator"), "{}", again.out);
    let published: i64 =
        sqlx::query_scalar("select count(*) from pg_publication_tables where pubname = 'revox_mirror'")
            .fetch_one(&mut administrator)
            .await
            .unwrap();
    assert!(published > 10);
    execute(&mut administrator, "drop publication revox_mirror".to_owned()).await;
    login.remove(&mut administrator).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mirrors_that_begin_at_once_in_a_new_cluster_share_one_role() {
    let directory = open_directory();
    let settings = vec![("fsync".to_owned(), "off".to_owned())];
    let options = Options { settings, ..local_options(directory.path()) };
    let cluster = LocalDb::start(options).await.unwrap();
    let first = cluster.url();
    let mut administrator = PgConnection::connect(first.expose_secret()).await.unwrap();
    let mut urls = vec![first.expose_secret().to_owned()];
    for name in ["second", "third", "fourth"] {
        execute(&mut administrator, format!("create database {name} template template0 encoding 'UTF8'"))
            .await;
        let mut url = Url::parse(first.expose_secret()).unwrap();
        url.set_path(name);
        urls.push(url.into());
    }
    // Another mirror has made the role and not committed yet: who comes meanwhile waits for it, and finds that it is there.
    let mut other = PgConnection::connect(first.expose_secret()).await.unwrap();
    execute(&mut other, "begin; create role revox_reader nologin".to_owned()).await;
    let runs: Vec<_> = urls
        .iter()
        .map(|url| {
            let url = url.clone();
            tokio::spawn(async move { program("migrate", &url).await })
        })
        .collect();
    until("one waits for the role", async || {
        let waiting: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like 'create role%'",
        )
        .fetch_one(&mut administrator)
        .await
        .unwrap();
        waiting >= 1
    })
    .await;
    execute(&mut other, "commit".to_owned()).await;
    for run in runs {
        let run = run.await.unwrap();
        run.exits(0);
        assert!(!run.out.contains("administrator"), "{}", run.out);
    }
    for url in &urls {
        program("check", url).await.says("the role revox_reader may read the tables");
    }
    other.close().await.unwrap();
    administrator.close().await.unwrap();
    cluster.stop().await.unwrap();
}
