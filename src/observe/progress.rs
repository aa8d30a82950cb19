//! Progress of a pass, as `sync` reports it and as `cli` draws or logs it.

use crate::plan::Outcome;
use std::sync::Arc;

/// Where a campaign's pass stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CampaignProgress {
    /// Pages read and committed.
    pub pages_done: u64,
    /// Pages in all, as far as is known.
    pub pages_total: Option<u64>,
    /// Rows committed or found unchanged.
    pub rows_done: u64,
    /// Rows in all, as far as is known.
    pub rows_total: Option<u64>,
}

/// Is told how a pass goes. Called from several tasks at once; must not block.
pub trait Progress: Send + Sync {
    /// A campaign's pass begins (or goes on at a checkpoint: `at` is not zero then).
    fn campaign_started(&self, campaign_id: &str, name: &str, at: &CampaignProgress);
    /// A batch was committed.
    fn campaign_advanced(&self, campaign_id: &str, at: &CampaignProgress);
    /// A campaign's pass has ended; `note` says why it is not `Complete`.
    fn campaign_finished(&self, campaign_id: &str, outcome: Outcome, note: Option<&str>);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn campaign_started(&self, _: &str, _: &str, _: &CampaignProgress) {}
    fn campaign_advanced(&self, _: &str, _: &CampaignProgress) {}
    fn campaign_finished(&self, _: &str, _: Outcome, _: Option<&str>) {}
}

/// Tells several.
pub struct Several(pub Vec<Arc<dyn Progress>>);

impl Progress for Several {
    fn campaign_started(&self, campaign_id: &str, name: &str, at: &CampaignProgress) {
        self.0.iter().for_each(|one| one.campaign_started(campaign_id, name, at));
    }
    fn campaign_advanced(&self, campaign_id: &str, at: &CampaignProgress) {
        self.0.iter().for_each(|one| one.campaign_advanced(campaign_id, at));
    }
    fn campaign_finished(&self, campaign_id: &str, outcome: Outcome, note: Option<&str>) {
        self.0.iter().for_each(|one| one.campaign_finished(campaign_id, outcome, note));
    }
}

impl<T: Progress + ?Sized> Progress for Arc<T> {
    fn campaign_started(&self, campaign_id: &str, name: &str, at: &CampaignProgress) {
        (**self).campaign_started(campaign_id, name, at);
    }
    fn campaign_advanced(&self, campaign_id: &str, at: &CampaignProgress) {
        (**self).campaign_advanced(campaign_id, at);
    }
    fn campaign_finished(&self, campaign_id: &str, outcome: Outcome, note: Option<&str>) {
        (**self).campaign_finished(campaign_id, outcome, note);
    }
}
