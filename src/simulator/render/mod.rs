//! Makes the JSON of the simulated API by hand, from the facts that the account keeps.
//!
//! Each part has a file; where a part differs between the older and the newer API, its file says so.

mod analysis;
mod assistant;
mod attempt;
mod call;
mod campaign;
mod models;
mod row;

pub(super) use assistant::assistant;
pub(super) use call::call;
pub(super) use campaign::{campaign, user};
pub(super) use row::row_head;

use super::json::Json;
use std::sync::Arc;

/// How the API at hand writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) newer: bool,
    pub(super) floats: bool,
}

impl Look {
    fn json(self) -> Json {
        Json::new(self.floats)
    }
}

/// A call's JSON but for its assistant, which stands between the two parts (`null` if it has none).
#[derive(Debug, Clone)]
pub(super) struct CallText {
    pub(super) before: Arc<str>,
    pub(super) after: Arc<Signed>,
}

/// Text with places that each answer fills with digits of its own.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) text: String,
    /// Where the places begin; each is [`SLOT_WIDTH`](super::json::SLOT_WIDTH) long.
    pub(super) slots: Vec<usize>,
}
