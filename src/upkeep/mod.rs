//! What is done after passes and beside them, from what the tables hold: it makes answers quick, and none wrong.
//!
//! Nothing here is part of a pass, and what fails is tried again after the next one.

pub mod fulltext;
mod retention;
mod summaries;

pub use retention::{Kept, Retaining};
pub use summaries::sum_up;

use crate::store::{Languages, Store, StoreError};
use tokio_util::sync::CancellationToken;

/// What is to be kept up.
#[derive(Debug, Clone, Default)]
pub struct Upkeep {
    /// In which languages what was said is made searchable; none: it is not.
    pub search: Option<Languages>,
    /// How long what is about people is kept; none: nothing is done about it.
    pub retention: Option<Retaining>,
    /// Leave what takes long for later when it was done of late.
    pub sparing: bool,
}

/// Does all that is to be done. What fails is said, and stays to be done; returns whether nothing did.
pub async fn look_after(store: &Store, upkeep: &Upkeep, stop: &CancellationToken) -> bool {
    let statistics = store.tell_the_planner().await;
    // Before the others, which follow what it removes.
    let retention = match &upkeep.retention {
        Some(retaining) => retaining.look_after(store, stop).await.map(drop),
        None => Ok(()),
    };
    let search = fulltext::fill(store, upkeep.search.as_ref(), stop).await;
    let summaries = sum_up(store, upkeep.sparing, stop).await;
    is_done("the planner could not be told how the tables have grown, and may choose slow ways", &statistics)
        & is_done("what is past its time could not be removed", &retention)
        & is_done("what was said could not be read for the search", &search)
        & is_done("the views that count could not be summed up, and count anew each time", &summaries)
}

fn is_done<T>(what: &str, ended: &Result<T, StoreError>) -> bool {
    if let Err(error) = ended {
        tracing::warn!(%error, hint = error.hint(), "{what}; the next pass tries again");
    }
    ended.is_ok()
}
