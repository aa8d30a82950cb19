//! `[retention]`: what is past its time goes and does not come back, calls as a whole or what was said and recorded, and
//! nothing else is touched by it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by a panic")]

mod calls;
mod desk;
mod parts;
mod program;
mod sweeping;
