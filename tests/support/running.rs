//! The daemon as a process: what it logs as it goes, signals, its end.

use super::program::{self, Run};
use nix::sys::signal::Signal;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Child;
use tokio::task::JoinHandle;

/// Far longer than anything takes that is waited for.
pub(crate) const BOUND: Duration = Duration::from_secs(90);

/// Waits until something is so; fails when it is not after a long time.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + BOUND;
    while !is_so().await {
        assert!(tokio::time::Instant::now() < deadline, "it never came to be that {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A process that goes on.
pub(crate) struct Running {
    child: Child,
    out: Lines,
    err: Lines,
}

struct Lines {
    read: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Lines {
    fn of(pipe: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let read = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&read);
        let task = tokio::spawn(async move {
            let mut lines = BufReader::new(pipe).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                kept.lock().unwrap().push(line);
            }
        });
        Self { read, task }
    }

    fn text(&self) -> String {
        self.read.lock().unwrap().join("\n")
    }
}

impl Running {
    pub(crate) fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut child = program::start(arguments, environment);
        let out = Lines::of(child.stdout.take().unwrap());
        let err = Lines::of(child.stderr.take().unwrap());
        Self { child, out, err }
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        self.err.text()
    }

    /// What it has printed so far.
    pub(crate) fn printed(&self) -> String {
        self.out.text()
    }

    /// Lines of the log that hold a text.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.err.read.lock().unwrap().iter().filter(|line| line.contains(text)).count()
    }

    /// Waits until it has logged a text.
    pub(crate) async fn says(&self, text: &str) {
        let deadline = tokio::time::Instant::now() + BOUND;
        while self.count(text) == 0 {
            assert!(tokio::time::Instant::now() < deadline, "{text:?} is not in the log:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        program::signal(&self.child, signal);
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Its number.
    pub(crate) fn process(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Kills it, and waits until it is gone.
    pub(crate) async fn kill(mut self) -> String {
        self.child.kill().await.unwrap();
        let _ = self.err.task.await;
        self.err.read.lock().unwrap().join("\n")
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> Run {
        let status = tokio::time::timeout(BOUND, self.child.wait()).await.expect("it ends in time").unwrap();
        let _ = self.out.task.await;
        let _ = self.err.task.await;
        let text = |read: &Mutex<Vec<String>>| read.lock().unwrap().join("\n");
        Run { code: status.code(), out: text(&self.out.read), err: text(&self.err.read) }
    }

    /// Asks it to end, which it must do with 0.
    pub(crate) async fn stop(self) -> Run {
        self.signal(Signal::SIGTERM);
        let run = self.ended().await;
        run.exits(0);
        run
    }
}
