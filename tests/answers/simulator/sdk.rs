//! The official Python SDKs against the simulator: `tests/sdk/check_sdk.py` does the looking.

use crate::support::announce;
use revox_mirror::simulator::{Flavour, NewerApi, Numbers, OlderApi, Options, Simulator};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// Runs a program: what it said when it succeeded, or what it said when it failed.
async fn try_to_run(program: &Path, arguments: &[&str]) -> Result<String, String> {
    let command =
        Command::new(program).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = command.unwrap_or_else(|error| panic!("{} could not be run: {error}", program.display()));
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(said) } else { Err(said) }
}

/// Runs a program and gives what it said; its failure is the test's.
async fn run(program: &Path, arguments: &[&str]) -> String {
    let said = try_to_run(program, arguments).await;
    said.unwrap_or_else(|said| panic!("{} {arguments:?} failed:\n{said}", program.display()))
}

/// The Python with this version of the SDK, installed under the target directory unless it is there already. None where
/// no package index answers, not even with `pip` itself; said aloud, since then nothing is proven.
async fn python(version: &str) -> Option<PathBuf> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("revox-sdk-{version}"));
    let python = home.join("bin/python");
    let ready = home.join("ready");
    if !ready.exists() {
        run(Path::new("python3"), &["-m", "venv", "--clear", &home.to_string_lossy()]).await;
        let package = format!("revox=={version}");
        let pip = ["-m", "pip", "--quiet", "--disable-pip-version-check"];
        if let Err(said) = try_to_run(&python, &[&pip[..], &["install", &package]].concat()).await {
            let folder = home.join("pip").to_string_lossy().into_owned();
            let other =
                ["download", "--no-deps", "--no-binary=:none:", "--no-cache-dir", "--dest", &folder, "pip"];
            let index = try_to_run(&python, &[&pip[..], &other].concat()).await;
            assert!(index.is_err(), "{package} cannot be installed:\n{said}");
            announce(&format!("NOT TRIED: no package index answers, so that {package} has read nothing"));
            return None;
        }
        std::fs::write(&ready, "").unwrap();
    }
    Some(python)
}

/// Has the SDK read everything there is in several accounts, counts written in both ways.
async fn check(version: &str, flavour: Flavour) {
    let Some(python) = python(version).await else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk/check_sdk.py");
    let name = if flavour.is_newer() { "newer" } else { "older" };
    let mut simulators = Vec::new();
    for (seed, numbers) in [(1, Numbers::Integers), (2, Numbers::Floats), (3, Numbers::Integers)] {
        let options = Options { flavour, numbers, seed, campaigns: 5, rows: 40, ..Options::default() };
        let simulator = Simulator::start(options).await.unwrap();
        simulator.edit(|account| account.append_rows(0, 2)).unwrap();
        simulators.push(simulator);
    }
    let urls: Vec<String> = simulators.iter().map(Simulator::base_url).collect();
    let script = script.to_string_lossy();
    let mut arguments = vec![&*script, name, "demo-key"];
    arguments.extend(urls.iter().map(String::as_str));
    let said = run(&python, &arguments).await;
    assert!(said.contains(" 606 rows, 0 complaints"), "{said}");
    announce(&format!("revox {version} has read the simulator's {name} API, strictly"));
}

#[tokio::test]
async fn the_older_sdk_takes_every_answer_of_the_older_api() {
    check("0.1.1", Flavour::Older(OlderApi::default())).await;
}

#[tokio::test]
async fn the_newer_sdk_takes_every_answer_of_the_newer_api() {
    check("0.5.0", Flavour::Newer(NewerApi::default())).await;
}
