//! Erasing while passes are under way: nothing comes back from a page in flight.

use super::command::{run, set_key};
use super::person::{NUMBER, flavours, options, plant};
use crate::support::account::{Account, passing};
use crate::support::running::until;
use crate::support::setting::Setting;
use revox_mirror::clock::Clock;
use revox_mirror::normalize::{ErasedKind, PrivacyKey};
use revox_mirror::plan::Outcome;
use revox_mirror::store::{Store, StoreOptions};
use revox_mirror::sync::FailureKind;
use std::time::Duration;

const SECRET: [u8; 32] = [9; 32];

/// Remembers the person as erased, on a runtime of its own.
#[tokio::main(flavor = "current_thread")]
async fn erase(url: &str) {
    let options =
        StoreOptions { url: url.to_owned().into(), max_connections: 1, lease_ttl: Duration::from_secs(30) };
    let (store, _) = Store::open(&options).await.unwrap();
    let key = PrivacyKey::new(&SECRET);
    let hash = key.erased(ErasedKind::Phone, NUMBER);
    store.remember_erased(&key.check(), &[(ErasedKind::Phone, hash)], Clock::system().now()).await.unwrap();
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_before_an_erasure_is_not_written_after_it() {
    for flavour in flavours() {
        let mut account = Account::new(options(flavour)).await;
        account.set_privacy_key(SECRET);
        let person = plant(&account.simulator);
        // Somebody is erased while the first answer with rows is on its way.
        let url = account.database.mirror_url().to_owned();
        let mut is_first = true;
        account.simulator.on_request(move |_, path, _| {
            if path.contains("/rows") && std::mem::take(&mut is_first) {
                let url = url.clone();
                std::thread::spawn(move || erase(&url)).join().unwrap();
            }
        });
        let report = account.pass(&passing()).await.unwrap();
        assert!(!report.campaigns.is_empty());
        for campaign in &report.campaigns {
            assert_eq!(campaign.outcome, Outcome::Failed, "{campaign:?}");
            assert_eq!(campaign.failure, Some(FailureKind::Busy), "{campaign:?}");
            assert!(campaign.note.as_ref().unwrap().contains("erased"), "{campaign:?}");
        }
        assert_eq!(person.traces(&account.pool).await, Vec::<String>::new());
        account.complete_pass(&passing()).await;
        assert_eq!(person.traces(&account.pool).await, Vec::<String>::new());
        assert!(account.verify().await.is_equal());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_erased_while_a_daemon_runs() {
    let mut setting = Setting::new(options(flavours()[0])).await;
    let _key = set_key(&mut setting);
    let person = plant(&setting.simulator);
    setting.run(&[]).await.exits(3);
    let daemon = setting.daemon(&[]);
    assert!(!person.traces(&setting.pool).await.is_empty());
    run(&setting, &["erase", "--phone", NUMBER]).await.exits(0);
    assert_eq!(person.traces(&setting.pool).await, Vec::<String>::new());
    // Whoever reads them from now on has been told.
    let runs = setting.count("select count(*) from revox_sync.runs where outcome = 'complete'").await;
    for _ in 0..2 {
        setting.simulator.edit(|account| {
            for campaign in 0..2 {
                account.touch(campaign).unwrap();
                account.append_rows(campaign, 1).unwrap();
            }
        });
    }
    until("both campaigns were read again", async || {
        setting.count("select count(*) from revox_sync.runs where outcome = 'complete'").await >= runs + 2
    })
    .await;
    assert_eq!(person.traces(&setting.pool).await, Vec::<String>::new());
    daemon.stop().await;
}
