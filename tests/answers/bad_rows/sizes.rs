//! Rows that are far too large, too deep, or hold a megabyte where a word belongs.

use super::spoilt::{ROWS, Spoilt, flavours, reject};
use serde_json::json;

const MEGABYTE: usize = 1 << 20;
const TOO_LONG: &str = "its id is longer than 512 bytes";
const TOO_DEEP: &str = "it nests deeper than 512 levels";

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_twenty_megabytes_lands_whole() {
    for flavour in flavours() {
        let spoilt = Spoilt::new(flavour).await;
        let long = "é".repeat(5 * MEGABYTE);
        let transcript = format!(r#"[{{"role":"user","content":"{long}"}}]"#);
        let attempts = format!(r#"[{{"id":"a","transcript":{transcript}}}]"#);
        spoilt.set(
            120,
            &format!(r#""input_data":{{"long":"{long}"}},"call":{{"id":"c","call_attempts":{attempts}}}"#),
        );
        spoilt.complete_pass().await;
        assert_eq!(spoilt.rejects().await, []);
        let content =
            spoilt.text("select content from revox.transcript_turns where call_attempt_id = $1", "a").await;
        assert!(content.unwrap() == long);
        let input = "select input_data->>'long' from revox.campaign_rows where id = $1";
        assert!(spoilt.text(input, &spoilt.ids[120]).await.unwrap() == long);
        assert_eq!(spoilt.live_rows().await, i64::try_from(ROWS).unwrap());
        spoilt.mend_all().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nesting_without_end_is_rejected_where_it_stands() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let objects = format!("{}1{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
    for flavour in flavours() {
        let spoilt = Spoilt::new(flavour).await;
        let attempt = format!(
            r#"{{"id":"a","structured_output":{deep},"transcript":[{{"content":"x","tool_arguments":{objects}}}]}}"#
        );
        let call = format!(
            r#"{{"id":"c","status":"completed","metadata":{objects},"created_at":{deep},"new":{deep},
               "assistant":{{"id":"deep","name":"Nina","slack":{objects}}},"call_attempts":[{attempt}]}}"#
        );
        spoilt.set(3, &format!(r#""phone_number":"+33","input_data":{objects},"call":{call}"#));
        spoilt.set(4, &format!(r#""call":{deep}"#));
        spoilt.set_text(5, deep.clone());
        spoilt.set_text(6, objects.clone());
        let report = spoilt.complete_pass().await;
        let (id, other) = (spoilt.ids[3].as_str(), spoilt.ids[4].as_str());
        let mut expected = [
            reject(id, "call.call_attempts[0].structured_output", TOO_DEEP),
            reject(id, "call.call_attempts[0].transcript[0].tool_arguments", TOO_DEEP),
            reject(id, "call.created_at", TOO_DEEP),
            reject(id, "call.metadata", TOO_DEEP),
            reject(id, "call.new", TOO_DEEP),
            reject(id, "input_data", TOO_DEEP),
            reject(other, "call", "it is an array, not an object"),
            reject("#5", "", "it is not an object"),
            reject("#6", "", "it has no id that can be read"),
            reject("assistant deep", "slack", TOO_DEEP),
        ];
        expected.sort();
        assert_eq!(spoilt.rejects().await, expected);
        assert_eq!(report.rows.rejected_new, 10);
        assert_eq!(spoilt.row(3).await["phone_number"], "+33");
        let call = spoilt.line("calls", "c").await;
        assert_eq!((&call["status"], &call["assistant_id"]), (&json!("completed"), &json!("deep")));
        let content = "select content from revox.transcript_turns where call_attempt_id = $1";
        assert_eq!(spoilt.text(content, "a").await.as_deref(), Some("x"));
        assert_eq!(spoilt.complete_pass().await.rows.rejected_new, 0);
        spoilt.mend(3);
        spoilt.complete_pass().await;
        assert_eq!(spoilt.rejects().await.len(), 4, "the assistant is seen no more, the row has landed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_megabyte_in_the_place_of_an_id_is_rejected() {
    let long = "x".repeat(MEGABYTE);
    for flavour in flavours() {
        let spoilt = Spoilt::new(flavour).await;
        spoilt.set_text(3, format!(r#"{{"id":"{long}","phone_number":"+33"}}"#));
        spoilt.set(4, &format!(r#""phone_number":"+34","call":{{"id":"{long}","status":"queued"}}"#));
        spoilt.set(5, &format!(r#""call":{{"id":"c5","call_attempts":[{{"id":"{long}"}},{{"id":"a5"}}]}}"#));
        spoilt.set(6, &format!(r#""call":{{"id":"c6","assistant":{{"id":"{long}","name":"Nina"}}}}"#));
        spoilt.set(7, &format!(r#""call":{{"id":"c7","last_call_attempt":{{"id":"{long}"}}}}"#));
        spoilt.complete_pass().await;
        let mut expected = [
            reject("#3", "", TOO_LONG),
            reject(&spoilt.ids[4], "call", TOO_LONG),
            reject(&spoilt.ids[5], "call.call_attempts[0]", TOO_LONG),
            reject(&spoilt.ids[6], "call.assistant", TOO_LONG),
        ];
        expected.sort();
        assert_eq!(spoilt.rejects().await, expected);
        assert_eq!(spoilt.row(4).await["phone_number"], "+34");
        assert_eq!(spoilt.line("call_attempts", "a5").await["attempt_number"], 1);
        assert_eq!(spoilt.line("calls", "c6").await["assistant_id"], json!(null));
        assert_eq!(spoilt.live_rows().await, i64::try_from(ROWS).unwrap() - 1);
        spoilt.mend_all().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_megabyte_in_any_indexed_column_is_kept_beside_it() {
    // Random enough that no index could compress it away.
    let long = (0..MEGABYTE / 8)
        .map(|at| format!("{:08x}", u32::try_from(at).unwrap().wrapping_mul(2_654_435_761)))
        .collect::<Vec<_>>()
        .concat();
    let indexed = "select distinct c.table_name::text, c.column_name::text
        from information_schema.columns c
        join pg_index i on i.indrelid = ('revox.' || c.table_name)::regclass
        join pg_attribute a on a.attrelid = i.indexrelid and a.attname = c.column_name
        where c.table_schema = 'revox' and c.data_type = 'text' and c.column_name <> 'id'
          and c.column_name not like '%\\_id' and c.table_name in ('campaign_rows', 'calls', 'call_attempts')
        order by 1, 2";
    for flavour in flavours() {
        let spoilt = Spoilt::new(flavour).await;
        let columns: Vec<(String, String)> =
            sqlx::query_as(indexed).fetch_all(&spoilt.account.pool).await.unwrap();
        assert!(columns.len() >= 4, "{columns:?}");
        let members = |table: &str, more: &[&str]| -> String {
            let own = columns.iter().filter(|(of, _)| of == table).map(|(_, column)| column.as_str());
            own.chain(more.iter().copied())
                .map(|column| format!(r#","{column}":"{long}""#))
                .collect::<Vec<_>>()
                .concat()
        };
        let attempt = format!(r#"{{"id":"a"{}}}"#, members("call_attempts", &["status", "end_reason"]));
        let call = format!(
            r#"{{"id":"c","call_attempts":[{attempt}]{}}}"#,
            members("calls", &["organization_id", "direction", "from_phone_number", "outcome"])
        );
        spoilt.set(3, &format!(r#""row_index":3,"call":{call}{}"#, members("campaign_rows", &[])));
        spoilt.complete_pass().await;
        assert_eq!(spoilt.rejects().await, []);
        for (table, column) in &columns {
            let id = match table.as_str() {
                "campaign_rows" => spoilt.ids[3].as_str(),
                "calls" => "c",
                _ => "a",
            };
            let line = spoilt.line(table, id).await;
            assert!(line[column].is_null(), "{table}.{column}");
            assert!(line["_extra"][column] == long.as_str(), "{table}.{column} is kept");
        }
        let call = spoilt.line("calls", "c").await;
        assert!(call["_extra"]["organization_id"] == long.as_str());
        assert_eq!(spoilt.row(3).await["row_index"], 3);
        spoilt.mend_all().await;
    }
}
