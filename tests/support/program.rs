//! The real program as a process, with no other environment than it is given.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::process::{Child, Command};

/// Far longer than any run of the tests takes.
const BOUND: Duration = Duration::from_mins(3);

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    /// None when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        let found = self.out.contains(text) || self.err.contains(text);
        assert!(found, "{text:?} is not in stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    /// The lines of standard error, each of which must be JSON.
    #[track_caller]
    pub(crate) fn log(&self) -> Vec<Value> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.err.lines().map(parse).collect()
    }
}

/// The program with these arguments and variables, about to be started.
pub(crate) fn program(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_revox-mirror"));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", "/nonexistent")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Starts it.
pub(crate) fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Child {
    program(arguments, environment).spawn().expect("it starts")
}

/// Waits for its end.
pub(crate) async fn ended(child: Child) -> Run {
    let output = tokio::time::timeout(BOUND, child.wait_with_output()).await.expect("it ends in time");
    let Output { status, stdout, stderr } = output.expect("its output can be read");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Run { code: status.code(), out: text(stdout), err: text(stderr) }
}

/// Runs it to its end.
pub(crate) async fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    ended(start(arguments, environment)).await
}

/// Sends it a signal; one that has ended already does not mind.
pub(crate) fn signal(child: &Child, signal: Signal) {
    if let Some(process) = child.id().and_then(|id| i32::try_from(id).ok()) {
        let _ = kill(Pid::from_raw(process), signal);
    }
}
