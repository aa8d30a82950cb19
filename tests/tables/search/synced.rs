//! `_synced_at` says when the content of a line last changed, its lists included: the search and others rely on it.

use crate::support::account::{Account, full};
use revox_mirror::simulator::{Flavour, NewerApi, Options};
use serde_json::{Value, json};

/// What is done to the JSON of an attempt.
type Change = fn(&mut Value);

/// When each attempt and each assistant last changed, as text.
async fn synced(account: &Account) -> Vec<(String, String)> {
    sqlx::query_as(
        "select id, _synced_at::text from revox.call_attempts
         union all
         select id, _synced_at::text from revox.assistants
         order by 1",
    )
    .fetch_all(&account.pool)
    .await
    .unwrap()
}

/// Changes the JSON of a row, reads everything again, and returns the ids of the lines whose time has moved.
async fn moved_by(account: &Account, row: usize, change: impl FnOnce(&mut Value)) -> Vec<String> {
    let before = synced(account).await;
    let mut json: Value = serde_json::from_str(&account.simulator.truth(0).unwrap()[row]).unwrap();
    change(&mut json);
    account.simulator.edit(|account| account.set_raw_row(0, row, json.to_string())).unwrap();
    account.complete_pass(&full()).await;
    let after = synced(account).await;
    let ids = |it: &[(String, String)]| it.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&before), ids(&after), "no line came or went");
    before
        .iter()
        .zip(&after)
        .filter(|(before, after)| before != after)
        .map(|(line, _)| line.0.clone())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_whose_lists_alone_change_says_so_and_no_other_one_does() {
    let options = Options {
        campaigns: 1,
        rows: 60,
        turns: 4,
        flavour: Flavour::Newer(NewerApi::default()),
        ..Options::default()
    };
    let account = Account::new(options).await;
    account.complete_pass(&full()).await;
    let rows: Vec<Value> =
        account.simulator.truth(0).unwrap().iter().map(|row| serde_json::from_str(row).unwrap()).collect();
    let said =
        |row: &Value| row["call"]["call_attempts"][0]["transcript"].as_array().is_some_and(|it| it.len() > 1);
    let row = rows.iter().position(said).expect("somebody spoke");
    let id = rows[row]["call"]["call_attempts"][0]["id"].as_str().unwrap().to_owned();

    let changes: [(&str, Change); 6] = [
        ("a turn says something else", |attempt| attempt["transcript"][0]["content"] = json!("otherwise")),
        ("a turn is gone", |attempt| {
            attempt["transcript"].as_array_mut().unwrap().pop();
        }),
        ("the better transcript comes", |attempt| {
            attempt["post_call_transcript"] = json!([{"role": "user", "content": "late"}]);
        }),
        ("the better transcript goes", |attempt| attempt["post_call_transcript"] = json!([])),
        ("a text message comes", |attempt| {
            attempt["sms_log"] = json!([{"id": "sms-of-the-test", "message_body": "hello"}]);
        }),
        ("it goes", |attempt| attempt["sms_log"] = json!([])),
    ];
    for (case, change) in changes {
        let moved = moved_by(&account, row, |row| change(&mut row["call"]["call_attempts"][0])).await;
        assert_eq!(moved, [id.as_str()], "{case}");
    }
    assert_eq!(moved_by(&account, row, |_| {}).await, [""; 0], "nothing changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assistant_whose_lists_alone_change_says_so() {
    let account = Account::new(Options { campaigns: 1, rows: 1, turns: 1, ..Options::default() }).await;
    account.complete_pass(&full()).await;
    let lists = "select count(*) from revox.assistant_structured_output_fields";
    assert!(account.count(lists).await > 0);
    sqlx::query("update revox.assistants set _synced_at = 'epoch'").execute(&account.pool).await.unwrap();
    let moved = "select count(*) from revox.assistants where _synced_at > 'epoch'";
    account.complete_pass(&full()).await;
    assert_eq!(account.count(moved).await, 0, "nothing changed");
    sqlx::query("delete from revox.assistant_structured_output_fields").execute(&account.pool).await.unwrap();
    account.complete_pass(&full()).await;
    assert!(account.count(lists).await > 0, "the lists are read with each list of campaigns");
    assert!(account.count(moved).await > 0);
}
