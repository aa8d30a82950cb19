//! What the API may answer, and what becomes of it: the client, the simulator, bad rows, drift, feeds, floods, secrets.
//!
//! A file or a folder a subject; what they share is `support`.

mod api_client;
mod bad_rows;
mod claims;
mod drift;
mod feed;
mod guard;
mod memory;
mod requests;
mod secrets;
mod simulator;
mod streaming;
#[path = "../support/mod.rs"]
mod support;
