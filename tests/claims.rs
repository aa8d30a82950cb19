//! What a walk may claim: answers that lie in agreement with each other, and a first answer that misleads.

mod support;

use revox_mirror::plan::Outcome;
use revox_mirror::simulator::{
    CampaignDetail, Echo, Fault, FaultKind, Flavour, NewerApi, OlderApi, Options, PageZero,
};
use support::account::{Account, full, passing};

fn one_campaign() -> Options {
    Options { campaigns: 1, rows: 300, turns: 1, ..Options::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_lie_when_the_paging_is_found_out_does_not_mislead_every_later_walk() {
    let flavour = Flavour::Older(OlderApi { first_page: 0, echo: Echo::Asked, ..OlderApi::default() });
    let account = Account::new(Options { flavour, rows: 250, ..one_campaign() }).await;
    // Pages then seem to count from 1, and the last of them to be empty.
    account.simulator.inject(Fault::new(FaultKind::EmptyRows).on_path("page=0").times(1));
    account.complete_pass(&passing()).await;
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_that_lie_alike_on_every_page_are_noticed() {
    for campaign_detail in [CampaignDetail::Full, CampaignDetail::Bare] {
        let account = Account::new(Options { campaign_detail, ..one_campaign() }).await;
        let lie = || Fault::new(FaultKind::WrongTotal(-100)).on_path("/rows");
        account.simulator.inject(lie());
        let report = account.pass(&passing()).await.unwrap();
        assert_eq!(report.campaigns[0].outcome, Outcome::Partial, "{campaign_detail:?}");
        account.simulator.clear_faults();
        account.complete_pass(&full()).await;
        account.assert_equal().await;
        account.simulator.inject(lie());
        let report = account.pass(&full()).await.unwrap();
        assert_eq!(report.campaigns[0].outcome, Outcome::Partial, "{campaign_detail:?}");
        account.assert_equal().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_total_that_lies_on_a_lone_page_is_noticed_wherever_pages_begin() {
    for (first_page, page_zero) in
        [(0, PageZero::Refuse400), (1, PageZero::ClampToFirst), (1, PageZero::EmptyRows)]
    {
        let flavour =
            Flavour::Older(OlderApi { first_page, page_zero, echo: Echo::Asked, ..OlderApi::default() });
        let account = Account::new(Options { flavour, rows: 200, ..one_campaign() }).await;
        account.simulator.inject(Fault::new(FaultKind::WrongTotal(-100)).on_path("/rows"));
        let report = account.pass(&passing()).await.unwrap();
        assert_eq!(report.campaigns[0].outcome, Outcome::Partial, "{first_page} {page_zero:?}");
        account.simulator.clear_faults();
        account.complete_pass(&passing()).await;
        account.assert_equal().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_rows_is_not_believed_of_a_campaign_that_counts_some() {
    let flavour = Flavour::Newer(NewerApi::default());
    let account = Account::new(Options { flavour, ..one_campaign() }).await;
    account.simulator.inject(Fault::new(FaultKind::EmptyRows).on_path("/rows"));
    let report = account.pass(&passing()).await.unwrap();
    assert_eq!(report.campaigns[0].outcome, Outcome::Partial);
    assert_eq!(
        report.campaigns[0].note.as_deref(),
        Some("the campaign counts 300 rows and shows none"),
        "the reason is said"
    );
    account.simulator.clear_faults();
    account.complete_pass(&passing()).await;
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_that_stands_still_keeps_no_walk_from_its_end() {
    let account = Account::new(one_campaign()).await;
    account.simulator.edit(|account| account.freeze_fingerprint(0)).unwrap();
    account.simulator.edit(|account| account.append_rows(0, 7)).unwrap();
    account.complete_pass(&full()).await;
    account.assert_equal().await;
    account.simulator.edit(|account| account.delete_row(0, 5)).unwrap();
    account.complete_pass(&full()).await;
    account.assert_equal().await;
}
