//! Every column of every table: a value that is changed in the database is found, and nothing else is.

use crate::subject::{differences, flavours, mirrored, small, tamper};
use crate::support::account::Account;
use sqlx::Row;
use std::collections::BTreeSet;

/// Columns that the API says nothing of.
const OWN: [&str; 3] = ["_first_seen_at", "_synced_at", "_deleted_at"];

/// Tables with the columns of their keys.
const TABLES: [(&str, &[&str]); 14] = [
    ("campaigns", &["id"]),
    ("assistants", &["id"]),
    ("assistant_structured_output_fields", &["assistant_id", "field_index"]),
    ("assistant_faq_items", &["assistant_id", "item_index"]),
    ("call_retry_configs", &["id"]),
    ("calling_windows", &["call_retry_config_id", "window_index"]),
    ("campaign_rows", &["id"]),
    ("calls", &["id"]),
    ("call_attempts", &["id"]),
    ("transcript_turns", &["call_attempt_id", "turn_index"]),
    ("post_call_transcript_turns", &["call_attempt_id", "turn_index"]),
    ("speech_events", &["call_attempt_id", "id"]),
    ("sms_messages", &["call_attempt_id", "id"]),
    ("email_messages", &["call_attempt_id", "id"]),
];

/// The columns of a table that can be written, with their types.
async fn columns(account: &Account, table: &str) -> Vec<(String, String)> {
    let rows = sqlx::query(
        "select column_name::text, data_type::text from information_schema.columns
         where table_schema = 'revox' and table_name = $1 and is_generated = 'NEVER'
         order by ordinal_position",
    )
    .bind(table)
    .fetch_all(&account.pool)
    .await
    .unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// Another value of the type.
fn other(column: &str, data_type: &str) -> String {
    match data_type {
        "text" => format!("coalesce(\"{column}\", '') || '~'"),
        "boolean" => format!("not coalesce(\"{column}\", false)"),
        "bigint" | "integer" | "double precision" => format!("coalesce(\"{column}\", 0) + 1"),
        "timestamp with time zone" => {
            format!("coalesce(\"{column}\", '2020-01-01 00:00:00+00') + interval '1 microsecond'")
        }
        "time without time zone" => format!("coalesce(\"{column}\", '00:00') + interval '1 second'"),
        "jsonb" => format!("jsonb_build_object('changed', \"{column}\")"),
        "ARRAY" => format!("array_append(coalesce(\"{column}\", '{{}}'), '~')"),
        other => panic!("{column} has the type {other}"),
    }
}

/// A line of the table that the API shows, as a condition and as a key.
async fn line(account: &Account, table: &str, keys: &[&str]) -> Option<(String, String)> {
    let shown = match table {
        // The newest copy counts, and the list has one of this.
        "assistants" => "id in (select assistant_id from revox.campaigns)",
        "assistant_structured_output_fields" | "assistant_faq_items" => {
            "assistant_id in (select assistant_id from revox.campaigns)"
        }
        _ => "true",
    };
    // The last one, so that no smaller id takes what is changed.
    let (parts, order) = (keys.join(" || ' ' || "), keys.join(" desc, "));
    let statement = format!("select {parts} from revox.{table} where {shown} order by {order} desc limit 1");
    let key: Option<String> =
        sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_optional(&account.pool).await.unwrap();
    let key = key?;
    Some((format!("{parts} = '{}'", key.replace('\'', "''")), key))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_any_column_of_any_table_is_found_and_nothing_else() {
    let mut silent: Vec<BTreeSet<String>> = Vec::new();
    for flavour in flavours() {
        let account = mirrored(small(flavour, 14)).await;
        assert_eq!(differences(&account).await, Vec::<String>::new());
        let mut not_found = BTreeSet::new();
        for (table, keys) in TABLES {
            let line = line(&account, table, keys).await;
            for (column, data_type) in columns(&account, table).await {
                if OWN.contains(&column.as_str()) || keys.contains(&column.as_str()) {
                    continue;
                }
                let name = format!("{table}.{column}");
                let Some((condition, key)) = &line else {
                    not_found.insert(name);
                    continue;
                };
                let change = other(&column, &data_type);
                tamper(
                    &account.pool,
                    &format!(
                        "create table public.kept as select * from revox.{table} where {condition};
                         update revox.{table} set \"{column}\" = {change} where {condition}"
                    ),
                )
                .await;
                let found = differences(&account).await;
                if found.is_empty() {
                    not_found.insert(name);
                } else {
                    assert_eq!(found, [format!("differs: {table} {key} {column}")]);
                }
                tamper(
                    &account.pool,
                    &format!(
                        "update revox.{table} set \"{column}\" = (select \"{column}\" from public.kept)
                         where {condition};
                         drop table public.kept"
                    ),
                )
                .await;
            }
        }
        assert_eq!(differences(&account).await, Vec::<String>::new(), "everything is as it was");
        silent.push(not_found);
    }
    // What an API does not show keeps its value, so that nothing can be said of it; no API is silent about the same.
    let both: Vec<&String> = silent[0].intersection(&silent[1]).collect();
    assert_eq!(both, Vec::<&String>::new());
    assert!(silent[0].contains("calls.outcome") && silent[0].contains("speech_events.transcript"));
    assert_eq!(silent[1].iter().collect::<Vec<_>>(), ["assistants.transfer_phone_number"]);
}
