//! Lines that are missing, too many or marked as gone.

use super::subject::{differences, flavours, found, mirrored, small};
use super::tables::{TABLES, tamper};
use crate::support::account::{Account, full};
use revox_mirror::simulator::{EditError, Options};

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_line_of_any_table_is_missing() {
    let [_, newer] = flavours();
    let account = mirrored(small(newer, 24)).await;
    for table in &TABLES {
        let line = table.line(&account).await.unwrap();
        let (name, condition) = (table.name, &line.condition);
        let columns: Vec<String> =
            table.columns(&account).await.into_iter().map(|(column, _)| format!("\"{column}\"")).collect();
        let columns = columns.join(", ");
        tamper(
            &account.pool,
            &format!(
                "create table public.kept as select {columns} from revox.{name} where {condition};
                 delete from revox.{name} where {condition}"
            ),
        )
        .await;
        assert_eq!(differences(&account).await, [format!("missing: {name} {} -", line.key)]);
        tamper(
            &account.pool,
            &format!(
                "insert into revox.{name} ({columns}) select * from public.kept;
                 drop table public.kept"
            ),
        )
        .await;
    }
    assert_eq!(differences(&account).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extra_live_line_of_any_table_is_not_in_the_api() {
    let [_, newer] = flavours();
    let account = mirrored(small(newer, 24)).await;
    for table in &TABLES {
        let line = table.line(&account).await.unwrap();
        let (addition, key) = table.copy_of(&account, &line).await;
        tamper(&account.pool, &addition).await;
        // Assistants are only seen inside others, and a configuration that nobody refers to is swept with the next pass.
        let expected = match table.name {
            "assistants" | "call_retry_configs" => Vec::new(),
            name => vec![format!("not in the API: {name} {key} -")],
        };
        assert_eq!(differences(&account).await, expected, "{}", table.name);
        let added = table.keys.join(" || ' ' || ");
        tamper(&account.pool, &format!("delete from revox.{} where {added} = '{key}'", table.name)).await;
    }
    assert_eq!(differences(&account).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_marked_as_gone_and_lives_is_found() {
    let [_, newer] = flavours();
    let account = mirrored(small(newer, 24)).await;
    for table in TABLES.iter().filter(|table| table.is_entity) {
        let line = table.line(&account).await.unwrap();
        let mark = |value: &str| {
            format!("update revox.{} set _deleted_at = {value} where {}", table.name, line.condition)
        };
        tamper(&account.pool, &mark("now()")).await;
        assert_eq!(differences(&account).await, [format!("marked as gone: {} {} -", table.name, line.key)]);
        tamper(&account.pool, &mark("null")).await;
    }
    // An attempt that lives on while its call is gone, there and here.
    account.simulator.edit(|account| account.remove_call(0, 0)).unwrap();
    account.complete_pass(&full()).await;
    assert_eq!(differences(&account).await, Vec::<String>::new());
    let orphan = "select max(a.id) from revox.call_attempts a
                  join revox.calls c on c.id = a.call_id where c._deleted_at is not null";
    let orphan: String = sqlx::query_scalar(orphan).fetch_one(&account.pool).await.unwrap();
    tamper(
        &account.pool,
        &format!("update revox.call_attempts set _deleted_at = null where id = '{orphan}'"),
    )
    .await;
    assert_eq!(differences(&account).await, [format!("not in the API: call_attempts {orphan} -")]);
}

/// An attempt with turns, deleted by hand: its parts have no foreign key, and stay behind.
async fn delete_an_attempt(account: &Account) -> String {
    sqlx::query_scalar(
        "delete from revox.call_attempts
         where id = (select min(call_attempt_id) from revox.transcript_turns) returning id",
    )
    .fetch_one(&account.pool)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_whose_attempt_is_not_there_are_found_and_are_in_nobodys_way() {
    for flavour in flavours() {
        let account = mirrored(small(flavour, 24)).await;
        let attempt = delete_an_attempt(&account).await;
        let found = differences(&account).await;
        assert!(found.contains(&format!("missing: call_attempts {attempt} -")), "{found:?}");
        assert!(found.contains(&format!("without its attempt: transcript_turns {attempt} 0 -")), "{found:?}");
        // Those of an attempt that the API shows again give way to what it shows.
        tamper(&account.pool, "update revox_sync.row_states set hash = null").await;
        account.complete_pass(&full()).await;
        assert_eq!(differences(&account).await, Vec::<String>::new());
        account.assert_equal().await;
        // Those of an attempt that never was are taken out by the repair.
        let stray = "insert into revox.transcript_turns (call_attempt_id, turn_index, role) values ('stray', 3, 'user')";
        sqlx::query(stray).execute(&account.pool).await.unwrap();
        assert_eq!(differences(&account).await, ["without its attempt: transcript_turns stray 3 -"]);
        assert_eq!(account.mirror.store.as_ref().unwrap().remove_orphans().await.unwrap(), 1);
        assert_eq!(differences(&account).await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_larger_than_a_page_is_compared_to_its_end() {
    for flavour in flavours() {
        let account = mirrored(small(flavour, 330)).await;
        let ids = account.simulator.edit(|account| account.row_ids(0)).unwrap();
        let report = account.verify().await;
        assert!(report.is_equal(), "{:?}", found(&report));
        assert_eq!(report.campaigns[0].rows, 330);
        tamper(
            &account.pool,
            &format!(
                "update revox.campaign_rows set phone_number = '+1' where id = '{}';
                 delete from revox.campaign_rows where id = '{}';
                 insert into revox.campaign_rows (id, campaign_id, _first_seen_at, _synced_at)
                 select 'extra', campaign_id, now(), now() from revox.campaign_rows limit 1",
                ids[150], ids[329]
            ),
        )
        .await;
        let mut expected = vec![
            format!("differs: campaign_rows {} phone_number", ids[150]),
            format!("missing: campaign_rows {} -", ids[329]),
            "not in the API: campaign_rows extra -".to_owned(),
        ];
        expected.sort();
        assert_eq!(differences(&account).await, expected);
    }
}

/// Edits the first two campaigns so that calls and attempts have several owners.
fn share(account: &Account) -> Result<(), EditError> {
    account.simulator.edit(|account| {
        account.share_call((0, 0), (0, 30))?;
        account.share_call((0, 1), (1, 3))?;
        account.move_call((1, 4), (0, 31))?;
        account.share_attempt((0, 0), (0, 5))?;
        account.share_attempt((1, 0), (0, 0))?;
        account.share_attempt((0, 5), (1, 1))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_several_rows_show_is_no_difference_whoever_owns_it() {
    for flavour in flavours() {
        let mut account = mirrored(Options { campaigns: 2, ..small(flavour, 40) }).await;
        // One after the other, so that it is certain who owns what.
        account.mirror.settings.max_concurrent_campaigns = 1;
        share(&account).unwrap();
        assert_ne!(differences(&account).await, Vec::<String>::new());
        account.complete_pass(&full()).await;
        account.complete_pass(&full()).await;
        assert_eq!(differences(&account).await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_pieces_are_told_as_such_and_must_stand_in_the_rejects() {
    for flavour in flavours() {
        let account = mirrored(small(flavour, 24)).await;
        let ids = account.simulator.edit(|account| account.row_ids(0)).unwrap();
        let text = |row: usize, more: &str| format!(r#"{{"id":"{}",{more}}}"#, ids[row]);
        let deep = format!("{}1{}", "[".repeat(700), "]".repeat(700));
        account
            .simulator
            .edit(|account| {
                account.set_raw_row(0, 1, "17")?;
                account.set_raw_row(0, 2, text(2, r#""call":{"no":"id"}"#))?;
                account.set_raw_row(0, 3, text(3, r#""call":{"id":"c3","call_attempts":[7,{"id":"a3"}]}"#))?;
                account.set_raw_row(0, 4, text(4, &format!(r#""input_data":{deep},"more":{deep}"#)))?;
                account.set_raw_row(0, 5, text(5, r#""call":{"id":"c5","call_attempts":"none"}"#))?;
                account.set_raw_row(0, 6, text(6, r#""call":{"id":"c6","call_attempts":[{"id":"a6","transcript":[{"role":"user"},9]}]}"#))
            })
            .unwrap();
        account.complete_pass(&full()).await;
        let report = account.verify().await;
        assert!(report.is_equal(), "{:?} {:?}", found(&report), report.campaigns[0].failure);
        let campaign = &report.campaigns[0];
        assert_eq!(campaign.rejected, 7, "{:?}", campaign.rejects);
        assert!(campaign.rejects.contains(&(ids[3].clone(), "call.call_attempts[0]".to_owned())));
        tamper(&account.pool, &format!("delete from revox_sync.rejects where row_key = '{}'", ids[3])).await;
        assert_eq!(differences(&account).await, [format!("missing: revox_sync.rejects {} -", ids[3])]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_values_are_read_as_the_mirror_reads_them() {
    let odd = r#""phone_number":33612345678,"row_index":"7.0","input_data":{"n":1.10,"big":123456789012345678901234567890.5,
        "e":1.5e3,"nul":"a\u0000b","lone":"\ud800","a":1,"a":2},"new":{"token":"t","keep":[1,null]},"gone":null,
        "call":{"id":17,"status":9,"calls_count":3.5,"is_cancelled":"TRUE","created_at":1714979289,"scheduled_at":{},
        "llm_model":"none","metadata":[1e2,"x"],"contact":{"email":"e","age":3},"organization_id":"o",
        "call_retry_config":{"max_retry_attempts":"4","calling_windows":[{"calling_window_start_time":"6pm"},{"x":1}],"odd":[]},
        "call_attempts":[{"id":"odd attempt","started_at":"2024-05-06 09:08:09.1234567+02","answered_at":"1714979300500",
        "ended_at":"2024-05-06T08:00:00","recording_url":"https://u:p@r.example/x?s=1","transcript":[{"tool_arguments":"text","x":{}}],
        "speech_events":[{"id":"s","llm_ttft_ms":"12.5"},{"id":"s","was_cut":true}]}]}"#;
    for flavour in flavours() {
        let account = mirrored(small(flavour, 24)).await;
        let ids = account.simulator.edit(|account| account.row_ids(0)).unwrap();
        let row = format!(r#"{{"id":"{}",{odd}}}"#, ids[9]);
        account.simulator.edit(|account| account.set_raw_row(0, 9, row)).unwrap();
        account.complete_pass(&full()).await;
        let stored = "select count(*) from revox.call_attempts where id = 'odd attempt' and talk_seconds > 0";
        assert_eq!(account.count(stored).await, 1);
        assert_eq!(differences(&account).await, Vec::<String>::new());
    }
}
