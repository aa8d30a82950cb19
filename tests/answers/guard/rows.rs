//! Rows that vanish: tombstoned, or suspicious until a person says that it is right.

use super::{accepting, dead_rows, note};
use crate::support::account::{Account, full, passing};
use revox_mirror::plan::Outcome;
use revox_mirror::simulator::{Fault, FaultKind, Flavour, NewerApi, Options, ShownTotal};
use revox_mirror::sync::PassOptions;

pub(crate) fn with_rows(rows: usize) -> Options {
    Options { campaigns: 1, rows, turns: 1, ..Options::default() }
}

/// Deletes every other row from `place` on.
pub(crate) fn delete(account: &Account, campaign: usize, place: usize, count: usize) {
    account.simulator.edit(|account| {
        for step in 0..count {
            account.delete_row(campaign, place + step).unwrap();
        }
    });
}

async fn suspicious(account: &Account, options: &PassOptions, said: &str) {
    let report = account.pass(options).await.unwrap();
    let campaign = &report.campaigns[0];
    assert_eq!(campaign.outcome, Outcome::Suspicious, "{campaign:?}");
    assert!(note(campaign).contains(said), "{said:?} is not in {:?}", campaign.note);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_fifth_and_more_than_fifty_rows_or_all_are_suspicious() {
    // (rows, rows that vanish, suspicious)
    let cases = [
        (300, 50, false),
        (250, 50, false),
        (250, 51, true),
        (255, 51, false),
        (260, 52, false),
        (260, 53, true),
        (102, 51, true),
        (100, 50, false),
        (10, 3, false),
        (10, 9, false),
        (10, 10, true),
        (60, 60, true),
        (1, 1, true),
    ];
    let account = Account::new(Options { campaigns: 0, turns: 1, ..Options::default() }).await;
    account.simulator.edit(|account| {
        for (rows, ..) in cases {
            account.add_campaign(rows);
        }
    });
    account.complete_pass(&passing()).await;
    account.simulator.edit(|account| {
        for (campaign, (rows, gone, _)) in cases.into_iter().enumerate() {
            for step in 0..gone {
                account.delete_row(campaign, if rows >= 2 * gone { step } else { 0 }).unwrap();
            }
        }
    });
    let report = account.pass(&full()).await.unwrap();
    let mut dead = 0;
    for ((rows, gone, suspicious), campaign) in cases.into_iter().zip(&report.campaigns) {
        let (outcome, tombstoned) =
            if suspicious { (Outcome::Suspicious, 0) } else { (Outcome::Complete, gone) };
        assert_eq!(campaign.outcome, outcome, "{gone} of {rows}: {:?}", campaign.note);
        assert_eq!(campaign.rows.tombstoned, u64::try_from(tombstoned).unwrap(), "{gone} of {rows}");
        if suspicious {
            assert!(note(campaign).contains(&format!("{gone} of {rows} would vanish")), "{campaign:?}");
        }
        dead += i64::try_from(tombstoned).unwrap();
    }
    assert_eq!(dead_rows(&account).await, dead);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_an_earlier_pass_reported_is_accepted() {
    let account = Account::new(with_rows(250)).await;
    account.complete_pass(&passing()).await;
    delete(&account, 0, 20, 80);
    suspicious(&account, &PassOptions { full: true, ..accepting() }, "no earlier pass has reported it").await;
    assert_eq!(dead_rows(&account).await, 0);
    // More than that are gone by now.
    delete(&account, 0, 5, 10);
    suspicious(&account, &accepting(), "90 of 250 would vanish; not reported before: 10 of them").await;
    assert_eq!(dead_rows(&account).await, 0);
    let reported = "select suspicious_deletions from revox_sync.checkpoints";
    assert_eq!(account.count(reported).await, 90);
    let rows = "select cardinality(suspicious_row_ids)::bigint from revox_sync.checkpoints";
    assert_eq!(account.count(rows).await, 90);
    let report = account.complete_pass(&accepting()).await;
    assert_eq!(report.campaigns[0].rows.tombstoned, 90);
    account.assert_equal().await;
    let forgotten = "select count(*) from revox_sync.checkpoints
                     where suspicious_at is null and suspicious_passes = 0 and suspicious_deletions is null
                       and suspicious_row_ids is null";
    assert_eq!(account.count(forgotten).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_other_rows_than_those_that_were_reported_are_not_accepted() {
    let account = Account::new(with_rows(200)).await;
    account.complete_pass(&passing()).await;
    let shown = account.simulator.truth(0).unwrap();
    account.simulator.edit(|account| (0..60).try_for_each(|_| account.delete_row(0, 0))).unwrap();
    suspicious(&account, &passing(), "60 of 200 would vanish").await;
    // The first sixty are back, at the end, and sixty others are gone.
    account.simulator.edit(|account| {
        account.append_rows(0, 60).unwrap();
        for (place, text) in (140..200).zip(&shown) {
            account.set_raw_row(0, place, text.as_str()).unwrap();
        }
        (0..60).try_for_each(|_| account.delete_row(0, 30)).unwrap();
    });
    suspicious(&account, &accepting(), "not reported before: 60 of them").await;
    assert_eq!(dead_rows(&account).await, 0);
    account.complete_pass(&accepting()).await;
    assert_eq!(dead_rows(&account).await, 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn fewer_rows_than_those_that_were_reported_are_accepted() {
    let account = Account::new(with_rows(200)).await;
    account.complete_pass(&passing()).await;
    let shown = account.simulator.truth(0).unwrap();
    account.simulator.edit(|account| account.clear_rows(0)).unwrap();
    suspicious(&account, &passing(), "200 of 200 would vanish").await;
    account.simulator.edit(|account| {
        account.append_rows(0, 1).unwrap();
        account.set_raw_row(0, 0, shown[7].as_str()).unwrap();
    });
    account.complete_pass(&accepting()).await;
    assert_eq!(dead_rows(&account).await, 199);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_proves_nothing_leaves_what_was_reported() {
    let account = Account::new(with_rows(150)).await;
    account.complete_pass(&passing()).await;
    account.simulator.edit(|account| account.clear_rows(0)).unwrap();
    suspicious(&account, &passing(), "150 of 150 would vanish").await;
    for (fault, outcome) in
        [(FaultKind::WrongTotal(3), Outcome::Partial), (FaultKind::Status(403), Outcome::Failed)]
    {
        account.simulator.inject(Fault::new(fault).on_path("/rows"));
        assert_eq!(account.pass(&accepting()).await.unwrap().campaigns[0].outcome, outcome);
        account.simulator.clear_faults();
    }
    account.complete_pass(&accepting()).await;
    account.assert_equal().await;
    assert_eq!(dead_rows(&account).await, 150);
}

#[tokio::test(flavor = "multi_thread")]
async fn accepting_for_one_campaign_leaves_the_others_suspicious() {
    let account = Account::new(Options { campaigns: 2, ..with_rows(60) }).await;
    account.complete_pass(&passing()).await;
    let ids = account.simulator.campaign_ids();
    account.simulator.edit(|account| account.clear_rows(0).and_then(|()| account.clear_rows(1))).unwrap();
    account.pass(&passing()).await.unwrap();
    account.complete_pass(&PassOptions { campaigns: vec![ids[1].clone()], ..accepting() }).await;
    assert_eq!(dead_rows(&account).await, 60);
    let report = account.pass(&passing()).await.unwrap();
    assert_eq!(report.campaigns[0].outcome, Outcome::Suspicious);
    assert_eq!(report.campaigns[1].outcome, Outcome::Skipped);
    account.complete_pass(&accepting()).await;
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_is_suspicious_and_what_would_be_accepted() {
    let account = Account::new(with_rows(60)).await;
    account.complete_pass(&passing()).await;
    account.simulator.edit(|account| account.clear_rows(0)).unwrap();
    let dry = |options: PassOptions| PassOptions { dry_run: true, full: true, ..options };
    suspicious(&account, &dry(passing()), "60 of 60 would vanish").await;
    suspicious(&account, &dry(accepting()), "no earlier pass has reported it").await;
    suspicious(&account, &passing(), "60 of 60 would vanish").await;
    let report = account.complete_pass(&dry(accepting())).await;
    assert_eq!(report.campaigns[0].rows.tombstoned, 60);
    assert_eq!(dead_rows(&account).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_rows_out_of_the_blue_makes_no_tombstone() {
    let newer = Flavour::Newer(NewerApi::default());
    // (the API, what it answers, whether it says a total of 0, how the pass ends)
    let cases = [
        (Flavour::default(), FaultKind::EmptyRows, true, Outcome::Suspicious),
        (Flavour::default(), FaultKind::EmptyRows, false, Outcome::Partial),
        (Flavour::default(), FaultKind::EmptyBody, false, Outcome::Failed),
        (Flavour::default(), FaultKind::HtmlOk, false, Outcome::Failed),
        (Flavour::default(), FaultKind::Status503Html, false, Outcome::Failed),
        (Flavour::default(), FaultKind::Status(404), false, Outcome::Failed),
        (newer, FaultKind::EmptyRows, false, Outcome::Suspicious),
        (newer, FaultKind::EmptyBody, false, Outcome::Failed),
        (newer, FaultKind::HtmlOk, false, Outcome::Failed),
    ];
    for (flavour, kind, zero, outcome) in cases {
        for rows in [120, 5] {
            let account = Account::new(Options { flavour, ..with_rows(rows) }).await;
            account.complete_pass(&passing()).await;
            account.simulator.inject(Fault::new(kind.clone()).on_path("/rows"));
            if zero {
                let total = Some(ShownTotal::Number(0));
                account.simulator.edit(|account| account.override_total(0, total)).unwrap();
            }
            for _ in 0..3 {
                let report = account.pass(&full()).await.unwrap();
                let campaign = &report.campaigns[0];
                assert_eq!(campaign.outcome, outcome, "{kind:?} {rows}: {:?}", campaign.note);
                assert!(!note(campaign).is_empty());
            }
            assert_eq!(dead_rows(&account).await, 0, "{kind:?} {rows}");
            account.simulator.clear_faults();
            account.simulator.edit(|account| account.override_total(0, None)).unwrap();
            account.complete_pass(&full()).await;
            account.assert_equal().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_gone_only_when_its_place_was_read_again_with_its_neighbours() {
    let account = Account::new(with_rows(250)).await;
    account.complete_pass(&passing()).await;
    let shown = account.simulator.truth(0).unwrap();
    // The walk takes three requests for rows; what comes after them reads the place again.
    let pass = async |edit: Box<dyn Fn(&mut revox_mirror::simulator::Account) + Send>| {
        account.simulator.edit(|account| account.freeze_fingerprint(0)).unwrap();
        account.simulator.on_request(move |number, _, account| {
            if number == 4 {
                edit(account);
            }
        });
        let report = account.pass(&full()).await.unwrap();
        account.simulator.on_request(|_, _, _| {});
        report.campaigns[0].clone()
    };
    account.simulator.edit(|account| account.delete_row(0, 120)).unwrap();
    let text = shown[120].clone();
    let report = pass(Box::new(move |account| {
        account.insert_row(0, 120).unwrap();
        account.set_raw_row(0, 120, text.as_str()).unwrap();
    }))
    .await;
    assert_eq!(report.outcome, Outcome::Partial);
    assert!(note(&report).contains("was there when its place was read again"), "{report:?}");
    assert_eq!(dead_rows(&account).await, 0);

    account.simulator.edit(|account| account.delete_row(0, 120)).unwrap();
    let report = pass(Box::new(|account| account.delete_row(0, 119).unwrap())).await;
    assert_eq!(report.outcome, Outcome::Partial);
    assert!(note(&report).contains("neighbours"), "{report:?}");
    assert_eq!(dead_rows(&account).await, 0);

    assert_eq!(pass(Box::new(|_| {})).await.outcome, Outcome::Complete);
    assert_eq!(dead_rows(&account).await, 2);
}
