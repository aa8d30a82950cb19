//! The two locks on a cluster, which the system lets go of when their holder dies, however it dies.
//!
//! `start.lock` is held alone, by whoever starts or stops the server. `users.lock` is shared by every process
//! that uses it; who can have it alone is the last.

use super::LocalDbError;
use super::layout::Layout;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A first start may download and unpack a Postgres under the lock.
const START_LIMIT: Duration = Duration::from_mins(15);

/// A stop waits for another's start or stop, but no program should hang for long when it ends.
const STOP_LIMIT: Duration = Duration::from_secs(30);

const POLL: Duration = Duration::from_millis(50);

/// The right to start or stop the server. Dropped, it is free again.
#[derive(Debug)]
pub(super) struct StartLock {
    _file: File,
}

impl StartLock {
    pub(super) async fn acquire(layout: &Layout) -> Result<Self, LocalDbError> {
        let lock = Attempt::new(layout.start_lock(), START_LIMIT)?;
        while !lock.try_once()? {
            tokio::time::sleep(POLL).await;
        }
        Ok(Self { _file: lock.file })
    }

    pub(super) fn acquire_blocking(layout: &Layout) -> Result<Self, LocalDbError> {
        let lock = Attempt::new(layout.start_lock(), STOP_LIMIT)?;
        while !lock.try_once()? {
            std::thread::sleep(POLL);
        }
        Ok(Self { _file: lock.file })
    }
}

/// The mark of one that uses the server.
#[derive(Debug)]
pub(super) struct UserLock {
    file: File,
}

impl UserLock {
    /// To be taken under the [`StartLock`].
    pub(super) fn acquire(layout: &Layout) -> Result<Self, LocalDbError> {
        let path = layout.user_lock();
        let file = open(&path)?;
        file.lock_shared().map_err(LocalDbError::file("locking", &path))?;
        Ok(Self { file })
    }

    /// Gives the mark up, and says whether nobody else has one. To be called under the [`StartLock`], so that
    /// the answer stays true.
    pub(super) fn release(self) -> bool {
        drop(self.file.unlock());
        self.file.try_lock().is_ok()
    }
}

struct Attempt {
    path: PathBuf,
    file: File,
    limit: Duration,
    since: Instant,
}

impl Attempt {
    fn new(path: PathBuf, limit: Duration) -> Result<Self, LocalDbError> {
        let file = open(&path)?;
        Ok(Self { path, file, limit, since: Instant::now() })
    }

    fn try_once(&self) -> Result<bool, LocalDbError> {
        match self.file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::Error(source)) => Err(LocalDbError::file("locking", &self.path)(source)),
            Err(TryLockError::WouldBlock) if self.since.elapsed() < self.limit => Ok(false),
            Err(TryLockError::WouldBlock) => {
                Err(LocalDbError::Busy { path: self.path.clone(), seconds: self.limit.as_secs() })
            }
        }
    }
}

fn open(path: &Path) -> Result<File, LocalDbError> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(LocalDbError::file("opening", path))
}
