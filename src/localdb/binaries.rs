//! The search for Postgres' programs: the configured place, the usual places, `PATH`, an earlier download, and
//! at last a download. Which version is right is told by the cluster, if there is one.

use super::account::{Account, command};
use super::layout::Layout;
use super::{LocalDbError, Options, cluster, install};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The oldest major version that the mirror works with.
const OLDEST: u32 = 14;

/// The major version that is downloaded when nothing asks for another.
const DOWNLOADED: u32 = 17;

/// How long a program may take to tell its version.
const PROBE_LIMIT: Duration = Duration::from_secs(20);

/// Where packages put several versions side by side: the parent, and what stands before the version.
const VERSIONED: [(&str, &str); 4] = [
    ("/usr/lib/postgresql", ""),
    ("/usr", "pgsql-"),
    ("/opt/homebrew/opt", "postgresql@"),
    ("/usr/local/opt", "postgresql@"),
];

/// A directory of programs that were seen to run.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    pub(super) dir: PathBuf,
}

impl Binaries {
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// Finds the programs for the cluster in `layout`, or for a new one.
pub(super) async fn find(
    options: &Options,
    layout: &Layout,
    account: Option<&Account>,
) -> Result<Binaries, LocalDbError> {
    let wanted = cluster::version(layout)?;
    let download_dir = options.download_dir.clone().unwrap_or_else(|| layout.programs());
    let mut search = Search { wanted, account, directory: layout.root(), found: Vec::new() };

    if let Some(dir) = &options.bin_dir {
        if let Some(account) = account {
            account.check_entry(dir)?;
        }
        if let Some(binaries) = search.first_fit(vec![dir.clone()]).await {
            return Ok(binaries);
        }
        if search.found.is_empty() || wanted.is_none() {
            return Err(LocalDbError::BadBinDir { path: dir.clone(), oldest: OLDEST });
        }
        return Err(search.nothing_fits(layout, None));
    }
    if options.use_installed
        && let Some(binaries) = search.first_fit(installed(layout.root()).await).await
    {
        return Ok(binaries);
    }
    if let Some(binaries) = search.first_fit(versioned(&download_dir, "")).await {
        return Ok(binaries);
    }
    let refused = if options.download {
        match fetch(options, &download_dir, wanted.unwrap_or(DOWNLOADED)).await {
            Ok(dir) => match search.first_fit(vec![dir.clone()]).await {
                Some(binaries) => return Ok(binaries),
                None => Some(LocalDbError::BadBinDir { path: dir, oldest: OLDEST }),
            },
            Err(error) => error,
        }
    } else {
        None
    };
    Err(search.nothing_fits(layout, refused.map(Box::new)))
}

#[cfg(feature = "download")]
async fn fetch(options: &Options, into: &Path, major: u32) -> Result<PathBuf, Option<LocalDbError>> {
    super::download::fetch(options.release_url.as_deref(), into, major).await.map_err(Some)
}

#[cfg(not(feature = "download"))]
async fn fetch(_: &Options, _: &Path, _: u32) -> Result<PathBuf, Option<LocalDbError>> {
    std::future::ready(Err(None)).await
}

struct Search<'a> {
    wanted: Option<u32>,
    account: Option<&'a Account>,
    directory: &'a Path,
    /// Versions that work but do not fit.
    found: Vec<u32>,
}

impl Search<'_> {
    /// The first directory whose programs run and have the right version.
    async fn first_fit(&mut self, candidates: Vec<PathBuf>) -> Option<Binaries> {
        for dir in candidates {
            let Some(version) = self.probe(&dir).await else {
                continue;
            };
            if self.wanted.map_or(version >= OLDEST, |wanted| version == wanted) {
                tracing::debug!(dir = %dir.display(), version, "found Postgres' programs");
                return Some(Binaries { dir });
            }
            self.found.push(version);
        }
        None
    }

    /// The major version of the programs in `dir`, if the account can run them.
    async fn probe(&self, dir: &Path) -> Option<u32> {
        if !dir.join("initdb").is_file()
            || self.account.is_some_and(|account| account.check_entry(dir).is_err())
        {
            return None;
        }
        let mut probe = command(&dir.join("postgres"), self.directory, self.account);
        probe.arg("--version");
        major_version(&output(probe).await?)
    }

    fn nothing_fits(&self, layout: &Layout, source: Option<Box<LocalDbError>>) -> LocalDbError {
        let install = install::command(self.wanted);
        let Some(version) = self.wanted else {
            return LocalDbError::NoPrograms { install, source };
        };
        let found: Vec<String> = self.found.iter().map(u32::to_string).collect();
        let found = if found.is_empty() { "no version".to_owned() } else { found.join(", ") };
        LocalDbError::OtherVersion { path: layout.cluster(), version, found, install, source }
    }
}

/// Every directory of this machine that may hold the programs, best first.
async fn installed(directory: &Path) -> Vec<PathBuf> {
    let mut dirs: Vec<PathBuf> =
        VERSIONED.iter().flat_map(|(parent, prefix)| versioned(Path::new(parent), prefix)).collect();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path).filter(|dir| dir.is_absolute()).collect();
    if let Some(pg_config) = on_path.iter().map(|dir| dir.join("pg_config")).find(|program| program.is_file())
    {
        let mut question = command(&pg_config, directory, None);
        question.arg("--bindir");
        dirs.extend(output(question).await.map(|answer| PathBuf::from(answer.trim())));
    }
    dirs.extend(on_path);
    dirs.retain(|dir| dir.join("postgres").is_file());
    dirs.dedup();
    dirs
}

/// The `bin` directories under `parent` whose parents are named `prefix` and a version, newest first.
fn versioned(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<(Vec<u32>, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let version = name.to_str()?.strip_prefix(prefix)?;
            let numbers: Result<Vec<u32>, _> = version.split('.').map(str::parse).collect();
            Some((numbers.ok()?, entry.path().join("bin")))
        })
        .collect();
    found.sort_by(|left, right| right.cmp(left));
    found.into_iter().map(|(_, dir)| dir).collect()
}

/// What a program writes, if it succeeds in time.
async fn output(command: Command) -> Option<String> {
    let mut command = tokio::process::Command::from(command);
    command.kill_on_drop(true);
    let output = tokio::time::timeout(PROBE_LIMIT, command.output()).await.ok()?.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The major version in `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn major_version(answer: &str) -> Option<u32> {
    let version = answer.split_once("(PostgreSQL)")?.1.trim_start();
    let digits = version.split(|character: char| !character.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_the_program_says() {
        for (answer, expected) in [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", Some(15)),
            ("postgres (PostgreSQL) 17.5\n", Some(17)),
            ("postgres (PostgreSQL) 18beta1\n", Some(18)),
            ("postgres (EnterpriseDB) 9\n", None),
            ("", None),
        ] {
            assert_eq!(major_version(answer), expected, "{answer}");
        }
    }

    #[test]
    fn versions_are_tried_newest_first_by_number() {
        let parent = tempfile::tempdir().unwrap();
        for name in ["pgsql-9.6", "pgsql-14", "pgsql-17", "pgsql-17.10.0", "pgsql-17.9.0", "pgsql-old", "16"]
        {
            std::fs::create_dir(parent.path().join(name)).unwrap();
        }
        let expected: Vec<PathBuf> = ["pgsql-17.10.0", "pgsql-17.9.0", "pgsql-17", "pgsql-14", "pgsql-9.6"]
            .iter()
            .map(|name| parent.path().join(name).join("bin"))
            .collect();
        assert_eq!(versioned(parent.path(), "pgsql-"), expected);
        assert!(versioned(Path::new("/nowhere"), "").is_empty());
    }
}
