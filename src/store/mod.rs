//! The mirror's database: connecting, migrating, reading what is known, and writing records together with the
//! checkpoint that vouches for them in one transaction.
//!
//! Owns every SQL statement of the program. Works behind a pooler in transaction mode: no session state, no
//! session locks, no named statements, every statement inside an explicit transaction.

mod account;
mod batch;
mod checkpoint;
mod copy;
mod drift;
mod ending;
mod entities;
mod erasure;
mod error;
mod fresh;
mod fulltext;
mod gone;
mod history;
mod installation;
mod lease;
mod lines;
mod migrate;
mod nodelay;
mod open;
mod orphans;
mod overview;
mod pace;
mod parents;
mod parts;
mod rejects;
mod removal;
mod retention;
mod runs;
#[cfg(feature = "sabotage")]
mod sabotage;
mod search;
mod settings;
mod sharing;
mod standing;
mod statement;
mod states;
mod statistics;
mod status;
mod stored;
mod summaries;
mod sweep;
mod table;
mod tables;
mod typed;
mod typed_lines;
mod typed_trouble;
mod wholesale;

pub use account::{AccountState, CampaignState};
pub use batch::{Batch, BatchCounts, WalkPages};
pub use checkpoint::{Checkpoint, WalkCheckpoint};
pub use ending::{Completed, Ending, Extent};
pub use erasure::{Belongings, Erasures};
pub use error::StoreError;
pub use fresh::NewRows;
pub use fulltext::{FulltextState, IndexCounts, Languages};
pub use lease::{Holder, Lease};
pub use open::{Fitness, Store, StoreOptions};
pub use overview::{Activity, DayCount, ResultCount};
pub use parents::{DEFAULT_ACCOUNT, Parents, assistant_key, list_key};
pub use removal::Removed;
pub use retention::{Move, RetentionState, SweptTable};
pub use runs::{Kind, RunLine};
pub use search::SearchReading;
pub use sharing::MissingShare;
pub use standing::{Missing, Place, Standing, Strays};
pub use states::{KnownRow, Placed, PlacedAfter, Places, RowState};
pub use status::{
    AccountStatus, CampaignStatus, DriftStatus, RetentionStatus, RunStatus, SearchStatus, Status,
};
pub use stored::{Forgotten, Lookup};
pub use summaries::Marked;
pub use typed::{SeenKeys, TypedView};
pub use typed_trouble::TypedTrouble;

pub use crate::normalize::Cutoffs;
