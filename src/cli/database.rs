//! The database that a command works on: the one that is configured, or the embedded Postgres, started for the
//! command and stopped after it.

use crate::config::Settings;
use crate::localdb::{LocalDb, Options, default_data_dir};
use crate::store::{Store, StoreOptions};
use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How often a daemon looks whether its embedded Postgres lives, and how long it waits after one that does not start.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// Whose database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// The mirror's.
    Mirror,
    /// The demo's, which is never the mirror's.
    Demo,
}

/// A database that can be connected to.
#[derive(Debug)]
pub(super) struct Database {
    url: SecretString,
    max_connections: u32,
    lease_ttl: Duration,
    embedded: Option<LocalDb>,
}

impl Database {
    /// The configured database, or else the embedded one.
    pub(super) async fn open(settings: &Settings, whose: Whose) -> anyhow::Result<Self> {
        let max_connections = settings.database.max_connections;
        let lease_ttl = settings.daemon.lease_ttl;
        let configured = match whose {
            Whose::Mirror => settings.database.url()?,
            Whose::Demo => None,
        };
        if let Some(url) = configured {
            return Ok(Self { url, max_connections, lease_ttl, embedded: None });
        }
        let embedded = LocalDb::start(embedded_options(settings, whose)).await?;
        Ok(Self { url: embedded.url(), max_connections, lease_ttl, embedded: Some(embedded) })
    }

    pub(super) fn url(&self) -> &SecretString {
        &self.url
    }

    pub(super) fn embedded(&self) -> Option<&LocalDb> {
        self.embedded.as_ref()
    }

    /// Starts the embedded Postgres again whenever it has ended, until the guard is dropped; nothing where there is none.
    pub(super) fn keep_up(&self) -> Option<DropGuard> {
        let reviver = self.embedded.as_ref()?.reviver();
        let stop = CancellationToken::new();
        tokio::spawn(stop.clone().run_until_cancelled_owned(async move {
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                match reviver.revive().await {
                    Ok(false) => {}
                    Ok(true) => tracing::warn!("the embedded Postgres had ended, and was started again"),
                    Err(error) => {
                        let hint = error.hint();
                        tracing::error!(
                            error = &error as &dyn std::error::Error,
                            hint,
                            "the embedded Postgres has ended and does not start"
                        );
                        tokio::time::sleep(LOOK_AGAIN_AFTER).await;
                    }
                }
            }
        }));
        Some(stop.drop_guard())
    }

    /// Connects, and checks that the database is fit.
    pub(super) async fn connect(&self) -> anyhow::Result<Store> {
        let options = StoreOptions {
            url: self.url.clone(),
            max_connections: self.max_connections,
            lease_ttl: self.lease_ttl,
        };
        let (store, fitness) = Store::open(&options).await?;
        tracing::debug!(version = %fitness.version, database = %fitness.database, user = %fitness.user, "connected");
        Ok(store)
    }

    /// How a person connects while the command runs; none for a database that the person has set up.
    pub(super) fn connection_line(&self) -> Option<String> {
        self.embedded.as_ref().map(LocalDb::connection_line)
    }

    /// How BI tools connect, without the password.
    pub(super) fn line_for_tools(&self) -> Option<String> {
        if let Some(embedded) = &self.embedded {
            return Some(embedded.connection_line());
        }
        let mut url = url::Url::parse(self.url.expose_secret()).ok()?;
        url.set_password(None).ok()?;
        // Parameters may hold a password, too.
        url.set_query(None);
        Some(format!("psql {url}"))
    }

    /// Stops the embedded Postgres, if it is one and nobody else uses it.
    pub(super) async fn close(self) -> anyhow::Result<()> {
        match self.embedded {
            Some(embedded) => Ok(embedded.stop().await?),
            None => Ok(()),
        }
    }
}

/// Whether there is a mirror's database to be looked at: a configured one is taken to be there.
pub(super) fn exists(settings: &Settings, whose: Whose) -> anyhow::Result<bool> {
    if whose == Whose::Mirror && settings.database.url()?.is_some() {
        return Ok(true);
    }
    Ok(data_dir(settings, whose).join("cluster").join("PG_VERSION").exists())
}

/// Where the embedded Postgres keeps its data. The demo's lies within the mirror's directory, so that one
/// setting moves both.
pub(super) fn data_dir(settings: &Settings, whose: Whose) -> PathBuf {
    let mirror = settings.localdb.data_dir.clone().unwrap_or_else(default_data_dir);
    match whose {
        Whose::Mirror => mirror,
        Whose::Demo => mirror.join("demo"),
    }
}

fn embedded_options(settings: &Settings, whose: Whose) -> Options {
    let programs: &Path = &data_dir(settings, Whose::Mirror).join("programs");
    Options {
        bin_dir: settings.localdb.bin_dir.clone(),
        download: settings.localdb.download,
        download_dir: Some(programs.to_owned()),
        release_url: settings.localdb.release_url.clone(),
        ..Options::new(data_dir(settings, whose))
    }
}
