//! Decides what to read next and what a walk has proven, without I/O: every decision is a table of cases.
//!
//! Owns: how the API's way of paging is found out ([`Discovery`]), what each page of a walk must look like
//! and what the whole proves ([`WalkFacts`]), when so much would vanish that a person should look first
//! ([`vanishing`]), whether a campaign needs a pass at all ([`due`]), and what a pass that does not read everything
//! reads ([`incremental`]). Leaves to `sync`: asking.

mod due;
pub mod incremental;
mod outcome;
mod shape;
mod walk;

pub use due::{Due, Fingerprint, Known, due};
pub use outcome::Outcome;
pub use shape::{Ask, Discovery, Learned, Shape, Shown};
pub use walk::{WalkFacts, vanishing};
