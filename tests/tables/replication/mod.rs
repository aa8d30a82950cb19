//! The mirror carried onwards: into another database that follows the publication, and over a partitioned table of turns.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by a panic")]

mod partitioned;
mod publication;
