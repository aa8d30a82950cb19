//! `verify`: what it finds, what it passes over, and that `--repair` puts it right.
//!
//! `subject` holds an account that is mirrored and compared; the rest is a file a subject.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod columns;
mod command;
mod lines;
mod moving;
mod subject;
mod tables;
