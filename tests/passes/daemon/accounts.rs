//! Several accounts in one mirror.

use super::{finish, small};
use crate::support::running::until;
use crate::support::setting::Setting;
use crate::support::truth;
use revox_mirror::simulator::{Fault, FaultKind, Options, Simulator};
use std::io::Write;

fn key_file(key: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(key.as_bytes()).unwrap();
    file
}

fn other_account() -> Options {
    Options {
        api_key: "other-key".to_owned(),
        seed: 77,
        organization_id: "org_other".to_owned(),
        ..small(2, 15)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_refused_parks_its_account_and_leaves_the_others_alone_until_the_file_has_another() {
    let setting = Setting::new(small(1, 20)).await;
    let other = Simulator::start(other_account()).await.unwrap();
    let file = key_file("wrong-key");
    let daemon = setting.daemon(&[
        ("REVOX_MIRROR__ACCOUNTS__OTHER__API_KEY_FILE", file.path().to_str().unwrap()),
        ("REVOX_MIRROR__ACCOUNTS__OTHER__BASE_URL", &other.base_url()),
    ]);
    daemon.says("the account is parked until somebody acts").await;
    until("the first account is mirrored", async || {
        setting.count("select count(*) from revox.campaign_rows").await == 20
    })
    .await;
    let refused = other.requests().total;
    for _ in 0..2 {
        setting.simulator.edit(|account| account.append_rows(0, 1).unwrap());
        let rows = setting.simulator.truth(0).unwrap().len();
        until("a change arrives", async || {
            setting.count("select count(*) from revox.campaign_rows").await == i64::try_from(rows).unwrap()
        })
        .await;
    }
    assert_eq!(other.requests().total, refused, "a refused key is not tried in every tick");
    assert!(!daemon.log().contains("wrong-key"));
    std::fs::write(file.path(), "other-key\n").unwrap();
    until("both accounts are mirrored", async || {
        setting.count("select count(*) from revox.campaigns where organization_id = 'org_other'").await == 2
            && setting
                .count("select count(*) from revox_sync.checkpoints where completed_at is not null")
                .await
                == 3
    })
    .await;
    let accounts: Vec<(String, i64)> = sqlx::query_as(
        "select account, count(*) from revox_sync.checkpoints group by account order by account",
    )
    .fetch_all(&setting.pool)
    .await
    .unwrap();
    assert_eq!(accounts, [("default".to_owned(), 1), ("other".to_owned(), 2)]);
    daemon.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_goes_over_every_account_and_one_that_fails_leaves_the_others_alone() {
    let mut setting = Setting::new(small(1, 20)).await;
    let other = Simulator::start(other_account()).await.unwrap();
    setting.set("REVOX_MIRROR__ACCOUNTS__OTHER__API_KEY", "other-key");
    setting.set("REVOX_MIRROR__ACCOUNTS__OTHER__BASE_URL", &other.base_url());
    setting.run(&[]).await.exits(0).says("Account default:").says("Account other:");
    assert_eq!(setting.count("select count(*) from revox.campaign_rows").await, 50);
    // Neither list makes the other account's campaigns vanish.
    for _ in 0..3 {
        setting.run(&["--full"]).await.exits(0);
    }
    assert_eq!(setting.count("select count(*) from revox.campaigns where _deleted_at is null").await, 3);
    setting.simulator.inject(Fault::new(FaultKind::Status(401)));
    other.edit(|account| account.append_rows(0, 5).unwrap());
    setting.run(&[]).await.exits(4).says("refused the key");
    assert_eq!(setting.count("select count(*) from revox.campaign_rows").await, 55);
    setting.run(&["--account", "other"]).await.exits(0);
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn campaigns_that_two_keys_list_are_read_for_one_of_them() {
    let mut setting = Setting::new(small(2, 20)).await;
    finish(&setting.simulator, 2);
    setting.set("REVOX_MIRROR__ACCOUNTS__SAME__API_KEY", "demo-key");
    setting.set("REVOX_MIRROR__ACCOUNTS__SAME__BASE_URL", &setting.simulator.base_url());
    setting.run(&[]).await.exits(0);
    truth::assert_equal(&setting.simulator, &setting.pool).await;
    let rows_requests = setting.rows_requests();
    setting.run(&[]).await.exits(0);
    assert_eq!(setting.rows_requests(), rows_requests);
    let of_default = "select count(*) from revox_sync.checkpoints where account = 'default'";
    assert_eq!(setting.count(of_default).await, 2);
    // The first account is given up: the second one has its campaigns after a week.
    setting
        .execute(
            "update revox_sync.accounts set listed_at = listed_at - interval '8 days' where name = 'default'",
        )
        .await;
    setting.run(&["--account", "same"]).await.exits(0);
    assert_eq!(setting.count(of_default).await, 0);
    truth::assert_equal(&setting.simulator, &setting.pool).await;
}
