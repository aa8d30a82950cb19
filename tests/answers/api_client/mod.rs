//! The API client against servers on loopback that answer badly, slowly, too much or not at all.
//!
//! Owns: what a caller of `api` relies on. Leaves to the modules of `api`: tables of cases for the pure parts.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::format_push_string,
    reason = "a test that panics has failed, which is what it is for; the server's functions are part of the tests"
)]

mod answers;
mod pace;
mod retries;
mod secrecy;
mod server;
