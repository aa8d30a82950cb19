//! The search as the program keeps it: after `run --once` and by the daemon, configured, refused, failing, reported.

use crate::support::program::{self, Run};
use crate::support::running::until;
use crate::support::setting::Setting;
use revox_mirror::simulator::{Fault, FaultKind, Options};
use serde_json::Value;

const LANGUAGE: &str = "REVOX_MIRROR__SEARCH__LANGUAGE";
const ENABLED: &str = "REVOX_MIRROR__SEARCH__ENABLED";
const SPOKEN: &str = "select count(distinct t.call_attempt_id) from revox.transcript_turns t join revox.call_attempts a \
                      on a.id = t.call_attempt_id where t.content <> '' and a._deleted_at is null";
const WORDS: &str = "select count(*) from revox.transcript_words w join revox.call_attempts a \
                     on a.id = w.call_attempt_id and a._synced_at = w.attempt_synced_at";
const MARKS: &str = "select count(*) from revox_sync.search_marks";

fn small() -> Options {
    Options { campaigns: 2, rows: 150, turns: 4, ..Options::default() }
}

async fn command(setting: &Setting, arguments: &[&str]) -> Run {
    let environment: Vec<(&str, &str)> =
        setting.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    program::run(arguments, &environment).await
}

async fn search_status(setting: &Setting) -> Value {
    let run = command(setting, &["status", "--json"]).await;
    run.exits(0);
    serde_json::from_str::<Value>(&run.out).unwrap()["search"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_pass_fills_the_search_and_status_says_how_far_it_is_behind() {
    let mut setting = Setting::new(small()).await;
    // One that cannot be filled is a warning, and no failure of the pass.
    setting.run(&[]).await.exits(0);
    let spoken = setting.count(SPOKEN).await;
    assert!(spoken > 20);
    assert_eq!((setting.count(WORDS).await, setting.count(MARKS).await), (spoken, 0));
    let found = setting.count("select count(*) from revox.search_transcripts('thanks')").await;
    assert!(found > 0);
    let up_to_date = search_status(&setting).await;
    assert_eq!((&up_to_date["is_on"], &up_to_date["attempts_behind"]), (&true.into(), &0.into()));
    assert!(!command(&setting, &["status"]).await.out.contains("The search over what was said"));

    setting.execute("alter function revox_sync.read_transcript rename to hidden").await;
    setting.execute("update revox.call_attempts set _synced_at = clock_timestamp()").await;
    let failed = setting.run(&[]).await;
    failed.exits(0).says("what was said could not be read for the search");
    let behind = search_status(&setting).await;
    let attempts = setting.count("select count(*) from revox.call_attempts").await;
    assert_eq!(behind["attempts_behind"], attempts);
    assert!(behind["behind_since"].is_string());
    let sheet = command(&setting, &["status"]).await;
    sheet.says(&format!("The search over what was said is behind by {attempts} attempts at most"));

    setting.execute("alter function revox_sync.hidden rename to read_transcript").await;
    setting.set(LANGUAGE, "english");
    setting.set("REVOX_MIRROR__SEARCH__CAMPAIGNS__NO_SUCH_CAMPAIGN", "french");
    let checked = command(&setting, &["check"]).await;
    checked.says("search.campaigns names campaigns that the mirror does not hold: no_such_campaign");
    setting.environment.retain(|(name, _)| !name.contains("NO_SUCH_CAMPAIGN"));
    setting.run(&[]).await.exits(0);
    assert_eq!((setting.count(WORDS).await, setting.count(MARKS).await), (spoken, 0));
    assert_eq!(
        setting.count("select count(*) from revox.transcript_words where language <> 'english'").await,
        0
    );

    setting.set(ENABLED, "false");
    setting.run(&["--dry-run"]).await.exits(0);
    assert_eq!(setting.count(WORDS).await, spoken, "a dry run changes nothing");
    setting.run(&[]).await.exits(0);
    assert_eq!(setting.count(WORDS).await, 0);
    assert_eq!(search_status(&setting).await["is_on"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_language_that_does_not_exist_is_refused_at_the_start_and_its_key_named() {
    let mut setting = Setting::new(small()).await;
    for (variable, value, key) in [
        (LANGUAGE, "klingon", "search.language"),
        ("REVOX_MIRROR__SEARCH__CAMPAIGNS__CMP_1", "klingon", "search.campaigns.cmp_1"),
        (LANGUAGE, "", "search.language"),
        (LANGUAGE, "french'; drop", "search.language"),
    ] {
        let before = setting.environment.clone();
        setting.set(variable, value);
        for arguments in [&["run", "--once"][..], &["run"], &["check"]] {
            let refused = command(&setting, arguments).await;
            refused.exits(2).says(key);
            if value == "klingon" {
                refused.says("klingon").says("french");
            }
        }
        setting.environment = before;
    }
    assert_eq!(setting.count("select count(*) from revox.campaigns").await, 0, "before anything was read");
    setting.set(LANGUAGE, "klingon");
    setting.set(ENABLED, "false");
    setting.run(&[]).await.exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_follows_what_passes_write_and_what_an_earlier_filling_left() {
    let setting = Setting::new(small()).await;
    let daemon = setting.daemon(&[]);
    daemon.says("the daemon runs").await;
    setting.until_equal().await;
    until("every transcript was read", async || {
        setting.count(WORDS).await == setting.count(SPOKEN).await && setting.count(MARKS).await == 0
    })
    .await;
    // A turn that alone has changed.
    let rows = setting.simulator.truth(0).unwrap();
    let is_spoken = |row: &Value| row["call"]["call_attempts"][0]["transcript"][0]["content"].is_string();
    let (at, mut row) = rows
        .iter()
        .map(|row| serde_json::from_str::<Value>(row).unwrap())
        .enumerate()
        .find(|(_, row)| is_spoken(row))
        .unwrap();
    row["call"]["call_attempts"][0]["transcript"][0]["content"] = "an unheard word".into();
    setting.simulator.edit(|account| account.set_raw_row(0, at, row.to_string())).unwrap();
    setting.until_count("select count(*) from revox.search_transcripts('unheard')", 1).await;

    // What no pass brings: the next look at the account sees to it.
    setting.simulator.inject(Fault::new(FaultKind::Status(500)).on_path("/rows"));
    setting
        .execute("update revox.transcript_turns set content = 'left over'; update revox.call_attempts set _synced_at = now()")
        .await;
    until("the rest was read", async || {
        setting.count("select count(distinct call_attempt_id) from revox.search_transcripts('\"left over\"', null, 100000)").await
            == setting.count(SPOKEN).await
    })
    .await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_whose_search_fails_goes_on_and_fills_it_when_it_can() {
    let setting = Setting::new(small()).await;
    setting.run(&[]).await.exits(0);
    setting.execute("alter function revox_sync.read_transcript rename to hidden").await;
    setting.execute("update revox.call_attempts set _synced_at = clock_timestamp()").await;
    let daemon = setting.daemon(&[]);
    daemon.says("what was said could not be read for the search").await;
    setting.simulator.edit(|account| account.append_rows(0, 5)).unwrap();
    setting.until_equal().await;
    setting.execute("alter function revox_sync.hidden rename to read_transcript").await;
    until("every transcript was read", async || {
        setting.count(WORDS).await == setting.count(SPOKEN).await && setting.count(MARKS).await == 0
    })
    .await;
    daemon.stop().await;
}
