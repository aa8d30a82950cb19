//! What the integration tests share. Each uses it as `mod support;`.
#![allow(dead_code, reason = "no test binary uses all of it")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by a panic")]

pub(crate) mod account;
pub(crate) mod browser;
pub(crate) mod cluster;
pub(crate) mod columns;
pub(crate) mod container;
pub(crate) mod database;
pub(crate) mod documents;
pub(crate) mod hands;
pub(crate) mod http;
pub(crate) mod leaks;
pub(crate) mod pgbouncer;
pub(crate) mod program;
pub(crate) mod running;
pub(crate) mod setting;
pub(crate) mod shown;
pub(crate) mod truth;

use std::io::Write;

/// Tells the person who runs the tests something, past the test harness, which keeps what passing tests print.
pub(crate) fn announce(line: &str) {
    // In one write, so that lines of several threads do not mix.
    drop(std::io::stderr().write_all(format!("{line}\n").as_bytes()));
}

/// An environment variable that is set and not empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).and_then(|value| value.into_string().ok()).filter(|value| !value.is_empty())
}
