//! The passes after an erasure: they find what changed as they did before, at the same cost.

use super::person::{NUMBER, plant};
use crate::support::account::{Account, full, passing};
use revox_mirror::normalize::{ErasedKind, PrivacyKey};
use revox_mirror::simulator::{Flavour, NewerApi, OlderApi, Options};
use revox_mirror::verify::DifferenceKind;

const SECRET: [u8; 32] = [9; 32];

/// Erases the person.
async fn erase(account: &Account, kind: ErasedKind, value: &str) {
    let key = PrivacyKey::new(&SECRET);
    let store = account.mirror.store.as_ref().unwrap();
    let hash = key.erased(kind, value);
    store.remember_erased(&key.check(), &[(kind, hash)], account.mirror.clock.now()).await.unwrap();
    let is_theirs = |stored: &str| kind == ErasedKind::Phone && key.phone(stored) == hash;
    let calls = if kind == ErasedKind::Call { vec![value.to_owned()] } else { Vec::new() };
    let found = store.find_belongings(Some(is_theirs), &calls).await.unwrap();
    assert!(!found.is_empty());
    store.remove_belongings(&found, |_| false, false).await.unwrap();
}

async fn last_kinds(account: &Account) -> Vec<(String, Option<String>)> {
    sqlx::query_as(
        "select distinct on (campaign_id) kind, evidence ->> 'fell_back' from revox_sync.runs
         order by campaign_id, id desc",
    )
    .fetch_all(&account.pool)
    .await
    .unwrap()
}

fn finish_all_calls(account: &Account) {
    account.simulator.edit(|account| {
        for campaign in account.campaign_ids() {
            while account.advance_calls(&*campaign, usize::MAX).unwrap() > 0 {}
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_around_an_erased_row_are_found_by_incremental_passes() {
    let flavour = Flavour::Older(OlderApi::default());
    let options = Options { campaigns: 2, rows: 300, turns: 1, flavour, ..Options::default() };
    let mut account = Account::new(options).await;
    account.set_privacy_key(SECRET);
    account.mirror.settings.walk_pages_at_most = 0;
    account.mirror.settings.page_size = 10;
    let person = plant(&account.simulator);
    account.pass(&passing()).await.unwrap();
    erase(&account, ErasedKind::Phone, NUMBER).await;
    account.complete_pass(&full()).await;
    for _ in 0..3 {
        account.simulator.edit(|account| {
            for campaign in 0..2 {
                account.advance_calls(campaign, 5).unwrap();
                account.append_rows(campaign, 2).unwrap();
            }
        });
        account.complete_pass(&passing()).await;
        // A row without an id, as one of the person's is, leaves places unknown, and the second campaign to full walks.
        assert!(last_kinds(&account).await.contains(&("incremental".to_owned(), None)));
        assert!(account.verify().await.is_equal());
    }
    assert_eq!(person.traces(&account.pool).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_call_that_the_search_shows_costs_no_full_walk() {
    let flavour = Flavour::Newer(NewerApi::default());
    let options = Options { campaigns: 1, rows: 60, turns: 1, flavour, ..Options::default() };
    let mut account = Account::new(options).await;
    account.set_privacy_key(SECRET);
    finish_all_calls(&account);
    account.complete_pass(&passing()).await;
    account.complete_pass(&passing()).await;
    let (row, call): (String, String) = sqlx::query_as(
        "select id, call_id from revox.campaign_rows where call_id is not null order by row_index limit 1",
    )
    .fetch_one(&account.pool)
    .await
    .unwrap();
    erase(&account, ErasedKind::Call, &call).await;
    let truth = account.simulator.truth(0).unwrap();
    let place = truth.iter().position(|json| json.contains(&format!("\"{row}\""))).unwrap();
    for _ in 0..3 {
        account.simulator.edit(|account| account.edit_metadata(0, place).unwrap());
        account.simulator.reset_requests();
        account.complete_pass(&passing()).await;
        assert_eq!(last_kinds(&account).await, [("incremental".to_owned(), None)]);
        assert_eq!(account.simulator.requests().count("GET /campaigns/{id}/rows"), 0);
    }
    assert_eq!(account.count("select count(*) from revox.campaign_rows").await, 59);
    assert!(account.verify().await.is_equal());

    // Somebody who was erased and is here all the same is found, though the API shows the row.
    sqlx::query(
        "insert into revox.campaign_rows (id, campaign_id, _first_seen_at, _synced_at)
         select $1, id, now(), now() from revox.campaigns",
    )
    .bind(&row)
    .execute(&account.pool)
    .await
    .unwrap();
    let report = account.verify().await;
    let found: Vec<_> =
        report.campaigns.iter().flat_map(|it| &it.differences).map(|it| (&it.key, it.kind)).collect();
    assert_eq!(found, [(&row, DifferenceKind::NotInTheApi)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_whose_number_becomes_that_of_somebody_erased_goes_and_one_of_somebody_else_comes_back() {
    for flavour in super::person::flavours() {
        let mut account =
            Account::new(Options { campaigns: 1, rows: 20, turns: 1, flavour, ..Options::default() }).await;
        account.set_privacy_key(SECRET);
        account.complete_pass(&passing()).await;
        let number: String =
            sqlx::query_scalar("select phone_number from revox.campaign_rows order by row_index limit 1")
                .fetch_one(&account.pool)
                .await
                .unwrap();
        erase(&account, ErasedKind::Phone, &number).await;
        let left = account.count("select count(*) from revox.campaign_rows where _deleted_at is null").await;
        assert!(left < 20);
        account.complete_pass(&full()).await;
        assert_eq!(
            account.count("select count(*) from revox.campaign_rows where _deleted_at is null").await,
            left
        );
        let truth = account.simulator.truth(0).unwrap();
        let other = truth.iter().position(|json| !json.contains(&number)).unwrap();
        let theirs = truth.iter().position(|json| json.contains(&number)).unwrap();
        let mut row: serde_json::Value = serde_json::from_str(&truth[other]).unwrap();
        row["phone_number"] = number.as_str().into();
        let mut freed: serde_json::Value = serde_json::from_str(&truth[theirs]).unwrap();
        freed["phone_number"] = "+33600000000".into();
        freed["call"] = serde_json::Value::Null;
        account.simulator.edit(|account| {
            account.set_raw_row(0, other, row.to_string()).unwrap();
            account.set_raw_row(0, theirs, freed.to_string()).unwrap();
        });
        account.complete_pass(&full()).await;
        assert_eq!(
            account.count("select count(*) from revox.campaign_rows where _deleted_at is null").await,
            left
        );
        assert_eq!(
            account
                .count("select count(*) from revox.campaign_rows where phone_number = '+33600000000'")
                .await,
            1
        );
        assert!(account.verify().await.is_equal());
    }
}
