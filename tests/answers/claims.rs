//! What a walk may claim: answers that lie in agreement with each other, a first answer that misleads, and what two
//! campaigns or two calls share.

use crate::support::account::{Account, full, passing};
use revox_mirror::plan::Outcome;
use revox_mirror::simulator::{
    self, CampaignDetail, Echo, Fault, FaultKind, Flavour, NewerApi, OlderApi, Options, PageZero,
};
use revox_mirror::sync::PassOptions;
use std::ops::Range;
use std::time::Duration;

fn one_campaign() -> Options {
    Options { campaigns: 1, rows: 300, turns: 1, ..Options::default() }
}

/// Lists an attempt in a call with a smaller id as well, one of the row before; gives that row.
fn share_with_a_smaller_call(account: &mut simulator::Account, rows: Range<usize>) -> usize {
    let call = |account: &simulator::Account, row| account.call_id(0, row).ok().flatten();
    let is_smaller = |row: &usize| {
        let (here, next) = (call(account, *row), call(account, row + 1));
        here.is_some() && here < next
    };
    let rows: Vec<usize> = rows.filter(is_smaller).collect();
    let shared = rows.into_iter().find(|row| account.share_attempt((0, row + 1), (0, *row)).is_ok());
    shared.expect("a call with an attempt, next to a smaller one")
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

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_goes_back_to_the_larger_call_when_the_smaller_one_is_gone() {
    let account = Account::new(one_campaign()).await;
    account.complete_pass(&passing()).await;
    let taker = account.simulator.edit(|account| share_with_a_smaller_call(account, 0..299));
    account.complete_pass(&full()).await;
    account.assert_equal().await;
    account.simulator.edit(|account| account.delete_row(0, taker)).unwrap();
    account.complete_pass(&full()).await;
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_two_campaigns_show_goes_with_the_last_of_them() {
    for (first, second) in [(0, 1), (1, 0)] {
        let account = Account::new(Options { campaigns: 2, rows: 30, turns: 1, ..Options::default() }).await;
        account.simulator.edit(|account| account.replace_call(0, 3)).unwrap();
        account.complete_pass(&passing()).await;
        account.simulator.edit(|account| account.share_call((0, 3), (1, 3))).unwrap();
        account.complete_pass(&full()).await;
        let ids = account.simulator.campaign_ids();
        let call = account.simulator.edit(|account| account.call_id(0, 3)).unwrap().unwrap();
        for (place, live_of) in [(first, Some(&ids[second])), (second, None)] {
            account.simulator.edit(|account| account.delete_row(place, 3)).unwrap();
            account.complete_pass(&full()).await;
            account.assert_equal().await;
            let campaign: Option<String> = sqlx::query_scalar(
                "select campaign_id from revox.calls where id = $1 and _deleted_at is null",
            )
            .bind(&call)
            .fetch_optional(&account.pool)
            .await
            .unwrap();
            assert_eq!(campaign.as_ref(), live_of, "it is the campaign's that shows it");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_that_was_broken_off_knows_that_an_attempt_may_come_back() {
    let account = Account::new(Options { rows: 1_200, ..one_campaign() }).await;
    account.complete_pass(&passing()).await;
    let taker = account.simulator.edit(|account| share_with_a_smaller_call(account, 0..300));
    account.complete_pass(&full()).await;
    account.simulator.edit(|account| account.delete_row(0, taker)).unwrap();
    account.simulator.inject(Fault::new(FaultKind::Status(404)).on_path("page=9"));
    let report = account.pass(&full()).await.unwrap();
    assert_eq!(report.campaigns[0].outcome, Outcome::Failed);
    account.simulator.clear_faults();
    account.complete_pass(&passing()).await;
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_moves_while_its_old_campaign_ends_stays_alive() {
    let account = Account::new(Options { campaigns: 2, rows: 30, turns: 1, ..Options::default() }).await;
    account.simulator.edit(|account| account.replace_call(0, 3)).unwrap();
    account.complete_pass(&passing()).await;
    let ids = account.simulator.campaign_ids();
    let call = account.simulator.edit(|account| account.call_id(0, 3)).unwrap().unwrap();
    let row = account.simulator.edit(|account| account.row_ids(1)).unwrap()[5].clone();
    account.simulator.edit(|account| account.move_call((0, 3), (1, 5))).unwrap();
    // The other campaign's batch, just before its commit.
    let mut batch = account.pool.begin().await.unwrap();
    for statement in [
        "update revox.calls set campaign_id = $1 where id = $2",
        "update revox.campaign_rows set call_id = $2 where campaign_id = $1 and id = $3",
    ] {
        let query = sqlx::query(statement).bind(&ids[1]).bind(&call);
        let query = if statement.contains("$3") { query.bind(&row) } else { query };
        assert_eq!(query.execute(&mut *batch).await.unwrap().rows_affected(), 1);
    }
    let options = PassOptions { campaigns: vec![ids[0].clone()], ..full() };
    let commit = async {
        let waiting = "select count(*) from pg_stat_activity
                       where datname = current_database() and wait_event_type = 'Lock'";
        while account.count(waiting).await == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        batch.commit().await.unwrap();
    };
    let (report, ()) = tokio::join!(account.complete_pass(&options), commit);
    assert_eq!(report.campaigns.len(), 1);
    let living: i64 =
        sqlx::query_scalar("select count(*) from revox.calls where id = $1 and _deleted_at is null")
            .bind(&call)
            .fetch_one(&account.pool)
            .await
            .unwrap();
    assert_eq!(living, 1, "a live row shows it");
    account.complete_pass(&full()).await;
    account.assert_equal().await;
}
