//! `run --once` as a process, between a simulator and a real Postgres: how it exits, that it survives being
//! killed, and what it shows to nobody.
//!
//! A file a subject.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod exits;
mod kills;
mod secrecy;
