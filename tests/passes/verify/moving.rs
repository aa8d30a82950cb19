//! An API that moves on while it is compared: nothing is listed that the next pass would put right by itself, and
//! nothing is taken for equal that was not seen.

use super::subject::{differences, flavours, found, mirrored, small};
use super::tables::tamper;
use crate::support::account::Account;
use revox_mirror::simulator::{Fault, FaultKind, Options};

/// A mirrored account whose campaign looks the same whatever becomes of its rows.
async fn still(options: Options) -> Account {
    let account = Account::new(options).await;
    account.simulator.edit(|account| account.freeze_fingerprint(0)).unwrap();
    account.complete_pass(&crate::support::account::full()).await;
    account
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_moves_on_between_the_two_looks_is_not_listed() {
    for flavour in flavours() {
        let account = still(small(flavour, 24)).await;
        account.simulator.edit(|account| account.edit_metadata(0, 0)).unwrap();
        account.simulator.on_request(|number, _, account| {
            if number == 2 {
                account.edit_metadata(0, 0).unwrap();
            }
        });
        let report = account.verify().await;
        assert_eq!(found(&report), Vec::<String>::new());
        assert_eq!(report.campaigns[0].moved, 1);
        // Now it stands still.
        account.simulator.on_request(|_, _, _| ());
        let report = account.verify().await;
        assert_eq!(report.campaigns[0].moved, 0);
        let found = found(&report);
        assert!(found.iter().any(|it| it.ends_with(" metadata")), "{found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_catches_up_between_the_two_looks_is_equal() {
    let [older, _] = flavours();
    let account = still(small(older, 24)).await;
    account.simulator.edit(|account| account.edit_input_data(0, 3)).unwrap();
    let before = account.pool.clone();
    let id = account.simulator.edit(|account| account.row_ids(0)).unwrap()[3].clone();
    let shown: serde_json::Value = serde_json::from_str(&account.simulator.truth(0).unwrap()[3]).unwrap();
    let runtime = tokio::runtime::Handle::current();
    account.simulator.on_request(move |number, _, _| {
        if number == 2 {
            let statement = format!(
                "update revox.campaign_rows set input_data = $jsonb${}$jsonb$ where id = '{id}'",
                shown["input_data"]
            );
            let pool = before.clone();
            tokio::task::block_in_place(|| runtime.block_on(async { tamper(&pool, &statement).await }));
        }
    });
    assert_eq!(differences(&account).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_shift_between_pages_are_not_missing_and_not_passed_over() {
    let [older, _] = flavours();
    let account = still(small(older, 250)).await;
    let ids = account.simulator.edit(|account| account.row_ids(0)).unwrap();
    // It falls between the pages when the one before it goes.
    tamper(
        &account.pool,
        &format!("update revox.campaign_rows set phone_number = '+1' where id = '{}'", ids[100]),
    )
    .await;
    account.simulator.on_request(|number, _, account| {
        if number == 2 {
            account.delete_row(0, 7).unwrap();
        }
    });
    let report = account.verify().await;
    assert_eq!(found(&report), [format!("differs: campaign_rows {} phone_number", ids[100])]);
    assert_eq!(report.campaigns[0].failure, None);
    assert_eq!(report.campaigns[0].rows, 250, "the row that is gone was seen before it went");
    account.simulator.on_request(|_, _, _| ());
    let mut expected = vec![
        format!("differs: campaign_rows {} phone_number", ids[100]),
        format!("not in the API: campaign_rows {} -", ids[7]),
    ];
    expected.sort();
    assert_eq!(differences(&account).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_never_fit_are_said_and_prove_nothing() {
    for flavour in flavours() {
        let account = still(small(flavour, 120)).await;
        if !flavour.is_newer() {
            account.simulator.inject(Fault::new(FaultKind::WrongTotal(-3)).on_path("/rows"));
            let report = account.verify().await;
            assert!(!report.is_equal());
            assert!(report.campaigns[0].failure.as_ref().unwrap().contains("shifted"));
            assert_eq!(found(&report), Vec::<String>::new());
            account.simulator.clear_faults();
        }
        account.simulator.inject(Fault::new(FaultKind::Status(403)).on_path("/rows"));
        let report = account.verify().await;
        assert!(!report.is_equal());
        assert!(report.campaigns[0].failure.as_ref().unwrap().contains("refused"), "{report:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_that_is_gone_is_found_and_one_that_the_list_forgets_is_not() {
    let [older, _] = flavours();
    let account = mirrored(Options { campaigns: 3, ..small(older, 12) }).await;
    let ids = account.simulator.campaign_ids();
    account.simulator.edit(|account| account.delete_campaign(2)).unwrap();
    account.simulator.edit(|account| account.list_campaign(1, false)).unwrap();
    assert_eq!(differences(&account).await, [format!("not in the API: campaigns {} -", ids[2])]);
}
