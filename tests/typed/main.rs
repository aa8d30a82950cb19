//! The views of single campaigns, from the simulator into a real Postgres.
//!
//! A file a subject: `casts` of values, `columns` and how they come and stay, `names`, `upkeep` (what refreshing costs,
//! who does it, what it survives).

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod casts;
mod columns;
mod counting;
mod names;
mod rows;
#[path = "../support/mod.rs"]
mod support;
mod upkeep;
