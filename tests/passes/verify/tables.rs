//! The tables as the catalog has them, and how the tests damage them.

use crate::support::account::Account;
use sqlx::{AssertSqlSafe, PgPool, Row};

/// A table with the columns of its key.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) keys: &'static [&'static str],
    /// Whether its lines are marked when they are gone.
    pub(crate) is_entity: bool,
}

const fn entity(name: &'static str) -> Table {
    Table { name, keys: &["id"], is_entity: true }
}

const fn part(name: &'static str, keys: &'static [&'static str]) -> Table {
    Table { name, keys, is_entity: false }
}

pub(crate) const TABLES: [Table; 14] = [
    entity("campaigns"),
    entity("assistants"),
    part("assistant_structured_output_fields", &["assistant_id", "field_index"]),
    part("assistant_faq_items", &["assistant_id", "item_index"]),
    part("call_retry_configs", &["id"]),
    part("calling_windows", &["call_retry_config_id", "window_index"]),
    entity("campaign_rows"),
    entity("calls"),
    entity("call_attempts"),
    part("transcript_turns", &["call_attempt_id", "turn_index"]),
    part("post_call_transcript_turns", &["call_attempt_id", "turn_index"]),
    part("speech_events", &["call_attempt_id", "id"]),
    part("sms_messages", &["call_attempt_id", "id"]),
    part("email_messages", &["call_attempt_id", "id"]),
];

/// A line of a table.
pub(crate) struct Line {
    /// A condition that holds for it alone.
    pub(crate) condition: String,
    /// Its key as differences show it.
    pub(crate) key: String,
}

impl Table {
    /// The columns that can be written, with their types.
    pub(crate) async fn columns(&self, account: &Account) -> Vec<(String, String)> {
        let rows = sqlx::query(
            "select column_name::text, data_type::text from information_schema.columns
             where table_schema = 'revox' and table_name = $1 and is_generated = 'NEVER'
             order by ordinal_position",
        )
        .bind(self.name)
        .fetch_all(&account.pool)
        .await
        .unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    /// A line of which it can be decided what it must hold; none when the table is empty.
    pub(crate) async fn line(&self, account: &Account) -> Option<Line> {
        let name = self.name;
        let shown = match name {
            // The newest copy counts, and the list has one of these.
            "assistants" => "id in (select assistant_id from revox.campaigns)",
            "assistant_structured_output_fields" | "assistant_faq_items" => {
                "assistant_id in (select assistant_id from revox.campaigns)"
            }
            // Where an API shows what tools answered, it shows it of those turns alone.
            "transcript_turns" => {
                "tool_output is not null or not exists (select from revox.transcript_turns where tool_output is not null)"
            }
            _ => "true",
        };
        // The last one: an attempt that goes to a larger call is not taken for one of several calls.
        let (key, order) = (self.keys.join(" || ' ' || "), self.keys.join(" desc, "));
        let statement =
            format!("select {key} from revox.{name} where ({shown}) order by {order} desc limit 1");
        let found: Option<String> =
            sqlx::query_scalar(AssertSqlSafe(statement)).fetch_optional(&account.pool).await.unwrap();
        let found = found?;
        Some(Line { condition: format!("{key} = '{}'", found.replace('\'', "''")), key: found })
    }

    /// A statement that adds a line like this one under another key, and that key.
    pub(crate) async fn copy_of(&self, account: &Account, line: &Line) -> (String, String) {
        let columns: Vec<String> =
            self.columns(account).await.into_iter().map(|(column, _)| column).collect();
        let last = self.keys[self.keys.len() - 1];
        let by_place = last.ends_with("_index");
        let other = if by_place { "997".to_owned() } else { format!("{last} || '~'") };
        let values = columns.iter().map(|column| match column.as_str() {
            name if name == last => other.clone(),
            "call_id" if self.name == "campaign_rows" => "null".to_owned(),
            name => format!("\"{name}\""),
        });
        let statement = format!(
            "insert into revox.{name} ({}) select {} from revox.{name} where {}",
            columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", "),
            values.collect::<Vec<_>>().join(", "),
            line.condition,
            name = self.name,
        );
        let key = match line.key.rsplit_once(' ') {
            Some((owner, _)) if by_place => format!("{owner} 997"),
            _ => format!("{}~", line.key),
        };
        (statement, key)
    }
}

/// Runs statements without regard to foreign keys.
pub(crate) async fn tamper(pool: &PgPool, statements: &str) {
    let mut transaction = pool.begin().await.unwrap();
    sqlx::raw_sql("set local session_replication_role = replica").execute(&mut *transaction).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
}
