//! The program as people use it: its commands, the demo, the status page, the embedded Postgres.
//!
//! A file a subject; what they share is `support`.

mod cli;
mod demo;
mod download;
mod localdb;
mod status;
#[path = "../support/mod.rs"]
mod support;
