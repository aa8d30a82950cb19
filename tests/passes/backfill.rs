//! The full walk, from the simulator into a real Postgres: what lands, what a resumed or an unproven walk does,
//! and what is never written twice.

use crate::support::account::{Account, full, passing};
use revox_mirror::plan::Outcome;
use revox_mirror::simulator::{
    CampaignDetail, Echo, Flavour, NewerApi, Numbers, OlderApi, Options, Oversize, PageZero,
    UnknownParameters,
};
use revox_mirror::sync::{PassOptions, SyncError};

fn small() -> Options {
    Options { campaigns: 2, rows: 230, turns: 4, ..Options::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_holds_all_that_the_older_api_shows() {
    let account = Account::new(small()).await;
    let report = account.complete_pass(&passing()).await;
    assert_eq!(report.campaigns.len(), 2);
    assert_eq!(report.campaigns[0].rows.inserted, 230);
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_asks_for_each_page_and_once_for_the_campaign_that_the_list_has_just_shown() {
    let account = Account::new(small()).await;
    account.complete_pass(&passing()).await;
    account.simulator.reset_requests();
    account.complete_pass(&full()).await;
    let requests = account.simulator.requests();
    let asked =
        ["GET /campaigns", "GET /campaigns/{id}", "GET /campaigns/{id}/rows"].map(|it| requests.count(it));
    assert_eq!(asked, [1, 2, 6], "{requests:?}");
    assert_eq!(requests.total, 9, "{requests:?}");
}

/// One page more than there are is what finding out costs, and one question the search.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_pass_asks_once_for_what_it_finds_out_with() {
    for (first_page, page_zero) in [
        (0, PageZero::Refuse400),
        (1, PageZero::Refuse400),
        (1, PageZero::ClampToFirst),
        (1, PageZero::EmptyRows),
    ] {
        let flavour = Flavour::Older(OlderApi { first_page, page_zero, ..OlderApi::default() });
        let account = Account::new(Options { flavour, ..small() }).await;
        account.complete_pass(&passing()).await;
        let requests = account.simulator.requests();
        let asked = ["GET /campaigns", "GET /campaigns/{id}", "GET /campaigns/{id}/rows"]
            .map(|it| requests.count(it));
        assert_eq!(asked, [1, 2, 7], "{first_page}, {page_zero:?}: {requests:?}");
        assert_eq!(requests.total, 11, "{first_page}, {page_zero:?}: {requests:?}");
        account.assert_equal().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_holds_all_that_the_newer_api_shows() {
    let options = Options { flavour: Flavour::Newer(NewerApi::default()), ..small() };
    let account = Account::new(options).await;
    account.complete_pass(&passing()).await;
    account.assert_equal().await;
    assert!(account.count("select count(*) from revox.speech_events").await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_paging_is_found_out_without_configuration() {
    let mut flavours = vec![
        Flavour::Newer(NewerApi { unknown_parameters: UnknownParameters::Ignored, ..NewerApi::default() }),
        Flavour::Newer(NewerApi { unknown_parameters: UnknownParameters::Refused400, ..NewerApi::default() }),
    ];
    for (first_page, page_zero) in [
        (0, PageZero::Refuse400),
        (1, PageZero::Refuse400),
        (1, PageZero::ClampToFirst),
        (1, PageZero::EmptyRows),
    ] {
        for (oversize, echo) in [
            (Oversize::Refuse400, Echo::Effective),
            (Oversize::Clamp, Echo::Effective),
            (Oversize::Clamp, Echo::Asked),
        ] {
            for max_page_size in [100, 20] {
                flavours.push(Flavour::Older(OlderApi {
                    first_page,
                    page_zero,
                    oversize,
                    echo,
                    max_page_size,
                    ..OlderApi::default()
                }));
            }
        }
    }
    for flavour in flavours {
        let options = Options {
            flavour,
            campaigns: 3,
            rows: 123,
            turns: 1,
            numbers: Numbers::Floats,
            ..Options::default()
        };
        let account = Account::new(options).await;
        // One campaign fits on a page, one on none: neither tells where pages begin.
        account.simulator.edit(|account| account.clear_rows(1)).unwrap();
        let first = account.pass(&passing()).await.unwrap();
        for campaign in &first.campaigns {
            assert_eq!(campaign.outcome, Outcome::Complete, "{flavour:?}: {:?}", campaign.note);
        }
        account.assert_equal().await;
        // What was found out is remembered: a second walk asks for nothing twice.
        account.simulator.reset_requests();
        account.complete_pass(&full()).await;
        let pages = account.simulator.requests().count("GET /campaigns/{id}/rows");
        let Flavour::Older(older) = &flavour else {
            assert_eq!(pages, 3, "{flavour:?}");
            continue;
        };
        let walked = 2 * 123_u64.div_ceil(u64::from(older.max_page_size)) + 1;
        assert!(pages <= walked, "{pages} pages instead of {walked}: {flavour:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_are_asked_for_at_once_are_no_longer_what_they_were() {
    let numbered_from_zero = Flavour::Older(OlderApi { first_page: 0, ..OlderApi::default() });
    let smaller = Flavour::Older(OlderApi { max_page_size: 20, ..OlderApi::default() });
    let cut =
        Flavour::Older(OlderApi { max_page_size: 20, oversize: Oversize::Clamp, ..OlderApi::default() });
    let all_at_once =
        Flavour::Newer(NewerApi { unknown_parameters: UnknownParameters::Ignored, ..NewerApi::default() });
    for now in [numbered_from_zero, smaller, cut, all_at_once] {
        let account = Account::new(small()).await;
        account.complete_pass(&passing()).await;
        account.simulator.set_flavour(now);
        account.complete_pass(&full()).await;
        let shown = account.count("select count(*) from revox.campaign_rows where _deleted_at is null").await;
        assert_eq!(shown, 460, "{now:?}");
    }
    // Where there were three pages there is one now.
    let account = Account::new(small()).await;
    account.complete_pass(&passing()).await;
    account.simulator.edit(|account| (40..230).for_each(|_| account.delete_row(0, 40).unwrap()));
    let accepting = PassOptions { accept_deletions: true, ..full() };
    account.pass(&full()).await.unwrap();
    account.complete_pass(&accepting).await;
    account.assert_equal().await;
    assert_eq!(
        account.count("select count(*) from revox.campaign_rows where _deleted_at is null").await,
        270
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_walk_over_an_unchanged_account_writes_nothing() {
    let account = Account::new(small()).await;
    account.complete_pass(&passing()).await;
    let before = crate::support::account::synced(&account.pool).await;
    let report = account.complete_pass(&full()).await;
    for campaign in &report.campaigns {
        assert_eq!(campaign.rows.unchanged, 230);
        assert_eq!(campaign.rows.updated + campaign.rows.inserted, 0);
    }
    assert_eq!(crate::support::account::synced(&account.pool).await, before, "nothing was written again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_prompt_writes_one_assistant_and_no_rows() {
    let account = Account::new(small()).await;
    account.complete_pass(&passing()).await;
    let before = crate::support::account::synced(&account.pool).await;
    account.simulator.edit(|account| account.edit_assistant_prompt(0)).unwrap();
    let report = account.complete_pass(&full()).await;
    assert_eq!(report.campaigns.iter().map(|campaign| campaign.rows.unchanged).sum::<u64>(), 460);
    account.assert_equal().await;
    let after = crate::support::account::synced(&account.pool).await;
    for table in ["campaign_rows", "calls", "call_attempts"] {
        assert_eq!(before[table], after[table], "{table}");
    }
    assert_eq!(
        account.count("select count(*) from revox.assistants where _synced_at > _first_seen_at").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_of_every_kind_land_in_the_next_walk() {
    let account = Account::new(small()).await;
    account.complete_pass(&passing()).await;
    account
        .simulator
        .edit(|account| {
            account.append_rows(0, 3)?;
            account.insert_row(0, 10)?;
            account.delete_row(0, 50)?;
            account.delete_row(1, 0)?;
            account.replace_call(0, 5)?;
            account.remove_call(0, 7)?;
            account.advance_calls(1, 40)?;
            account.edit_input_data(1, 20)?;
            account.edit_metadata(1, 21)?;
            account.delete_attempt(1, 30)
        })
        .ok();
    account.complete_pass(&full()).await;
    account.assert_equal().await;
    let dead = account.count("select count(*) from revox.campaign_rows where _deleted_at is not null").await;
    assert_eq!(dead, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_moves_or_is_shared_lives_while_a_live_row_shows_it() {
    let account = Account::new(small()).await;
    account.simulator.edit(|account| account.replace_call(0, 3)).unwrap();
    account.complete_pass(&passing()).await;
    account.simulator.edit(|account| account.share_call((0, 3), (0, 4))).unwrap();
    account.complete_pass(&full()).await;
    account.assert_equal().await;
    account.simulator.edit(|account| account.delete_row(0, 3)).unwrap();
    account.complete_pass(&full()).await;
    account.assert_equal().await;
    account
        .simulator
        .edit(|account| account.replace_call(0, 8).and_then(|()| account.move_call((0, 8), (0, 9))))
        .unwrap();
    account.complete_pass(&full()).await;
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_two_calls_list_belongs_to_the_smaller_call() {
    let account = Account::new(small()).await;
    account.complete_pass(&passing()).await;
    let shared = account.simulator.edit(|account| {
        (0..229)
            .find(|row| account.share_attempt((0, *row), (0, row + 1)).is_ok())
            .expect("a row with an attempt")
    });
    account.complete_pass(&full()).await;
    account.assert_equal().await;
    // When one of the two is gone, it is the other's.
    account.simulator.edit(|account| account.delete_row(0, shared)).unwrap();
    account.complete_pass(&full()).await;
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_campaign_is_an_error_before_anything_is_written() {
    let account = Account::new(small()).await;
    let options = PassOptions { campaigns: vec!["no-such-campaign".into()], ..passing() };
    let error = account.pass(&options).await.unwrap_err();
    assert!(matches!(error, SyncError::UnknownCampaign { .. }), "{error}");
    assert_eq!(account.count("select count(*) from revox.campaigns").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_campaigns_asked_for_are_walked() {
    let account = Account::new(small()).await;
    let ids = account.simulator.campaign_ids();
    let options = PassOptions { campaigns: vec![ids[1].clone()], ..passing() };
    let report = account.complete_pass(&options).await;
    assert_eq!(report.campaigns.len(), 1);
    assert_eq!(account.count("select count(*) from revox.campaigns").await, 2, "the list is written whole");
    assert_eq!(account.count("select count(distinct campaign_id) from revox.campaign_rows").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_writes_nothing_and_says_what_it_would() {
    let account = Account::new(small()).await;
    let dry = PassOptions { dry_run: true, ..passing() };
    let report = account.complete_pass(&dry).await;
    assert_eq!(report.campaigns[0].rows.inserted, 230);
    for table in [
        "revox.campaigns",
        "revox_sync.runs",
        "revox_sync.checkpoints",
        "revox_sync.leases",
        "revox_sync.installation",
    ] {
        let statement = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        let count: i64 = sqlx::query_scalar(statement).fetch_one(&account.pool).await.unwrap();
        assert_eq!(count, 0, "{table}");
    }
    account.complete_pass(&passing()).await;
    account
        .simulator
        .edit(|account| account.append_rows(0, 2).and_then(|()| account.edit_input_data(0, 1)))
        .unwrap();
    account.simulator.edit(|account| account.delete_row(0, 100)).unwrap();
    let report = account.complete_pass(&PassOptions { dry_run: true, ..full() }).await;
    let rows = report.campaigns[0].rows;
    assert_eq!((rows.inserted, rows.tombstoned), (2, 1));
    assert!(rows.updated >= 1 && rows.unchanged > 0, "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_changes_its_api_is_followed() {
    let account = Account::new(small()).await;
    account.complete_pass(&passing()).await;
    account.simulator.set_flavour(Flavour::Newer(NewerApi {
        unknown_parameters: UnknownParameters::Refused400,
        ..NewerApi::default()
    }));
    account.complete_pass(&full()).await;
    account.assert_equal().await;
    account.simulator.set_flavour(Flavour::Older(OlderApi::default()));
    account.complete_pass(&full()).await;
    assert_eq!(
        account.count("select count(*) from revox.campaign_rows where _deleted_at is null").await,
        460
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_list_without_counts_and_assistants_is_enough() {
    let options = Options { campaign_detail: CampaignDetail::Bare, ..small() };
    let account = Account::new(options).await;
    account.complete_pass(&passing()).await;
    account.complete_pass(&passing()).await;
    assert_eq!(account.count("select count(*) from revox.campaign_rows").await, 460);
    assert_eq!(account.count("select count(*) from revox.assistants where prompt is null").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_account_costs_one_request() {
    let account = Account::new(Options { campaigns: 4, ..small() }).await;
    // No call is under way, and none is to be called: nothing but the list can tell of a change.
    account.simulator.edit(|account| {
        for campaign in 0..4 {
            for row in 0..230 {
                let status = account.call_status(campaign, row).unwrap();
                if status.is_some_and(|status| !matches!(status, "completed" | "cancelled" | "errored")) {
                    account.remove_call(campaign, row).unwrap();
                }
            }
        }
    });
    account.complete_pass(&passing()).await;
    account.simulator.reset_requests();
    let report = account.complete_pass(&passing()).await;
    assert!(report.campaigns.iter().all(|campaign| campaign.outcome == Outcome::Skipped));
    assert_eq!(account.simulator.requests().total, 1);
    assert_eq!(
        account.count("select count(*) from revox_sync.runs").await,
        4,
        "a skipped pass leaves no line"
    );
    // One that changed is walked, the others are not.
    account.simulator.edit(|account| account.append_rows(2, 1)).unwrap();
    let report = account.complete_pass(&passing()).await;
    assert_eq!(report.campaigns.iter().filter(|campaign| campaign.outcome == Outcome::Complete).count(), 1);
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_would_take_too_much_memory_are_asked_for_with_fewer_rows_and_fewer_wanted_are_fewer_asked_for()
 {
    let api = OlderApi { max_page_size: 10_000, ..OlderApi::default() };
    let options =
        Options { flavour: Flavour::Older(api), campaigns: 1, rows: 1_200, turns: 16, ..Options::default() };
    let mut account = Account::new(options).await;
    account.mirror.settings.page_size = 5_000;
    let sizes = |account: &Account| {
        let requests = account.simulator.requests();
        let sizes = requests.recent.iter().filter_map(|request| {
            let (_, query) = request.split_once("/rows?")?;
            query.split('&').find_map(|pair| pair.strip_prefix("page_size="))?.parse::<u32>().ok()
        });
        let mut sizes: Vec<u32> = sizes.collect();
        sizes.dedup();
        sizes
    };
    account.complete_pass(&passing()).await;
    assert_eq!(sizes(&account), [5_000, 1_000, 250], "11 MB, 9 MB and 2 MB of JSON");
    account.assert_equal().await;

    account.simulator.reset_requests();
    account.complete_pass(&full()).await;
    assert_eq!(sizes(&account), [250], "what was found out is remembered");

    account.simulator.reset_requests();
    account.mirror.settings.page_size = 40;
    account.complete_pass(&full()).await;
    assert_eq!(sizes(&account), [40], "less is wanted than before");
    account.assert_equal().await;
}
