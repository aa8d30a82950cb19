//! Keys that are refused, and answers that are none: nothing is deleted, nothing is hammered, and it is said.

use super::rows::with_rows;
use super::{accepting, dead_campaigns, dead_rows, note};
use crate::support::account::{Account, full, passing, synced};
use revox_mirror::plan::Outcome;
use revox_mirror::simulator::{Fault, FaultKind, Options};
use revox_mirror::sync::{FailureKind, PassOptions, SyncError};

async fn mirrored() -> Account {
    let account = Account::new(Options { campaigns: 3, ..with_rows(30) }).await;
    account.complete_pass(&passing()).await;
    account
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_refused_or_is_none_changes_nothing() {
    // (what comes in place of the list, whether it is a refusal)
    let cases = [
        (FaultKind::Status(401), true),
        (FaultKind::Status(403), true),
        (FaultKind::Status(404), false),
        (FaultKind::Status503Html, false),
        (FaultKind::HtmlOk, false),
        (FaultKind::EmptyBody, false),
        (FaultKind::HalfJson, false),
    ];
    let account = mirrored().await;
    let before = synced(&account.pool).await;
    for (kind, refused) in cases {
        account.simulator.inject(Fault::new(kind.clone()).on_path("/campaigns"));
        for _ in 0..3 {
            account.simulator.reset_requests();
            let error = account.pass(&PassOptions { full: true, ..accepting() }).await.unwrap_err();
            let SyncError::List(cause) = &error else { panic!("{kind:?}: {error}") };
            assert_eq!(cause.is_refused(), refused, "{kind:?}");
            if refused {
                assert_eq!(account.simulator.requests().total, 1, "{kind:?} is not hammered");
            }
        }
        account.simulator.clear_faults();
    }
    assert_eq!(synced(&account.pool).await, before);
    assert_eq!((dead_campaigns(&account).await, dead_rows(&account).await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_that_is_refused_is_its_own_failure_and_deletes_nothing() {
    for status in [401, 403] {
        let account = mirrored().await;
        let id = account.simulator.campaign_ids()[0].clone();
        for path in [format!("{id}/rows"), id] {
            account.simulator.inject(Fault::new(FaultKind::Status(status)).on_path(path.as_str()));
            account.simulator.reset_requests();
            let report = account.pass(&full()).await.unwrap();
            let outcomes: Vec<Outcome> = report.campaigns.iter().map(|campaign| campaign.outcome).collect();
            assert_eq!(outcomes, [Outcome::Failed, Outcome::Complete, Outcome::Complete], "{path}");
            let kind = if status == 401 { FailureKind::KeyRefused } else { FailureKind::CampaignRefused };
            assert_eq!(report.campaigns[0].failure, Some(kind));
            assert!(note(&report.campaigns[0]).contains("refused the key"), "{report:?}");
            let recent = account.simulator.requests().recent;
            assert_eq!(recent.iter().filter(|request| request.contains(&path)).count(), 1, "not hammered");
            account.simulator.clear_faults();
        }
        assert_eq!((dead_campaigns(&account).await, dead_rows(&account).await), (0, 0));
        account.complete_pass(&full()).await;
        account.assert_equal().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_another_organization_without_campaigns_is_refused_before_anything_is_written() {
    let account = mirrored().await;
    let before = synced(&account.pool).await;
    account.simulator.edit(|account| {
        account.set_organization_id("org-of-another");
        (0..3).try_for_each(|_| account.delete_campaign(0)).unwrap();
    });
    for options in [full(), accepting()] {
        let error = account.pass(&options).await.unwrap_err();
        assert!(matches!(error, SyncError::AnotherAccount { .. }), "{error}");
    }
    assert_eq!(synced(&account.pool).await, before);
    assert_eq!(account.count("select sum(gone_strikes) from revox_sync.checkpoints").await, 0);
}
