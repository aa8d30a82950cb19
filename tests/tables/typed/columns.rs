//! How the columns of a campaign's view come out of its contacts and findings, and how they stay.

use super::rows::{
    account, called, columns, contact, execute, lines, pass, pretend_assistant, set, the_view,
};
use serde_json::{Value, json};

fn assistant(updated_at: &str, fields: &Value) -> Value {
    json!({
        "id": "assistant-1",
        "name": "Asks",
        "updated_at": updated_at,
        "structured_output_config": fields,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_has_one_line_a_live_contact_and_its_findings_are_the_latest_there_are() {
    let account = account(1, 3).await;
    pretend_assistant(&account).await;
    let fields = json!([
        {"name": "budget", "type": "number"},
        {"name": "visit", "type": "date"},
        {"name": "call_back", "type": "datetime"},
        {"name": "owner", "type": "boolean"},
        {"name": "interest", "type": "enum", "enum_options": ["hot", "cold"]},
    ]);
    let asks = assistant("2026-03-01T00:00:00Z", &fields);
    let found = json!({"budget": 12.5, "visit": "2026-04-01", "call_back": "2026-04-02T10:00:00+02:00",
                       "owner": true, "interest": "hot"});
    let earlier = json!({"budget": 1});
    set(
        &account,
        0,
        &[
            contact(0, &json!({"age": 40, "name": "Ana", "vip": true})),
            called(1, &json!({"age": "unknown", "name": "Bo"}), &[Value::Null, found, earlier], &asks),
            called(2, &json!({"name": "Cy"}), &[json!({"budget": "a lot", "mood": "good"})], &asks),
        ],
    );
    pass(&account).await;

    let view = the_view(&account).await;
    let expected = [
        "age text",
        "name text",
        "vip boolean",
        "budget numeric",
        "visit date",
        "call_back timestamp with time zone",
        "owner boolean",
        "interest text",
        "mood text",
    ];
    assert_eq!(columns(&account).await, expected);
    let shown = lines(
        &account,
        &format!(
            "select concat_ws('|', row_id, call_id, status, result, attempts, last_attempt_at at time zone 'UTC', age, vip,
                              budget, visit, call_back at time zone 'UTC', owner, interest, mood)
             from {view} order by row_index"
        ),
    )
    .await;
    let expected = [
        "row-0|0|40|t",
        "row-1|call-1|completed|human|3|2026-03-03 10:00:00|unknown|12.5|2026-04-01|2026-04-02 08:00:00|t|hot",
        "row-2|call-2|completed|human|1|2026-03-01 10:00:00|good",
    ];
    assert_eq!(shown, expected);
    let misfits = "select column_name || ' ' || column_type || ' ' || misfits
                   from revox_sync.typed_misfit_counts where misfits > 0 and kind = 'campaign'";
    assert_eq!(lines(&account, misfits).await, ["budget numeric 1"]);
    let whole = format!("select structured_output ->> 'budget' from {view} where row_id = 'row-2'");
    assert_eq!(lines(&account, &whole).await, ["a lot"]);
    let comment = "select col_description(a.attrelid, a.attnum) from pg_attribute a
                   where a.attrelid = (select oid from pg_class where relnamespace = 'revox_campaigns'::regnamespace)
                     and a.attname = 'interest'";
    assert!(lines(&account, comment).await[0].ends_with("One of: hot, cold"));
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_that_change_their_type_halfway_are_counted_until_they_fit_again() {
    let account = account(1, 3).await;
    pretend_assistant(&account).await;
    let asks = assistant("2026-03-01T00:00:00Z", &Value::Null);
    let found = |row: usize, score: Value| called(row, &json!({}), &[json!({"score": score})], &asks);
    let misfits =
        "select column_name || ' ' || misfits from revox_sync.typed_misfit_counts where kind = 'campaign'";
    set(&account, 0, &[found(0, json!(1)), found(1, json!(2)), found(2, Value::Null)]);
    pass(&account).await;
    assert_eq!(columns(&account).await, ["score numeric"]);
    assert_eq!(lines(&account, misfits).await, ["score 0"]);

    set(&account, 0, &[found(0, json!(1)), found(1, json!("high")), found(2, json!({"of": 3}))]);
    pass(&account).await;
    assert_eq!(columns(&account).await, ["score numeric"], "the type stays");
    assert_eq!(lines(&account, misfits).await, ["score 2"]);
    let view = the_view(&account).await;
    assert_eq!(
        lines(&account, &format!("select score::text from {view} order by row_index")).await,
        ["1", "null", "null"]
    );

    set(&account, 0, &[found(0, json!(1)), found(1, json!("7"))]);
    account.simulator.edit(|account| account.delete_row(0, 2).unwrap());
    pass(&account).await;
    assert_eq!(lines(&account, misfits).await, ["score 0"], "one fits, and one is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assistant_whose_fields_change_adds_columns_and_changes_none() {
    let account = account(1, 1).await;
    pretend_assistant(&account).await;
    set(&account, 0, &[contact(0, &json!({"name": "Ana"}))]);
    pass(&account).await;
    let fields = |fields: &str| {
        format!(
            "delete from revox.assistant_structured_output_fields;
             insert into revox.assistant_structured_output_fields (assistant_id, field_index, name, type)
             select c.assistant_id, f.place, f.name, f.type
             from revox.campaigns c cross join (values {fields}) as f (place, name, type)"
        )
    };
    let own = "select coalesce(string_agg(key, ' '), '') from (
                   select c.key from revox_sync.typed_views v
                   cross join lateral jsonb_to_recordset(v.columns) as c (key text, source text)
                   where v.kind = 'campaign' and c.source = 'output' and c.key in ('first', 'second', 'third')) k";
    execute(&account, &fields("(0, 'first', 'number'), (1, 'second', 'date')")).await;
    // Nothing has happened in the account: that a view is not up to date is seen all the same.
    pass(&account).await;
    assert_eq!(lines(&account, own).await, ["first second"]);

    execute(&account, &fields("(0, 'third', 'boolean'), (1, 'first', 'date')")).await;
    pass(&account).await;
    assert_eq!(lines(&account, own).await, ["first second third"], "one that is gone stays");
    let columns = columns(&account).await;
    let tail: Vec<&str> = columns.iter().rev().take(3).rev().map(String::as_str).collect();
    assert_eq!(tail, ["first numeric", "second date", "third boolean"]);
    let said = "select i ->> 'key' || ': ' || (i ->> 'why')
                from revox_sync.typed_views v cross join lateral jsonb_array_elements(v.impossible) i
                where v.kind = 'campaign'";
    assert_eq!(
        lines(&account, said).await,
        ["first: the assistant's field is date now, and the column stays numeric"]
    );

    execute(&account, &fields("(0, 'first', 'number')")).await;
    pass(&account).await;
    assert_eq!(lines(&account, said).await, [] as [&str; 0], "what is right again is said no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_keys_and_keys_that_differ_in_case_only_have_columns_of_their_own() {
    let account = account(1, 2).await;
    let mut many = serde_json::Map::new();
    for number in 0..500 {
        many.insert(format!("Key {number:03}"), json!(format!("value {number}")));
    }
    many.insert("key 007".to_owned(), json!("seven"));
    many.insert("KEY 007".to_owned(), json!("SEVEN"));
    many.insert("k".repeat(10_000), json!("long"));
    many.insert(String::new(), json!("empty"));
    many.insert("phone_number".to_owned(), json!("another"));
    many.insert("it's \"; drop schema revox cascade; --".to_owned(), json!("there"));
    set(&account, 0, &[contact(0, &Value::Object(many)), contact(1, &json!({}))]);
    pass(&account).await;
    let columns = columns(&account).await;
    let inputs =
        "select jsonb_array_length(jsonb_path_query_array(columns, '$[*] ? (@.source == \"input\")'))::text
                  from revox_sync.typed_views where kind = 'campaign'";
    assert_eq!(lines(&account, inputs).await, ["506"]);
    assert!(columns.len() >= 506);
    let view = the_view(&account).await;
    let long = "k".repeat(63);
    let shown = lines(
        &account,
        &format!(
            "select concat_ws('|', key_007, key_007_2, key_007_3, key_499, {long}, key, phone_number,
                              input_phone_number, it_s_drop_schema_revox_cascade)
             from {view} order by row_index"
        ),
    )
    .await;
    // By their bytes: KEY comes before Key, and that before key.
    assert_eq!(
        shown,
        ["SEVEN|value 7|seven|value 499|long|empty|+33600000000|another|there", "+33600000000"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_another_one_depends_on_gets_columns_and_the_other_is_not_touched() {
    let account = account(1, 2).await;
    set(&account, 0, &[contact(0, &json!({"a": "1"})), contact(1, &json!({"a": "2"}))]);
    pass(&account).await;
    let view = the_view(&account).await;
    execute(
        &account,
        &format!(
            "create schema reports;
             create view reports.everything as select * from {view};
             create materialized view reports.kept as select a, row_id from {view}"
        ),
    )
    .await;
    let dependents = "select string_agg(c.oid || ' ' || pg_get_viewdef(c.oid), '; ' order by c.oid)
                      from pg_class c where c.relnamespace = 'reports'::regnamespace";
    let before = lines(&account, dependents).await;
    let id = format!("select '{view}'::regclass::oid::text");
    let same = lines(&account, &id).await;

    set(&account, 0, &[contact(0, &json!({"A": "one", "b": 1})), contact(1, &json!({"a": "2"}))]);
    pass(&account).await;
    let inputs: Vec<String> =
        columns(&account).await.into_iter().filter(|it| it.starts_with(['a', 'b'])).take(3).collect();
    assert!(inputs.contains(&"a text".to_owned()), "{inputs:?}");
    let shown = format!("select concat_ws('|', a, a_2, b) from {view} order by row_index");
    assert_eq!(lines(&account, &shown).await, ["one|1", "2"]);
    assert_eq!(lines(&account, dependents).await, before);
    assert_eq!(lines(&account, &id).await, same, "it is the same view, and was never dropped");
    assert_eq!(lines(&account, "select count(*)::text from reports.everything").await, ["2"]);
}
