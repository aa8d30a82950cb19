//! The embedded Postgres: a cluster of the mirror's own, for people who have set up no database.
//!
//! It owns the search for Postgres' programs, the cluster's files, and the server's life: started or found
//! running, shared between the processes that use it, stopped by the last of them. It leaves the schema, and
//! everything else in SQL, to those who open the URL that it gives.
//!
//! What lies in the data directory:
//!
//! | name | what |
//! |---|---|
//! | `cluster/` | Postgres' own data directory |
//! | `socket/` | its socket, unless the path would be too long for one |
//! | `pgpass` | the generated password, for libpq, mode 0600 |
//! | `port` | the TCP port of the last start, taken again while it is free |
//! | `postgres.log` | what the server wrote since its last start |
//! | `start.lock`, `users.lock` | held by whoever starts or stops the server, and by everyone who uses it |
//! | `programs/` | a downloaded Postgres, where the machine had none |

mod account;
mod binaries;
mod cluster;
#[cfg(feature = "download")]
mod download;
mod error;
mod install;
mod layout;
mod lock;
mod postmaster;
mod server;

pub use error::{LocalDbError, ServerLog};
pub use layout::default_data_dir;

use account::Account;
use binaries::Binaries;
use layout::Layout;
use lock::{StartLock, UserLock};
use postmaster::{Life, Postmaster};
use secrecy::{ExposeSecret, SecretString};
use server::Port;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Name of the cluster's owner, its only role.
const ROLE: &str = "revox_mirror";

/// What the embedded Postgres is to be like.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where everything is kept; made if it is missing.
    pub data_dir: PathBuf,
    /// The one place to take Postgres' programs from. Without it they are searched.
    pub bin_dir: Option<PathBuf>,
    /// Whether Postgres' programs may be what is installed on this machine.
    pub use_installed: bool,
    /// Whether a machine without Postgres may download one.
    pub download: bool,
    /// Where downloads are kept for next time; `programs` in the data directory if none is given.
    pub download_dir: Option<PathBuf>,
    /// The list of releases to download from, in the shape of GitHub's API; the real one if none is given.
    pub release_url: Option<String>,
    /// The database in the cluster; made if it is missing. Lower-case letters, digits and underscores.
    pub database: String,
    /// Further settings of the server, as name and value. They hold when this process starts the server.
    pub settings: Vec<(String, String)>,
}

impl Options {
    /// The usual options for a cluster in `data_dir`.
    #[must_use]
    pub fn new(data_dir: PathBuf) -> Self {
        Self {
            data_dir,
            bin_dir: None,
            use_installed: true,
            download: true,
            download_dir: None,
            release_url: None,
            database: ROLE.to_owned(),
            settings: Vec::new(),
        }
    }
}

/// A running embedded Postgres that this process uses.
///
/// [`stop`](Self::stop) it, or drop it: the last user's end is the server's end.
#[derive(Debug)]
pub struct LocalDb {
    layout: Layout,
    binaries: Binaries,
    postmaster: Postmaster,
    password: SecretString,
    settings: Vec<(String, String)>,
    database: String,
    adopted: bool,
    /// Held for as long as this process uses the server; gone once it was given up.
    user_lock: Option<UserLock>,
    /// Held until the start is complete, so that a start that fails can stop the server under the same lock.
    start_lock: Option<StartLock>,
}

impl LocalDb {
    /// Starts the cluster in `options.data_dir`, or joins the server that already runs on it, and returns once
    /// it answers and has the database. The first time that makes the cluster, and may download Postgres.
    pub async fn start(options: Options) -> Result<Self, LocalDbError> {
        cluster::check_database_name(&options.database)?;
        let layout = Layout::make(&options.data_dir)?;
        let start_lock = StartLock::acquire(&layout).await?;
        let account = Account::for_cluster(&layout)?;
        let binaries = binaries::find(&options, &layout, account.as_ref()).await?;
        let password = cluster::make_if_missing(&layout, &binaries, account.as_ref()).await?;

        let running = server::find_running(&layout).await?;
        let adopted = running.is_some();
        let postmaster = match running {
            Some(postmaster) => postmaster,
            None => {
                server::start(&layout, &binaries, account.as_ref(), &options.settings, Port::Free).await?
            }
        };
        let mut local_db = Self {
            user_lock: Some(UserLock::acquire(&layout)?),
            layout,
            binaries,
            postmaster,
            password,
            settings: options.settings,
            database: options.database,
            adopted,
            start_lock: Some(start_lock),
        };
        cluster::create_database(&local_db.url_of("postgres"), &local_db.database).await?;
        local_db.start_lock = None;
        tracing::debug!(pid = local_db.postmaster.pid, adopted, "the embedded Postgres answers");
        Ok(local_db)
    }

    /// Where to connect to, password included: the cluster's socket.
    #[must_use]
    pub fn url(&self) -> SecretString {
        self.url_of(&self.database)
    }

    /// What starts the server again should it end while this process uses it.
    #[must_use]
    pub fn reviver(&self) -> Reviver {
        Reviver {
            layout: self.layout.clone(),
            binaries: self.binaries.clone(),
            settings: self.settings.clone(),
            port: self.postmaster.port,
        }
    }

    /// Whether the server ran before this process came to use it.
    #[must_use]
    pub fn was_running(&self) -> bool {
        self.adopted
    }

    /// The directory of Postgres' programs.
    #[must_use]
    pub fn bin_dir(&self) -> &Path {
        &self.binaries.dir
    }

    /// `psql` on the database, ready for more arguments. The password goes by a file, not by an argument.
    #[must_use]
    pub fn psql_command(&self) -> Command {
        let bundled = self.binaries.program("psql");
        let mut command = Command::new(if bundled.is_file() { bundled } else { PathBuf::from("psql") });
        command.env("PGPASSFILE", self.layout.pgpass()).args(self.psql_arguments());
        command
    }

    /// What a person types to connect with psql while the server runs. It holds no password.
    #[must_use]
    pub fn connection_line(&self) -> String {
        let pgpass = shell_word(&self.layout.pgpass().to_string_lossy());
        let arguments: Vec<String> = self.psql_arguments().iter().map(|word| shell_word(word)).collect();
        format!("PGPASSFILE={pgpass} psql {}", arguments.join(" "))
    }

    /// Gives the server up, and stops it when nobody else uses it. Returns once it has ended.
    pub async fn stop(mut self) -> Result<(), LocalDbError> {
        let Some(user_lock) = self.user_lock.take() else {
            return Ok(());
        };
        let layout = self.layout.clone();
        tokio::task::spawn_blocking(move || server::leave(&layout, user_lock, None))
            .await
            .map_err(|source| LocalDbError::Interrupted { source })?
    }

    fn url_of(&self, database: &str) -> SecretString {
        let socket = self.postmaster.socket_dir.to_string_lossy();
        let mut url = format!(
            "postgres://{ROLE}:{}@localhost:{}/{database}?",
            self.password.expose_secret(),
            self.postmaster.port
        );
        url.push_str(
            &url::form_urlencoded::Serializer::new(String::new()).append_pair("host", &socket).finish(),
        );
        SecretString::from(url)
    }

    fn psql_arguments(&self) -> [String; 8] {
        [
            "-h".to_owned(),
            self.postmaster.socket_dir.to_string_lossy().into_owned(),
            "-p".to_owned(),
            self.postmaster.port.to_string(),
            "-U".to_owned(),
            ROLE.to_owned(),
            "-d".to_owned(),
            self.database.clone(),
        ]
    }
}

/// Starts a server again that has ended, at the same address. Of use while the [`LocalDb`] is.
#[derive(Debug, Clone)]
pub struct Reviver {
    layout: Layout,
    binaries: Binaries,
    settings: Vec<(String, String)>,
    port: u16,
}

impl Reviver {
    /// Looks whether the server lives, and starts it when it does not; says whether that was needed.
    ///
    /// # Errors
    /// When it does not start, also because something else has taken its port.
    pub async fn revive(&self) -> Result<bool, LocalDbError> {
        if Postmaster::read(&self.layout).is_some_and(|it| it.life(&self.layout) == Life::Server) {
            return Ok(false);
        }
        let _start_lock = StartLock::acquire(&self.layout).await?;
        if server::find_running(&self.layout).await?.is_some() {
            return Ok(false);
        }
        let account = Account::for_cluster(&self.layout)?;
        let port = Port::Fixed(self.port);
        server::start(&self.layout, &self.binaries, account.as_ref(), &self.settings, port).await?;
        Ok(true)
    }
}

impl Drop for LocalDb {
    fn drop(&mut self) {
        if let Some(user_lock) = self.user_lock.take()
            && let Err(error) = server::leave(&self.layout, user_lock, self.start_lock.take())
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "the embedded Postgres was not stopped");
        }
    }
}

/// Quotes a word for a shell when it needs that.
fn shell_word(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "/._-+:=@%".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::shell_word;

    #[test]
    fn a_word_is_quoted_only_when_a_shell_would_split_it() {
        for (word, expected) in [
            ("/var/lib/revox-mirror/pgpass", "/var/lib/revox-mirror/pgpass"),
            ("/home/Ann Lee/data", "'/home/Ann Lee/data'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("", "''"),
        ] {
            assert_eq!(shell_word(word), expected);
        }
    }
}
