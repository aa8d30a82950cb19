//! A job that panics, in the daemon as a library.

use super::small;
use crate::support::account::Account;
use crate::support::running::until;
use revox_mirror::config::{Cron, ScheduleSettings};
use revox_mirror::daemon::{self, AccountPlan, Daemon, Order, Plan};
use revox_mirror::observe::{Board, CampaignProgress, Progress};
use revox_mirror::plan::Outcome;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// Panics when the pass over a campaign begins, as long as it is told to.
struct Mine {
    campaign: String,
    is_laid: Arc<AtomicBool>,
}

impl Progress for Mine {
    fn campaign_started(&self, campaign_id: &str, _: &str, _: &CampaignProgress) {
        assert!(campaign_id != self.campaign || !self.is_laid.load(Ordering::SeqCst), "as the test wants it");
    }
    fn campaign_advanced(&self, _: &str, _: &CampaignProgress) {}
    fn campaign_finished(&self, _: &str, _: Outcome, _: Option<&str>) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_panics_is_reported_and_made_again_and_the_others_go_on() {
    let account = Account::new(small(3, 20)).await;
    let ids = account.simulator.campaign_ids();
    let is_laid = Arc::new(AtomicBool::new(true));
    let mut mirror = account.mirror.clone();
    mirror.progress = Arc::new(Mine { campaign: ids[1].clone(), is_laid: Arc::clone(&is_laid) });
    let board = Board::new(mirror.clock.clone());
    let plan = Plan {
        accounts: vec![AccountPlan { mirror: mirror.clone(), key_mark: 1 }],
        schedule: ScheduleSettings {
            cron: Cron::parse("* * * * * *").unwrap(),
            timezone: chrono_tz::Tz::UTC,
            jitter: Duration::ZERO,
            look_at_most: Duration::ZERO,
            campaigns: std::collections::BTreeMap::new(),
        },
        max_concurrent_campaigns: 1,
        keep_runs: Duration::from_hours(24),
        keep_rejects: Duration::from_hours(24),
    };
    let again = plan.clone();
    let daemon = Daemon {
        store: mirror.store.clone().unwrap(),
        clock: mirror.clock.clone(),
        board: Arc::clone(&board),
        lease_ttl: Duration::from_secs(30),
        shutdown_grace: Duration::from_secs(30),
        stop: mirror.stop.clone(),
        upkeep: revox_mirror::upkeep::Upkeep::default(),
        trigger: "schedule",
        replan: Box::new(move || Ok(again.clone())),
    };
    let (orders, incoming) = mpsc::channel(4);
    let running = tokio::spawn(daemon::run(daemon, plan, incoming));
    let complete = async || {
        let statement = "select campaign_id from revox_sync.checkpoints where completed_at is not null";
        let found: Vec<String> = sqlx::query_scalar(statement).fetch_all(&account.pool).await.unwrap();
        found
    };
    until("the others are complete", async || complete().await.len() == 2).await;
    until("the panic is on the board", async || board.read().campaigns.contains_key(&ids[1])).await;
    let trouble = board.read().campaigns[&ids[1]].clone();
    assert!(
        trouble.what.contains("broke off") && trouble.hint.is_some() && trouble.again_at.is_some(),
        "{trouble:?}"
    );
    // Two more ticks: it is not tried in each of them, and the others are.
    account.simulator.edit(|it| it.append_rows(0, 2).unwrap());
    until("a change of another campaign arrives", async || {
        let statement = "select count(*) from revox.campaign_rows where campaign_id = $1";
        let rows: i64 = sqlx::query_scalar(statement).bind(&ids[0]).fetch_one(&account.pool).await.unwrap();
        rows == 22
    })
    .await;
    is_laid.store(false, Ordering::SeqCst);
    orders.send(Order::Reload).await.unwrap();
    until("it is complete, too", async || complete().await.len() == 3).await;
    until("the board is clean", async || board.read().campaigns.is_empty()).await;
    account.assert_equal().await;
    orders.send(Order::Stop).await.unwrap();
    running.await.unwrap().unwrap();
}
