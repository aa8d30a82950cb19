//! `demo --once` as a process: it sets everything up, shows what landed, and leaves a database to look into and
//! no server behind.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use crate::support::cluster::open_directory;
use crate::support::http;
use crate::support::program::{self, Run};
use crate::support::running::{Running, until};
use std::path::Path;

/// The program with a data directory of its own.
async fn run(directory: &Path, arguments: &[&str]) -> Run {
    let (data, share) = (directory.join("data"), directory.join("share"));
    let environment = [
        ("XDG_DATA_HOME", share.to_str().unwrap()),
        ("REVOX_MIRROR__LOCALDB__DATA_DIR", data.to_str().unwrap()),
        ("REVOX_MIRROR__LOG__FORMAT", "text"),
    ];
    program::run(arguments, &environment).await
}

/// Processes that were started with this directory in their command line.
fn processes(directory: &Path) -> Vec<String> {
    let directory = directory.to_str().unwrap();
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(directory))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_shows_what_landed_and_can_be_looked_into_after_it() {
    let directory = open_directory();
    let demo = run(directory.path(), &["demo", "--once", "--rows", "60"]).await;
    demo.exits(0);
    for table in ["campaigns", "assistants", "campaign_rows", "calls", "call_attempts", "transcript_turns"] {
        demo.says(table);
    }
    for question in
        ["How many contacts were reached?", "How long did people talk?", "What was said last?", "psql --demo"]
    {
        demo.says(question);
    }
    assert!(demo.out.contains("180"), "three campaigns of 60 rows: {}", demo.out);
    assert_eq!(processes(directory.path()), Vec::<String>::new(), "no server is left behind");

    let count =
        ["-Atc", "select count(*) > 100 and count(distinct campaign_id) between 1 and 3 from revox.calls"];
    for psql in [&["psql", "--demo"][..], &["psql"]] {
        let answer = run(directory.path(), &[psql, &count].concat()).await;
        answer.exits(0);
        assert_eq!(answer.out, "t\n", "{psql:?}");
    }
    let counted = ["psql", "--demo", "-Atc", "select count(*) from revox.campaign_rows"];
    assert_eq!(run(directory.path(), &counted).await.out, "180\n");
    run(directory.path(), &["psql", "--demo", "-c", "select no_such_column"]).await.exits(1);
    // The server is started for the look, and stopped.
    run(directory.path(), &["status", "--demo", "--max-age", "1h"])
        .await
        .exits(0)
        .says("full complete")
        .says("180");
    run(directory.path(), &["status"])
        .await
        .exits(0)
        .says("no mirror on this machine yet")
        .says("status --demo");
    assert_eq!(processes(directory.path()), Vec::<String>::new(), "no server is left behind");

    // Another size and seed: it begins anew, in the same place.
    run(directory.path(), &["demo", "--once", "--rows", "20", "--seed", "7"]).await.exits(0);
    assert_eq!(run(directory.path(), &counted).await.out, "60\n");
    assert_eq!(processes(directory.path()), Vec::<String>::new(), "no server is left behind");
    assert!(!directory.path().join("data/cluster").exists(), "the mirror's own database was not touched");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_living_demo_shows_its_page_and_the_calls_that_move_and_ends_with_a_signal() {
    let directory = open_directory();
    let (data, share) = (directory.path().join("data"), directory.path().join("share"));
    let environment = [
        ("XDG_DATA_HOME", share.to_str().unwrap()),
        ("REVOX_MIRROR__LOCALDB__DATA_DIR", data.to_str().unwrap()),
        ("REVOX_MIRROR__ADMIN__LISTEN", "127.0.0.1:0"),
    ];
    let demo = Running::start(&["demo", "--rows", "40"], &environment);
    until("the page's address is printed", async || demo.printed().contains("The status page: http://"))
        .await;
    let text = demo.printed();
    let address = text.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    until("the page shows the campaigns", async || {
        http::get(&address, "/").await.body.contains("All 3 campaigns are fresh")
    })
    .await;
    // Its Postgres is killed, and comes back.
    let file = data.join("demo/cluster/postmaster.pid");
    let server = std::fs::read_to_string(&file).unwrap().lines().next().unwrap().trim().parse().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(server), nix::sys::signal::Signal::SIGKILL).unwrap();
    demo.says("the embedded Postgres had ended, and was started again").await;
    let other = run(directory.path(), &["demo", "--once", "--rows", "5"]).await;
    other.exits(1).says("another demo runs").says("Ctrl-C");
    let changed =
        ["psql", "--demo", "-Atc", "select count(*) from revox.calls where _synced_at > _first_seen_at"];
    until("calls have moved", async || run(directory.path(), &changed).await.out.trim() != "0").await;
    assert!(!http::get(&address, "/").await.body.contains("PASSWORD="), "no password is shown");
    demo.signal(nix::sys::signal::Signal::SIGINT);
    demo.ended().await.exits(0).says("The database is kept");
    until("no server is left behind", async || processes(directory.path()).is_empty()).await;
}
