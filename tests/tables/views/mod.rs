//! The views that people ask, laid beside what the simulated account shows, and over lines made by hand for what an
//! account shows rarely.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by a panic")]

mod counts;
mod documents;
mod facts;
mod odd;
mod plans;
mod talk;
mod zones;
