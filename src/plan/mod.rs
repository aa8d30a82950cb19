//! Decides what to read next and what a walk has proven, without I/O: every decision is a table of cases.
//!
//! Owns: how the API's way of paging is found out ([`Discovery`]), what each page of a walk must look like
//! and what the whole proves ([`WalkFacts`]), when so much would vanish that a person should look first
//! ([`objection`], [`Suspicion`]), whether a campaign needs a pass at all ([`due`]), which pages tell what changed
//! ([`Incremental`], [`Feed`]), and until when a call may still change ([`unsettled`]). Leaves to `sync`: asking.

mod due;
mod feed;
mod incremental;
mod outcome;
mod settle;
mod shape;
mod suspicion;
mod walk;

pub use due::{Due, Fingerprint, Known, Rhythm, Search, due};
pub use feed::{FEED_OVERLAP, Feed, FeedAsk, FeedFinding, FeedShown, FeedState};
pub use incremental::{
    Answer, Evidence, Filtering, Finding, Incremental, Purpose, Question, RowKey, Sequence, ShownRow, Task,
    Writing,
};
pub use outcome::Outcome;
pub use settle::{CallTimes, Unsettled, is_final, read_again, unsettled};
pub use shape::{Ask, Discovery, Learned, Shape, Shown};
pub use suspicion::{Suspicion, objection};
pub use walk::{WalkFacts, vanishing};
