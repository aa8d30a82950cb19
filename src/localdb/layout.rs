//! Where the embedded Postgres keeps its files. Making and naming them; what is in them is others' business.

use super::LocalDbError;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The longest path that a socket's address holds.
const SOCKET_PATH_LIMIT: usize = 107;

/// What Postgres appends to the socket's directory, at its longest.
const LONGEST_SOCKET_NAME: &str = "/.s.PGSQL.65535";

/// Where the cluster is kept unless the configuration says otherwise: `revox-mirror` under `$XDG_DATA_HOME`
/// (`~/.local/share`), or `/var/lib/revox-mirror` as root, whose home the server's account may not enter.
#[must_use]
pub fn default_data_dir() -> PathBuf {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if nix::unistd::geteuid().is_root() {
        return PathBuf::from("/var/lib/revox-mirror");
    }
    absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
        .map_or_else(|| PathBuf::from("/var/lib/revox-mirror"), |share| share.join("revox-mirror"))
}

/// The files of one cluster.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    root: PathBuf,
}

impl Layout {
    /// Makes the data directory if it is missing.
    pub(super) fn make(data_dir: &Path) -> Result<Self, LocalDbError> {
        // As root it must be open to the server's account; what is secret in it has a mode of its own.
        let mode = if nix::unistd::geteuid().is_root() { 0o755 } else { 0o700 };
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(mode)
            .create(data_dir)
            .map_err(LocalDbError::file("making", data_dir))?;
        let root = data_dir.canonicalize().map_err(LocalDbError::file("making", data_dir))?;
        Ok(Self { root })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn cluster(&self) -> PathBuf {
        self.root.join("cluster")
    }

    /// Where a cluster is made, to be renamed once it is whole.
    pub(super) fn unfinished_cluster(&self) -> PathBuf {
        self.root.join("cluster.unfinished")
    }

    pub(super) fn pgpass(&self) -> PathBuf {
        self.root.join("pgpass")
    }

    pub(super) fn port(&self) -> PathBuf {
        self.root.join("port")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    pub(super) fn start_lock(&self) -> PathBuf {
        self.root.join("start.lock")
    }

    pub(super) fn user_lock(&self) -> PathBuf {
        self.root.join("users.lock")
    }

    pub(super) fn programs(&self) -> PathBuf {
        self.root.join("programs")
    }

    /// The socket's directory: `socket` beside the cluster, or a short one of a fixed name where a socket's
    /// address would not hold that path.
    pub(super) fn socket_dir(&self) -> PathBuf {
        let beside = self.root.join("socket");
        if beside.as_os_str().len() + LONGEST_SOCKET_NAME.len() <= SOCKET_PATH_LIMIT {
            return beside;
        }
        let hash = blake3::hash(self.root.as_os_str().as_bytes()).to_hex();
        PathBuf::from(format!("/tmp/revox-mirror-{}", hash.get(..16).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_path_always_fits_into_an_address() {
        for depth in [1, 30, 200] {
            let layout = Layout { root: PathBuf::from(format!("/{}", "d".repeat(depth))) };
            let longest = format!("{}{LONGEST_SOCKET_NAME}", layout.socket_dir().display());
            assert!(longest.len() <= SOCKET_PATH_LIMIT, "{longest}");
        }
    }

    #[test]
    fn two_deep_data_directories_do_not_share_a_socket() {
        let deep = |name: &str| Layout { root: PathBuf::from(format!("/{}/{name}", "d".repeat(120))) };
        assert_ne!(deep("one").socket_dir(), deep("two").socket_dir());
    }
}
