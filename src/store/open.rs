//! Opening the database: the pool, and the checks that it is fit.

use super::StoreError;
use secrecy::SecretString;

/// What is needed to reach the database.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// `postgres://user:password@host/database`.
    pub url: SecretString,
    /// Connections at most.
    pub max_connections: u32,
}

/// The mirror's database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    #[expect(dead_code, reason = "stub")]
    pool: sqlx::PgPool,
}

impl Store {
    /// Connects and checks version, encoding and reachability. Does not look at the schema yet.
    pub async fn open(options: &StoreOptions) -> Result<Self, StoreError> {
        let _ = options;
        unimplemented!("store")
    }

    /// Applies the migrations that are missing. Safe to run from several processes at once.
    pub async fn migrate(&self) -> Result<usize, StoreError> {
        unimplemented!("store")
    }

    /// Whether the schema is this program's: `Ok`, or `SchemaOlder`, or `SchemaNewer`.
    pub async fn check_schema(&self) -> Result<(), StoreError> {
        unimplemented!("store")
    }

    /// Whether the user may do what the mirror needs (create schemas, or write to the existing ones).
    pub async fn check_rights(&self) -> Result<(), StoreError> {
        unimplemented!("store")
    }
}
