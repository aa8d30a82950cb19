//! The simulator, seen over HTTP: what it answers, how it fails, and that the official SDKs take its answers.
//!
//! `client` is the small HTTP client of these tests; the rest is a file a subject.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod answers;
mod client;
mod edits;
mod faults;
mod paging;
mod sdk;
