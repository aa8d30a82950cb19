//! The language model's prompts, which are left out unless the configuration asks for them, and what it takes for a
//! setting of what is kept to be followed.

use crate::support::account::{Account, full, passing};
use revox_mirror::plan::Outcome;
use revox_mirror::simulator::{Fault, FaultKind, Flavour, NewerApi, OlderApi, Options};

const PROMPTS: &str = "select count(llm_system_prompt) from revox.speech_events";
const RUNS: &str = "select count(*) from revox_sync.runs";

/// Everything that is stored, as text, but for the tables of what a walk has seen.
async fn stored(account: &Account) -> String {
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_schema || '.' || table_name from information_schema.tables
         where table_schema in ('revox', 'revox_sync') and table_type = 'BASE TABLE'",
    )
    .fetch_all(&account.pool)
    .await
    .unwrap();
    let mut all = String::new();
    for table in tables {
        let statement = format!("select coalesce(string_agg(t::text, ' '), '') from {table} t");
        let text: String =
            sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(&account.pool).await.unwrap();
        all.push_str(&text);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn prompts_are_kept_from_the_next_pass_on_once_they_are_wanted_and_go_when_they_are_not() {
    let options = Options {
        flavour: Flavour::Newer(NewerApi::default()),
        campaigns: 2,
        rows: 30,
        turns: 4,
        ..Options::default()
    };
    let mut account = Account::new(options).await;
    // Everything is ended and settled: nothing but the setting is a reason to read.
    account.simulator.edit(|account| {
        for campaign in 0..2 {
            while account.advance_calls(campaign, usize::MAX).unwrap() > 0 {}
        }
    });
    account.complete_pass(&passing()).await;
    account.complete_pass(&passing()).await;
    let spoken = account.count("select count(*) from revox.speech_events where speaker = 'agent'").await;
    assert!(spoken > 0);
    assert_eq!(account.count(PROMPTS).await, 0);
    assert!(!stored(&account).await.contains("l'assistant…"), "it is nowhere");
    assert_eq!(account.count("select count(*) from revox_sync.drift").await, 0);

    for (keep, expected) in [(true, spoken), (false, 0)] {
        account.mirror.settings.normalize.keep_llm_system_prompt = keep;
        let runs = account.count(RUNS).await;
        account.complete_pass(&passing()).await;
        assert_eq!(account.count(RUNS).await, runs + 2, "each campaign is read again");
        assert_eq!(account.count(PROMPTS).await, expected, "{keep}");
        assert_eq!(account.count("select count(*) from revox_sync.drift").await, 0);
        let verified = account.verify().await;
        assert!(verified.is_equal(), "{verified:#?}");
        // Once.
        account.simulator.reset_requests();
        account.complete_pass(&passing()).await;
        assert_eq!(account.simulator.requests().total, 1, "{keep}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_a_newer_version_writes_anew_belie_no_fingerprint() {
    let account = Account::new(Options { campaigns: 2, rows: 30, turns: 1, ..Options::default() }).await;
    account.simulator.edit(|account| {
        for campaign in 0..2 {
            while account.advance_calls(campaign, usize::MAX).unwrap() > 0 {}
        }
    });
    account.complete_pass(&passing()).await;
    account.complete_pass(&full()).await;
    // As an older version would have left it, which knew nothing of a column.
    sqlx::raw_sql(
        "update revox_sync.checkpoints set read_as = '0';
         update revox_sync.row_states set hash = decode(repeat('00', 16), 'hex'), unsettled_since = null;
         update revox.calls set to_phone_number = null;",
    )
    .execute(&account.pool)
    .await
    .unwrap();
    account.complete_pass(&passing()).await;
    account.assert_equal().await;
    let trusted = "select count(*) from revox_sync.checkpoints where fingerprint_trusted";
    assert_eq!(account.count(trusted).await, 2, "nothing has changed in the API");
    account.simulator.reset_requests();
    account.complete_pass(&passing()).await;
    assert_eq!(account.simulator.requests().total, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_that_was_begun_before_a_setting_changed_begins_anew() {
    let options = Options {
        flavour: Flavour::Older(OlderApi::default()),
        campaigns: 1,
        rows: 60,
        turns: 1,
        ..Options::default()
    };
    let mut account = Account::new(options).await;
    account.mirror.settings.page_size = 10;
    account.mirror.settings.batch_rows = 10;
    account.mirror.settings.pages_ahead = 1;
    let ids = account.simulator.edit(|account| account.row_ids(0)).unwrap();
    for (place, id) in ids.iter().enumerate() {
        let event = r#"{"id":"s","speaker":"agent","llm_system_prompt":"You are kind"}"#;
        let attempt = format!(r#"{{"id":"a{place}","speech_events":[{event}]}}"#);
        let row = format!(
            r#"{{"id":"{id}","row_index":{place},"call":{{"id":"c{place}","call_attempts":[{attempt}]}}}}"#
        );
        account.simulator.edit(|account| account.set_raw_row(0, place, row)).unwrap();
    }
    account.simulator.inject(Fault::new(FaultKind::Status(403)).on_path("/rows").nth(5).times(1000));
    let report = account.pass(&full()).await.unwrap();
    assert_eq!(report.campaigns[0].outcome, Outcome::Failed);
    let begun = "select walk_next_page from revox_sync.checkpoints";
    assert!(account.count(begun).await > 0, "some of it was read without the prompts");
    account.simulator.clear_faults();
    account.mirror.settings.normalize.keep_llm_system_prompt = true;
    account.complete_pass(&passing()).await;
    assert_eq!(account.count(PROMPTS).await, 60);
}
