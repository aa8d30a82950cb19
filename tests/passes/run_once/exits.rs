//! Exit codes, and what has been written by then.

use crate::support::setting::Setting;
use revox_mirror::simulator::{Fault, FaultKind, Options};
use url::Url;

fn small() -> Options {
    Options { campaigns: 2, rows: 130, turns: 2, ..Options::default() }
}

/// Schemas of the mirror in the database.
const SCHEMAS: &str = "select count(*) from pg_namespace where nspname in ('revox', 'revox_sync')";

#[tokio::test(flavor = "multi_thread")]
async fn a_complete_pass_exits_0_and_logs_json_lines() {
    let setting = Setting::new(small()).await;
    let run = setting.run(&[]).await;
    run.exits(0);
    setting.assert_equal().await;
    let log = run.log();
    assert!(log.iter().all(|line| line["level"].is_string() && line["timestamp"].is_string()), "{}", run.err);
    let last = log.iter().rfind(|line| line["message"] == "pass finished").unwrap();
    assert_eq!((&last["rows_seen"], &last["rows_inserted"]), (&260.into(), &260.into()));
    assert!(run.out.contains("complete") && run.out.contains("260"), "{}", run.out);
    setting.run(&["--full"]).await.exits(0).says("unchanged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_that_fails_or_is_partial_exits_3() {
    let setting = Setting::new(small()).await;
    let ids = setting.simulator.campaign_ids();
    setting.simulator.inject(Fault::new(FaultKind::Status(403)).on_path(format!("{}/rows", ids[0])));
    setting.run(&[]).await.exits(3).says("failed").says("complete");
    assert_eq!(setting.count("select count(*) from revox.campaign_rows").await, 130, "the other one landed");
    setting.simulator.clear_faults();
    setting.simulator.inject(Fault::new(FaultKind::WrongTotal(5)).on_path(format!("{}/rows", ids[0])));
    setting.run(&[]).await.exits(3).says("partial");
    setting.simulator.clear_faults();
    setting.run(&[]).await.exits(0);
    setting.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspicious_pass_exits_3_until_it_is_accepted_or_over() {
    let setting = Setting::new(small()).await;
    setting.run(&[]).await.exits(0);
    setting.simulator.edit(|account| account.clear_rows(0)).unwrap();
    setting.run(&[]).await.exits(3).says("130 of 130 would vanish").says("--accept-deletions");
    setting.run(&[]).await.exits(3).says("as an earlier pass has reported").says("--accept-deletions");
    setting.run(&["--accept-deletions"]).await.exits(0);
    setting.assert_equal().await;
    setting.simulator.edit(|account| (0..2).try_for_each(|_| account.delete_campaign(0))).unwrap();
    setting.run(&[]).await.exits(3).says("the list is empty");
    setting.run(&[]).await.exits(3).says("2 of 2 would vanish").says("--accept-deletions");
    setting.run(&["--accept-deletions"]).await.exits(0).says("campaigns that are gone: 2");
    setting.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_reject_exits_3_and_a_known_one_0() {
    let setting = Setting::new(small()).await;
    setting.simulator.edit(|account| account.set_raw_row(0, 7, "17")).unwrap();
    setting.run(&[]).await.exits(3).says("revox_sync.rejects");
    setting.run(&["--full"]).await.exits(0);
    setting.simulator.edit(|account| account.set_raw_row(0, 7, "18")).unwrap();
    setting.run(&["--full"]).await.exits(3);
    setting.simulator.edit(|account| account.mend_row(0, 7)).unwrap();
    setting.run(&["--full"]).await.exits(0);
    assert_eq!(setting.count("select count(*) from revox_sync.rejects").await, 0);
    setting.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_key_exits_4_and_is_not_hammered() {
    let mut setting = Setting::new(small()).await;
    setting.set("REVOX_API_KEY", "of-somebody-else");
    let run = setting.run(&[]).await;
    run.exits(4);
    let last = run.log().pop().unwrap();
    assert!(last["level"] == "ERROR" && last["hint"].is_string(), "an error is a line of the log: {last}");
    // The list, and the search beside it, which may have been asked for before the list was refused.
    let asked = setting.simulator.requests().total;
    assert!(asked == 1 || asked == 2, "{asked}");
    assert_eq!(setting.count("select count(*) from revox.campaigns").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_campaign_and_another_account_exit_2() {
    let setting = Setting::new(small()).await;
    setting.run(&["--campaign", "no-such"]).await.exits(2).says("the account has no campaign no-such");
    assert_eq!(setting.count("select count(*) from revox.campaigns").await, 0);
    let id = setting.simulator.campaign_ids()[1].clone();
    setting.run(&["--campaign", &id]).await.exits(0);
    assert_eq!(setting.count("select count(distinct campaign_id) from revox.campaign_rows").await, 1);
    setting.run(&[]).await.exits(0);
    setting.simulator.edit(|account| account.set_organization_id("org-of-another"));
    setting.run(&["--full"]).await.exits(2).says("org-of-another").says("--accept-account");
    let strangers = "select count(*) from revox.campaigns where organization_id = 'org-of-another'";
    assert_eq!(setting.count(strangers).await, 0);
    setting.run(&["--full", "--accept-account"]).await.exits(0);
    setting.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_there_exits_5() {
    let mut setting = Setting::new(small()).await;
    let mut url = Url::parse(setting.database().url()).unwrap();
    url.set_path("/no_such_database");
    setting.set("DATABASE_URL", url.as_str());
    for more in [&[][..], &["--dry-run"]] {
        setting.run(more).await.exits(5).says("no_such_database").says("hint");
    }
    assert_eq!(setting.simulator.requests().total, 0, "the API is not asked for nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_not_create_schemas_exits_5() {
    let mut setting = Setting::new(small()).await;
    let name = setting.database().name().to_owned();
    let role = format!("nobody_{name}");
    setting
        .execute(&format!(
            "create role {role} login password 'of-nobody'; revoke create on database {name} from public"
        ))
        .await;
    let mut url = Url::parse(setting.database().url()).unwrap();
    url.set_username(&role).unwrap();
    url.set_password(Some("of-nobody")).unwrap();
    setting.set("DATABASE_URL", url.as_str());
    let refused = setting.run(&[]).await;
    let schemas = setting.count(SCHEMAS).await;
    setting.execute(&format!("grant create on database {name} to {role}")).await;
    let granted = setting.run(&[]).await;
    setting.execute(&format!("drop owned by {role}; drop role {role}")).await;
    refused.exits(5).says("create schemas").says("grant create on database");
    assert_eq!(schemas, 0);
    granted.exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_newer_than_the_program_exits_5_and_is_left_alone() {
    let setting = Setting::new(small()).await;
    setting.run(&[]).await.exits(0);
    setting
        .execute(
            "insert into revox_sync._sqlx_migrations (version, description, success, checksum, execution_time)
             values (99991231235959, 'of the future', true, '\\x00', 0)",
        )
        .await;
    setting.simulator.reset_requests();
    for more in [&["--full"][..], &["--dry-run"], &["--no-migrate"]] {
        setting.run(more).await.exits(5).says("99991231235959").says("newer version");
    }
    assert_eq!(setting.simulator.requests().total, 0);
    assert_eq!(setting.count("select count(*) from revox_sync.runs").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_leaves_an_empty_database_empty() {
    let setting = Setting::new(small()).await;
    setting.run(&["--dry-run"]).await.exits(0).says("nothing was written").says("260");
    assert_eq!(setting.count(SCHEMAS).await, 0);
    setting.run(&["--no-migrate"]).await.exits(5).says("revox-mirror migrate");
    assert_eq!(setting.count(SCHEMAS).await, 0);
}
