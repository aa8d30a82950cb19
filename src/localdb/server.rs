//! The server's life: found running, started, stopped. Callers hold the start lock.

use super::LocalDbError;
use super::account::{Account, command, server_uid};
use super::binaries::Binaries;
use super::cluster::make_private_dir;
use super::error::ServerLog;
use super::layout::Layout;
use super::lock::{StartLock, UserLock};
use super::postmaster::{Life, Postmaster, reap, signal_server};
use nix::sys::signal::Signal;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// How long a server may take to be ready: one that was killed has to replay its log first.
const READY_LIMIT: Duration = Duration::from_mins(5);

/// How long a running server may go without a socket that answers before it is started anew.
const SOCKET_LIMIT: Duration = Duration::from_secs(10);

/// How long a fast shutdown may take: it writes a checkpoint.
const STOP_LIMIT: Duration = Duration::from_mins(1);

/// How long an immediate shutdown may take.
const QUIT_LIMIT: Duration = Duration::from_secs(10);

const POLL: Duration = Duration::from_millis(20);

/// How often a start is tried when the port was snatched, or what a killed server left is still in use.
const ATTEMPTS: usize = 6;

/// How much of the log an error quotes.
const LOG_LINES: usize = 20;

/// Settings of every start. Statements and values stay out of the log: they are people's data.
///
/// No query is compiled: small ones gain nothing by it, and where memory may not be made executable (`MemoryDenyWriteExecute=`
/// of the systemd unit) Postgres does not fall back to its interpreter, so that each query worth compiling would fail.
const SETTINGS: [(&str, &str); 7] = [
    ("listen_addresses", "127.0.0.1"),
    ("logging_collector", "off"),
    ("log_checkpoints", "off"),
    ("log_min_error_statement", "panic"),
    ("log_error_verbosity", "terse"),
    ("jit", "off"),
    // After a checkpoint every page is written whole once: a large backfill goes through fewer of them.
    ("max_wal_size", "2GB"),
];

/// The server that runs on the cluster already, if one does; waits while it starts, and for its end while it
/// stops.
pub(super) async fn find_running(layout: &Layout) -> Result<Option<Postmaster>, LocalDbError> {
    let since = Instant::now();
    while since.elapsed() < READY_LIMIT {
        let Some(postmaster) = Postmaster::read(layout) else {
            return Ok(None);
        };
        match postmaster.life(layout) {
            Life::Server if postmaster.is_ready && UnixStream::connect(postmaster.socket()).is_ok() => {
                return Ok(Some(postmaster));
            }
            // Its socket was cleaned away under it, and only a new start brings it back.
            Life::Server if postmaster.is_ready && since.elapsed() > SOCKET_LIMIT => {
                signal_server(postmaster.pid, Signal::SIGINT);
            }
            Life::Server => {}
            // Postgres looks after the file of a dead server, but would take the stranger for a living one.
            Life::Stranger => {
                let path = layout.cluster().join("postmaster.pid");
                std::fs::remove_file(&path).map_err(LocalDbError::file("removing", &path))?;
                return Ok(None);
            }
            Life::Gone => return Ok(None),
        }
        tokio::time::sleep(POLL).await;
    }
    Err(LocalDbError::NotReady { seconds: READY_LIMIT.as_secs(), log: read_log(layout) })
}

/// Where a server is to listen.
#[derive(Debug, Clone, Copy)]
pub(super) enum Port {
    /// Where it did last time, if nobody else is there.
    Free,
    /// Here and nowhere else: somebody has been told.
    Fixed(u16),
}

/// Starts the server and waits until it is ready.
pub(super) async fn start(
    layout: &Layout,
    binaries: &Binaries,
    account: Option<&Account>,
    settings: &[(String, String)],
    port: Port,
) -> Result<Postmaster, LocalDbError> {
    make_socket_dir(layout, account)?;
    let mut remembered = remembered_port(layout);
    for attempt in 1.. {
        let chosen = match (port, remembered.take()) {
            (Port::Fixed(port), _) | (Port::Free, Some(port)) => port,
            (Port::Free, None) => free_port(layout)?,
        };
        let pid = spawn(layout, binaries, account, chosen, settings)?;
        match wait_until_ready(layout, pid).await {
            Ok(postmaster) => {
                std::fs::write(layout.port(), postmaster.port.to_string())
                    .map_err(LocalDbError::file("writing", &layout.port()))?;
                return Ok(postmaster);
            }
            Err(LocalDbError::DidNotStart { log }) if attempt < ATTEMPTS && may_pass(&log.0) => {
                tracing::debug!(port = chosen, attempt, "the embedded Postgres did not start, trying again");
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            Err(error) => return Err(error),
        }
    }
    unreachable!("the last attempt returns")
}

/// Gives up the use of the server, and stops it if that was the last. Takes the start lock unless it comes
/// with it.
pub(super) fn leave(
    layout: &Layout,
    user_lock: UserLock,
    start_lock: Option<StartLock>,
) -> Result<(), LocalDbError> {
    let _start_lock = match start_lock {
        Some(held) => held,
        None => StartLock::acquire_blocking(layout)?,
    };
    if !user_lock.release() {
        return Ok(());
    }
    let Some(postmaster) = Postmaster::read(layout) else {
        return Ok(());
    };
    let has_ended = || postmaster.life(layout) != Life::Server;
    if has_ended() || end(postmaster.pid, has_ended) {
        return Ok(());
    }
    Err(LocalDbError::DidNotStop { pid: postmaster.pid })
}

/// Ends a server, fast and if need be at once. Says whether it has ended.
fn end(pid: i32, has_ended: impl Fn() -> bool) -> bool {
    for (signal, limit) in [(Signal::SIGINT, STOP_LIMIT), (Signal::SIGQUIT, QUIT_LIMIT)] {
        signal_server(pid, signal);
        let since = Instant::now();
        while since.elapsed() < limit {
            if has_ended() {
                return true;
            }
            std::thread::sleep(POLL);
        }
    }
    false
}

fn spawn(
    layout: &Layout,
    binaries: &Binaries,
    account: Option<&Account>,
    port: u16,
    settings: &[(String, String)],
) -> Result<i32, LocalDbError> {
    let log_path = layout.log();
    let log = File::create(&log_path).map_err(LocalDbError::file("writing", &log_path))?;
    let errors = log.try_clone().map_err(LocalDbError::file("writing", &log_path))?;
    let program = binaries.program("postgres");
    let mut server = command(&program, layout.root(), account);
    server.arg("-D").arg(layout.cluster()).arg("-k").arg(layout.socket_dir()).arg("-p").arg(port.to_string());
    let own = SETTINGS.iter().copied();
    for (name, value) in own.chain(settings.iter().map(|(name, value)| (name.as_str(), value.as_str()))) {
        server.arg("-c").arg(format!("{name}={value}"));
    }
    let child = server.stdout(log).stderr(errors).spawn().map_err(LocalDbError::program(&program))?;
    // The number is all that is kept: another user of the server may be the one to stop it.
    i32::try_from(child.id()).map_err(LocalDbError::program(&program))
}

async fn wait_until_ready(layout: &Layout, pid: i32) -> Result<Postmaster, LocalDbError> {
    let since = Instant::now();
    let mut unready = Unready { pid: Some(pid) };
    while since.elapsed() < READY_LIMIT {
        if reap(pid) {
            unready.pid = None;
            return Err(LocalDbError::DidNotStart { log: read_log(layout) });
        }
        match Postmaster::read(layout) {
            Some(postmaster) if postmaster.pid == pid && postmaster.is_ready => {
                unready.pid = None;
                return Ok(postmaster);
            }
            _ => tokio::time::sleep(POLL).await,
        }
    }
    Err(LocalDbError::NotReady { seconds: READY_LIMIT.as_secs(), log: read_log(layout) })
}

/// A server that nobody uses yet. A start that is given up takes it along.
struct Unready {
    pid: Option<i32>,
}

impl Drop for Unready {
    fn drop(&mut self) {
        if let Some(pid) = self.pid {
            end(pid, || reap(pid));
        }
    }
}

/// Whether another attempt may succeed: on another port, or once the rest of a killed server is gone.
fn may_pass(log: &str) -> bool {
    ["Address already in use", "shared memory block", "lock file"].iter().any(|sign| log.contains(sign))
}

/// Makes the socket's directory; one that exists must be the server's own.
fn make_socket_dir(layout: &Layout, account: Option<&Account>) -> Result<(), LocalDbError> {
    let path = layout.socket_dir();
    match std::fs::symlink_metadata(&path) {
        Ok(found) if found.is_dir() && found.uid() == server_uid(account) => Ok(()),
        Ok(found) => Err(LocalDbError::NotOwner { path, owner: found.uid() }),
        Err(_) => make_private_dir(&path, account),
    }
}

fn remembered_port(layout: &Layout) -> Option<u16> {
    let port = std::fs::read_to_string(layout.port()).ok()?.trim().parse().ok()?;
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok().then_some(port)
}

fn free_port(layout: &Layout) -> Result<u16, LocalDbError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(LocalDbError::file("finding a free port for", layout.root()))
}

fn read_log(layout: &Layout) -> ServerLog {
    let text = std::fs::read(layout.log()).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    ServerLog(lines.get(lines.len().saturating_sub(LOG_LINES)..).unwrap_or_default().join("\n"))
}
