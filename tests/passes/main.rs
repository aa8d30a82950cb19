//! Passes, from the simulator into a real Postgres: what they read, what they write, what they survive. `.ci/run` has all of
//! them go through a pooler, too.
//!
//! A file or a folder a subject; what they share is `support`.

mod backfill;
mod daemon;
mod incremental;
mod presumed;
mod run_once;
#[path = "../support/mod.rs"]
mod support;
mod trust;
mod verify;
