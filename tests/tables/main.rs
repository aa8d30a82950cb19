//! What is in the database: the schema, the store, views, summaries, search, and what is to be gone from it.
//!
//! A file or a folder a subject; what they share is `support`.

mod erase;
mod freshness;
mod privacy;
mod questions;
mod ready;
mod replication;
mod retention;
mod schema;
mod search;
mod store;
mod summaries;
#[path = "../support/mod.rs"]
mod support;
mod typed;
mod views;
mod wholesale;
