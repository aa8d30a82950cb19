//! What is known of the rows that a walk shows, read ahead in the order in which it shows them.

use crate::store::{KnownRow, PlacedAfter, Store, StoreError};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Rows that are read at once.
const AT_ONCE: usize = 1_000;

/// Rows that are held at most, waiting for their pages; where they do not come in this order, each page asks for its own.
const MOST_HELD: usize = 2 * AT_ONCE;

/// The rows of a campaign on their way past a walk. Cheap to clone.
///
/// What it holds may be older than what the walk itself has written meanwhile, as is all that is asked for while pages are read
/// ahead: a page that passes over a row which the walk has rewritten is read again.
#[derive(Debug, Clone)]
pub(super) struct KnownAhead(Arc<Mutex<Ahead>>);

#[derive(Debug)]
struct Ahead {
    rows: HashMap<String, KnownRow>,
    /// Where the next ones begin; none behind the last one.
    next: Option<PlacedAfter>,
}

impl KnownAhead {
    /// Those of a walk that begins behind so many rows.
    pub(super) fn behind(rows: u64) -> Self {
        Self(Arc::new(Mutex::new(Ahead { rows: HashMap::new(), next: Some(PlacedAfter::Rows(rows)) })))
    }

    /// What is known of the rows of a page. Each is given once: one that is shown again is asked for by itself.
    pub(super) async fn of(
        &self,
        store: &Store,
        campaign_id: &str,
        ids: &[&str],
    ) -> Result<HashMap<String, KnownRow>, StoreError> {
        let mut known = HashMap::with_capacity(ids.len());
        let mut missing = ids.to_vec();
        let mut ahead = self.0.lock().await;
        loop {
            missing.retain(|id| match ahead.rows.remove_entry(*id) {
                Some((id, row)) => {
                    known.insert(id, row);
                    false
                }
                None => true,
            });
            let Some(next) = ahead.next.filter(|_| !missing.is_empty() && ahead.rows.len() < MOST_HELD)
            else {
                break;
            };
            let rows = store.known_behind(campaign_id, next, AT_ONCE).await?;
            ahead.next = rows.last().map(|(position, ..)| PlacedAfter::Position(*position));
            ahead.rows.extend(rows.into_iter().map(|(_, id, row)| (id, row)));
        }
        drop(ahead);
        if !missing.is_empty() {
            known.extend(store.known_rows(campaign_id, &missing).await?);
        }
        Ok(known)
    }
}
