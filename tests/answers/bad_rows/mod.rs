//! Bad input, through the API into a real Postgres: what can land lands right, what cannot is in
//! `revox_sync.rejects` with its reason, and the other rows of the page are not touched by it.
//!
//! `spoilt` is the account whose rows are spoilt; the rest is a file a subject.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod campaigns;
mod duplicates;
mod lists;
mod rejected;
mod secrets;
mod sizes;
mod spoilt;
mod values;
