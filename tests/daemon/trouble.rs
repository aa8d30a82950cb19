//! What becomes of trouble while the daemon runs.

use crate::small;
use crate::support::running::until;
use crate::support::setting::Setting;
use revox_mirror::simulator::{Fault, FaultKind};

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_is_away_is_waited_for_with_growing_pauses() {
    let mut setting = Setting::new(small(1, 20)).await;
    setting.set("REVOX_MIRROR__API__MAX_TRIES", "1");
    let daemon = setting.daemon(&[]);
    daemon.says("the daemon runs").await;
    setting.until_equal().await;
    setting.simulator.inject(Fault::new(FaultKind::Status(503)));
    daemon.says("the list could not be read").await;
    let refused = setting.list_requests();
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    assert_eq!(
        setting.list_requests(),
        refused,
        "four ticks passed, and nothing was asked within the first pause"
    );
    setting.simulator.clear_faults();
    setting.simulator.edit(|account| account.append_rows(0, 2).unwrap());
    setting.until_equal().await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_that_fails_is_held_back_and_leaves_the_others_alone() {
    let mut setting = Setting::new(small(2, 20)).await;
    setting.set("REVOX_MIRROR__API__MAX_TRIES", "1");
    let ids = setting.simulator.campaign_ids();
    setting.simulator.inject(Fault::new(FaultKind::Status(500)).on_path(format!("{}/rows", ids[0])));
    let daemon = setting.daemon(&[]);
    daemon.says("the daemon runs").await;
    let complete = "select count(*) from revox_sync.checkpoints where completed_at is not null";
    setting.until_count(complete, 1).await;
    for _ in 0..3 {
        let lists = setting.list_requests();
        setting.simulator.edit(|account| account.append_rows(1, 1).unwrap());
        until("the next tick", async || setting.list_requests() > lists).await;
    }
    let failed: i64 = setting.count("select count(*) from revox_sync.runs where outcome = 'failed'").await;
    assert_eq!(failed, 1, "it was not tried in every tick");
    let rows: i64 = sqlx::query_scalar("select count(*) from revox.campaign_rows where campaign_id = $1")
        .bind(&ids[1])
        .fetch_one(&setting.pool)
        .await
        .unwrap();
    assert!(rows >= 20);
    setting.simulator.clear_faults();
    setting.until_count(complete, 2).await;
    setting.until_equal().await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_behind_the_key_is_refused_and_said_and_changes_nothing() {
    let setting = Setting::new(small(1, 20)).await;
    setting.run(&[]).await.exits(0);
    setting.execute("update revox_sync.accounts set organization_id = 'org_before'").await;
    setting.execute("update revox.campaigns set organization_id = 'org_before'").await;
    let daemon = setting.daemon(&[]);
    daemon.says("the account is parked until somebody acts").await;
    assert!(daemon.log().contains("--accept-account"));
    daemon.stop().await;
    let kept =
        "select count(*) from revox.campaigns where organization_id = 'org_before' and _deleted_at is null";
    assert_eq!(setting.count(kept).await, 1);
}
