//! What is suspicious is read again at growing intervals, and reported in between.

use super::rows::with_rows;
use super::{accepting, dead_campaigns, note};
use crate::support::account::{Account, passing};
use crate::support::hands::Hands;
use chrono::TimeDelta;
use revox_mirror::plan::Outcome;
use revox_mirror::simulator::{Fault, FaultKind, Options, ShownTotal};
use revox_mirror::sync::PassOptions;

/// The hands of the mirror's clock.
fn hands_of(account: &mut Account) -> Hands {
    let hands = Hands::at("2026-11-24T09:00:00Z");
    account.mirror.clock = hands.clock();
    hands
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspicious_campaign_is_read_again_at_growing_intervals_and_reported_in_between() {
    let mut account = Account::new(Options { campaigns: 2, ..with_rows(80) }).await;
    let clock = hands_of(&mut account);
    account.complete_pass(&passing()).await;
    account.simulator.edit(|account| account.clear_rows(0)).unwrap();
    // (minutes later, whether it is read)
    for (minutes, read) in [(0, true), (4, false), (1, true), (6, false), (4, true), (19, false), (1, true)] {
        clock.advance(TimeDelta::minutes(minutes));
        account.simulator.reset_requests();
        let report = account.pass(&passing()).await.unwrap();
        let campaign = &report.campaigns[0];
        assert_eq!(campaign.outcome, Outcome::Suspicious);
        let said = if read { "80 of 80 would vanish" } else { "80 rows would vanish, as an earlier pass" };
        assert!(note(campaign).contains(said), "{campaign:?}");
        let first = format!("/api/campaigns/{}", campaign.id);
        let asked = account.simulator.requests().recent.iter().any(|request| request.contains(&first));
        assert_eq!(asked, read, "after {minutes} minutes");
    }
    let passes =
        "select suspicious_passes::bigint from revox_sync.checkpoints where suspicious_at is not null";
    assert_eq!(account.count(passes).await, 4);
    // A pass that read nothing leaves no line.
    assert_eq!(account.count("select count(*) from revox_sync.runs where outcome = 'suspicious'").await, 4);
    // What would be accepted is read at once, whatever the interval.
    let accepted = account.complete_pass(&accepting()).await;
    assert_eq!(accepted.campaigns[0].rows.tombstoned, 80);
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_that_recovers_is_suspicious_no_more() {
    let mut account = Account::new(with_rows(80)).await;
    let clock = hands_of(&mut account);
    account.complete_pass(&passing()).await;
    let hide = |hidden: bool| {
        account.simulator.clear_faults();
        if hidden {
            account.simulator.inject(Fault::new(FaultKind::EmptyRows).on_path("/rows"));
        }
        let total = hidden.then_some(ShownTotal::Number(0));
        account.simulator.edit(|account| account.override_total(0, total)).unwrap();
    };
    for _ in 0..2 {
        hide(true);
        for minutes in [0, 5] {
            clock.advance(TimeDelta::minutes(minutes));
            let report = account.pass(&full_if(minutes == 0)).await.unwrap();
            assert_eq!(report.campaigns[0].outcome, Outcome::Suspicious);
        }
        hide(false);
        let report = account.pass(&passing()).await.unwrap();
        assert_eq!(report.campaigns[0].outcome, Outcome::Suspicious, "it rests for ten minutes");
        clock.advance(TimeDelta::minutes(10));
        let report = account.complete_pass(&passing()).await;
        assert_eq!(report.campaigns[0].outcome, Outcome::Complete);
        let left = "select count(*) from revox_sync.checkpoints
                    where suspicious_at is not null or suspicious_passes > 0 or suspicious_row_ids is not null";
        assert_eq!(account.count(left).await, 0);
    }
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn campaigns_that_are_suspicious_are_asked_for_at_growing_intervals_and_reported_in_between() {
    let mut account = Account::new(Options { campaigns: 10, ..with_rows(3) }).await;
    let clock = hands_of(&mut account);
    account.complete_pass(&passing()).await;
    let mut gone: Vec<String> = account.simulator.campaign_ids().split_off(6);
    let vanish =
        |id: &String| account.simulator.edit(|account| account.delete_campaign(id.as_str())).unwrap();
    gone.iter().for_each(vanish);
    let asked = |gone: &[String]| {
        let recent = account.simulator.requests().recent;
        gone.iter().filter(|id| recent.iter().any(|request| request.contains(id.as_str()))).count()
    };
    let pass = async |minutes: i64| {
        clock.advance(TimeDelta::minutes(minutes));
        account.simulator.reset_requests();
        account.pass(&passing()).await.unwrap().suspicious.unwrap_or_default()
    };
    assert_eq!(pass(0).await, "", "one pass proves nothing");
    for (minutes, reads) in [(0, true), (4, false), (1, true), (9, false), (1, true), (19, false)] {
        let said = pass(minutes).await;
        assert!(said.contains("4 of 10 would vanish"), "{said:?}");
        assert_eq!(asked(&gone), if reads { 4 } else { 0 }, "after {minutes} minutes: {said}");
    }
    // Another one goes: it alone is asked for, until it is as certain as the others.
    gone.push(account.simulator.campaign_ids()[0].clone());
    vanish(&gone[4]);
    assert!(pass(0).await.contains("4 of 10"));
    assert_eq!(asked(&gone), 1);
    assert!(pass(0).await.contains("5 of 10"));
    assert_eq!(asked(&gone), 5);
    assert_eq!(dead_campaigns(&account).await, 0);
}

fn full_if(full: bool) -> PassOptions {
    PassOptions { full, ..passing() }
}
