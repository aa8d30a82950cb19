//! The program: `run --once`, the daemon, `verify`, and what is wrong about a configuration.

use crate::support::program;
use crate::support::setting::Setting;
use chrono::{TimeDelta, Utc};
use revox_mirror::clock::Clock;
use revox_mirror::simulator::Options;

const TRANSCRIPTS: &str = "REVOX_MIRROR__RETENTION__TRANSCRIPTS";
const CALLS: &str = "REVOX_MIRROR__RETENTION__CALLS";
const TURNS: &str = "select count(*) from revox.transcript_turns";
const OLD_TURNS: &str =
    "select count(*) from revox.transcript_turns t join revox.call_attempts a on a.id = t.call_attempt_id";

/// An account all of which happened a year ago and before.
async fn setting() -> Setting {
    let then = Clock::system().now() - TimeDelta::days(400);
    let options = Options {
        campaigns: 1,
        rows: 40,
        turns: 2,
        clock: Some(Clock::from_fn(move || then.with_timezone(&Utc))),
        ..Options::default()
    };
    Setting::new(options).await
}

async fn verify(setting: &Setting) {
    let environment: Vec<(&str, &str)> =
        setting.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    program::run(&["verify"], &environment).await.exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_removes_what_is_past_its_time_and_verify_and_repair_agree() {
    let mut setting = setting().await;
    setting.run(&[]).await.exits(0);
    assert!(setting.count(TURNS).await > 0);
    setting.set(TRANSCRIPTS, "180d");
    setting.run(&[]).await.exits(0).says("what was past its time was removed");
    assert_eq!(setting.count(TURNS).await, 0);
    setting.run(&["--full"]).await.exits(0);
    assert_eq!(setting.count(TURNS).await, 0);
    verify(&setting).await;
    setting.execute("update revox.call_attempts set result = 'spoilt'").await;
    let environment: Vec<(&str, &str)> =
        setting.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    program::run(&["verify", "--repair"], &environment).await.exits(0);
    assert_eq!(setting.count(TURNS).await, 0);
    // A dry run neither moves anything nor removes it.
    setting.set(CALLS, "180d");
    setting.run(&["--dry-run"]).await.exits(0);
    assert!(setting.count("select count(*) from revox.calls").await > 0);
    setting.run(&[]).await.exits(0);
    assert_eq!(setting.count("select count(*) from revox.calls where status = 'completed'").await, 0);
    verify(&setting).await;
    let environment: Vec<(&str, &str)> =
        setting.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    program::run(&["status"], &environment)
        .await
        .exits(0)
        .says("As [retention] has it, transcripts of before");
    setting.set(TRANSCRIPTS, "");
    setting.set(CALLS, "");
    setting.run(&[]).await.exits(0);
    assert!(setting.count(TURNS).await > 0);
    setting.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_removes_what_is_past_its_time() {
    let setting = setting().await;
    setting.run(&[]).await.exits(0);
    assert!(setting.count(OLD_TURNS).await > 0);
    let daemon = setting.daemon(&[(TRANSCRIPTS, "30d"), (CALLS, "60d")]);
    setting.until_count(TURNS, 0).await;
    setting.until_count("select count(*) from revox.calls where status = 'completed'", 0).await;
    // While it runs nobody else keeps more, and brings back what it has removed.
    setting.run(&[]).await.exits(2).says("calls=60d").says("[retention]");
    daemon.stop().await;
    assert_eq!(setting.count("select count(*) from revox.campaign_rows").await, 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_about_the_configuration_is_said_with_its_key() {
    let mut setting = setting().await;
    for (variable, key) in [
        (TRANSCRIPTS, "retention.transcripts"),
        ("REVOX_MIRROR__RETENTION__RECORDING_URLS", "retention.recording_urls"),
        (CALLS, "retention.calls"),
    ] {
        for (value, why) in [("23h", "must be a day at least"), ("soon", "180d"), ("180", "180d")] {
            setting.set(variable, value);
            setting.run(&[]).await.exits(2).says(key).says(why);
        }
        setting.set(variable, "");
    }
    setting.set("REVOX_MIRROR__RETENTION__MESSAGES", "30d");
    setting.run(&[]).await.exits(2).says("retention.messages");
}
