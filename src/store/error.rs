//! What can go wrong with the database, by what the caller can do about it.

/// Why the database did not do what was asked. Messages hold no values of anyone's data.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address cannot be understood.
    #[error("the database URL cannot be understood")]
    BadUrl {
        /// What the driver said; never quotes the URL.
        #[source]
        source: sqlx::Error,
    },
    /// No connection could be had.
    #[error("the database cannot be reached at {address}")]
    Unreachable {
        /// Host and port, or socket; never the password.
        address: String,
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },
    /// There was a connection, and it is gone, or none can be had for now.
    #[error("the database went away while {doing}: {problem}")]
    Away {
        /// What was being done.
        doing: &'static str,
        /// The driver's or the server's words.
        problem: String,
    },
    /// The server answers and does not let the user in, or has no such database.
    #[error("the database at {address} refuses the connection: {problem}")]
    Refused {
        /// Host and port, or socket; never the password.
        address: String,
        /// The server's words.
        problem: String,
    },
    /// The user may not do this.
    #[error("{doing} is not allowed: {problem}")]
    Denied {
        /// What was being done.
        doing: &'static str,
        /// The server's words.
        problem: String,
    },
    /// Its version is older than the oldest that is supported.
    #[error("the database is Postgres {found}, and 14 is the oldest that the mirror works with")]
    TooOld {
        /// What `server_version` says.
        found: String,
    },
    /// Its encoding cannot hold every text.
    #[error("the database's encoding is {found}, and the mirror needs UTF8")]
    NotUtf8 {
        /// What `server_encoding` says.
        found: String,
    },
    /// The user may not create the mirror's schemas, or not use them.
    #[error("the database user {user} may not {what}")]
    NoRight {
        /// The role.
        user: String,
        /// `create schemas in this database`, `write to the schema revox`.
        what: String,
        /// What an owner has to say so that the role may.
        grant: String,
    },
    /// A newer version of the mirror has migrated it.
    #[error("the schema is at version {found}, newer than this program's {known}")]
    SchemaNewer {
        /// The newest migration applied.
        found: i64,
        /// The newest migration that this program knows.
        known: i64,
    },
    /// It has not been migrated to this program's version.
    #[error("the schema is not up to date: {pending} migrations are to be applied")]
    SchemaOlder {
        /// How many are missing.
        pending: usize,
    },
    /// A migration failed; nothing of it was kept.
    #[error("the schema could not be migrated")]
    Migration {
        /// What the migrator said.
        #[source]
        source: sqlx::migrate::MigrateError,
    },
    /// The lease under which this was to be written is another's by now; nothing was written.
    #[error("the lease on {scope} is no longer held, so nothing was written")]
    LeaseLost {
        /// The campaign or the account's list.
        scope: String,
    },
    /// The database's server has no such time zone; nothing was written.
    #[error("the database does not know the time zone {zone} of reporting.time_zone")]
    UnknownTimeZone {
        /// As it is configured.
        zone: String,
    },
    /// Rows that another campaign holds: the answer is not this campaign's. Nothing was written.
    #[error("the API answered with {count} rows of another campaign, so nothing of it was written")]
    ForeignRows {
        /// How many.
        count: u64,
    },
    /// A line refers to a parent that is not there (any more): writing the parents again mends it.
    #[error("a parent of a line is missing")]
    ParentMissing,
    /// Two transactions stood in each other's way: trying again mends it.
    #[error("the database asks to try again")]
    Conflict,
    /// Somebody was erased since what was to be written was read. Nothing was written.
    #[error("somebody was erased meanwhile, so nothing of what had been read before was written")]
    ErasedMeanwhile,
    /// Somebody was erased, and there is no key by which they are known.
    #[error("somebody was erased from this mirror, and privacy.key_file is not set")]
    NoPrivacyKey,
    /// Somebody was erased, and the key is not the one by which they are known.
    #[error("privacy.key_file holds another key than that of the people who were erased from this mirror")]
    OtherPrivacyKey,
    /// A process that runs keeps something for a shorter time.
    #[error(
        "another revox-mirror that runs on this database keeps less ({there}) than is configured here ({here})"
    )]
    KeptShorter {
        /// What is configured.
        here: String,
        /// What the other one keeps.
        there: String,
    },
    /// Anything else that the driver reports.
    #[error("{doing} failed in the database: {problem}")]
    Query {
        /// What was being done: `writing a batch of rows`.
        doing: &'static str,
        /// The driver's or the server's words, without the values that the server quotes.
        problem: String,
    },
}

impl StoreError {
    /// Makes an error of the driver's, without the details in which a server quotes values.
    pub(super) fn query(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |error| match &error {
            lost if is_lost(lost) => Self::Away { doing, problem: words_of_loss(lost) },
            sqlx::Error::Database(database) => match database.code().as_deref() {
                Some("23503") => Self::ParentMissing,
                Some("42501") => Self::Denied { doing, problem: database.message().to_owned() },
                // A key that was not there a moment ago (23505) is one that another campaign shares.
                Some("40001" | "40P01" | "55P03" | "23505") => Self::Conflict,
                code => Self::Query {
                    doing,
                    problem: format!("{} ({})", database.message(), code.unwrap_or("no code")),
                },
            },
            other => Self::Query { doing, problem: other.to_string() },
        }
    }

    /// Whether the same transaction may succeed when it is tried again.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Conflict)
    }

    /// Whether the database cannot be reached, or has just gone: it may be back by itself.
    #[must_use]
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Away { .. })
    }

    /// What went wrong as a whole, before the reason.
    #[must_use]
    pub fn heading(&self) -> &'static str {
        match self {
            Self::NoPrivacyKey | Self::OtherPrivacyKey => "the people who were erased cannot be left out",
            Self::SchemaNewer { .. } | Self::SchemaOlder { .. } => "the mirror's tables are not ready",
            _ => "the mirror's database failed",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::BadUrl { .. } => "DATABASE_URL looks like postgres://user:password@host:5432/database",
            Self::Away { .. } => {
                "check that the server runs; what was committed stays, and the next pass goes on from there"
            }
            Self::Unreachable { .. } => {
                "check that the server runs and that DATABASE_URL names it; without DATABASE_URL the mirror runs a Postgres of its own"
            }
            Self::Refused { .. } => "check user, password and database name in DATABASE_URL",
            Self::Denied { .. } => {
                "connect as the user that owns the mirror's schemas, or have its owner grant this one the right to use and write to revox and revox_sync; who may only read (revox_reader) asks the view revox.sync_freshness instead"
            }
            Self::TooOld { .. } => {
                "use Postgres 14 or newer, or unset DATABASE_URL and let the mirror run its own"
            }
            Self::NotUtf8 { .. } => {
                "create the database with: create database NAME encoding 'UTF8' template template0"
            }
            Self::NoRight { grant, .. } => return Some(grant.clone()),
            Self::SchemaNewer { .. } => "run the newer version of revox-mirror that migrated this database",
            Self::SchemaOlder { .. } => "run: revox-mirror migrate",
            Self::Migration { .. } => {
                "the database is as it was before; mend what the cause names and run again"
            }
            Self::ForeignRows { .. } => {
                "the next passes read both campaigns in full; once the other one has given the rows up (revox-mirror status says if it is suspicious, and how to accept that), this one takes them"
            }
            Self::LeaseLost { .. } => {
                "another revox-mirror works on it; nothing is lost, the next pass goes on"
            }
            Self::UnknownTimeZone { .. } => {
                "set reporting.time_zone to a name that `select name from pg_timezone_names` shows, or install newer time zone data on the database's machine"
            }
            Self::ParentMissing | Self::Conflict | Self::ErasedMeanwhile => "run it again",
            Self::NoPrivacyKey | Self::OtherPrivacyKey => {
                "let privacy.key_file name the file that was used for `revox-mirror erase`: without it they would come back"
            }
            Self::KeptShorter { .. } => {
                "give every process the same [retention]; to keep more, end the others first (one that was killed elsewhere counts \
                 until its lease has run out)"
            }
            Self::Query { problem, .. } if problem.contains("(53100)") => "make room on the database's disk",
            Self::Query { problem, .. } if problem.contains("(25006)") => {
                "the database takes no writes: connect to the primary, or end its read-only mode"
            }
            Self::Query { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

/// Whether an error says that the connection is gone, or that none can be had for now.
pub(super) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
        // A shutdown or a restart, a server that starts or is full, a transaction that stood still for too long, and
        // what a pooler says of a server that it cannot reach.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            matches!(code.as_ref(), "57P01" | "57P02" | "57P03" | "53300" | "25P03") || code.starts_with("08")
        }),
        _ => false,
    }
}

fn words_of_loss(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => {
            format!("{} ({})", error.message(), error.code().as_deref().unwrap_or("no code"))
        }
        sqlx::Error::PoolTimedOut => "no connection could be had in time".to_owned(),
        other => other.to_string(),
    }
}
