//! What can go wrong with the database, by what the caller can do about it.

/// Why the database did not do what was asked. Messages hold no values of anyone's data.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection could be had.
    #[error("the database cannot be reached at {address}")]
    Unreachable {
        /// Host and port, or socket; never the password.
        address: String,
        /// What the driver said.
        #[source]
        source: sqlx::Error,
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
    /// The lease under which this was to be written is another's by now; nothing was written.
    #[error("the lease on {scope} is no longer held")]
    LeaseLost {
        /// The campaign or the account's list.
        scope: String,
    },
    /// Anything else that the driver reports.
    #[error("{doing} failed in the database")]
    Query {
        /// What was being done: `writing a batch of rows`.
        doing: &'static str,
        /// What the driver said, stripped of values.
        #[source]
        source: sqlx::Error,
    },
}

impl StoreError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        None
    }
}
