//! The JSON shapes of the API's answers, read leniently and without loss.
//!
//! Owns: splitting an answer into its rows or campaigns, and reading an object field by field. Leaves to
//! `normalize`: what the fields mean.

mod page;

pub use page::{CampaignList, RowsPage, ShapeError, organization_id};
