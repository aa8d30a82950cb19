//! Every column of every table: a value that is changed in the database is found, and nothing else is.

use super::subject::{differences, flavours, mirrored, small};
use super::tables::{TABLES, tamper};
use revox_mirror::simulator::Options;
use std::collections::BTreeSet;

/// Columns that the API says nothing of.
const OWN: [&str; 3] = ["_first_seen_at", "_synced_at", "_deleted_at"];

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

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_any_column_of_any_table_is_found_and_nothing_else() {
    // What an API does not show keeps its value, and nothing can be said of it: the older one is asked about that.
    let mut asked: Option<BTreeSet<String>> = None;
    let [older, newer] = flavours();
    for flavour in [newer, older] {
        // So many turns that tools are used in some.
        let account = mirrored(Options { turns: 12, ..small(flavour, 24) }).await;
        assert_eq!(differences(&account).await, Vec::<String>::new());
        let mut not_found = BTreeSet::new();
        for table in &TABLES {
            for (column, data_type) in table.columns(&account).await {
                let name = format!("{}.{column}", table.name);
                let is_asked = asked.as_ref().is_none_or(|asked| asked.contains(&name));
                if OWN.contains(&column.as_str()) || table.keys.contains(&column.as_str()) || !is_asked {
                    continue;
                }
                let line = table.line(&account).await.unwrap();
                let (table, condition, change) = (table.name, &line.condition, other(&column, &data_type));
                let damage = format!(
                    "create table public.kept as select * from revox.{table} where {condition};
                     update revox.{table} set \"{column}\" = {change} where {condition}"
                );
                let restoration = format!(
                    "update revox.{table} set \"{column}\" = (select \"{column}\" from public.kept)
                     where {condition};
                     drop table public.kept"
                );
                tamper(&account.pool, &damage).await;
                let found = differences(&account).await;
                if found.is_empty() {
                    not_found.insert(name);
                } else {
                    assert_eq!(found, [format!("differs: {table} {} {column}", line.key)]);
                }
                tamper(&account.pool, &restoration).await;
            }
        }
        assert_eq!(differences(&account).await, Vec::<String>::new(), "everything is as it was");
        asked = Some(not_found);
    }
    assert_eq!(asked.unwrap(), BTreeSet::new(), "one of the APIs shows it");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_answer_does_not_show_is_no_difference() {
    let [older, _] = flavours();
    let account = mirrored(small(older, 24)).await;
    tamper(
        &account.pool,
        "update revox.calls set outcome = 'interested', contact_email = 'a@b.example';
         update revox.campaigns set rows_skipped = 7;
         update revox.call_attempts set handled_by_ai = true",
    )
    .await;
    assert_eq!(differences(&account).await, Vec::<String>::new());
}
