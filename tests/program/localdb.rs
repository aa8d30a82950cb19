//! The databases of the tests, and the embedded Postgres behind the mirror.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use crate::support::cluster::{local_options, open_directory};
use crate::support::database::TestDatabase;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use revox_mirror::localdb::{LocalDb, LocalDbError, Options};
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

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

#[tokio::test]
async fn a_cluster_is_made_safe_and_keeps_its_data_and_port() {
    let directory = open_directory();
    let first = LocalDb::start(local_options(directory.path())).await.unwrap();
    assert!(!first.was_running());
    let port = remembered_port(directory.path());
    for (setting, expected) in [
        ("server_encoding", "UTF8"),
        ("data_checksums", "on"),
        ("fsync", "on"),
        ("password_encryption", "scram-sha-256"),
        ("listen_addresses", "127.0.0.1"),
        ("port", &port),
    ] {
        let statement = format!("select current_setting('{setting}')");
        assert_eq!(ask(&first, &statement).await, expected, "{setting}");
    }
    ask(&first, "create table kept as select 'still here' as what; select 'made'").await;
    first.stop().await.unwrap();
    assert!(!is_running(directory.path()));

    let second = LocalDb::start(local_options(directory.path())).await.unwrap();
    assert_eq!(ask(&second, "select what from kept").await, "still here");
    assert_eq!(remembered_port(directory.path()), port);
}

#[tokio::test]
async fn the_server_compiles_no_query() {
    let directory = open_directory();
    let local_db = LocalDb::start(local_options(directory.path())).await.unwrap();
    assert_eq!(ask(&local_db, "show jit").await, "off");
}

#[tokio::test]
async fn psql_connects_by_the_printed_line_which_holds_no_password() {
    let directory = open_directory();
    let local_db = LocalDb::start(local_options(directory.path())).await.unwrap();
    let pgpass = directory.path().join("pgpass");
    assert_eq!(std::fs::metadata(&pgpass).unwrap().permissions().mode() & 0o777, 0o600);
    let secret = std::fs::read_to_string(&pgpass).unwrap();
    let password = secret.trim().rsplit(':').next().unwrap();
    let line = local_db.connection_line();
    assert!(password.len() >= 32 && local_db.url().expose_secret().contains(password));
    assert!(!line.contains(password) && !format!("{local_db:?}").contains(password));

    let path = format!("{}:/usr/bin:/bin", local_db.bin_dir().display());
    let typed = format!("{line} --no-password -Atc 'select 6 * 7'");
    let by_hand = Command::new("sh").args(["-c", &typed]).env("PATH", path).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&by_hand.stdout), "42\n", "{typed}: {by_hand:?}");
    let by_command =
        local_db.psql_command().args(["--no-password", "-Atc", "select 6 * 7"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&by_command.stdout), "42\n", "{by_command:?}");
}

#[tokio::test]
async fn the_server_stops_with_its_last_user_alone() {
    let directory = open_directory();
    let (first, second) = tokio::join!(
        LocalDb::start(local_options(directory.path())),
        LocalDb::start(local_options(directory.path()))
    );
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_ne!(first.was_running(), second.was_running(), "one of the two starts it, the other joins");
    first.stop().await.unwrap();
    assert_eq!(ask(&second, "select 'on'").await, "on");
    drop(second);
    assert!(!is_running(directory.path()));
}

#[tokio::test]
async fn what_a_killed_run_leaves_is_adopted_and_stopped_like_ones_own() {
    let directory = open_directory();
    let killed = LocalDb::start(local_options(directory.path())).await.unwrap();
    ask(&killed, "create table kept as select 1; select 'made'").await;
    // The end of a process takes its locks, and nothing else, with it.
    std::mem::forget(killed);
    std::fs::remove_file(directory.path().join("users.lock")).unwrap();
    assert!(is_running(directory.path()));

    let heir = LocalDb::start(local_options(directory.path())).await.unwrap();
    assert!(heir.was_running());
    assert_eq!(ask(&heir, "select count(*)::text from kept").await, "1");
    heir.stop().await.unwrap();
    assert!(!is_running(directory.path()));
}

#[tokio::test]
async fn a_server_that_was_killed_starts_again_with_what_was_committed() {
    let directory = open_directory();
    let first = LocalDb::start(local_options(directory.path())).await.unwrap();
    ask(&first, "create table kept as select 'committed' as what; select 'made'").await;
    kill(server_process(directory.path()).unwrap(), Signal::SIGKILL).unwrap();

    let second = LocalDb::start(local_options(directory.path())).await.unwrap();
    assert!(!second.was_running());
    assert_eq!(ask(&second, "select what from kept").await, "committed");
    first.stop().await.unwrap();
    assert_eq!(ask(&second, "select 'on'").await, "on");
}

#[tokio::test]
async fn a_pid_file_that_names_a_stranger_is_no_obstacle() {
    let directory = open_directory();
    LocalDb::start(local_options(directory.path())).await.unwrap().stop().await.unwrap();
    let own_pid = std::process::id();
    let text = format!("{own_pid}\n/elsewhere\n1\n5432\n/elsewhere\n127.0.0.1\n1 1\nready   \n");
    std::fs::write(directory.path().join("cluster/postmaster.pid"), text).unwrap();

    let local_db = LocalDb::start(local_options(directory.path())).await.unwrap();
    assert!(!local_db.was_running());
    assert_eq!(ask(&local_db, "select 'on'").await, "on");
}

#[tokio::test]
async fn a_port_taken_by_another_program_is_replaced() {
    let directory = open_directory();
    LocalDb::start(local_options(directory.path())).await.unwrap().stop().await.unwrap();
    let port: u16 = remembered_port(directory.path()).parse().unwrap();
    let _taken = TcpListener::bind(("127.0.0.1", port)).unwrap();

    let local_db = LocalDb::start(local_options(directory.path())).await.unwrap();
    assert_ne!(ask(&local_db, "select current_setting('port')").await, port.to_string());
}

#[tokio::test]
async fn a_data_directory_too_deep_for_a_socket_works_all_the_same() {
    let directory = open_directory();
    let deep = directory.path().join("deep".repeat(30));
    let local_db = LocalDb::start(local_options(&deep)).await.unwrap();
    assert_eq!(ask(&local_db, "select 'on'").await, "on");
    let socket_dir = ask(&local_db, "select current_setting('unix_socket_directories')").await;
    local_db.stop().await.unwrap();
    std::fs::remove_dir_all(socket_dir).unwrap();
}

#[tokio::test]
async fn a_first_start_that_was_cut_short_is_begun_anew() {
    let directory = open_directory();
    std::fs::create_dir_all(directory.path().join("cluster.unfinished/base")).unwrap();
    std::fs::write(directory.path().join("pgpass"), "*:*:*:revox_mirror:of the first try\n").unwrap();
    let local_db = LocalDb::start(local_options(directory.path())).await.unwrap();
    assert_eq!(ask(&local_db, "select 'on'").await, "on");
}

#[tokio::test]
async fn data_of_another_version_is_left_alone_and_named() {
    let directory = open_directory();
    let version_file = directory.path().join("cluster/PG_VERSION");
    std::fs::create_dir(directory.path().join("cluster")).unwrap();
    crate::support::cluster::hand_to_server_account(&directory.path().join("cluster"));
    std::fs::write(&version_file, "9\n").unwrap();
    let options = Options { download: false, ..local_options(directory.path()) };
    let error = LocalDb::start(options).await.unwrap_err();
    assert!(matches!(error, LocalDbError::OtherVersion { version: 9, .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("install"), "{error:?}");
    assert_eq!(std::fs::read_to_string(version_file).unwrap(), "9\n");
}

#[tokio::test]
async fn a_configured_directory_without_programs_is_an_error_of_its_own() {
    let (directory, empty) = (open_directory(), open_directory());
    let options = Options { bin_dir: Some(empty.path().to_owned()), ..local_options(directory.path()) };
    let error = LocalDb::start(options).await.unwrap_err();
    assert!(matches!(error, LocalDbError::BadBinDir { .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("localdb.bin_dir"), "{error:?}");
}

#[tokio::test]
async fn a_machine_with_no_programs_at_all_is_told_what_installs_them() {
    let directory = open_directory();
    let options = Options {
        use_installed: false,
        download: false,
        download_dir: Some(directory.path().join("none")),
        ..local_options(directory.path())
    };
    let error = LocalDb::start(options).await.unwrap_err();
    assert!(matches!(error, LocalDbError::NoPrograms { .. }), "{error:?}");
    let hint = error.hint().unwrap();
    assert!(hint.contains("install") && hint.contains("DATABASE_URL"), "{hint}");
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why() {
    let directory = open_directory();
    let options = Options {
        settings: vec![("max_connections".to_owned(), "many".to_owned())],
        ..local_options(directory.path())
    };
    let error = LocalDb::start(options).await.unwrap_err();
    let LocalDbError::DidNotStart { log } = error else { panic!("{error:?}") };
    assert!(log.to_string().contains("max_connections"), "{log}");
}

#[tokio::test]
async fn a_start_that_fails_late_leaves_no_server_behind() {
    let directory = open_directory();
    LocalDb::start(local_options(directory.path())).await.unwrap().stop().await.unwrap();
    let pgpass = directory.path().join("pgpass");
    std::fs::write(&pgpass, "*:*:*:revox_mirror:not the password\n").unwrap();
    let error = LocalDb::start(local_options(directory.path())).await.unwrap_err();
    assert!(matches!(error, LocalDbError::Unreachable { .. }), "{error:?}");
    assert!(!is_running(directory.path()));
}

#[tokio::test]
async fn a_start_that_is_given_up_leaves_no_server_behind() {
    let directory = open_directory();
    LocalDb::start(local_options(directory.path())).await.unwrap().stop().await.unwrap();
    // Polled until the server's process is there, then dropped.
    let mut start = Box::pin(LocalDb::start(local_options(directory.path())));
    while server_process(directory.path()).is_none() {
        tokio::select! {
            biased;
            started = &mut start => panic!("it ended before its process was seen: {started:?}"),
            () = tokio::time::sleep(std::time::Duration::from_millis(1)) => {}
        }
    }
    drop(start);
    let next = LocalDb::start(local_options(directory.path())).await.unwrap();
    assert!(!next.was_running());
}

/// The one value that a statement gives.
async fn ask(local_db: &LocalDb, statements: &str) -> String {
    let mut connection = PgConnection::connect(local_db.url().expose_secret()).await.unwrap();
    let mut answer = String::new();
    for statement in statements.split("; ") {
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        let rows: Vec<String> = sqlx::query_scalar(statement).fetch_all(&mut connection).await.unwrap();
        answer = rows.into_iter().next().unwrap_or_default();
    }
    answer
}

fn remembered_port(data_dir: &Path) -> String {
    std::fs::read_to_string(data_dir.join("port")).unwrap()
}

/// The server's process, by its own file.
fn server_process(data_dir: &Path) -> Option<Pid> {
    let text = std::fs::read_to_string(data_dir.join("cluster/postmaster.pid")).ok()?;
    Some(Pid::from_raw(text.lines().next()?.parse().ok()?))
}

fn is_running(data_dir: &Path) -> bool {
    server_process(data_dir).is_some_and(|pid| kill(pid, None).is_ok())
}
