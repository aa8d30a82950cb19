//! The settings, one with the other and one after the other.

use crate::erase::person::{DIGITS, MARKER, NUMBER, Person, flavours, options, plant};
use crate::support::account::{Account, passing};
use crate::support::leaks::leaks;
use crate::support::program;
use crate::support::setting::Setting;
use revox_mirror::normalize::{PhoneNumbers, Privacy, PrivacyKey};
use std::io::Write;

const SECRET: [u8; 32] = [b'p'; 32];

fn everything_left_out(phone_numbers: PhoneNumbers) -> Privacy {
    Privacy {
        no_transcripts: true,
        no_recording_urls: true,
        input_keys_left_out: vec!["name".to_owned()],
        phone_numbers,
    }
}

/// An account in which the person is planted, and its mirror.
async fn planted(flavour: revox_mirror::simulator::Flavour) -> (Account, Person) {
    let mut account = Account::new(options(flavour)).await;
    account.set_privacy_key(SECRET);
    let person = plant(&account.simulator);
    (account, person)
}

async fn assert_left_out(account: &Account, phone_numbers: PhoneNumbers) {
    let said = ["input", "turn", "speech"].map(|place| format!("{MARKER} {place}"));
    let number = [DIGITS, "639 980 017", "639980017"].map(str::to_owned);
    for text in said.iter().chain(&number) {
        assert_eq!(leaks(&account.pool, text).await, Vec::<String>::new(), "{text}");
    }
    assert!(!leaks(&account.pool, &format!("{MARKER} output")).await.is_empty(), "the rest is kept");
    assert_eq!(account.count("select count(*) from revox.transcript_turns").await, 0);
    assert_eq!(account.count("select count(*) from revox.post_call_transcript_turns").await, 0);
    assert_eq!(
        account.count("select count(*) from revox.speech_events where transcript is not null").await,
        0
    );
    assert_eq!(
        account.count("select count(*) from revox.call_attempts where recording_url is not null").await,
        0
    );
    // Everybody's number, and not the person's alone.
    for row in account.simulator.truth(0).unwrap().iter().step_by(7) {
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        let number = row["phone_number"].as_str().unwrap().trim_start_matches('+');
        assert_eq!(leaks(&account.pool, number).await, Vec::<String>::new(), "{number}");
    }
    // A number is the same in every table.
    let form = PrivacyKey::new(&SECRET).written(NUMBER, phone_numbers);
    for table in ["campaign_rows", "calls", "call_attempts"] {
        let column = if table == "calls" { "to_phone_number" } else { "phone_number" };
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "select count(*) from revox.{table} where {column} = $1"
        )))
        .bind(&form)
        .fetch_one(&account.pool)
        .await
        .unwrap();
        assert!(count >= 2, "{table}: {count}");
    }
    let report = account.verify().await;
    let differences: Vec<_> = report.campaigns.iter().flat_map(|it| &it.differences).take(5).collect();
    assert!(report.is_equal(), "{differences:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_out_reaches_no_table_and_verify_agrees() {
    for flavour in flavours() {
        for phone_numbers in [PhoneNumbers::Hashed, PhoneNumbers::Masked] {
            let (mut account, _) = planted(flavour).await;
            account.mirror.settings.normalize.privacy = everything_left_out(phone_numbers);
            account.pass(&passing()).await.unwrap();
            assert_left_out(&account, phone_numbers).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_pass_follows_a_setting_and_follows_it_back() {
    for flavour in flavours() {
        let (mut account, _) = planted(flavour).await;
        account.pass(&passing()).await.unwrap();
        assert!(!leaks(&account.pool, DIGITS).await.is_empty());
        let turns = account.count("select count(*) from revox.transcript_turns").await;
        assert!(turns > 0);
        account.mirror.settings.normalize.privacy = everything_left_out(PhoneNumbers::Hashed);
        account.pass(&passing()).await.unwrap();
        assert_left_out(&account, PhoneNumbers::Hashed).await;
        account.mirror.settings.normalize.privacy = Privacy::default();
        account.pass(&passing()).await.unwrap();
        assert_eq!(account.count("select count(*) from revox.transcript_turns").await, turns);
        assert!(account.verify().await.is_equal());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_whose_number_is_not_shown_is_erased_all_the_same() {
    let mut key = tempfile::NamedTempFile::new().unwrap();
    key.write_all(&SECRET).unwrap();
    for form in ["hashed", "masked"] {
        let mut setting = Setting::new(options(flavours()[1])).await;
        setting.set("REVOX_MIRROR__PRIVACY__PHONE_NUMBERS", form);
        setting.run(&[]).await.exits(2).says("privacy.phone_numbers").says("privacy.key_file");
        setting.set("REVOX_MIRROR__PRIVACY__KEY_FILE", key.path().to_str().unwrap());
        let person = plant(&setting.simulator);
        setting.run(&[]).await.exits(3);
        assert!(!leaks(&setting.pool, MARKER).await.is_empty());
        assert_eq!(leaks(&setting.pool, DIGITS).await, Vec::<String>::new());
        let environment: Vec<(&str, &str)> =
            setting.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        program::run(&["erase", "--phone", NUMBER], &environment).await.exits(0).says("revox.calls");
        assert_eq!(person.traces(&setting.pool).await, Vec::<String>::new(), "{form}");
        setting.run(&["--full"]).await.exits(0);
        assert_eq!(person.traces(&setting.pool).await, Vec::<String>::new(), "{form}");
        program::run(&["verify"], &environment).await.exits(0);
    }
}
