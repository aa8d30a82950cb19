//! The API client against servers on loopback that answer badly, slowly, too much or not at all.
//!
//! Owns: what a caller of `api` relies on. Leaves to the modules of `api`: tables of cases for the pure parts.

mod answers;
mod pace;
mod retries;
mod secrecy;
mod server;
