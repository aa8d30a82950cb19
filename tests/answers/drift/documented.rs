//! Every field, every type and every value that the newer API documents is known: nothing of it is drift.
//!
//! `newer_api.json` is a row, an assistant and a campaign made from the API's schema with every field set. `$a|b` stands
//! for each of the values in turn, `$any` for each of several types, and `$assistant` for the assistant.

use crate::support::account::{Account, full};
use revox_mirror::normalize::{self, DriftCounts};
use revox_mirror::simulator::{Flavour, NewerApi, OlderApi, Options};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// As many rows show every value: of no field are more documented.
const ROWS: usize = 17;

fn document() -> Value {
    serde_json::from_str(include_str!("newer_api.json")).unwrap()
}

/// The template with the values whose turn it is, under ids of their own.
fn filled(template: &Value, document: &Value, turn: usize) -> Value {
    match template {
        Value::String(text) => match text.strip_prefix('$') {
            Some("assistant") => filled(&document["assistant"], document, turn),
            Some("last_attempt") => filled(&document["row"]["call"]["call_attempts"][0], document, turn),
            Some(values) => {
                let values: Vec<&str> = values.split('|').collect();
                json!(values[turn % values.len()])
            }
            None => template.clone(),
        },
        Value::Array(items) => items.iter().map(|item| filled(item, document, turn)).collect(),
        Value::Object(members) => match members.get("$any") {
            Some(Value::Array(types)) => filled(&types[turn % types.len()], document, turn),
            _ => Value::Object(
                members
                    .iter()
                    .map(|(key, value)| {
                        let value = match value {
                            Value::String(id) if key == "id" => json!(format!("{id} of {turn}")),
                            value => filled(value, document, turn),
                        };
                        (key.clone(), value)
                    })
                    .collect(),
            ),
        },
        other => other.clone(),
    }
}

/// The keys that the lines of a table keep beside their columns.
async fn kept(account: &Account, table: &str) -> BTreeSet<String> {
    let statement = format!("select distinct jsonb_object_keys(_extra) from revox.{table}");
    let keys: Vec<String> =
        sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_all(&account.pool).await.unwrap();
    keys.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_the_newer_api_documents_has_its_place() {
    let document = document();
    for flavour in [Flavour::Newer(NewerApi::default()), Flavour::Older(OlderApi::default())] {
        let options = Options { flavour, campaigns: 1, rows: ROWS, turns: 1, ..Options::default() };
        let account = Account::new(options).await;
        for turn in 0..ROWS {
            let row = filled(&document["row"], &document, turn).to_string();
            assert!(!row.contains('$'), "{row}");
            account.simulator.edit(|account| account.set_raw_row(0, turn, row)).unwrap();
        }
        account.complete_pass(&full()).await;
        let drift: Vec<(String, String)> =
            sqlx::query_as("select path, kind from revox_sync.drift order by 1, 2")
                .fetch_all(&account.pool)
                .await
                .unwrap();
        assert_eq!(drift, []);
        assert_eq!(account.count("select count(*) from revox_sync.rejects").await, 0);
        // Two readers of their own say that every value is in its column.
        let verified = account.verify().await;
        assert!(verified.is_equal(), "{verified:#?}");
        account.assert_equal().await;
        // No column of any table is empty in all lines, but for those that only the older API fills or that the mirror does.
        let lines = i64::try_from(ROWS).unwrap();
        assert_eq!(account.count("select count(*) from revox.speech_events").await, lines);
        assert_eq!(account.count("select count(*) from revox.email_messages").await, lines);
        let mut empty = vec!["speech_events.llm_system_prompt"];
        if flavour.is_newer() {
            empty.insert(0, "assistants.transfer_phone_number");
        }
        assert_eq!(empty_columns(&account).await, empty);
        // What is kept beside the columns is what is known to have none.
        let none: [&str; 0] = [];
        for table in [
            "campaign_rows",
            "transcript_turns",
            "post_call_transcript_turns",
            "speech_events",
            "sms_messages",
            "email_messages",
            "call_retry_configs",
            "calling_windows",
            "assistant_faq_items",
            "assistant_structured_output_fields",
        ] {
            assert_eq!(kept(&account, table).await, none.map(str::to_owned).into(), "{table}");
        }
        assert_eq!(kept(&account, "calls").await, ["llm_model".to_owned()].into());
        assert_eq!(kept(&account, "call_attempts").await, ["handled_by_user".to_owned()].into());
    }
}

/// Columns of `revox` that are null in every line of a table.
async fn empty_columns(account: &Account) -> Vec<String> {
    sqlx::query_scalar(
        "select c.table_name || '.' || c.column_name
         from information_schema.columns c
         join information_schema.tables t using (table_schema, table_name)
         cross join lateral (
             select (xpath('/row/n/text()', query_to_xml(format(
                 'select count(%I) as n from revox.%I', c.column_name, c.table_name
             ), false, true, '')))[1]::text::bigint as values
         ) filled
         where c.table_schema = 'revox'
           and t.table_type = 'BASE TABLE'
           -- The mirror's own, and the campaigns, which another test looks at.
           and c.table_name not in ('campaigns', 'call_status_history', 'number_zones', 'transcript_words')
           and c.column_name not in ('_extra', '_deleted_at')
           and filled.values = 0
         order by 1",
    )
    .fetch_all(&account.pool)
    .await
    .unwrap()
}

#[test]
fn everything_that_the_newer_api_documents_of_a_campaign_is_known() {
    let document = document();
    for turn in 0..ROWS {
        let mut drift = DriftCounts::new();
        let campaign = filled(&document["campaign"], &document, turn);
        let records = normalize::campaign(&campaign.to_string(), &mut drift).unwrap();
        assert_eq!(drift, DriftCounts::new());
        assert_eq!(records.rejects, []);
        let kept = records.campaign.extra.clone().unwrap();
        let kept: Value = serde_json::from_str(&kept.0).unwrap();
        let kept: Vec<&String> = kept.as_object().unwrap().keys().collect();
        assert_eq!(kept, ["created_by", "funnel_stats", "metadata_keys", "structured_output_extraction"]);
        let campaign = format!("{:?}", records.campaign);
        assert!(!campaign.contains("Absent") && !campaign.contains("Null"), "{campaign}");
    }
}
