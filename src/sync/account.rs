//! A pass over the account: its round, with the jobs side by side.

use super::round::{Job, Round, begin_round};
use super::{CampaignReport, Mirror, PassOptions, PassReport, SyncError};
use crate::plan::Outcome;
use std::collections::HashMap;
use std::sync::Arc;
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
