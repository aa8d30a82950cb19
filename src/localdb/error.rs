//! What can go wrong with the embedded Postgres, by what a person can do about it.

use std::path::{Path, PathBuf};

/// Why there is no embedded Postgres.
#[derive(Debug, thiserror::Error)]
pub enum LocalDbError {
    /// No directory holds the programs that are needed.
    #[error("no Postgres programs were found on this machine")]
    NoPrograms {
        /// The command that installs them.
        install: String,
        /// Why they could not be downloaded either; none where that is turned off.
        #[source]
        source: Option<Box<LocalDbError>>,
    },
    /// The configured directory does not hold them.
    #[error("{} holds no working Postgres of version {oldest} or newer", path.display())]
    BadBinDir {
        /// The configured directory.
        path: PathBuf,
        /// The oldest version that will do.
        oldest: u32,
    },
    /// The cluster was made by another major version than the programs at hand.
    #[error("the data in {} is Postgres {version}'s, and only Postgres {found} was found here", path.display())]
    OtherVersion {
        /// The data directory.
        path: PathBuf,
        /// The major version that made it.
        version: u32,
        /// The versions found, as text.
        found: String,
        /// The command that installs the right one.
        install: String,
        /// Why the right one could not be downloaded; none where that is turned off.
        #[source]
        source: Option<Box<LocalDbError>>,
    },
    /// The account that the server runs as may not enter a directory.
    #[error("the user {user}, whom Postgres runs as, may not enter {}", path.display())]
    CannotEnter {
        /// The directory that is closed.
        path: PathBuf,
        /// The account's name.
        user: String,
    },
    /// The cluster belongs to somebody else.
    #[error("the data in {} belongs to another user (uid {owner})", path.display())]
    NotOwner {
        /// The cluster.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// Run by root on a machine that has neither `postgres` nor `nobody`.
    #[error("Postgres does not run as root, and there is no user postgres or nobody here")]
    NoAccount,
    /// The database's name would need quoting.
    #[error("{name:?} cannot be the embedded database's name")]
    BadDatabaseName {
        /// The name asked for.
        name: String,
    },
    /// The list of releases is to be read without encryption over a network.
    #[error("the release server {url} is neither https nor on this machine")]
    InsecureReleases {
        /// The URL asked for.
        url: String,
    },
    /// The release server did not answer as it should.
    #[error("{doing} failed")]
    Download {
        /// What was being done.
        doing: String,
        /// What the HTTP client said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The release server has nothing for this machine.
    #[error("the release server has no Postgres {version} for this machine")]
    NoRelease {
        /// The major version wanted.
        version: u32,
    },
    /// The release is published without a checksum, so it cannot be trusted.
    #[error("{archive} has no readable checksum, and is not used without one")]
    NoChecksum {
        /// Name of the archive.
        archive: String,
    },
    /// What was downloaded is not what was published.
    #[error("{archive} was damaged or tampered with: its checksum is {found}, and should be {expected}")]
    WrongChecksum {
        /// Name of the archive.
        archive: String,
        /// The checksum of what came.
        found: String,
        /// The published one.
        expected: String,
    },
    /// The archive is bigger than any release of Postgres.
    #[error("{archive} is larger than {limit} bytes")]
    TooLarge {
        /// Name of the archive.
        archive: String,
        /// The limit.
        limit: usize,
    },
    /// A file or directory could not be read or written.
    #[error("{doing} {} failed", path.display())]
    File {
        /// `writing`, `reading`.
        doing: &'static str,
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A program did not do its work.
    #[error("{} failed", program.display())]
    Program {
        /// Which.
        program: PathBuf,
        /// What it wrote, or what the system said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server ended before it was ready.
    #[error("the embedded Postgres did not start")]
    DidNotStart {
        /// The end of its log.
        #[source]
        log: ServerLog,
    },
    /// The server takes longer than it may.
    #[error("the embedded Postgres was not ready within {seconds} s")]
    NotReady {
        /// How long was waited.
        seconds: u64,
        /// The end of its log.
        #[source]
        log: ServerLog,
    },
    /// The server would not end.
    #[error("the embedded Postgres (process {pid}) did not stop")]
    DidNotStop {
        /// Its process.
        pid: i32,
    },
    /// Another process starts or stops the same cluster, and does not come to an end.
    #[error("another process has held {} for {seconds} s", path.display())]
    Busy {
        /// The lock.
        path: PathBuf,
        /// How long was waited.
        seconds: u64,
    },
    /// It runs, but does not let the mirror in.
    #[error("the embedded Postgres does not answer")]
    Unreachable {
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },
    /// The task that stopped it was cut short.
    #[error("stopping the embedded Postgres was interrupted")]
    Interrupted {
        /// How.
        #[source]
        source: tokio::task::JoinError,
    },
}

impl LocalDbError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let own = "or set DATABASE_URL to a Postgres of your own";
        match self {
            Self::NoPrograms { install, .. } => Some(format!("install Postgres with `{install}`, {own}")),
            Self::OtherVersion { install, .. } => {
                Some(format!("install the version that fits with `{install}`, or set localdb.data_dir to a new directory"))
            }
            Self::BadBinDir { .. } => {
                Some("set localdb.bin_dir to the directory that holds initdb and postgres, or leave it out".to_owned())
            }
            Self::CannotEnter { .. } => Some(
                "choose a directory that everyone may enter (localdb.data_dir, localdb.bin_dir), or do not run as root"
                    .to_owned(),
            ),
            Self::NotOwner { .. } => {
                Some("run as that user or as root, or set localdb.data_dir to a directory of your own".to_owned())
            }
            Self::NoAccount => Some(format!("run as another user than root, {own}")),
            Self::BadDatabaseName { .. } => {
                Some("use lower-case letters, digits and underscores, beginning with a letter".to_owned())
            }
            Self::InsecureReleases { .. } => Some("give localdb.release_url as https://".to_owned()),
            Self::WrongChecksum { .. } | Self::NoChecksum { .. } | Self::TooLarge { .. } => {
                Some("nothing of it was kept; try again, or install Postgres with the system's packages".to_owned())
            }
            Self::Download { .. } | Self::NoRelease { .. } => {
                Some(format!("install Postgres with the system's packages, {own}"))
            }
            Self::Busy { .. } => Some("look for another revox-mirror that hangs, and end it".to_owned()),
            Self::DidNotStop { pid } => Some(format!("end it with `kill -QUIT {pid}`")),
            Self::DidNotStart { .. } | Self::NotReady { .. } => {
                Some(format!("the log above says why; mend that, {own}"))
            }
            Self::File { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
                Some("set localdb.data_dir to a directory that this user may write to".to_owned())
            }
            Self::File { .. } | Self::Program { .. } | Self::Unreachable { .. } | Self::Interrupted { .. } => None,
        }
    }

    /// For `map_err` on an operation on a file.
    pub(super) fn file(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { doing, path, source }
    }

    /// For `map_err` on a program that did not do its work.
    pub(super) fn program<E>(program: &Path) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let program = program.to_owned();
        move |source| Self::Program { program, source: source.into() }
    }
}

/// The last lines that the server wrote, as the cause of an error.
#[derive(Debug, thiserror::Error)]
#[error("its log ends with:\n{0}")]
pub struct ServerLog(pub(super) String);
