//! The end of a round: what is remembered once its jobs have ended, and the views that are not up to date.

use super::feed::Changes;
use super::typed::refresh_views;
use super::{CampaignReport, Mirror, SyncError};
use crate::plan::Outcome;
use crate::room;
use crate::store::Store;
use crate::typed::OwnerKind;
use std::sync::Arc;

/// What ends a round.
#[derive(Debug)]
pub struct RoundEnd {
    account: Arc<str>,
    store: Option<Store>,
    changes: Option<Changes>,
    left_alone: Vec<String>,
    /// Whose views are brought up to date.
    viewed: Vec<OwnerKind>,
}

impl RoundEnd {
    pub(super) fn of(mirror: &Mirror, store: Option<Store>, changes: Option<Changes>) -> Self {
        let (account, viewed) = (Arc::clone(&mirror.account), mirror.settings.viewed());
        Self { account, store, changes, left_alone: Vec::new(), viewed }
    }

    /// The same end, when jobs of these campaigns are not run: their changes wait for a full reading.
    #[must_use]
    pub fn leaving_alone(self, left_alone: Vec<String>) -> Self {
        Self { left_alone, ..self }
    }

    /// Takes note of how the jobs have ended: what the search has shown counts as read once all of it has arrived.
    pub async fn conclude(self, reports: &[CampaignReport]) -> Result<(), SyncError> {
        // Passes that were no walks have left some, too.
        room::let_go();
        let Some(store) = self.store else { return Ok(()) };
        if reports.iter().any(|report| report.outcome != Outcome::Skipped) {
            store.sweep_call_retry_configs().await?;
        }
        if let Some(changes) = self.changes {
            Box::pin(changes.settle(&store, &self.account, reports, &self.left_alone)).await?;
        }
        for kind in self.viewed {
            Box::pin(refresh_views(&store, kind, &self.account)).await;
        }
        Ok(())
    }
}
