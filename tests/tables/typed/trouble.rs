//! What people are told when a view cannot be made or followed, until it is mended.

use super::rows::{account, called, columns, contact, execute, lines, pass, set, the_view, view_of};
use crate::support::account::Account;
use crate::support::http;
use crate::support::program::{self, Run};
use crate::support::setting::Setting;
use revox_mirror::simulator::Options;
use serde_json::{Value, json};

/// Runs the program on an account's mirror.
async fn run(account: &Account, arguments: &[&str]) -> Run {
    let key = Options::default().api_key;
    let environment = [
        ("DATABASE_URL", account.database.mirror_url()),
        ("REVOX_API_KEY", key.as_str()),
        ("REVOX_BASE_URL", &account.simulator.base_url()),
    ];
    program::run(arguments, &environment).await
}

/// What `status --json` says of views.
async fn views(account: &Account) -> Vec<Value> {
    let said = run(account, &["status", "--json"]).await;
    said.exits(0);
    let said: Value = serde_json::from_str(&said.out).unwrap();
    said["views"].as_array().unwrap().clone()
}

/// `status`, its JSON and `check` name the one view, say what happened and what to do.
async fn assert_said(account: &Account, view: &str, what: &str, what_to_do: &str) {
    let said = views(account).await;
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(said[0]["view"], view, "{said:?}");
    assert!(said[0]["what"].as_str().unwrap().contains(what), "{said:?}");
    assert!(said[0]["what_to_do"].as_str().unwrap().contains(what_to_do), "{said:?}");
    let said = (run(account, &["status"]).await, run(account, &["check"]).await);
    said.1.says("views          look at The view ");
    for said in [&said.0, &said.1] {
        said.exits(0).says(view).says(what).says("What to do:").says(what_to_do);
    }
}

/// After a pass nothing is said any more.
async fn assert_mended(account: &Account) {
    pass(account).await;
    assert_eq!(views(account).await, [] as [Value; 0]);
    let said = run(account, &["check"]).await;
    said.exits(0).says("nothing is wrong with the views");
    assert!(!run(account, &["status"]).await.out.contains("What to do"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_a_views_place_is_said_never_touched_and_mended_by_moving_it() {
    let account = account(1, 2).await;
    set(&account, 0, &[contact(0, &json!({"a": "1"}))]);
    pass(&account).await;
    let view = the_view(&account).await.replace('"', "");
    let what = "something that the mirror has not made stands in its place";
    let all = "select row_id, row_index, phone_number, call_id, status, result, attempts, last_attempt_at, input_data,
                      structured_output, a";
    for (place, drop) in [
        (format!("create table {view} as {all} from public.mine"), "table"),
        (format!("create materialized view {view} as {all} from public.mine"), "materialized view"),
        // With the very columns of the mirror's own.
        (format!("create view {view} as {all} from public.mine"), "view"),
    ] {
        execute(
            &account,
            &format!("create table public.mine as select * from {view}; drop view {view}; {place}"),
        )
        .await;
        let count = format!("select count(*)::text from {view}");
        let before = lines(&account, &count).await;
        // Nothing has happened in the account.
        pass(&account).await;
        assert_said(&account, &view, what, "rename or drop").await;
        pass(&account).await;
        assert_said(&account, &view, what, "rename or drop").await;
        assert_eq!(lines(&account, &count).await, before, "it stays as it is");

        execute(&account, &format!("alter {drop} {view} rename to moved")).await;
        assert_mended(&account).await;
        execute(&account, &format!("drop {drop} revox_campaigns.moved; drop table public.mine")).await;
        assert!(columns(&account).await.contains(&"a text".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_somebody_changed_is_said_without_a_new_key_and_mended_by_changing_it_back() {
    let account = account(1, 2).await;
    set(&account, 0, &[contact(0, &json!({"a": "1"}))]);
    pass(&account).await;
    let view = the_view(&account).await.replace('"', "");
    execute(&account, &format!("alter view {view} rename column a to mine")).await;
    pass(&account).await;
    assert_said(&account, &view, "cannot change name of view column", "names and types back").await;
    execute(&account, &format!("alter view {view} rename column mine to a")).await;
    assert_mended(&account).await;

    // Of another type, by hand.
    execute(
        &account,
        &format!(
            "drop view {view};
             create view {view} as select row_id, row_index::text as row_index from revox_sync.typed_rows"
        ),
    )
    .await;
    pass(&account).await;
    assert_said(&account, &view, "cannot change data type of view column", "drop it").await;
    execute(&account, &format!("drop view {view}")).await;
    assert_mended(&account).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_has_another_type_than_its_column_is_said_until_it_has_its_old_one() {
    let account = account(1, 2).await;
    let asks = |day: u32, kind: &str| {
        let fields = json!([{"name": "score", "type": kind}]);
        let updated_at = format!("2026-03-0{day}T00:00:00Z");
        let asks = json!({"id": "assistant-1", "name": "Asks", "updated_at": updated_at, "structured_output_config": fields});
        set(&account, 0, &[called(0, &json!({}), &[json!({"score": day})], &asks)]);
    };
    asks(1, "number");
    pass(&account).await;
    assert_eq!(views(&account).await, [] as [Value; 0]);
    asks(2, "date");
    pass(&account).await;
    let view = view_of(&account, "assistant-1").await.unwrap();
    assert_said(
        &account,
        &view,
        "the assistant's field is date now, and the column stays numeric",
        "if the column may stay",
    )
    .await;
    asks(3, "number");
    assert_mended(&account).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_is_gone_is_made_again_and_where_the_right_is_not_there_it_is_said() {
    let mut setting = Setting::new(Options { campaigns: 2, rows: 3, turns: 1, ..Options::default() }).await;
    let role = setting.log_in_with("a-password").await;
    setting.run(&[]).await.exits(0);
    let views = "select count(*) from pg_class where relnamespace in
                 (to_regnamespace('revox_campaigns'), to_regnamespace('revox_assistants'))";
    let all = setting.count(views).await;
    assert!(all > 2);
    setting.execute("drop schema revox_campaigns cascade").await;
    setting.run(&[]).await.exits(0);
    assert_eq!(setting.count(views).await, all, "made again");

    let database = setting.database().name().to_owned();
    setting
        .execute(&format!("revoke create on database {database} from {role}; drop schema revox_campaigns, revox_assistants cascade"))
        .await;
    setting.run(&[]).await.exits(0).says("view could not be made or changed");
    let environment: Vec<(&str, &str)> =
        setting.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let statements =
        ["campaigns", "assistants"].map(|kind| format!("create schema revox_{kind} authorization {role}"));
    for command in ["status", "check"] {
        let said = program::run(&[command], &environment).await;
        said.exits(0).says("permission denied").says(&statements[0]).says(&statements[1]);
    }
    // The status page says the same.
    let daemon = setting.daemon(&[("REVOX_MIRROR__ADMIN__LISTEN", "127.0.0.1:0")]);
    let words = "the status page is at this address";
    daemon.says(words).await;
    let log = daemon.log();
    let line: Value = serde_json::from_str(log.lines().find(|line| line.contains(words)).unwrap()).unwrap();
    let page = http::get(line["address"].as_str().unwrap(), "/").await.body;
    assert!(page.contains(&statements[0]) && page.contains(&statements[1]), "{page}");
    daemon.stop().await;

    setting.execute(&statements.join("; ")).await;
    setting.run(&[]).await.exits(0);
    assert_eq!(setting.count(views).await, all);
    let said = program::run(&["status"], &environment).await;
    assert!(!said.out.contains("What to do"), "{}", said.out);
    setting.execute(&format!("drop owned by {role} cascade")).await;
    setting.execute(&format!("drop role {role}")).await;
}
