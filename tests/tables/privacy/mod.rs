//! `[privacy]`: what is left out reaches no table, `verify` agrees, and a change of a setting is followed.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by a panic")]

mod settings;
