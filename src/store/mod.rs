//! The mirror's database: connecting, migrating, reading what is known, and writing records together with the
//! checkpoint that vouches for them in one transaction.
//!
//! Owns every SQL statement of the program. Works behind a pooler in transaction mode: no session state, no
//! session locks, no named statements, every statement inside an explicit transaction.

mod account;
mod batch;
mod checkpoint;
mod copy;
mod ending;
mod entities;
mod error;
mod known;
mod lease;
mod lines;
mod migrate;
mod open;
mod parents;
mod parts;
mod rejects;
mod runs;
mod stored;
mod table;
mod tables;

pub use account::{AccountState, CampaignState};
pub use batch::{Batch, BatchCounts};
pub use checkpoint::{Checkpoint, WalkCheckpoint};
pub use ending::{Completed, Ending, Missing, Place};
pub use error::StoreError;
pub use lease::{Holder, Lease};
pub use open::{Fitness, Store, StoreOptions};
pub use parents::{Parents, assistant_key};
pub use runs::RunLine;
pub use stored::{Forgotten, Lookup};
