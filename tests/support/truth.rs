//! Compares the mirror with the simulator's truth, column by column, without any code of the mirror's.
//!
//! What the tables should hold is derived here from the JSON as a tree, the slow and plain way.

use super::columns::{
    ASSISTANT_TEXTS, ATTEMPT_TEXTS, CALL_TEXTS, CAMPAIGN_TEXTS, SPEECH_TEXTS, TURN_TEXTS, forget_absent,
};
use chrono::{DateTime, Utc};
use revox_mirror::simulator::Simulator;
use serde_json::{Map, Value, json};
use sqlx::{PgPool, Row};
use std::collections::{BTreeMap, BTreeSet};

/// The lines of a table, by key: column and value.
type Lines = BTreeMap<String, Map<String, Value>>;

/// All that the API shows, as the tables should hold it.
#[derive(Default)]
struct Expected {
    tables: BTreeMap<&'static str, Lines>,
    /// Parts of attempts whose list the API does not show, which is no evidence of their removal: table and attempt.
    untold: BTreeSet<(&'static str, String)>,
    /// Campaigns with a row that is spoilt.
    spoilt: BTreeSet<String>,
    /// Whether a column that the answer does not show may have any value: the last one that it showed.
    keeps: bool,
}

/// A number as a number, whatever it was written as; everything else as it is.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        other => other.clone(),
    }
}

fn take(line: &mut Map<String, Value>, from: &Value, names: &[&str]) {
    for name in names {
        line.insert((*name).to_owned(), plain(&from[*name]));
    }
}

fn time(value: &Value) -> Value {
    let text = value.as_str().and_then(|text| text.parse::<DateTime<Utc>>().ok());
    text.map_or(Value::Null, |time| json!(time.timestamp_micros()))
}

impl Expected {
    fn add(&mut self, table: &'static str, key: String, line: Map<String, Value>) {
        self.tables.entry(table).or_default().insert(key, line);
    }

    fn add_campaign(&mut self, campaign: &Value) {
        let mut line = Map::new();
        take(&mut line, campaign, CAMPAIGN_TEXTS);
        for (column, count) in [
            ("rows_total", "total"),
            ("rows_pending", "pending"),
            ("rows_calling", "calling"),
            ("rows_retry", "retry"),
            ("rows_completed", "completed"),
            ("rows_failed", "failed"),
        ] {
            line.insert(column.to_owned(), plain(&campaign["row_stats"][count]));
        }
        line.insert("updated_at".to_owned(), time(&campaign["updated_at"]));
        self.add("campaigns", campaign["id"].as_str().unwrap().to_owned(), line);
        if campaign["assistant"].is_object() {
            self.add_assistant(&campaign["assistant"]);
        }
    }

    fn add_assistant(&mut self, assistant: &Value) {
        let mut line = Map::new();
        take(&mut line, assistant, ASSISTANT_TEXTS);
        line.insert("updated_at".to_owned(), time(&assistant["updated_at"]));
        line.insert("voice_id".to_owned(), assistant["voice"]["id"].clone());
        line.insert("llm_model_type".to_owned(), assistant["llm_model"]["type"].clone());
        if self.keeps {
            forget_absent(&mut line, assistant);
        }
        let id = assistant["id"].as_str().unwrap().to_owned();
        for (index, item) in assistant["faq_items"].as_array().into_iter().flatten().enumerate() {
            let mut part = Map::new();
            take(&mut part, item, &["id", "question", "answer", "source", "needs_human_answer"]);
            self.add("assistant_faq_items", format!("{id} {index}"), part);
        }
        for (index, item) in
            assistant["structured_output_config"].as_array().into_iter().flatten().enumerate()
        {
            let mut part = Map::new();
            take(&mut part, item, &["name", "type", "required", "description", "enum_options"]);
            self.add("assistant_structured_output_fields", format!("{id} {index}"), part);
        }
        self.add("assistants", id, line);
    }

    fn add_row(&mut self, campaign_id: &str, row: &Value) {
        let mut line = Map::new();
        take(&mut line, row, &["row_index", "phone_number", "input_data"]);
        line.insert("campaign_id".to_owned(), json!(campaign_id));
        line.insert("call_id".to_owned(), row["call"]["id"].clone());
        self.add("campaign_rows", row["id"].as_str().unwrap().to_owned(), line);
        if row["call"].is_object() {
            self.add_call(&row["call"]);
        }
    }

    fn add_call(&mut self, call: &Value) {
        let id = call["id"].as_str().unwrap();
        let mut line = Map::new();
        take(&mut line, call, CALL_TEXTS);
        for name in ["created_at", "scheduled_at", "updated_at"] {
            line.insert(name.to_owned(), time(&call[name]));
        }
        line.insert("assistant_id".to_owned(), call["assistant"]["id"].clone());
        line.insert("last_call_attempt_id".to_owned(), call["last_call_attempt"]["id"].clone());
        line.insert("contact_email".to_owned(), call["contact"]["email"].clone());
        line.insert("assignee_id".to_owned(), call["assignee"]["id"].clone());
        if self.keeps {
            forget_absent(&mut line, call);
        }
        self.add("calls", id.to_owned(), line);
        let attempts = call["call_attempts"].as_array().cloned().unwrap_or_default();
        for (index, attempt) in attempts.iter().enumerate() {
            self.add_attempt(id, attempts.len() - index, attempt);
        }
    }

    fn add_attempt(&mut self, call_id: &str, number: usize, attempt: &Value) {
        let id = attempt["id"].as_str().unwrap();
        let held = self.tables.get("call_attempts").and_then(|lines| lines.get(id));
        if held.is_some_and(|held| held["call_id"].as_str() < Some(call_id)) {
            return;
        }
        if held.is_some() {
            // The copy of the larger call does not count, and nor do its parts.
            let is_part = |key: &String| key.split(' ').next() == Some(id);
            for (_, lines) in self.tables.iter_mut().filter(|(table, _)| PARTS_OF_ATTEMPTS.contains(table)) {
                lines.retain(|key, _| !is_part(key));
            }
            self.untold.retain(|(_, owner)| owner != id);
        }
        let mut line = Map::new();
        take(&mut line, attempt, ATTEMPT_TEXTS);
        for name in ["started_at", "answered_at", "ended_at"] {
            line.insert(name.to_owned(), time(&attempt[name]));
        }
        let url = attempt["recording_url"].as_str().map(|url| url.split('?').next().unwrap_or_default());
        line.insert("recording_url".to_owned(), json!(url));
        line.insert("handled_by_user_id".to_owned(), attempt["handled_by_user"]["id"].clone());
        if self.keeps {
            forget_absent(&mut line, attempt);
        }
        line.insert("call_id".to_owned(), json!(call_id));
        line.insert("attempt_number".to_owned(), plain(&json!(number)));
        self.add("call_attempts", id.to_owned(), line);
        for (list, table) in
            [("transcript", "transcript_turns"), ("post_call_transcript", "post_call_transcript_turns")]
        {
            if !attempt[list].is_array() {
                self.untold.insert((table, id.to_owned()));
            }
            for (index, turn) in attempt[list].as_array().into_iter().flatten().enumerate() {
                let mut part = Map::new();
                take(&mut part, turn, TURN_TEXTS);
                if self.keeps && turn.get("tool_output").is_none() {
                    part.remove("tool_output");
                }
                self.add(table, format!("{id} {index}"), part);
            }
        }
        for (list, table, names) in [
            ("speech_events", "speech_events", SPEECH_TEXTS),
            (
                "sms_log",
                "sms_messages",
                &["id", "message_body", "provider", "provider_message_id", "to_phone_number", "type"],
            ),
            (
                "email_log",
                "email_messages",
                &["id", "from_address", "resend_message_id", "subject", "to_emails"],
            ),
        ] {
            if !attempt[list].is_array() {
                self.untold.insert((table, id.to_owned()));
            }
            for item in attempt[list].as_array().into_iter().flatten() {
                let mut part = Map::new();
                take(&mut part, item, names);
                self.add(table, format!("{id} {}", item["id"].as_str().unwrap()), part);
            }
        }
    }
}

/// Where the live lines of each table are, and their key.
const LIVE: &[(&str, &str, &str)] = &[
    ("campaigns", "t.id", "where t._deleted_at is null"),
    ("assistants", "t.id", ""),
    ("assistant_faq_items", "t.assistant_id || ' ' || t.item_index", ""),
    ("assistant_structured_output_fields", "t.assistant_id || ' ' || t.field_index", ""),
    ("campaign_rows", "t.id", "where t._deleted_at is null"),
    ("calls", "t.id", "where t._deleted_at is null"),
    ("call_attempts", "t.id", "where t._deleted_at is null"),
    ("transcript_turns", "t.call_attempt_id || ' ' || t.turn_index", LIVE_PART),
    ("post_call_transcript_turns", "t.call_attempt_id || ' ' || t.turn_index", LIVE_PART),
    ("speech_events", "t.call_attempt_id || ' ' || t.id", LIVE_PART),
    ("sms_messages", "t.call_attempt_id || ' ' || t.id", LIVE_PART),
    ("email_messages", "t.call_attempt_id || ' ' || t.id", LIVE_PART),
];

const PARTS_OF_ATTEMPTS: [&str; 5] =
    ["transcript_turns", "post_call_transcript_turns", "speech_events", "sms_messages", "email_messages"];

const LIVE_PART: &str = "join revox.call_attempts a on a.id = t.call_attempt_id where a._deleted_at is null";

async fn stored(pool: &PgPool, table: &str, key: &str, filter: &str) -> Lines {
    let statement = format!("select {key}, to_jsonb(t)::text from revox.{table} t {filter}");
    let rows = sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_all(pool).await.unwrap();
    rows.iter()
        .map(|row| {
            let line: Value = serde_json::from_str(row.get(1)).unwrap();
            (row.get::<String, _>(0), line.as_object().unwrap().clone())
        })
        .collect()
}

/// The value of a column as this file writes expected ones.
fn as_expected(column: &str, value: &Value) -> Value {
    if column.ends_with("_at") {
        return time(value);
    }
    match (column, value) {
        ("recording_url", Value::String(url)) => json!(url.split('?').next()),
        _ => plain(value),
    }
}

/// What is compared.
#[derive(Default)]
pub(crate) struct Scope {
    /// These campaigns with what they show; none: the whole account, which then holds nothing else.
    pub(crate) campaigns: Option<BTreeSet<String>>,
    /// Rows that the API shows spoilt. Neither they nor what else their campaigns may still hold is compared.
    pub(crate) spoilt: BTreeSet<String>,
    /// The account has answered in another way before: columns that it does not show now keep their last value.
    pub(crate) keeps: bool,
}

impl Scope {
    /// Whether a live line that the API does not show should not be there, as far as this scope tells.
    fn forbids(
        &self,
        expected: &Expected,
        table: &'static str,
        key: &str,
        line: &Map<String, Value>,
    ) -> bool {
        // Assistants are never tombstoned, and those of calls alone are not in the campaign list.
        let owner = key.split(' ').next().unwrap();
        if table.starts_with("assistant") || expected.untold.contains(&(table, owner.to_owned())) {
            return false;
        }
        let Some(campaigns) = &self.campaigns else {
            return self.spoilt.is_empty();
        };
        let owns =
            |table: &str, key: &str| expected.tables.get(table).is_some_and(|lines| lines.contains_key(key));
        match table {
            "campaigns" | "calls" => false,
            "campaign_rows" => {
                let campaign = line["campaign_id"].as_str().unwrap();
                campaigns.contains(campaign) && !expected.spoilt.contains(campaign)
            }
            "call_attempts" => owns("calls", line["call_id"].as_str().unwrap()),
            _ => owns("call_attempts", owner),
        }
    }
}

/// What differs between the mirror and the simulator's account, a line each; nothing when they are equal.
pub(crate) async fn differences(simulator: &Simulator, pool: &PgPool) -> Vec<String> {
    differences_within(simulator, pool, &Scope::default()).await
}

/// The same for a part of the account.
pub(crate) async fn differences_within(simulator: &Simulator, pool: &PgPool, scope: &Scope) -> Vec<String> {
    let mut expected = Expected { keeps: scope.keeps, ..Expected::default() };
    for id in simulator.campaign_ids() {
        if scope.campaigns.as_ref().is_some_and(|campaigns| !campaigns.contains(&id)) {
            continue;
        }
        let campaign = simulator.edit(|account| account.campaign_truth(id.as_str())).unwrap();
        expected.add_campaign(&serde_json::from_str(&campaign).unwrap());
        let row_ids = simulator.edit(|account| account.row_ids(id.as_str())).unwrap();
        for (row_id, row) in row_ids.iter().zip(simulator.truth(id.as_str()).unwrap()) {
            if scope.spoilt.contains(row_id) {
                expected.spoilt.insert(id.clone());
            } else {
                expected.add_row(&id, &serde_json::from_str(&row).unwrap());
            }
        }
    }
    let mut differences = Vec::new();
    for (table, key, live) in LIVE {
        let stored = stored(pool, table, key, live).await;
        let none = Lines::new();
        let wanted = expected.tables.get(table).unwrap_or(&none);
        for (key, line) in stored.iter().filter(|(key, _)| !wanted.contains_key(*key)) {
            if scope.forbids(&expected, table, key, line) {
                differences.push(format!("{table} {key} is live and should not be"));
            }
        }
        for (key, line) in wanted {
            let Some(held) = stored.get(key) else {
                differences.push(format!("{table} {key} is missing"));
                continue;
            };
            for (column, value) in line {
                let found = as_expected(column, &held[column]);
                if found != *value {
                    differences.push(format!("{table} {key}.{column} is {found} and should be {value}"));
                }
            }
        }
    }
    differences
}

/// The same for an account that has answered in another way before.
pub(crate) async fn assert_equal_as_shown(simulator: &Simulator, pool: &PgPool) {
    let scope = Scope { keeps: true, ..Scope::default() };
    let differences = differences_within(simulator, pool, &scope).await;
    assert!(differences.is_empty(), "{}", summary(&differences));
}

/// Fails with the first differences, if there are any.
pub(crate) async fn assert_equal(simulator: &Simulator, pool: &PgPool) {
    let differences = differences(simulator, pool).await;
    assert!(differences.is_empty(), "{}", summary(&differences));
}

/// The first differences as a text.
pub(crate) fn summary(differences: &[String]) -> String {
    let shown: Vec<_> =
        differences.iter().take(10).map(|line| line.chars().take(400).collect::<String>()).collect();
    format!("{} differences:\n{}", differences.len(), shown.join("\n"))
}
