//! The JSON shapes of the API's answers, read leniently and without loss.
//!
//! Owns: splitting an answer into its rows or campaigns, and reading an object field by field. Leaves to
//! `normalize`: what the fields mean.

mod index;
mod number;
mod object;
mod page;
mod scan;
mod stream;

pub use index::Index;
pub(crate) use index::Indexed;
pub(crate) use number::{float, integer};
pub(crate) use object::{Kind, Object, read_list, read_string};
pub use page::{CallsPage, CampaignList, RowsPage, ShapeError, organization_id};
pub use stream::RowSplitter;
