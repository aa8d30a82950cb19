//! `erase`: that everything about a person goes, and that nothing of it comes back, whatever passes come after.
//!
//! `person` plants somebody in a simulated account, with a marker in every place where something about them may stand.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by a panic")]

mod command;
mod meanwhile;
mod passes;
pub(crate) mod person;
