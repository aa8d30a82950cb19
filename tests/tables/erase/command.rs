//! The command: what it removes, what it says, what it refuses.

use super::person::{DIGITS, MARKER, NUMBER, flavours, options, plant};
use crate::support::leaks::leaks;
use crate::support::program::{self, Run};
use crate::support::setting::Setting;
use revox_mirror::simulator::{Flavour, Options};
use serde_json::Value;
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use tempfile::NamedTempFile;

/// A key file.
pub(crate) fn key_file(content: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    writeln!(file, "{content}").unwrap();
    file
}

/// Runs the program.
pub(crate) async fn run(setting: &Setting, arguments: &[&str]) -> Run {
    let environment: Vec<(&str, &str)> =
        setting.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    program::run(arguments, &environment).await
}

/// Gives the program a key.
pub(crate) fn set_key(setting: &mut Setting) -> NamedTempFile {
    let file = key_file(&"k".repeat(64));
    setting.set("REVOX_MIRROR__PRIVACY__KEY_FILE", file.path().to_str().unwrap());
    file
}

async fn lines(setting: &Setting) -> i64 {
    setting
        .count(
            "select (select count(*) from revox.campaign_rows) + (select count(*) from revox.calls)
                  + (select count(*) from revox.call_attempts) + (select count(*) from revox.transcript_turns)
                  + (select count(*) from revox_sync.rejects)",
        )
        .await
}

async fn everything_goes_and_stays_away(flavour: Flavour) {
    let mut setting = Setting::new(options(flavour)).await;
    let _key = set_key(&mut setting);
    let person = plant(&setting.simulator);
    // What cannot be stored is rejected.
    setting.run(&[]).await.exits(3);
    for marker in [MARKER, DIGITS] {
        for table in ["revox.campaign_rows", "revox.calls", "revox_sync.rejects"] {
            let found = leaks(&setting.pool, marker).await;
            assert!(found.iter().any(|line| line.starts_with(table)), "{marker} is not in {table}");
        }
    }
    let before = lines(&setting).await;

    let dry = run(&setting, &["erase", "--phone", NUMBER, "--dry-run"]).await;
    dry.exits(0).says("A dry run").says("revox.transcript_turns").says("revox_sync.rejects");
    assert_eq!(lines(&setting).await, before);
    assert_eq!(setting.count("select count(*) from revox_sync.erased").await, 0);
    let for_programs = run(&setting, &["erase", "--phone", NUMBER, "--dry-run", "--json"]).await;
    let for_programs: Value = serde_json::from_str(&for_programs.exits(0).out).unwrap();
    assert_eq!(for_programs["dry_run"], true);
    assert!(dry.out.contains(&for_programs["lines"]["revox.transcript_turns"].to_string()), "{for_programs}");
    let counted = for_programs["lines"].as_object().unwrap().values().filter_map(Value::as_u64).sum::<u64>();
    assert_eq!(for_programs["total"], counted);

    let erased = run(&setting, &["erase", "--phone", NUMBER]).await;
    erased.exits(0).says("revox.calls").says("No pass brings any of it back");
    let table = |run: &Run| {
        run.out.lines().filter(|line| line.contains("revox")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(table(&dry), table(&erased), "the dry run counts what is removed");
    let none: Vec<String> = Vec::new();
    assert_eq!(person.traces(&setting.pool).await, none, "after the erasure");
    assert!(lines(&setting).await < before);

    setting.run(&[]).await.exits(0);
    setting.run(&["--full"]).await.exits(0);
    assert_eq!(person.traces(&setting.pool).await, none, "after passes");
    run(&setting, &["verify"]).await.exits(0).says("equals the API");
    run(&setting, &["verify", "--repair"]).await.exits(0);
    assert_eq!(person.traces(&setting.pool).await, none, "after a repair");

    // Another installation of the same account knows what it is not to read, and every row again when it is told so.
    setting.execute("update revox_sync.row_states set hash = null").await;
    setting.run(&["--full"]).await.exits(0);
    assert_eq!(person.traces(&setting.pool).await, none, "after every row was read again");

    let again = run(&setting, &["erase", "--phone", "0033639980017"]).await;
    again.exits(0);
    assert_eq!(table(&again), none, "nothing is left to be removed");
    assert_eq!(setting.count("select count(*) from revox_sync.erased").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_about_a_number_goes_and_stays_away_on_the_older_api() {
    everything_goes_and_stays_away(flavours()[0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_about_a_number_goes_and_stays_away_on_the_newer_api() {
    everything_goes_and_stays_away(flavours()[1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_with_the_row_that_shows_it_and_neither_comes_back() {
    for flavour in flavours() {
        let mut setting = Setting::new(options(flavour)).await;
        let _key = set_key(&mut setting);
        setting.run(&[]).await.exits(0);
        let (row, call): (String, String) = sqlx::query_as(
            "select id, call_id from revox.campaign_rows where call_id is not null order by id limit 1",
        )
        .fetch_one(&setting.pool)
        .await
        .unwrap();
        let rows = setting.count("select count(*) from revox.campaign_rows").await;
        run(&setting, &["erase", "--call", &call]).await.exits(0);
        let replaced = setting.simulator.campaign_ids().into_iter().find_map(|campaign| {
            let truth = setting.simulator.truth(&*campaign).unwrap();
            let place = truth.iter().position(|json| json.contains(&format!("\"{row}\"")))?;
            setting.simulator.edit(|account| account.replace_call(&*campaign, place)).ok()
        });
        assert!(replaced.is_some(), "the row shows another call now");
        setting.run(&["--full"]).await.exits(0);
        assert_eq!(leaks(&setting.pool, &call).await, Vec::<String>::new());
        assert_eq!(setting.count("select count(*) from revox.campaign_rows").await, rows - 1);
        run(&setting, &["verify"]).await.exits(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_erased_or_brought_back_without_the_key() {
    let mut setting = Setting::new(Options { campaigns: 1, rows: 20, turns: 2, ..Options::default() }).await;
    setting.run(&[]).await.exits(0);
    run(&setting, &["erase", "--phone", NUMBER]).await.exits(2).says("privacy.key_file");
    let short = key_file("too short");
    setting.set("REVOX_MIRROR__PRIVACY__KEY_FILE", short.path().to_str().unwrap());
    run(&setting, &["erase", "--phone", NUMBER]).await.exits(2).says("privacy.key_file").says("32");
    setting.run(&[]).await.exits(2).says("privacy.key_file");
    assert_eq!(setting.count("select count from revox_sync.erasures").await, 0);

    let key = set_key(&mut setting);
    for bad in [
        &["erase"][..],
        &["erase", "--phone", "12"],
        &["erase", "--phone", "nobody"],
        &["erase", "--call", ""],
    ] {
        run(&setting, bad).await.exits(2);
    }
    run(&setting, &["erase", "--phone", NUMBER, "--call", "no such call"]).await.exits(0);
    setting.run(&[]).await.exits(0);

    let said = run(&setting, &["check"]).await;
    assert!(!said.says("the key by which erased people are known").out.contains("chmod"), "{}", said.out);
    std::fs::set_permissions(key.path(), Permissions::from_mode(0o640)).unwrap();
    run(&setting, &["check"]).await.says("others can read it: chmod 600");

    let other = key_file(&"o".repeat(32));
    setting.set("REVOX_MIRROR__PRIVACY__KEY_FILE", other.path().to_str().unwrap());
    for arguments in [&["run", "--once"][..], &["verify"], &["erase", "--phone", NUMBER]] {
        run(&setting, arguments).await.exits(2).says("another key");
    }
    setting.environment.retain(|(name, _)| name != "REVOX_MIRROR__PRIVACY__KEY_FILE");
    for arguments in [&["run", "--once"][..], &["verify"]] {
        let said = run(&setting, arguments).await;
        said.exits(2)
            .says("privacy.key_file is not set")
            .says("the people who were erased cannot be left out");
    }
}
