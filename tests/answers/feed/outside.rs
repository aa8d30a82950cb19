//! Calls of no campaign, and of campaigns that the account does not list: counted, not stored.

use super::{last_reason, newer, readings, search, searches};
use crate::support::account::{full, passing};
use revox_mirror::simulator::NewerApi;

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_no_campaign_and_of_others_are_counted_once_and_not_stored() {
    let account = newer(NewerApi::default(), 3, 30).await;
    let campaigns = account.simulator.campaign_ids();
    let calls = "select count(*) from revox.calls";
    let before = account.count(calls).await;
    account.simulator.edit(|account| {
        account.list_campaign(campaigns[2].as_str(), false).unwrap();
        account.edit_metadata(2, 0).unwrap();
        account.replace_call(2, 1).unwrap();
        (0..3).for_each(|_| account.add_inbound_call());
        account.edit_metadata(0, 0).unwrap();
    });
    account.complete_pass(&passing()).await;
    assert_eq!(last_reason(&account, 0).await, "incremental");
    assert_eq!(account.count(calls).await, before);
    assert_eq!(account.count("select changes_of_no_campaign from revox_sync.accounts").await, 3);
    assert_eq!(account.count("select changes_of_other_campaigns from revox_sync.accounts").await, 2);
    let watermark = search(&account, "watermark").await;
    // What lies in the overlap is seen again, and not counted again.
    account.simulator.edit(|account| account.edit_metadata(0, 1)).unwrap();
    account.complete_pass(&passing()).await;
    assert!(search(&account, "watermark").await > watermark, "an unlisted campaign does not hold it up");
    assert_eq!(account.count("select changes_of_no_campaign from revox_sync.accounts").await, 3);
    assert_eq!(account.count("select changes_of_other_campaigns from revox_sync.accounts").await, 2);
    // Listed again, it has lost nothing.
    account.simulator.edit(|account| account.list_campaign(campaigns[2].as_str(), true)).unwrap();
    account.complete_pass(&passing()).await;
    account.complete_pass(&passing()).await;
    account.assert_equal().await;
    let status = account.mirror.store.as_ref().unwrap().load_status(1).await.unwrap();
    assert_eq!(status.accounts[0].changes_of_no_campaign, 3);
    assert_eq!(status.accounts[0].api.as_deref(), Some("unpaged"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_no_known_row_has_leads_to_one_full_reading_of_its_campaign() {
    let account = newer(NewerApi::default(), 2, 30).await;
    account.simulator.edit(|account| account.quietly(|account| account.replace_call(0, 5))).unwrap();
    // Some other campaign has to ask for the search.
    account.simulator.edit(|account| account.edit_metadata(1, 0)).unwrap();
    account.complete_pass(&passing()).await;
    assert!(last_reason(&account, 0).await.contains("calls that no known row has"));
    assert_eq!(readings(&account), 1, "of that campaign alone");
    account.assert_equal().await;
    // A call that no row has any more stays in the search, and is not looked for again and again.
    account.simulator.edit(|account| {
        account.edit_metadata(0, 6).unwrap();
        account.remove_call(0, 6).unwrap();
    });
    account.complete_pass(&full()).await;
    account.simulator.edit(|account| account.edit_metadata(1, 2)).unwrap();
    account.complete_pass(&passing()).await;
    account.simulator.reset_requests();
    account.simulator.edit(|account| account.edit_metadata(1, 1)).unwrap();
    account.complete_pass(&passing()).await;
    assert_eq!((searches(&account), readings(&account)), (1, 0));
    account.assert_equal().await;
}
