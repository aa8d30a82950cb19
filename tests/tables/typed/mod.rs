//! The views of single campaigns and assistants, from the simulator into a real Postgres.
//!
//! A file a subject: `casts` of values, `columns` and how they come and stay, `names`, `upkeep` (what refreshing costs,
//! who does it, what it survives), `assistants` (what is theirs alone), `trouble` (what people are told), `erased`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod assistants;
mod casts;
mod columns;
mod counting;
mod erased;
mod names;
mod rows;
mod trouble;
mod upkeep;
