//! Accounts that answer in the older way today and in the newer way tomorrow, or back.

use super::{finish_all_calls, last_reason, readings, search, searches};
use crate::support::account::{Account, full, passing};
use crate::support::truth::assert_equal_as_shown;
use revox_mirror::simulator::{Fault, FaultKind, Flavour, NewerApi, OlderApi, Options, UnknownParameters};
use tokio_util::sync::CancellationToken;

const OLDER: Flavour = Flavour::Older(OlderApi { max_page_size: 20, ..older_default() });

const fn older_default() -> OlderApi {
    OlderApi {
        first_page: 1,
        page_zero: revox_mirror::simulator::PageZero::Refuse400,
        max_page_size: 100,
        oversize: revox_mirror::simulator::Oversize::Refuse400,
        echo: revox_mirror::simulator::Echo::Effective,
        filters: revox_mirror::simulator::Filters::Honoured,
        several_statuses: revox_mirror::simulator::SeveralStatuses::Comma,
    }
}

/// The newer API, with parameters passed over or refused.
fn newer_apis() -> [Flavour; 2] {
    [UnknownParameters::Ignored, UnknownParameters::Refused400]
        .map(|unknown_parameters| Flavour::Newer(NewerApi { unknown_parameters, ..NewerApi::default() }))
}

async fn account_of(flavour: Flavour, campaigns: usize, rows: usize) -> Account {
    let options = Options { campaigns, rows, turns: 4, flavour, ..Options::default() };
    let mut account = Account::new(options).await;
    account.mirror.settings.page_size = 20;
    account.mirror.settings.walk_pages_at_most = 0;
    account.simulator.edit(finish_all_calls);
    account
}

async fn edited_pass(account: &Account, row: usize) {
    account.simulator.edit(|account| account.edit_metadata(0, row)).unwrap();
    account.complete_pass(&passing()).await;
    assert_equal_as_shown(&account.simulator, &account.pool).await;
}

/// Each campaign's way, and whether it is later than the one before.
async fn ways(account: &Account) -> Vec<(String, chrono::DateTime<chrono::Utc>)> {
    sqlx::query_as(
        "select api_shape ->> 'paging', api_since from revox_sync.checkpoints order by campaign_id",
    )
    .fetch_all(&account.pool)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_changes_its_way_and_back_is_followed_and_the_search_is_used_while_there_is_one() {
    for newer in newer_apis() {
        let account = account_of(OLDER, 2, 90).await;
        account.complete_pass(&passing()).await;
        let mut since = Vec::new();
        for (round, flavour) in [newer, OLDER, newer, OLDER].into_iter().enumerate() {
            account.simulator.set_flavour(flavour);
            for row in 0..3 {
                edited_pass(&account, 3 * round + row).await;
            }
            account.simulator.reset_requests();
            edited_pass(&account, 3 * round + 50).await;
            let ways_now = ways(&account).await;
            if flavour.is_newer() {
                assert_eq!((last_reason(&account, 0).await.as_str(), readings(&account)), ("incremental", 0));
                assert_eq!(searches(&account), 1);
            } else {
                assert_eq!(searches(&account), 0, "an API with pages has no search");
            }
            let way = if flavour.is_newer() { "unpaged" } else { "paged" };
            assert_eq!(ways_now[0].0, way);
            assert!(since.iter().all(|earlier| ways_now[0].1 > *earlier), "{way}: {since:?}");
            since.push(ways_now[0].1);
            let status = account.mirror.store.as_ref().unwrap().load_status(1).await.unwrap();
            assert_eq!(status.accounts[0].api.as_deref(), Some(way));
            assert!(status.accounts[0].api_since.is_some());
            let campaign = &status.campaigns[0];
            assert!(campaign.api.is_some() && campaign.api_since.is_some());
            let report = account.verify().await;
            assert!(report.campaigns.iter().all(|campaign| campaign.differences.is_empty()), "{report:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_newer_api_shows_keeps_its_value_while_the_older_one_answers() {
    let account = account_of(newer_apis()[0], 2, 60).await;
    account.complete_pass(&passing()).await;
    let shown = "select count(outcome) + count(updated_at) + count(contact_email) from revox.calls";
    let outputs = "select md5(string_agg(t::text, ' ' order by call_attempt_id, turn_index))
                   from revox.transcript_turns t where tool_output is not null";
    let days = "select md5(string_agg(x.owner || r::text, ' ' order by x.owner, r.id))
                from (select id, call_retry_config_id from revox.calls
                      union all select id, call_retry_config_id from revox.campaigns
                      union all select id, call_retry_config_id from revox.assistants) x(owner, config)
                join revox.call_retry_configs r on r.id = x.config
                where r.allowed_days is not null and r.call_twice_in_a_row is not null";
    let said = async |statement: &'static str| -> Option<String> {
        sqlx::query_scalar(statement).fetch_one(&account.pool).await.unwrap()
    };
    let (outputs_before, days_before) = (said(outputs).await, said(days).await);
    assert!(outputs_before.is_some() && days_before.is_some());
    let parts =
        "select (select count(*) from revox.speech_events) + (select count(*) from revox.sms_messages)
                 + (select count(*) from revox.post_call_transcript_turns)";
    let (shown_before, parts_before) = (account.count(shown).await, account.count(parts).await);
    assert!(shown_before > 0 && parts_before > 0);
    account.simulator.set_flavour(OLDER);
    account.complete_pass(&full()).await;
    assert_eq!((account.count(shown).await, account.count(parts).await), (shown_before, parts_before));
    assert_eq!((said(outputs).await, said(days).await), (outputs_before, days_before));
    assert_equal_as_shown(&account.simulator, &account.pool).await;
    let report = account.verify().await;
    assert!(report.campaigns.iter().all(|campaign| campaign.differences.is_empty()), "{report:?}");
    account.simulator.set_flavour(newer_apis()[0]);
    account.complete_pass(&full()).await;
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_in_pages_that_was_stopped_half_way_goes_on_when_everything_comes_at_once() {
    for newer in newer_apis() {
        let mut account = account_of(OLDER, 1, 190).await;
        account.mirror.settings.batch_rows = 20;
        account.mirror.settings.pages_ahead = 1;
        let stop = account.mirror.stop.clone();
        account.simulator.on_request(move |number, _, _| {
            if number == 8 {
                stop.cancel();
            }
        });
        account.pass(&passing()).await.unwrap();
        assert!(account.count("select walk_next_page from revox_sync.checkpoints").await > 1);
        account.simulator.on_request(|_, _, _| {});
        account.mirror.stop = CancellationToken::new();
        account.simulator.set_flavour(newer);
        account.simulator.edit(|account| account.edit_metadata(0, 2)).unwrap();
        account.complete_pass(&passing()).await;
        account.assert_equal().await;
        assert_eq!(account.count("select count(*) from revox.campaign_rows").await, 190);
        account.complete_pass(&full()).await;
        account.assert_equal().await;
        assert_eq!(ways(&account).await[0].0, "unpaged");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_over_everything_that_broke_off_goes_on_in_pages() {
    let mut account = account_of(newer_apis()[0], 1, 700).await;
    account.mirror.settings.batch_rows = 100;
    account.simulator.inject(Fault::new(FaultKind::Truncated).on_path("/rows"));
    account.pass(&passing()).await.unwrap();
    assert!(account.count("select count(*) from revox.campaign_rows").await > 0, "some of it was committed");
    assert_eq!(
        account.count("select count(*) from revox_sync.checkpoints where walk_id is not null").await,
        1
    );
    account.simulator.clear_faults();
    account.simulator.set_flavour(OLDER);
    account.simulator.edit(|account| account.delete_row(0, 3)).unwrap();
    account.complete_pass(&passing()).await;
    assert_equal_as_shown(&account.simulator, &account.pool).await;
    assert_eq!(ways(&account).await[0].0, "paged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_that_changes_in_the_middle_of_a_walk_loses_and_doubles_nothing() {
    for newer in newer_apis() {
        for (from, to) in [(OLDER, newer), (newer, OLDER)] {
            for at in [1, 2, 4] {
                let account = account_of(from, 2, 90).await;
                account.complete_pass(&passing()).await;
                account.simulator.edit(|account| {
                    account.delete_row(0, 4).unwrap();
                    account.append_rows(0, 2).unwrap();
                });
                account.simulator.on_request(move |number, _, account| {
                    if number == at {
                        account.set_flavour(to);
                    }
                });
                account.pass(&full()).await.unwrap();
                account.simulator.on_request(|_, _, _| {});
                account.simulator.set_flavour(to);
                account.complete_pass(&passing()).await;
                account.complete_pass(&full()).await;
                assert_equal_as_shown(&account.simulator, &account.pool).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_that_changes_when_only_what_is_missing_is_looked_for_begins_the_walk_anew() {
    let account = account_of(OLDER, 1, 90).await;
    account.complete_pass(&passing()).await;
    account.simulator.edit(|account| account.delete_row(0, 4)).unwrap();
    let newer = newer_apis()[1];
    // Five pages; the sixth question is for the place where the row stood.
    account.simulator.on_request(move |number, _, account| {
        if number == 6 {
            account.set_flavour(newer);
        }
    });
    account.simulator.reset_requests();
    account.complete_pass(&full()).await;
    account.assert_equal().await;
    assert_eq!(ways(&account).await[0].0, "unpaged");
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_through_pages_that_are_none_any_more_reads_no_more_of_them() {
    let account = account_of(OLDER, 1, 400).await;
    account.complete_pass(&passing()).await;
    account.simulator.set_flavour(newer_apis()[0]);
    account.simulator.edit(|account| account.append_rows(0, 1)).unwrap();
    account.complete_pass(&passing()).await;
    assert_eq!(last_reason(&account, 0).await, "the API does not answer in pages any more");
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_the_older_api_lacked_is_begun_with_the_newer_one_at_once() {
    let account = account_of(OLDER, 1, 30).await;
    account.complete_pass(&passing()).await;
    assert_eq!(search(&account, "is_missing").await.as_deref(), Some("true"));
    account.simulator.set_flavour(newer_apis()[0]);
    edited_pass(&account, 1).await;
    assert_eq!(search(&account, "is_missing").await.as_deref(), Some("false"));
    edited_pass(&account, 2).await;
    assert!(search(&account, "begun_at").await.is_some());
}
