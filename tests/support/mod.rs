//! What the integration tests share. Each uses it as `mod support;`.
#![allow(dead_code, reason = "no test binary uses all of it")]

pub(crate) mod cluster;
pub(crate) mod container;
pub(crate) mod database;
