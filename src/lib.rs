//! `revox-mirror` keeps a Postgres copy of a Revox account's calling campaigns.
//!
//! Data flows one way, and this is the map of it:
//!
//! ```text
//! cli ──▶ sync (one account, one campaign, one pass)
//!           ├─ plan       which pages to read next            pure, no I/O
//!           ├─ api        GET a page, retry, rate limit       the only user of HTTP
//!           ├─ wire       the JSON shapes                     pure
//!           ├─ normalize  wire ─▶ records, rejects            pure
//!           └─ store      records + checkpoint, ONE transaction ─▶ Postgres
//! ```
//!
//! Beside the line stand [`verify`] (reads the API again and lays the tables beside it), [`upkeep`] (what is worked out of
//! the tables after a pass), [`config`], [`clock`], [`observe`] (logs, progress, metrics, what is going on right now), [`daemon`] (schedule, life cycle, what becomes of
//! trouble), [`admin`] (health, metrics and the status page over HTTP), [`localdb`] (the embedded Postgres), [`simulator`] (a look-alike of the Revox API
//! that shares no type with [`wire`]), `room` (large pieces of memory that are used again) and [`cli`] (one file a command; one file alone writes to standard output and
//! error).

pub mod admin;
pub mod api;
pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod localdb;
pub mod normalize;
pub mod observe;
pub mod plan;
pub mod records;
mod room;
#[cfg(feature = "sabotage")]
pub mod sabotage;
pub mod simulator;
pub mod store;
pub mod sync;
pub mod typed;
pub mod upkeep;
pub mod verify;
pub mod wire;
