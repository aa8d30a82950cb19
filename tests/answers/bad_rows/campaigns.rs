//! Campaigns of the list that are bad: the others are mirrored, and nothing of what was there is lost.

use crate::support::account::{Account, full};
use revox_mirror::plan::Outcome;
use revox_mirror::simulator::Options;
use serde_json::{Value, json};

async fn account() -> Account {
    Account::new(Options { campaigns: 3, rows: 60, turns: 1, ..Options::default() }).await
}

fn shown(account: &Account) -> Value {
    let text = account.simulator.edit(|account| account.campaign_truth(1)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn set(account: &Account, text: Option<String>) {
    account.simulator.edit(|account| account.set_raw_campaign(1, text)).unwrap();
}

async fn rejects(account: &Account) -> Vec<(String, String)> {
    sqlx::query_as("select row_key, path from revox_sync.rejects order by 1, 2")
        .fetch_all(&account.pool)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_that_cannot_be_read_is_rejected_and_keeps_what_it_had() {
    let account = account().await;
    account.complete_pass(&full()).await;
    let long = format!(r#"{{"id":"{}","name":"x"}}"#, "x".repeat(1 << 20));
    for bad in ["17", "null", "[]", "{}", r#"{"id":null,"name":"x"}"#, long.as_str()] {
        set(&account, Some(bad.to_owned()));
        for new in [1, 0] {
            let report = account.complete_pass(&full()).await;
            assert_eq!((report.campaigns.len(), report.rejected_new), (2, new), "{bad:.40}");
            assert_eq!(report.campaigns_tombstoned, 0);
        }
        assert_eq!(rejects(&account).await, [("campaign #1".to_owned(), String::new())], "{bad:.40}");
    }
    let live = "select count(*) from revox.campaign_rows where _deleted_at is null";
    assert_eq!(account.count(live).await, 180);
    set(&account, None);
    account.complete_pass(&full()).await;
    assert_eq!(rejects(&account).await, [], "it has landed");
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_campaign_that_cannot_land_leaves_the_rest() {
    let account = account().await;
    let mut campaign = shown(&account);
    let id = campaign["id"].as_str().unwrap().to_owned();
    campaign["assistant"]["id"] = json!([]);
    campaign["max_concurrent_calls"] = json!(-2.5);
    campaign["created_at"] = json!({});
    campaign["status"] = json!("x".repeat(1 << 20));
    campaign["name"] = json!("zero\u{0}name");
    campaign["row_stats"] = json!("many");
    set(&account, Some(campaign.to_string()));
    for new in [1, 0] {
        let report = account.complete_pass(&full()).await;
        assert_eq!((report.campaigns.len(), report.rejected_new), (3, new));
    }
    assert_eq!(rejects(&account).await, [(id.clone(), "assistant".to_owned())]);
    let statement = "select name || ' ' || coalesce(status, '-') || ' ' || coalesce(max_concurrent_calls::text, '-')
                     from revox.campaigns where _extra ? 'status' and _extra ? 'created_at' and _extra ? 'row_stats'";
    let line: String = sqlx::query_scalar(statement).fetch_one(&account.pool).await.unwrap();
    assert_eq!(line, "zero\u{fffd}name - -");
    set(&account, None);
    account.complete_pass(&full()).await;
    assert_eq!(rejects(&account).await, []);
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_that_stands_twice_in_the_list_is_there_once() {
    let account = account().await;
    let ids = account.simulator.campaign_ids();
    let mut twin = shown(&account);
    twin["id"] = json!(ids[0]);
    set(&account, Some(twin.to_string()));
    let report = account.pass(&full()).await.unwrap();
    assert!(report.campaigns.iter().all(|campaign| campaign.outcome != Outcome::Failed), "{report:?}");
    assert_eq!(account.count("select count(*) from revox.campaigns").await, 2);
    set(&account, None);
    account.complete_pass(&full()).await;
    account.assert_equal().await;
}
