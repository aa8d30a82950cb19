//! Campaigns that vanish: tombstoned after two passes that found them gone, or suspicious until a person says that
//! it is right.

use super::rows::with_rows;
use super::{accepting, dead_campaigns, dead_rows};
use crate::support::account::{Account, full, passing};
use revox_mirror::plan::Outcome;
use revox_mirror::simulator::{Fault, FaultKind, Options};
use revox_mirror::sync::{PassOptions, PassReport};

/// An account of `campaigns` with three rows each, mirrored.
async fn mirrored(campaigns: usize) -> Account {
    let account = Account::new(Options { campaigns, ..with_rows(3) }).await;
    account.complete_pass(&passing()).await;
    account
}

/// Deletes the first `count` campaigns of the account.
fn vanish(account: &Account, count: usize) {
    account.simulator.edit(|account| (0..count).try_for_each(|_| account.delete_campaign(0))).unwrap();
}

fn suspicious(report: &PassReport, said: &str) {
    let reason = report.suspicious.as_deref().unwrap_or("");
    assert!(reason.contains(said), "{said:?} is not in {reason:?}");
    assert_eq!(report.campaigns_tombstoned, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_fifth_of_five_campaigns_or_all_are_suspicious() {
    // (campaigns, campaigns that vanish, suspicious)
    let cases = [
        (10, 2, false),
        (10, 3, true),
        (5, 1, false),
        (5, 2, true),
        (5, 5, true),
        (4, 3, false),
        (4, 4, true),
        (1, 1, true),
    ];
    for (campaigns, gone, is_suspicious) in cases {
        let account = mirrored(campaigns).await;
        vanish(&account, gone);
        let first = account.complete_pass(&passing()).await;
        assert_eq!(first.campaigns_tombstoned, 0, "one pass proves nothing");
        let second = account.complete_pass(&passing()).await;
        if is_suspicious {
            suspicious(&second, &format!("{gone} of {campaigns} would vanish"));
            assert_eq!((dead_campaigns(&account).await, dead_rows(&account).await), (0, 0));
        } else {
            assert_eq!(second.suspicious, None);
            assert_eq!(second.campaigns_tombstoned, u64::try_from(gone).unwrap());
            account.assert_equal().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_that_refers_to_others_than_its_list_has_shown_is_written_all_the_same() {
    let account = Account::new(Options { campaigns: 2, ..with_rows(3) }).await;
    let id = account.simulator.campaign_ids()[0].clone();
    // Behind the list and before the campaign itself is asked for, without a sign in its fingerprint.
    account.simulator.on_request(move |number, _, account| {
        if number == 1 {
            let shown = account.campaign_truth(id.as_str()).unwrap();
            let mut shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
            shown["assistant_id"] = "an assistant that nothing has shown".into();
            shown["assistant"] = serde_json::Value::Null;
            shown["call_retry_config"] = serde_json::json!({"max_retry_attempts": 77, "calling_windows": []});
            account.set_raw_campaign(id.as_str(), Some(shown.to_string())).unwrap();
        }
    });
    account.complete_pass(&full()).await;
    let statement = "select count(*) from revox.campaigns c
                     join revox.call_retry_configs k on k.id = c.call_retry_config_id and k.max_retry_attempts = 77
                     where c.assistant_id = 'an assistant that nothing has shown'";
    assert_eq!(account.count(statement).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_campaigns_that_an_earlier_pass_reported_are_accepted() {
    let account = mirrored(10).await;
    let left = account.simulator.campaign_ids().pop().unwrap();
    vanish(&account, 4);
    account.complete_pass(&accepting()).await;
    suspicious(&account.complete_pass(&accepting()).await, "no earlier pass has reported it");
    // One more is gone by now: it is asked for twice as any other.
    vanish(&account, 1);
    suspicious(
        &account.complete_pass(&accepting()).await,
        "5 of 10 would vanish; not reported before: 1 of them",
    );
    // A pass over some campaigns accepts nothing about the others.
    let some = PassOptions { campaigns: vec![left], ..accepting() };
    suspicious(&account.complete_pass(&some).await, "5 of 10 would vanish");
    assert_eq!((dead_campaigns(&account).await, dead_rows(&account).await), (0, 0));
    let report = account.complete_pass(&accepting()).await;
    assert_eq!((report.campaigns_tombstoned, report.suspicious), (5, None));
    assert_eq!((dead_campaigns(&account).await, dead_rows(&account).await), (5, 15));
    account.assert_equal().await;
    let forgotten = "select count(*) from revox_sync.accounts
                     where suspicious_at is null and suspicious_passes = 0 and suspicious_campaign_ids is null";
    assert_eq!(account.count(forgotten).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn campaigns_that_are_back_are_suspicious_no_more() {
    let account = mirrored(5).await;
    let ids = account.simulator.campaign_ids();
    for (place, id) in ids.iter().enumerate().take(3) {
        account.simulator.inject(Fault::new(FaultKind::Status(404)).on_path(id.as_str()));
        account.simulator.edit(|account| account.list_campaign(place, false)).unwrap();
    }
    account.complete_pass(&passing()).await;
    suspicious(&account.complete_pass(&passing()).await, "3 of 5 would vanish");
    account.simulator.clear_faults();
    for place in 0..3 {
        account.simulator.edit(|account| account.list_campaign(place, true)).unwrap();
    }
    assert_eq!(account.complete_pass(&passing()).await.suspicious, None);
    assert_eq!(
        account.count("select count(*) from revox_sync.accounts where suspicious_at is null").await,
        1
    );
    assert_eq!(account.count("select sum(gone_strikes) from revox_sync.checkpoints").await, 0);
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_list_is_said_and_makes_no_tombstone() {
    let account = mirrored(6).await;
    for place in 0..6 {
        account.simulator.edit(|account| account.list_campaign(place, false)).unwrap();
    }
    for _ in 0..3 {
        let report = account.complete_pass(&passing()).await;
        suspicious(&report, "the list is empty, and the mirror holds 6");
        assert!(report.campaigns.is_empty());
    }
    assert_eq!((dead_campaigns(&account).await, dead_rows(&account).await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_that_the_list_does_not_show_is_gone_only_by_a_404_of_its_own_in_two_passes() {
    for kind in [
        FaultKind::Status(403),
        FaultKind::Status(401),
        FaultKind::Status(410),
        FaultKind::Status(500),
        FaultKind::Status503Html,
        FaultKind::HtmlOk,
        FaultKind::EmptyBody,
        FaultKind::Redirect("https://elsewhere.example/".to_owned()),
    ] {
        let account = mirrored(6).await;
        let id = account.simulator.campaign_ids()[0].clone();
        account.simulator.edit(|account| account.list_campaign(0, false)).unwrap();
        let not_found = || Fault::new(FaultKind::Status(404)).on_path(id.as_str());
        account.simulator.inject(not_found());
        account.complete_pass(&passing()).await;
        // Neither an answer that says nothing, nor the campaign itself, is a second 404.
        account.simulator.clear_faults();
        account.simulator.inject(Fault::new(kind.clone()).on_path(id.as_str()));
        for _ in 0..2 {
            assert_eq!(account.complete_pass(&passing()).await.campaigns_tombstoned, 0, "{kind:?}");
        }
        account.simulator.clear_faults();
        assert_eq!(account.complete_pass(&passing()).await.campaigns_tombstoned, 0, "{kind:?}");
        account.simulator.inject(not_found());
        assert_eq!(account.complete_pass(&passing()).await.campaigns_tombstoned, 0, "two in a row: {kind:?}");
        assert_eq!(account.complete_pass(&passing()).await.campaigns_tombstoned, 1, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_in_trouble_is_not_asked_for_every_campaign_and_does_not_pass_the_guard_by() {
    let account = mirrored(12).await;
    vanish(&account, 6);
    account.complete_pass(&passing()).await;
    // The first one is found gone for certain, the next ones cannot be asked for.
    let live = "select id from revox.campaigns where _deleted_at is null order by id";
    let shown = account.simulator.campaign_ids();
    let ids: Vec<String> = sqlx::query_scalar(live).fetch_all(&account.pool).await.unwrap();
    let gone: Vec<String> = ids.into_iter().filter(|id| !shown.contains(id)).collect();
    for id in &gone[1..] {
        account.simulator.inject(Fault::new(FaultKind::Status(403)).on_path(id.as_str()));
    }
    account.simulator.reset_requests();
    suspicious(&account.complete_pass(&passing()).await, "6 of 12 would vanish");
    let recent = account.simulator.requests().recent;
    let asked = gone.iter().filter(|id| recent.iter().any(|request| request.contains(id.as_str())));
    assert_eq!(asked.count(), 4, "three that say nothing are enough");
    assert_eq!(dead_campaigns(&account).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_several_campaigns_show_goes_with_the_last_of_them() {
    let account = Account::new(Options { campaigns: 12, ..with_rows(12) }).await;
    let mut ids = account.simulator.campaign_ids();
    ids.sort();
    // The call is the first campaign's, by the order of ids, since it is walked last.
    ids[..3].reverse();
    let call = account.simulator.edit(|account| {
        let from = ids[0].as_str();
        account.replace_call(from, 0).unwrap();
        account.share_call((from, 0), (ids[1].as_str(), 0)).unwrap();
        account.share_call((from, 0), (ids[2].as_str(), 0)).unwrap();
        account.call_id(from, 0).unwrap().unwrap()
    });
    for id in &ids[..3] {
        account.complete_pass(&PassOptions { campaigns: vec![id.clone()], ..passing() }).await;
    }
    account.complete_pass(&passing()).await;
    let is_alive = async || {
        let statement = "select count(*) from revox.calls where id = $1 and _deleted_at is null";
        sqlx::query_scalar::<_, i64>(statement).bind(&call).fetch_one(&account.pool).await.unwrap() == 1
    };
    let lose = async |ids: &[String]| {
        account
            .simulator
            .edit(|account| ids.iter().try_for_each(|id| account.delete_campaign(id.as_str())))
            .unwrap();
        account.complete_pass(&passing()).await;
        account.complete_pass(&passing()).await.campaigns_tombstoned
    };
    assert_eq!(lose(&ids[..1]).await, 1);
    assert!(is_alive().await, "two campaigns show it");
    assert_eq!(lose(&ids[1..3]).await, 2);
    assert!(!is_alive().await);
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_campaigns_of_an_account_that_was_replaced_vanish_by_the_same_rules() {
    let account = mirrored(6).await;
    account.simulator.edit(|account| account.set_organization_id("org-of-another"));
    vanish(&account, 6);
    account.simulator.edit(|account| account.add_campaign(3));
    account.pass(&full()).await.unwrap_err();
    assert_eq!(account.count("select count(*) from revox.campaigns").await, 6, "nothing was written");
    let accept = PassOptions { accept_account: true, ..full() };
    let report = account.complete_pass(&accept).await;
    assert_eq!(report.campaigns[0].outcome, Outcome::Complete);
    suspicious(&account.complete_pass(&passing()).await, "6 of 7 would vanish");
    assert_eq!(account.complete_pass(&accepting()).await.campaigns_tombstoned, 6);
    account.assert_equal().await;
}
