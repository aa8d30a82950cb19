//! A pass over the account: its round, with the jobs side by side.

use super::round::{Job, Round, begin_round};
use super::{CampaignReport, Mirror, PassOptions, PassReport, SyncError};
use crate::plan::Outcome;
use crate::store::{Holder, Lease, Store, StoreError};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Makes one pass.
pub async fn run_pass(mirror: &Mirror, options: &PassOptions) -> Result<PassReport, SyncError> {
    let Round { jobs, passed_over, mut report, order, end, .. } =
        Box::pin(begin_round(mirror, options, None)).await?;
    report.campaigns = run_jobs(mirror, jobs).await;
    report.campaigns.extend(passed_over);
    let places: HashMap<&str, usize> = order.iter().map(String::as_str).zip(0..).collect();
    report.campaigns.sort_by_key(|campaign| places.get(campaign.id.as_str()).copied());
    end.conclude(&report.campaigns).await?;
    report.cost = mirror.client.cost();
    Ok(report)
}

/// Takes a lease, waiting for its holder, and tells whether it had to wait; `None` when it is still held at the end.
pub async fn wait_for_lease(
    store: &Store,
    scope: &str,
    holder: &Holder,
    wait: Duration,
) -> Result<Option<(Lease, bool)>, StoreError> {
    const PAUSE: Duration = Duration::from_millis(250);
    let deadline = tokio::time::Instant::now() + wait;
    let mut said = false;
    loop {
        if let Some(lease) = store.take_lease(scope, holder).await? {
            return Ok(Some((lease, said)));
        }
        if tokio::time::Instant::now() >= deadline {
            return Ok(None);
        }
        if !said {
            tracing::info!(
                scope,
                wait_seconds = wait.as_secs(),
                "another revox-mirror works on this; waiting"
            );
            said = true;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Runs the jobs side by side: rows first, views once all of them are there.
async fn run_jobs(mirror: &Mirror, jobs: Vec<Job>) -> Vec<CampaignReport> {
    let places = Arc::new(Semaphore::new(mirror.settings.max_concurrent_campaigns.max(1)));
    let mut tasks = JoinSet::new();
    let mut names = HashMap::new();
    for job in jobs {
        let places = Arc::clone(&places);
        let (id, name) = (job.id().to_owned(), job.name().to_owned());
        let task = tasks.spawn(async move {
            let _place = places.acquire_owned().await;
            job.run_without_view().await
        });
        names.insert(task.id(), (id, name));
    }
    let mut reports = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(report) => reports.push(report),
            // A pass that panicked is that campaign's failure alone.
            Err(error) => {
                tracing::error!(%error, "a campaign's pass ended without a report");
                if let Some((id, name)) = names.remove(&error.id()) {
                    mirror.progress.campaign_finished(&id, Outcome::Failed, None);
                    reports.push(CampaignReport::broken(id, name));
                }
            }
        }
    }
    reports
}
