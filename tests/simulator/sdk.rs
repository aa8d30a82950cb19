//! The official Python SDKs against the simulator: `tests/sdk/check_sdk.py` does the looking.

use revox_mirror::simulator::{Flavour, NewerApi, Numbers, OlderApi, Options, Simulator};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// Runs a program and gives what it said; its failure is the test's.
async fn run(program: &Path, arguments: &[&str]) -> String {
    let command =
        Command::new(program).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = command.unwrap_or_else(|error| panic!("{} could not be run: {error}", program.display()));
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {arguments:?} failed:\n{said}", program.display());
    said
}

/// The Python with this version of the SDK, installed under the target directory unless it is there already.
async fn python(version: &str) -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("revox-sdk-{version}"));
    let python = home.join("bin/python");
    let ready = home.join("ready");
    if !ready.exists() {
        run(Path::new("python3"), &["-m", "venv", "--clear", &home.to_string_lossy()]).await;
        let package = format!("revox=={version}");
        run(&python, &["-m", "pip", "install", "--quiet", "--disable-pip-version-check", &package]).await;
        std::fs::write(&ready, "").unwrap();
    }
    python
}

/// Has the SDK read everything there is, counts written in both ways.
async fn check(version: &str, flavour: Flavour) {
    let python = python(version).await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk/check_sdk.py");
    let name = if flavour.is_newer() { "newer" } else { "older" };
    for numbers in [Numbers::Integers, Numbers::Floats] {
        let options = Options { flavour, numbers, campaigns: 5, rows: 40, ..Options::default() };
        let simulator = Simulator::start(options).await.unwrap();
        simulator.edit(|account| account.append_rows(0, 2)).unwrap();
        let said = run(&python, &[&script.to_string_lossy(), name, &simulator.base_url(), "demo-key"]).await;
        assert!(said.contains(" 202 rows, 0 complaints"), "{said}");
    }
}

#[tokio::test]
async fn the_older_sdk_takes_every_answer_of_the_older_api() {
    check("0.1.1", Flavour::Older(OlderApi::default())).await;
}

#[tokio::test]
async fn the_newer_sdk_takes_every_answer_of_the_newer_api() {
    check("0.5.0", Flavour::Newer(NewerApi::default())).await;
}
