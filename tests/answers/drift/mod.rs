//! An API that grows: what it documents today has its place, what it does not is kept and counted, and what the mirror
//! learns later is moved to where it belongs.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod documented;
mod figures;
mod promotion;
mod prompts;
mod statuses;
mod tally;
