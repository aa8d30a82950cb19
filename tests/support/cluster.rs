//! Places and options for tests that run the embedded Postgres themselves.

use revox_mirror::localdb::Options;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A temporary directory that the server's account may enter when root runs the tests.
pub(crate) fn open_directory() -> TempDir {
    let mode = std::fs::Permissions::from_mode(0o755);
    tempfile::Builder::new().prefix("revox-mirror-").permissions(mode).tempdir_in("/tmp").unwrap()
}

/// The usual options. Should Postgres have to be downloaded, that is done once for all tests and runs.
pub(crate) fn local_options(data_dir: &Path) -> Options {
    Options { download_dir: Some(shared_downloads()), ..Options::new(data_dir.to_owned()) }
}

/// Where the tests keep a downloaded Postgres: everyone may enter it, whatever the clone's place.
pub(crate) fn shared_downloads() -> PathBuf {
    PathBuf::from("/var/tmp/revox-mirror-test-programs")
}

/// Makes a directory look like one that the server made.
pub(crate) fn hand_to_server_account(path: &Path) {
    if nix::unistd::geteuid().is_root() {
        let user = ["postgres", "nobody"]
            .iter()
            .find_map(|name| nix::unistd::User::from_name(name).unwrap())
            .expect("a machine has nobody at least");
        std::os::unix::fs::chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).unwrap();
    }
}
