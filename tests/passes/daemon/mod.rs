//! The daemon as a process, between a simulator and a real Postgres: when it looks, whose work it does, what becomes of
//! trouble, how it ends. A file a subject.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod accounts;
mod admin;
mod life;
mod page;
mod panics;
mod schedule;
mod several;
mod trouble;

use revox_mirror::simulator::{Mix, Options, Simulator};

/// Lets every call end, so that nothing is under way.
fn finish(simulator: &Simulator, campaigns: usize) {
    simulator.edit(|account| {
        for campaign in 0..campaigns {
            while account.advance_calls(campaign, 1000).unwrap() > 0 {}
        }
    });
}

/// Campaigns in which calls wait to be made.
fn small(campaigns: usize, rows: usize) -> Options {
    Options { campaigns, rows, turns: 2, mix: Mix::default(), ..Options::default() }
}
