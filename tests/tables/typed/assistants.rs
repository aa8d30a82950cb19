//! The views of assistants: their calls in all campaigns, and what becomes of them when the configuration changes.

use super::counting::Counter;
use super::rows::{account, called, columns_of, contact, execute, lines, pass, set, view_of};
use crate::support::account::Account;
use crate::support::setting::Setting;
use revox_mirror::simulator::Options;
use revox_mirror::store::{Store, StoreOptions};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// An assistant as calls show it.
fn assistant(id: &str, updated_at: &str, fields: &Value) -> Value {
    json!({"id": id, "name": "Asks", "updated_at": updated_at, "structured_output_config": fields})
}

/// A call of contact `row`, which found this out, by `assistant-1`.
fn found(row: usize, findings: &Value, updated_at: &str, fields: &Value) -> String {
    called(
        row,
        &json!({"never": "a column"}),
        std::slice::from_ref(findings),
        &assistant("assistant-1", updated_at, fields),
    )
}

/// What could not be done about the view of `assistant-1`.
async fn said(account: &Account) -> Vec<String> {
    let said = "select i ->> 'key' || ': ' || (i ->> 'why')
                from revox_sync.typed_views v cross join lateral jsonb_array_elements(v.impossible) i
                where v.owner_id = 'assistant-1'";
    lines(account, said).await
}

/// Values of the calls of `assistant-1` that do not fit, by column.
async fn misfits(account: &Account) -> Vec<String> {
    let counts = "select column_name || ' ' || misfits from revox_sync.typed_misfit_counts
                  where owner_id = 'assistant-1' order by column_name collate \"C\"";
    lines(account, counts).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assistant_has_one_view_over_its_calls_in_all_campaigns() {
    let account = account(2, 2).await;
    let fields = json!([
        {"name": "budget", "type": "number", "description": "In euros"},
        {"name": "visit", "type": "date"},
        {"name": "call_back", "type": "datetime"},
        {"name": "owner", "type": "boolean"},
        {"name": "interest", "type": "enum", "enum_options": ["hot", "cold"]},
        {"name": "status", "type": "string"},
    ]);
    let asks = assistant("assistant-1", "2026-03-01T00:00:00Z", &fields);
    let first = json!({"budget": 12.5, "visit": "2026-04-01", "call_back": "2026-04-02T10:00:00+02:00",
                       "owner": true, "interest": "hot", "status": "fine"});
    set(&account, 0, &[called(0, &json!({"age": 40}), &[Value::Null, first, json!({"budget": 1})], &asks)]);
    set(&account, 1, &[called(1, &json!({"age": 50}), &[json!({"budget": "a lot", "mood": "good"})], &asks)]);
    pass(&account).await;

    let view = view_of(&account, "assistant-1").await.unwrap();
    assert_eq!(view, "revox_assistants.asks_assistan");
    let expected = [
        "budget numeric",
        "visit date",
        "call_back timestamp with time zone",
        "owner boolean",
        "interest text",
        "output_status text",
    ];
    assert_eq!(
        columns_of(&account, &view).await,
        expected,
        "no key of the contacts, none that is not configured"
    );
    let shown = lines(
        &account,
        &format!(
            "select concat_ws('|', v.call_id, v.campaign_id = c.id, v.campaign_name = c.name, phone_number, v.status, result,
                              attempts, first_attempt_at at time zone 'UTC', last_attempt_at at time zone 'UTC', budget, visit,
                              call_back at time zone 'UTC', owner, interest, output_status)
             from {view} v join revox.calls l on l.id = v.call_id join revox.campaigns c on c.id = l.campaign_id
             order by v.call_id"
        ),
    )
    .await;
    let expected = [
        "call-0|t|t|+33600000000|completed|human|3|2026-03-01 10:00:00|2026-03-03 10:00:00|12.5|2026-04-01|\
         2026-04-02 08:00:00|t|hot|fine",
        "call-1|t|t|+33600000000|completed|human|1|2026-03-01 10:00:00|2026-03-01 10:00:00",
    ];
    assert_eq!(shown, expected);
    assert_eq!(misfits(&account).await, ["budget 1", "call_back 0", "owner 0", "visit 0"]);
    let comments = format!(
        "select col_description(attrelid, attnum) from pg_attribute
         where attrelid = '{view}'::regclass and attname in ('budget', 'interest', 'call_id') order by attnum"
    );
    let expected = [
        "The call: calls.id.",
        "structured_output: budget. In euros",
        "structured_output: interest. One of: hot, cold",
    ];
    assert_eq!(lines(&account, &comments).await, expected);
    let silent = "select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
                  where n.nspname = 'revox_assistants'
                    and (obj_description(c.oid, 'pg_class') is null or obj_description(n.oid, 'pg_namespace') is null)";
    assert_eq!(lines(&account, silent).await, [] as [&str; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_fields_and_fields_that_differ_in_case_only_have_columns_of_their_own() {
    let account = account(1, 1).await;
    let long = "k".repeat(10_000);
    let mut names: Vec<String> = (0..500).map(|number| format!("Field {number:03}")).collect();
    names.extend(
        [
            "field 007",
            "FIELD 007",
            "",
            "select",
            "Город",
            "call_id",
            "it's \"; drop schema revox cascade; --",
        ]
        .map(str::to_owned),
    );
    names.push(long.clone());
    let fields: Vec<Value> = names.iter().map(|name| json!({"name": name, "type": "string"})).collect();
    let findings: serde_json::Map<String, Value> = names
        .iter()
        .enumerate()
        .map(|(place, name)| (name.clone(), json!(format!("value {place}"))))
        .collect();
    set(&account, 0, &[found(0, &Value::Object(findings), "2026-03-01T00:00:00Z", &Value::Array(fields))]);
    pass(&account).await;
    let view = view_of(&account, "assistant-1").await.unwrap();
    assert_eq!(columns_of(&account, &view).await.len(), 508);
    let cut = "k".repeat(63);
    let shown = format!(
        "select concat_ws('|', field_007, field_007_2, field_007_3, field_499, key, select_, город, output_call_id,
                          it_s_drop_schema_revox_cascade, {cut})
         from {view}"
    );
    let expected =
        "value 7|value 500|value 501|value 499|value 502|value 503|value 504|value 505|value 506|value 507";
    assert_eq!(lines(&account, &shown).await, [expected]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_changes_adds_columns_changes_none_and_is_said() {
    let account = account(1, 3).await;
    let before = json!([{"name": "score", "type": "number"}, {"name": "old", "type": "string"}]);
    let at = "2026-03-01T00:00:00Z";
    // `early` is found out before anybody has configured it.
    let first = [json!({"score": 1, "early": "soon"}), json!({"score": 2})];
    set(&account, 0, &[found(0, &first[0], at, &before), found(1, &first[1], at, &before)]);
    pass(&account).await;
    let view = view_of(&account, "assistant-1").await.unwrap();
    assert_eq!(columns_of(&account, &view).await, ["score numeric", "old text"]);
    assert_eq!(misfits(&account).await, ["score 0"]);
    execute(
        &account,
        &format!("create schema reports; create view reports.all_of_it as select * from {view}"),
    )
    .await;

    // Another type halfway, a field less, two more.
    let after = json!([{"name": "score", "type": "string"}, {"name": "early", "type": "date"}, {"name": "new", "type": "boolean"}]);
    let later = "2026-03-02T00:00:00Z";
    set(
        &account,
        0,
        &[
            found(0, &first[0], later, &after),
            found(1, &json!({"score": "high", "new": true}), later, &after),
        ],
    );
    pass(&account).await;
    let same = ["score numeric", "old text", "early date", "new boolean"];
    assert_eq!(columns_of(&account, &view).await, same);
    assert_eq!(
        said(&account).await,
        ["score: the assistant's field is string now, and the column stays numeric"]
    );
    assert_eq!(misfits(&account).await, ["early 1", "new 0", "score 1"]);
    let shown = format!("select concat_ws('|', call_id, score, new) from {view} order by call_id");
    assert_eq!(lines(&account, &shown).await, ["call-0|1", "call-1|t"]);
    assert_eq!(lines(&account, "select count(*)::text from reports.all_of_it").await, ["2"]);

    let mended = "2026-03-03T00:00:00Z";
    set(
        &account,
        0,
        &[found(0, &first[0], mended, &before), found(1, &json!({"score": "3"}), mended, &before)],
    );
    pass(&account).await;
    assert_eq!(columns_of(&account, &view).await, same, "a field that is gone keeps its column");
    assert_eq!(said(&account).await, [] as [&str; 0], "what is right again is said no more");
    assert_eq!(misfits(&account).await, ["early 1", "new 0", "score 0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_was_found_out_before_it_was_configured_is_counted_without_a_new_call() {
    let account = account(1, 1).await;
    set(&account, 0, &[found(0, &json!({"early": "soon"}), "2026-03-01T00:00:00Z", &Value::Null)]);
    pass(&account).await;
    assert_eq!(misfits(&account).await, [] as [&str; 0]);
    execute(
        &account,
        "insert into revox.assistant_structured_output_fields (assistant_id, field_index, name, type)
         values ('assistant-1', 0, 'early', 'date')",
    )
    .await;
    pass(&account).await;
    assert_eq!(misfits(&account).await, ["early 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_assistants_of_one_name_have_views_of_their_own_and_keep_them_when_they_are_renamed() {
    let account = account(1, 2).await;
    let at = "2026-03-01T00:00:00Z";
    let one = |row: usize, id: &str| called(row, &json!({}), &[json!({})], &assistant(id, at, &Value::Null));
    set(&account, 0, &[one(0, "assistant-1"), one(1, "assistant-2")]);
    pass(&account).await;
    let views =
        [view_of(&account, "assistant-1").await, view_of(&account, "assistant-2").await].map(Option::unwrap);
    let expected = ["revox_assistants.asks_assistan", "revox_assistants.asks_assistan_2"];
    assert_eq!(BTreeSet::from(views.each_ref().map(String::as_str)), BTreeSet::from(expected));
    for (view, call) in views.iter().zip(["call-0", "call-1"]) {
        assert_eq!(lines(&account, &format!("select call_id from {view}")).await, [call]);
    }

    execute(&account, "update revox.assistants set name = 'Another'").await;
    pass(&account).await;
    assert_eq!(view_of(&account, "assistant-1").await.as_ref(), Some(&views[0]));
    // A call that is another assistant's from now on.
    set(&account, 0, &[one(0, "assistant-2")]);
    pass(&account).await;
    assert_eq!(lines(&account, &format!("select call_id from {}", views[0])).await, [] as [&str; 0]);
    assert_eq!(
        lines(&account, &format!("select call_id from {} order by 1", views[1])).await,
        ["call-0", "call-1"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assistant_that_is_gone_keeps_its_view_and_one_known_by_its_id_alone_waits_for_its_name() {
    let account = account(1, 2).await;
    let at = "2026-03-01T00:00:00Z";
    set(
        &account,
        0,
        &[found(0, &json!({"score": "none"}), at, &json!([{"name": "score", "type": "number"}]))],
    );
    execute(
        &account,
        "insert into revox.assistants (id, _first_seen_at, _synced_at) values ('assistant-2', now(), now())",
    )
    .await;
    pass(&account).await;
    let view = view_of(&account, "assistant-1").await.unwrap();
    assert_eq!(misfits(&account).await, ["score 1"]);
    assert_eq!(view_of(&account, "assistant-2").await, None, "nothing is known of it but its id");

    set(&account, 0, &[contact(0, &json!({}))]);
    execute(&account, "update revox.assistants set name = 'Late' where id = 'assistant-2'").await;
    pass(&account).await;
    assert_eq!(view_of(&account, "assistant-2").await.as_deref(), Some("revox_assistants.late_assistan"));
    assert_eq!(lines(&account, &format!("select count(*)::text from {view}")).await, ["0"]);
    assert_eq!(misfits(&account).await, ["score 0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_costs_one_statement_when_nothing_changed_and_as_many_for_a_hundred_calls_as_for_one() {
    let mut account = account(1, 150).await;
    let (counter, url) = Counter::before(account.database.mirror_url()).await;
    let options = StoreOptions { url: url.into(), max_connections: 4, lease_ttl: Duration::from_mins(30) };
    account.mirror.store = Some(Store::open(&options).await.unwrap().0);
    account.mirror.settings.views_per_campaign = false;
    let mut findings = 0;
    // What a pass costs after so many calls have found out something else, with views and without.
    let mut cost = async |views: bool, calls: usize, fields: &Value| {
        account.mirror.settings.views_per_assistant = views;
        findings += 1;
        let at = format!("2026-03-01T00:00:{findings:02}Z");
        let rows: Vec<String> =
            (0..calls).map(|row| found(row, &json!({"score": findings}), &at, fields)).collect();
        set(&account, 0, &rows);
        counter.take();
        pass(&account).await;
        counter.take()
    };
    let fields = json!([{"name": "score", "type": "number"}]);
    cost(true, 150, &fields).await;
    let idle = (cost(false, 0, &fields).await, cost(true, 0, &fields).await);
    assert_eq!(idle.1 - idle.0, 1, "{idle:?}");
    for calls in [1, 100] {
        let (without, with) = (cost(false, calls, &fields).await, cost(true, calls, &fields).await);
        assert_eq!(with - without, 13, "{calls} calls: {without}, {with}");
    }
    let more = json!([{"name": "score", "type": "number"}, {"name": "new", "type": "date"}]);
    let (with, without) = (cost(true, 1, &more).await, cost(false, 1, &more).await);
    // Its fields are written by the first of the two.
    assert!(with - without >= 20, "{without}, {with}");
}

#[tokio::test(flavor = "multi_thread")]
async fn run_once_and_the_daemon_make_views_of_assistants_unless_they_are_told_not_to() {
    let views = "select count(*) from pg_class where relnamespace = to_regnamespace('revox_assistants')";
    let mut setting = Setting::new(Options { campaigns: 2, rows: 3, turns: 1, ..Options::default() }).await;
    setting.set("REVOX_MIRROR__VIEWS__PER_ASSISTANT", "false");
    setting.run(&[]).await.exits(0);
    assert_eq!(setting.count(views).await, 0);
    setting.set("REVOX_MIRROR__VIEWS__PER_ASSISTANT", "true");
    let run = setting.run(&[]).await;
    run.exits(0);
    let assistants = setting.count("select count(*) from revox.assistants").await;
    assert!(assistants > 0 && run.err.contains("an assistant's view was made"), "{}", run.err);
    assert_eq!(setting.count(views).await, assistants);

    setting.execute("drop schema revox_assistants cascade").await;
    let daemon = setting.daemon(&[]);
    setting.until_count(views, assistants).await;
    daemon.stop().await;
    // Whoever may read everything may read these again.
    let readable = "select count(*) from pg_class
                    where relnamespace = to_regnamespace('revox_assistants')
                      and has_schema_privilege('revox_reader', relnamespace, 'usage')
                      and has_table_privilege('revox_reader', oid, 'select')";
    assert_eq!(setting.count(readable).await, assistants);
    setting
        .execute(
            "begin;
             set local role revox_reader;
             do $$ begin
                 execute (select string_agg(format('select * from revox_assistants.%I', relname), ' union all ')
                          from pg_class where relnamespace = 'revox_assistants'::regnamespace);
             end $$;
             commit",
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_question_is_answered_as_the_tables_answer_it() {
    let document = include_str!("../../../docs/typed-views.md");
    let question = document
        .split("```sql\n")
        .filter_map(|part| part.split("```").next())
        .find(|sql| sql.contains("revox_assistants."))
        .unwrap();
    let account = account(2, 60).await;
    pass(&account).await;
    let busiest = "select assistant_id from revox.calls group by assistant_id order by count(*) desc, assistant_id limit 1";
    let id = lines(&account, busiest).await.remove(0);
    let view = view_of(&account, &id).await.unwrap();
    let named = question.split_whitespace().find(|word| word.starts_with("revox_assistants.")).unwrap();
    let question = question.replace(named, &view);
    let answer = format!(
        "select interest || ' ' || calls || ' ' || with_a_budget from ({}) q",
        question.trim().trim_end_matches(';')
    );
    let answer: BTreeSet<String> = lines(&account, &answer).await.into_iter().collect();
    let counted = format!(
        "select (f ->> 'interest') || ' ' || count(*) || ' '
                || count(*) filter (where jsonb_typeof(f -> 'budget_eur') = 'number' and (f ->> 'budget_eur')::numeric > 10000)
         from revox.calls c
         cross join lateral (
             select a.structured_output as f from revox.call_attempts a
             where a.call_id = c.id and jsonb_typeof(a.structured_output) = 'object'
             order by a.attempt_number desc limit 1
         ) a
         where c.assistant_id = '{id}' and c._deleted_at is null and f ->> 'interest' is not null
         group by f ->> 'interest'"
    );
    let counted: BTreeSet<String> = lines(&account, &counted).await.into_iter().collect();
    assert!(counted.len() > 1, "{counted:?}");
    assert_eq!(answer, counted);
}
