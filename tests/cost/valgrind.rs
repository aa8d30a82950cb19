//! Instructions and allocations of a program, as valgrind's DHAT counts them.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Far longer than the slowed-down program takes.
const BOUND: Duration = Duration::from_mins(4);

/// What a run came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) instructions: f64,
    /// Pieces of memory that were asked for. Their bytes depend on how the network cuts answers.
    pub(crate) blocks: f64,
}

/// Whether it is there and the figures are of this kind of machine; else why not.
pub(crate) fn is_at_hand() -> Result<(), &'static str> {
    if !cfg!(target_arch = "x86_64") {
        return Err("the figures are of another kind of processor");
    }
    let version = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    if version.is_ok_and(|status| status.success()) { Ok(()) } else { Err("valgrind is not installed") }
}

/// Runs a program to its end.
pub(crate) async fn count(program: &Path, arguments: &[&str], variables: &[(String, String)]) -> Counts {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("counts.json");
    let mut command = tokio::process::Command::new("valgrind");
    command
        .args(["--tool=dhat", "--fair-sched=yes"])
        .arg(format!("--dhat-out-file={}", file.display()))
        .arg(program)
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", "/nonexistent")
        // One thread after the other, as far as that goes: waiting for each other takes instructions, too.
        .env("TOKIO_WORKER_THREADS", "1")
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(BOUND, command.output()).await.expect("it ends in time").unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let counts: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let points = counts["pps"].as_array().unwrap();
    let blocks = points.iter().map(|point| point["tbk"].as_u64().unwrap() as f64).sum();
    Counts { instructions: counts["te"].as_u64().unwrap() as f64, blocks }
}
