//! Questions in SQL that the demo asks, and their answers as text.

use super::table::Table;
use sqlx::{Column, PgConnection, Row, ValueRef};

/// A question in words and in SQL.
pub(super) struct Question {
    pub(super) words: &'static str,
    pub(super) sql: &'static str,
}

/// The live rows of each table.
pub(super) const TABLE_COUNTS: &str = include_str!("questions/table_counts.sql");

/// What people ask first.
pub(super) const QUESTIONS: [Question; 3] = [
    Question {
        words: "How many contacts were reached?",
        sql: include_str!("questions/contacts_reached.sql"),
    },
    Question { words: "How long did people talk?", sql: include_str!("questions/talk_time.sql") },
    Question { words: "What was said last?", sql: include_str!("questions/last_words.sql") },
];

/// Asks, and renders the answer as a table. Every value comes as text, whatever its type.
pub(super) async fn ask(connection: &mut PgConnection, sql: &'static str) -> Result<String, sqlx::Error> {
    let rows = sqlx::raw_sql(sql).fetch_all(connection).await?;
    let Some(first) = rows.first() else {
        return Ok("(no rows)".to_owned());
    };
    let mut table = Table::with_headings(first.columns().iter().map(|column| column.name().to_owned()));
    for row in &rows {
        let mut cells = Vec::with_capacity(row.len());
        for index in 0..row.len() {
            let value = row.try_get_raw(index)?;
            let text = if value.is_null() { "" } else { value.as_str().map_err(sqlx::Error::Decode)? };
            cells.push(text.to_owned());
        }
        table.add(cells);
    }
    Ok(table.render())
}
