//! The mirror's database: connecting, migrating, reading what is known, writing records with the checkpoint
//! that vouches for them in one transaction.

mod error;
mod open;

pub use error::StoreError;
pub use open::{Store, StoreOptions};
