//! Full text over what was said, and phone numbers: what is filled and when, what no text can break, what is found, and
//! that the documented queries run and use their indexes.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by a panic")]

mod asking;
mod desk;
mod documented;
mod filling;
mod languages;
mod phones;
mod program;
mod synced;
mod texts;
