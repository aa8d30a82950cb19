//! The server's process, as `postmaster.pid` tells of it: whether it lives, what it does, how to signal it.

use super::layout::Layout;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use std::path::{Path, PathBuf};

/// What a `postmaster.pid` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Postmaster {
    pub(super) pid: i32,
    pub(super) port: u16,
    pub(super) socket_dir: PathBuf,
    pub(super) is_ready: bool,
}

/// What the process behind a `postmaster.pid` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// The server.
    Server,
    /// Another program, which got the number after the server died.
    Stranger,
    /// Nothing.
    Gone,
}

impl Postmaster {
    /// Reads the file; none if it is missing or not yet whole.
    pub(super) fn read(layout: &Layout) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(layout.cluster().join("postmaster.pid")).ok()?)
    }

    /// The lines are: process, data directory, start time, port, socket's directory, TCP address, shared
    /// memory, status.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok().filter(|pid| *pid > 1)?;
        let port = lines.nth(2)?.trim().parse().ok()?;
        let socket_dir = PathBuf::from(lines.next()?);
        let is_ready = lines.nth(2).is_some_and(|status| status.trim() == "ready");
        Some(Self { pid, port, socket_dir, is_ready })
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.socket_dir.join(format!(".s.PGSQL.{}", self.port))
    }

    pub(super) fn life(&self, layout: &Layout) -> Life {
        reap(self.pid);
        if let Err(error) = kill(Pid::from_raw(self.pid), None) {
            return if error == Errno::ESRCH { Life::Gone } else { Life::Stranger };
        }
        // A server stands in its cluster; where the system does not tell, the signal's word is taken.
        match std::fs::read_link(format!("/proc/{}/cwd", self.pid)) {
            Ok(directory) if directory == layout.cluster() => Life::Server,
            Err(_) if !Path::new("/proc/self").exists() => Life::Server,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Life::Gone,
            Ok(_) | Err(_) => Life::Stranger,
        }
    }
}

/// Sends a signal. That nobody is left to receive it is no error.
pub(super) fn signal_server(pid: i32, signal: Signal) {
    if let Err(error) = kill(Pid::from_raw(pid), signal) {
        tracing::debug!(pid, %error, "signalling the embedded Postgres");
    }
}

/// Lets go of a child that has ended, and says whether it has. Someone else's child is left alone.
pub(super) fn reap(pid: i32) -> bool {
    use nix::sys::wait::WaitStatus::{Exited, Signaled};
    matches!(waitpid(Pid::from_raw(pid), Some(WaitPidFlag::WNOHANG)), Ok(Exited(..) | Signaled(..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_file_is_read_line_by_line() {
        let whole = "4711\n/data/cluster\n1700000000\n5499\n/data/socket\n127.0.0.1\n  123 4\nready   \n";
        let expected =
            Postmaster { pid: 4711, port: 5499, socket_dir: PathBuf::from("/data/socket"), is_ready: true };
        assert_eq!(Postmaster::parse(whole), Some(expected.clone()));
        let starting = whole.replace("ready   ", "starting");
        assert_eq!(Postmaster::parse(&starting), Some(Postmaster { is_ready: false, ..expected }));
    }

    #[test]
    fn a_broken_pid_file_names_no_process() {
        for text in
            ["", "4711\n", "x\n/data\n1\n5499\n/s\n", "-1\n/data\n1\n5499\n/s\n", "1\n/data\n1\n5499\n/s\n"]
        {
            assert_eq!(Postmaster::parse(text), None, "{text:?}");
        }
    }
}
