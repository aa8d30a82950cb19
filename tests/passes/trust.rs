//! What the mirror believes: faults, lies, shifting pages, tombstones and refusals, from the simulator into a real
//! Postgres.

use crate::support::account::{Account, full, passing};
use revox_mirror::plan::Outcome;
use revox_mirror::simulator::{Fault, FaultKind, Options, RetryAfter};
use revox_mirror::sync::{FailureKind, PassOptions, SyncError};
use std::time::Duration;

fn small() -> Options {
    Options { campaigns: 2, rows: 230, turns: 4, ..Options::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_deleted_behind_the_walk_and_one_appended_ahead_are_both_noticed() {
    let account = Account::new(Options { campaigns: 1, rows: 450, turns: 1, ..Options::default() }).await;
    account.complete_pass(&passing()).await;
    let mut done = false;
    account.simulator.on_request(move |_, path, account| {
        // The total stays as it was: only the campaign's own word tells.
        if !done && path.contains("page=2") {
            done = true;
            account.delete_row(0, 0).unwrap();
            account.append_rows(0, 1).unwrap();
        }
    });
    account.complete_pass(&full()).await;
    account.assert_equal().await;
    assert_eq!(
        account.count("select count(*) from revox.campaign_rows where _deleted_at is not null").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_campaign_is_not_asked_for_its_word_before_the_last_page_has_come() {
    let account = Account::new(Options { campaigns: 1, rows: 250, turns: 1, ..Options::default() }).await;
    account.complete_pass(&passing()).await;
    let (asked, was_asked) = tokio::sync::oneshot::channel();
    let mut asked = Some(asked);
    account.simulator.on_request(move |_, path, _| {
        if let Some(asked) = asked.take_if(|_| path.contains("page=3")) {
            asked.send(()).unwrap();
        }
    });
    // Its answer is made at once and comes late, when a row that has been read is there no more.
    account
        .simulator
        .inject(Fault::new(FaultKind::Slow(Duration::from_millis(500))).on_path("page=3").nth(1));
    let change = async {
        was_asked.await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        account.simulator.edit(|account| {
            account.delete_row(0, 0).unwrap();
            account.append_rows(0, 1).unwrap();
        });
    };
    account.simulator.reset_requests();
    let everything = full();
    tokio::join!(account.complete_pass(&everything), change);
    let pages = account.simulator.requests().count("GET /campaigns/{id}/rows");
    assert!(
        pages >= 6,
        "the word is that of after the change, so that everything is read again: {pages} requests"
    );
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_that_never_stands_still_ends_partial_and_loses_nothing() {
    let account = Account::new(Options { campaigns: 2, rows: 250, turns: 1, ..Options::default() }).await;
    account.simulator.on_request(|_, path, account| {
        if path.contains("/rows") {
            account.append_rows(0, 1).unwrap();
        }
    });
    let report = account.pass(&passing()).await.unwrap();
    assert_eq!(report.campaigns[0].outcome, Outcome::Partial, "{:?}", report.campaigns[0].note);
    assert_eq!(report.campaigns[1].outcome, Outcome::Complete, "the other campaign is not touched");
    assert_eq!(account.count("select count(*) from revox_sync.runs where outcome = 'partial'").await, 1);
    account.simulator.on_request(|_, _, _| {});
    account.complete_pass(&passing()).await;
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_every_kind_are_survived() {
    let faults = [
        FaultKind::Status429(RetryAfter::Unsaid),
        FaultKind::Status503Html,
        FaultKind::Status(500),
        FaultKind::Status(408),
        FaultKind::Reset,
        FaultKind::Truncated,
        FaultKind::TruncatedChunks,
        FaultKind::MalformedJson,
        FaultKind::EmptyBody,
        FaultKind::HtmlOk,
        FaultKind::HalfJson,
    ];
    for kind in faults {
        let account = Account::new(Options { campaigns: 1, rows: 250, turns: 1, ..Options::default() }).await;
        account.simulator.inject(Fault::new(kind.clone()).every(3).times(4));
        let report = account.pass(&passing()).await.unwrap();
        assert_eq!(
            report.campaigns[0].outcome,
            Outcome::Complete,
            "{kind:?}: {:?}",
            report.campaigns[0].note
        );
        assert!(report.cost.retries > 0, "{kind:?}");
        account.assert_equal().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_lie_never_make_a_walk_complete() {
    let lies =
        [FaultKind::WrongTotal(-7), FaultKind::WrongTotal(9), FaultKind::EmptyRows, FaultKind::RepeatPage];
    for kind in lies {
        let account = Account::new(Options { campaigns: 1, rows: 350, turns: 1, ..Options::default() }).await;
        account.complete_pass(&passing()).await;
        account.simulator.inject(Fault::new(kind.clone()).on_path("page=1"));
        let report = account.pass(&full()).await.unwrap();
        assert_ne!(report.campaigns[0].outcome, Outcome::Complete, "{kind:?}");
        let dead =
            account.count("select count(*) from revox.campaign_rows where _deleted_at is not null").await;
        assert_eq!(dead, 0, "{kind:?} makes no tombstone");
        account.simulator.clear_faults();
        account.complete_pass(&full()).await;
        account.assert_equal().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_rows_gone_at_once_are_suspicious_and_none_is_tombstoned() {
    let account = Account::new(Options { campaigns: 1, rows: 300, turns: 1, ..Options::default() }).await;
    account.complete_pass(&passing()).await;
    account.simulator.edit(|account| (0..100).try_for_each(|_| account.delete_row(0, 100))).unwrap();
    let report = account.pass(&full()).await.unwrap();
    assert_eq!(report.campaigns[0].outcome, Outcome::Suspicious);
    assert_eq!(
        account.count("select count(*) from revox.campaign_rows where _deleted_at is not null").await,
        0
    );
    account.simulator.edit(|account| account.clear_rows(0)).unwrap();
    let report = account.pass(&full()).await.unwrap();
    assert_eq!(report.campaigns[0].outcome, Outcome::Suspicious, "all of them");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_is_gone_after_two_passes_that_found_it_gone_and_can_come_back() {
    let account = Account::new(Options { campaigns: 6, rows: 20, turns: 1, ..Options::default() }).await;
    account.complete_pass(&passing()).await;
    let ids = account.simulator.campaign_ids();
    account.simulator.edit(|account| account.list_campaign(2, false)).unwrap();
    for _ in 0..3 {
        account.complete_pass(&passing()).await;
    }
    assert_eq!(
        account.count("select count(*) from revox.campaigns where _deleted_at is null").await,
        6,
        "it still answers"
    );
    account.simulator.edit(|account| account.delete_campaign(ids[2].as_str())).unwrap();
    assert_eq!(account.complete_pass(&passing()).await.campaigns_tombstoned, 0);
    assert_eq!(account.complete_pass(&passing()).await.campaigns_tombstoned, 1);
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_campaign_is_its_own_failure_alone() {
    let account = Account::new(small()).await;
    let ids = account.simulator.campaign_ids();
    account.simulator.inject(Fault::new(FaultKind::Status(403)).on_path(format!("{}/rows", ids[0])));
    let report = account.pass(&passing()).await.unwrap();
    assert_eq!(report.campaigns[0].outcome, Outcome::Failed);
    assert_eq!(report.campaigns[0].failure, Some(FailureKind::CampaignRefused));
    assert_eq!(report.campaigns[1].outcome, Outcome::Complete);
    assert_eq!(
        account
            .count("select count(*) from revox_sync.runs where outcome = 'failed' and error is not null")
            .await,
        1
    );
    account.simulator.clear_faults();
    account.complete_pass(&passing()).await;
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_list_changes_nothing() {
    let account = Account::new(small()).await;
    account.complete_pass(&passing()).await;
    account.simulator.edit(|account| account.set_api_key("another"));
    account.simulator.reset_requests();
    let error = account.pass(&full()).await.unwrap_err();
    assert!(matches!(&error, SyncError::List(error) if error.is_refused()), "{error}");
    assert_eq!(account.simulator.requests().total, 1, "a refused key is not hammered");
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_organization_or_address_is_refused_before_anything_is_written() {
    let mut account = Account::new(small()).await;
    account.complete_pass(&passing()).await;
    let before = crate::support::account::synced(&account.pool).await;
    account.simulator.edit(|account| account.set_organization_id("org-of-another"));
    let error = account.pass(&full()).await.unwrap_err();
    assert!(matches!(error, SyncError::AnotherAccount { .. }), "{error}");
    account.mirror.base_url = "https://elsewhere.example/api".to_owned();
    assert!(matches!(account.pass(&full()).await.unwrap_err(), SyncError::AnotherAccount { .. }));
    assert_eq!(crate::support::account::synced(&account.pool).await, before);
    account.complete_pass(&PassOptions { accept_account: true, ..full() }).await;
    account.complete_pass(&full()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_that_was_broken_off_goes_on_at_its_checkpoint() {
    let account = Account::new(Options { campaigns: 1, rows: 1_500, turns: 1, ..Options::default() }).await;
    account.simulator.inject(Fault::new(FaultKind::Status(404)).on_path("page=12"));
    let report = account.pass(&passing()).await.unwrap();
    assert_eq!(report.campaigns[0].outcome, Outcome::Failed);
    let landed = account.count("select count(*) from revox.campaign_rows").await;
    assert!(landed >= 900, "{landed} rows were committed before the failure");
    account.simulator.clear_faults();
    account.simulator.reset_requests();
    account.complete_pass(&passing()).await;
    let pages = account.simulator.requests().count("GET /campaigns/{id}/rows");
    assert!(pages <= 6, "{pages} pages were read again instead of the 15 of the whole");
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_campaigns_gone_at_once_are_said_and_none_is_tombstoned() {
    let account = Account::new(Options { campaigns: 6, rows: 5, turns: 1, ..Options::default() }).await;
    account.complete_pass(&passing()).await;
    for id in account.simulator.campaign_ids().iter().take(3) {
        account.simulator.edit(|account| account.delete_campaign(id.as_str())).unwrap();
    }
    assert_eq!(account.pass(&passing()).await.unwrap().suspicious, None, "one pass proves nothing");
    let report = account.pass(&passing()).await.unwrap();
    assert!(report.suspicious.is_some_and(|reason| reason.contains("3 of 6")));
    assert_eq!(account.count("select count(*) from revox.campaigns where _deleted_at is not null").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_line_that_was_left_open_is_closed_by_the_next_pass() {
    let account = Account::new(Options { campaigns: 1, rows: 5, turns: 1, ..Options::default() }).await;
    account.complete_pass(&passing()).await;
    sqlx::query("update revox_sync.runs set outcome = null, finished_at = null")
        .execute(&account.pool)
        .await
        .unwrap();
    account.complete_pass(&full()).await;
    assert_eq!(account.count("select count(*) from revox_sync.runs where finished_at is null").await, 0);
    let broken_off =
        "select count(*) from revox_sync.runs where outcome = 'failed' and error like 'broken off%'";
    assert_eq!(account.count(broken_off).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_that_stand_in_each_others_way_are_made_again() {
    // The list's parents, a batch, and the end of a pass: each meets with a deadlock, twice in a row.
    for (table, event) in [
        ("revox.assistants", "insert or update"),
        ("revox.campaign_rows", "insert or update"),
        ("revox_sync.runs", "update"),
    ] {
        let account = Account::new(Options { campaigns: 1, rows: 30, turns: 1, ..Options::default() }).await;
        let deadlocks = format!(
            "create sequence public.meetings;
             create function public.meet() returns trigger language plpgsql as $$
             begin
                 if nextval('public.meetings') <= 2 then
                     raise exception 'on purpose' using errcode = 'deadlock_detected';
                 end if;
                 return null;
             end $$;
             create trigger meet after {event} on {table} for each row execute function public.meet()"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(deadlocks)).execute(&account.pool).await.unwrap();
        account.complete_pass(&passing()).await;
        account.assert_equal().await;
        let met: i64 = account.count("select last_value from public.meetings").await;
        assert!(met > 2, "{table}: {met}");
    }
}
