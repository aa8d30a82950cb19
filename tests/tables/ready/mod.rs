//! What makes the mirror ready to use by others: the diagram, the role that reads, the history of statuses, and the
//! folders for dbt and Grafana, each held against the database that it is about.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod catalog;
mod dbt;
mod diagram;
mod generated;
mod grafana;
mod history;
mod reader;
