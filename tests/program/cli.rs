//! The real program: what it says, where, and how it exits. Nothing here needs a database or the network.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

/// Far longer than any of these runs takes.
const BOUND: Duration = Duration::from_mins(1);

/// Nothing listens there.
const NOWHERE: &str = "http://127.0.0.1:1/api";
const NO_DATABASE: &str = "postgres://me:secret-marker@127.0.0.1:1/mirror";

struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Run {
    fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }

    #[track_caller]
    fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    #[track_caller]
    fn says(&self, text: &str) -> &Self {
        assert!(self.all().contains(text), "{text:?} is not in stdout: {}\nstderr: {}", self.out, self.err);
        self
    }
}

/// Runs the program with these arguments and this environment, and no other environment at all.
async fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let home = tempfile::tempdir().expect("a temporary directory can be made");
    let child = tokio::process::Command::new(env!("CARGO_BIN_EXE_revox-mirror"))
        .args(arguments)
        .env_clear()
        .env("HOME", home.path())
        .env("REVOX_MIRROR__LOCALDB__DATA_DIR", home.path().join("data"))
        .env("REVOX_MIRROR__API__MAX_TRIES", "1")
        .env("REVOX_MIRROR__LOG__FORMAT", "text")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(BOUND, child).await.expect("it ends").expect("it starts");
    Run {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

#[tokio::test]
async fn every_command_explains_itself_on_standard_output() {
    for (arguments, expected) in [
        (
            &["--help"][..],
            &["run", "check", "status", "migrate", "psql", "demo", "simulate", "Exit codes", "--config"][..],
        ),
        (
            &["run", "--help"],
            &[
                "--once",
                "--campaign",
                "--full",
                "--dry-run",
                "--accept-account",
                "--accept-deletions",
                "--no-migrate",
            ],
        ),
        (&["check", "--help"], &["rights"]),
        (&["status", "--help"], &["--json", "--max-age", "--runs", "--demo"]),
        (&["migrate", "--help"], &["migrations"]),
        (&["psql", "--help"], &["--demo", "ARGS"]),
        (&["demo", "--help"], &["--once", "--rows"]),
        (
            &["simulate", "--help"],
            &["--listen", "--api", "older", "newer", "--key", "--seed", "--campaigns", "--rows"],
        ),
        (&["--version"], &["revox-mirror 0."]),
    ] {
        let run = run(arguments, &[]).await;
        run.exits(0);
        for text in expected {
            assert!(run.out.contains(text), "{arguments:?} does not say {text}: {}", run.out);
        }
        assert!(run.err.is_empty(), "{arguments:?} complains: {}", run.err);
    }
}

#[tokio::test]
async fn what_is_no_command_exits_2() {
    for arguments in [
        &[][..],
        &["state"],
        &["status", "--max-age", "1"],
        &["run", "--onze"],
        &["run", "--once", "--campaign", ""],
    ] {
        run(arguments, &[]).await.exits(2);
    }
}

#[tokio::test]
async fn an_unknown_configuration_key_is_named_with_its_place() {
    run(&["check"], &[("REVOX_MIRROR__API__PAGE_SIZ", "5")])
        .await
        .exits(2)
        .says("api.page_siz is no configuration key")
        .says("REVOX_MIRROR__API__PAGE_SIZ")
        .says("page_size");

    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    let file = folder.path().join("mirror.toml");
    std::fs::write(&file, "[sync]\nsettle_widow = \"1h\"\n").expect("the file can be written");
    let path = file.to_str().expect("UTF-8");
    run(&["--config", path, "migrate"], &[]).await.exits(2).says("sync.settle_widow").says(path);
    // The option may stand behind the command, too.
    run(&["migrate", "--config", path], &[]).await.exits(2).says("sync.settle_widow");
}

#[tokio::test]
async fn a_configuration_file_that_is_not_there_exits_2() {
    run(&["--config", "/nonexistent/mirror.toml", "check"], &[])
        .await
        .exits(2)
        .says("/nonexistent/mirror.toml cannot be read")
        .says("No such file")
        .says("after --config");
}

#[tokio::test]
async fn a_missing_key_exits_2_and_says_what_to_set() {
    for environment in [&[][..], &[("REVOX_API_KEY", "")]] {
        let run = run(&["run", "--once"], environment).await;
        run.exits(2).says("error: no API key is set").says("hint: set REVOX_API_KEY");
    }
}

#[tokio::test]
async fn a_wrong_value_exits_2_before_anything_is_done() {
    for (name, value, expected) in [
        ("REVOX_BASE_URL", "http://example.com/api", "revox.base_url must begin with https://"),
        ("REVOX_BASE_URL", "example", "revox.base_url must be a URL"),
        ("REVOX_MIRROR__API__PAGE_SIZE", "0", "api.page_size must be between 1 and 10000, and is 0"),
        ("REVOX_MIRROR__SYNC__SETTLE_WINDOW", "24", "sync.settle_window must be a length of time"),
        (
            "DATABASE_URL",
            "mysql://me:secret-marker@host/db",
            "database.url must be a URL such as \"postgres://",
        ),
    ] {
        let run = run(&["run", "--once"], &[("REVOX_API_KEY", "secret-marker"), (name, value)]).await;
        run.exits(2).says(expected);
        assert!(!run.all().contains("secret-marker"), "{}", run.all());
    }
}

#[tokio::test]
async fn what_belongs_to_a_single_pass_is_refused_to_the_daemon() {
    for argument in
        [&["--full"][..], &["--dry-run"], &["--accept-deletions"], &["--campaign", "c"], &["--wait", "1s"]]
    {
        let line: Vec<&str> = ["run"].into_iter().chain(argument.iter().copied()).collect();
        run(&line, &[("REVOX_API_KEY", "k")]).await.exits(2).says("--once");
    }
}

#[tokio::test]
async fn an_account_that_is_not_configured_is_named_with_those_that_are() {
    let environment = [
        ("REVOX_API_KEY", "k"),
        ("REVOX_MIRROR__ACCOUNTS__SALES__API_KEY", "k2"),
        ("DATABASE_URL", "postgres://x"),
    ];
    run(&["run", "--once", "--account", "support"], &environment)
        .await
        .exits(2)
        .says("there is no account support")
        .says("default, sales");
    run(&["run", "--once", "--campaign", "c"], &environment).await.exits(2).says("--account");
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_exits_5() {
    let environment =
        [("DATABASE_URL", NO_DATABASE), ("REVOX_API_KEY", "secret-marker"), ("REVOX_BASE_URL", NOWHERE)];
    for arguments in [
        &["migrate"][..],
        &["run", "--once"],
        &["run", "--once", "--dry-run"],
        &["check"],
        &["status"],
        &["status", "--json", "--max-age", "1h"],
    ] {
        let run = run(arguments, &environment).await;
        run.exits(5).says("cannot be reached").says("127.0.0.1:1").says("hint: ");
    }
}

#[tokio::test]
async fn check_goes_through_everything_and_exits_with_the_worst() {
    let run = run(&["check"], &[("DATABASE_URL", NO_DATABASE)]).await;
    run.exits(5)
        .says("configuration  ok")
        .says("key            failed  no API key is set")
        .says("database       failed");
}

#[tokio::test]
async fn no_secret_is_shown_however_much_is_logged() {
    let environment = [
        ("DATABASE_URL", NO_DATABASE),
        ("REVOX_API_KEY", "secret-marker"),
        ("REVOX_BASE_URL", NOWHERE),
        ("REVOX_MIRROR__LOG__LEVEL", "trace"),
    ];
    for format in ["text", "json"] {
        for arguments in [&["check"][..], &["run", "--once"], &["migrate"], &["psql", "-c", "select 1"]] {
            let mut environment = environment.to_vec();
            environment.push(("REVOX_MIRROR__LOG__FORMAT", format));
            let run = run(arguments, &environment).await;
            assert_ne!(run.code, Some(0));
            assert!(!run.all().is_empty());
            assert!(!run.all().contains("secret-marker"), "{arguments:?} shows a secret: {}", run.all());
        }
    }
}

#[tokio::test]
async fn errors_are_lines_for_people_or_one_line_of_json() {
    let text = run(&["run", "--once"], &[]).await;
    let lines: Vec<&str> = text.err.lines().collect();
    assert!(lines[0].starts_with("error: ") && lines[1].starts_with("hint: "), "{}", text.err);

    // Standard error is no terminal here, so `auto` is JSON.
    for format in ["json", "auto"] {
        let run = run(&["run", "--once"], &[("REVOX_MIRROR__LOG__FORMAT", format)]).await;
        run.exits(2);
        let line: serde_json::Value = serde_json::from_str(run.err.trim_end()).expect("one line of JSON");
        assert_eq!(line["level"], "ERROR");
        assert_eq!(line["message"], "no API key is set");
        assert!(line["hint"].as_str().is_some_and(|hint| hint.contains("REVOX_API_KEY")));
        assert!(run.out.is_empty(), "{}", run.out);
    }
}

#[tokio::test]
async fn a_dry_run_on_a_machine_without_a_mirror_makes_no_database() {
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    let data = folder.path().join("data");
    let environment = [
        ("REVOX_API_KEY", "secret-marker"),
        ("REVOX_BASE_URL", NOWHERE),
        ("REVOX_MIRROR__LOCALDB__DATA_DIR", data.to_str().expect("UTF-8")),
    ];
    let run = run(&["run", "--once", "--dry-run"], &environment).await;
    run.exits(1).says("the campaign list cannot be read").says("everything counts as new");
    assert!(!Path::new(&data).exists());
}

/// A psql that tells what it was given.
#[cfg(unix)]
#[tokio::test]
async fn psql_gets_its_arguments_and_a_connection_that_shows_no_password() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    let program = folder.path().join("psql");
    let script =
        "#!/bin/sh\necho \"arguments: $*\"\necho \"to: $PGHOST $PGPORT $PGUSER $PGDATABASE\"\nexit 7\n";
    std::fs::write(&program, script).expect("the file can be written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
    let bin_dir = folder.path().to_str().expect("UTF-8");
    let environment = [("DATABASE_URL", NO_DATABASE), ("REVOX_MIRROR__LOCALDB__BIN_DIR", bin_dir)];
    let run = run(&["psql", "-X", "-c", "select 1"], &environment).await;
    run.exits(7).says("arguments: -X -c select 1\n").says("to: 127.0.0.1 1 me mirror\n");
    assert!(!run.all().contains("secret-marker"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_be_written_costs_its_lines_and_a_result_that_cannot_is_an_error() {
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let start = |arguments: &[&str], out: Stdio, err: Stdio| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_revox-mirror"));
        command.args(arguments).env_clear().stdin(Stdio::null()).stdout(out).stderr(err);
        command.env("REVOX_BASE_URL", NOWHERE).env("REVOX_API_KEY", "a-key").env("DATABASE_URL", NO_DATABASE);
        command.env("RUST_LOG", "trace");
        command.spawn().unwrap()
    };
    let end = async |mut child: std::process::Child| {
        tokio::task::spawn_blocking(move || child.wait().unwrap().code()).await.unwrap()
    };
    let run = start(&["run", "--once"], Stdio::null(), full().into());
    assert_eq!(end(run).await, Some(5), "the code of what went wrong, and no panic");
    assert_eq!(end(start(&["check"], full().into(), Stdio::null())).await, Some(1));
}
