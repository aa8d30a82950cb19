//! Whom the server runs as. Postgres refuses to run as root, so root hands it to an account without rights.

use super::LocalDbError;
use super::layout::Layout;
use nix::unistd::{Gid, Uid, User};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Whom to try as root, best first.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// An account that root hands the server to.
#[derive(Debug, Clone)]
pub(super) struct Account {
    name: String,
    uid: Uid,
    gid: Gid,
}

impl Account {
    /// The account for the cluster: its owner if it exists, else the best there is; none when the caller is
    /// not root and runs everything itself.
    pub(super) fn for_cluster(layout: &Layout) -> Result<Option<Self>, LocalDbError> {
        let cluster = layout.cluster();
        let owner = match std::fs::metadata(&cluster) {
            Ok(metadata) => Some(metadata.uid()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(LocalDbError::file("reading", &cluster)(error)),
        };
        let caller = nix::unistd::geteuid();
        if !caller.is_root() {
            return match owner.filter(|owner| *owner != caller.as_raw()) {
                Some(owner) => Err(LocalDbError::NotOwner { path: cluster, owner }),
                None => Ok(None),
            };
        }
        let account = match owner {
            Some(owner) => Self::with_id(owner).ok_or(LocalDbError::NotOwner { path: cluster, owner })?,
            None => CANDIDATES.iter().find_map(|name| Self::named(name)).ok_or(LocalDbError::NoAccount)?,
        };
        account.check_entry(layout.root())?;
        Ok(Some(account))
    }

    fn named(name: &str) -> Option<Self> {
        User::from_name(name).ok().flatten().and_then(Self::from_user)
    }

    fn with_id(uid: u32) -> Option<Self> {
        User::from_uid(Uid::from_raw(uid)).ok().flatten().and_then(Self::from_user)
    }

    fn from_user(user: User) -> Option<Self> {
        (!user.uid.is_root()).then_some(Self { name: user.name, uid: user.uid, gid: user.gid })
    }

    /// Fails if the account may not enter the directory.
    pub(super) fn check_entry(&self, directory: &Path) -> Result<(), LocalDbError> {
        match directory.ancestors().find(|path| !self.may_enter(path)) {
            Some(closed) => {
                Err(LocalDbError::CannotEnter { path: closed.to_owned(), user: self.name.clone() })
            }
            None => Ok(()),
        }
    }

    /// By the mode alone: an access list that says otherwise is not looked at.
    fn may_enter(&self, directory: &Path) -> bool {
        let Ok(metadata) = std::fs::metadata(directory) else {
            return false;
        };
        let execute = if metadata.uid() == self.uid.as_raw() {
            0o100
        } else if metadata.gid() == self.gid.as_raw() {
            0o010
        } else {
            0o001
        };
        metadata.mode() & execute != 0
    }
}

/// Makes the file or directory the account's own.
pub(super) fn hand_over(path: &Path, account: Option<&Account>) -> Result<(), LocalDbError> {
    let Some(account) = account else { return Ok(()) };
    chown(path, Some(account.uid.as_raw()), Some(account.gid.as_raw()))
        .map_err(LocalDbError::file("handing over", path))
}

/// The uid that the server runs with.
pub(super) fn server_uid(account: Option<&Account>) -> u32 {
    account.map_or_else(nix::unistd::geteuid, |account| account.uid).as_raw()
}

/// One of Postgres' programs, to be run as the account: with nothing of Postgres' in its environment that the
/// user set for other purposes, and in a process group of its own, so that Ctrl-C does not reach the server
/// before those who use it. Systemd waits for the mirror's word, and not for the server's.
pub(super) fn command(program: &Path, directory: &Path, account: Option<&Account>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"PG")) {
        command.env_remove(name);
    }
    command
        .env_remove("NOTIFY_SOCKET")
        .env("LC_ALL", "C")
        .current_dir(directory)
        .stdin(Stdio::null())
        .process_group(0);
    if let Some(account) = account {
        command.uid(account.uid.as_raw()).gid(account.gid.as_raw());
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    #[test]
    fn a_server_does_not_speak_to_systemd_in_the_mirrors_place() {
        let command = command(Path::new("postgres"), Path::new("/"), None);
        assert!(command.get_envs().any(|it| it == (OsStr::new("NOTIFY_SOCKET"), None)));
    }
}
