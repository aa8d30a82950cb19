//! The cluster on disk: made once, with its password, and the database in it. Running it is `server`'s.

use super::account::{Account, command, hand_over};
use super::binaries::Binaries;
use super::layout::Layout;
use super::{LocalDbError, ROLE};
use rand::distr::{Alphanumeric, SampleString};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

/// A slow disk takes its time to flush a new cluster.
const INITDB_LIMIT: Duration = Duration::from_mins(3);

/// How long the server may take to let the mirror in and to make a database.
const DATABASE_LIMIT: Duration = Duration::from_mins(1);

/// The best locale first: that of C knows no letter beyond ASCII.
const LOCALES: [&str; 2] = ["C.UTF-8", "C"];

/// Refuses a name that SQL would have to quote.
pub(super) fn check_database_name(name: &str) -> Result<(), LocalDbError> {
    let plain = |character: char| matches!(character, 'a'..='z' | '0'..='9' | '_');
    if name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= 63
        && name.chars().all(plain)
    {
        return Ok(());
    }
    Err(LocalDbError::BadDatabaseName { name: name.to_owned() })
}

/// The major version that made the cluster; none if there is no cluster yet.
pub(super) fn version(layout: &Layout) -> Result<Option<u32>, LocalDbError> {
    let path = layout.cluster().join("PG_VERSION");
    match std::fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().map(Some).map_err(|_| {
            LocalDbError::file("reading", &path)(std::io::Error::other("it does not hold a version"))
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LocalDbError::file("reading", &path)(error)),
    }
}

/// Makes the cluster if there is none, and gives its password. A cluster that was left half made is thrown
/// away: it only gets its name once it is whole.
pub(super) async fn make_if_missing(
    layout: &Layout,
    binaries: &Binaries,
    account: Option<&Account>,
) -> Result<SecretString, LocalDbError> {
    if version(layout)?.is_some() {
        return read_password(layout);
    }
    tracing::info!(data_dir = %layout.root().display(), "making a Postgres cluster");
    let password = SecretString::from(Alphanumeric.sample_string(&mut rand::rng(), 40));
    write_private(&layout.pgpass(), &format!("*:*:*:{ROLE}:{}\n", password.expose_secret()))?;
    let mut outcome = Ok(());
    for locale in LOCALES {
        outcome = initdb(layout, binaries, account, locale, &password).await;
        if outcome.is_ok() {
            break;
        }
    }
    outcome?;
    let cluster = layout.cluster();
    std::fs::rename(layout.unfinished_cluster(), &cluster).map_err(LocalDbError::file("making", &cluster))?;
    Ok(password)
}

async fn initdb(
    layout: &Layout,
    binaries: &Binaries,
    account: Option<&Account>,
    locale: &str,
    password: &SecretString,
) -> Result<(), LocalDbError> {
    let unfinished = layout.unfinished_cluster();
    match std::fs::remove_dir_all(&unfinished) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(LocalDbError::file("removing", &unfinished)(error));
        }
        _ => {}
    }
    make_private_dir(&unfinished, account)?;
    // The account may not read what is the caller's own, so that the password passes through a file of its.
    let password_file = layout.root().join("password.once");
    write_private(&password_file, password.expose_secret())?;
    hand_over(&password_file, account)?;

    let program = binaries.program("initdb");
    let mut initdb = command(&program, layout.root(), account);
    initdb
        .arg("--pgdata")
        .arg(&unfinished)
        .arg("--pwfile")
        .arg(&password_file)
        .arg(format!("--username={ROLE}"))
        .arg(format!("--locale={locale}"))
        .args(["--encoding=UTF8", "--data-checksums", "--no-instructions"])
        .args(["--auth-local=scram-sha-256", "--auth-host=scram-sha-256"]);
    let mut initdb = tokio::process::Command::from(initdb);
    initdb.kill_on_drop(true);
    let output = tokio::time::timeout(INITDB_LIMIT, initdb.output()).await;
    let removed = std::fs::remove_file(&password_file);
    let output = output.map_err(LocalDbError::program(&program))?.map_err(LocalDbError::program(&program))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(LocalDbError::program(&program)(said));
    }
    removed.map_err(LocalDbError::file("removing", &password_file))
}

/// Makes the database if it is missing.
pub(super) async fn create_database(server: &SecretString, name: &str) -> Result<(), LocalDbError> {
    let work = async {
        let mut connection = PgConnection::connect(server.expose_secret()).await?;
        let known: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
            .bind(name)
            .fetch_one(&mut connection)
            .await?;
        if !known {
            let statement = AssertSqlSafe(format!("create database {name}"));
            sqlx::raw_sql(statement).execute(&mut connection).await?;
        }
        connection.close().await
    };
    tokio::time::timeout(DATABASE_LIMIT, work)
        .await
        .unwrap_or(Err(sqlx::Error::PoolTimedOut))
        .map_err(|source| LocalDbError::Unreachable { source })
}

/// Makes a directory of mode 0700, the account's own.
pub(super) fn make_private_dir(path: &Path, account: Option<&Account>) -> Result<(), LocalDbError> {
    DirBuilder::new().mode(0o700).create(path).map_err(LocalDbError::file("making", path))?;
    hand_over(path, account)
}

fn read_password(layout: &Layout) -> Result<SecretString, LocalDbError> {
    let path = layout.pgpass();
    let text = std::fs::read_to_string(&path).map_err(LocalDbError::file("reading", &path))?;
    let password = text.lines().find_map(|line| line.strip_prefix(&format!("*:*:*:{ROLE}:")));
    password
        .map(SecretString::from)
        .ok_or_else(|| LocalDbError::file("reading", &path)(std::io::Error::other("it holds no password")))
}

/// Writes a file of mode 0600 that survives a power cut.
fn write_private(path: &Path, text: &str) -> Result<(), LocalDbError> {
    let write = || {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(LocalDbError::file("writing", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_name_needs_no_quotes() {
        for (name, good) in [
            ("revox_mirror", true),
            ("demo2", true),
            ("", false),
            ("2demo", false),
            ("Demo", false),
            ("a-b", false),
            ("a;drop", false),
            ("é", false),
        ] {
            assert_eq!(check_database_name(name).is_ok(), good, "{name}");
        }
        assert!(check_database_name(&"a".repeat(64)).is_err());
    }
}
