//! Questions in SQL that the demo asks, out of those of `docs/questions.md`, and their answers as text.

use super::table::Table;
use sqlx::{Column, PgConnection, Row, ValueRef};

/// A question in words and in SQL.
pub(super) struct Question {
    pub(super) words: &'static str,
    pub(super) sql: &'static str,
}

/// The live rows of each table.
pub(super) const TABLE_COUNTS: &str = include_str!("questions/table_counts.sql");

/// Where all the questions stand, each with its query.
const DOCUMENT: &str = include_str!("../../docs/questions.md");

/// What people ask first.
const FIRST: [&str; 3] =
    ["How many contacts were reached?", "How long did people talk?", "What was said last?"];

/// What people ask first, as the document has it.
pub(super) fn first_questions() -> impl Iterator<Item = Question> {
    FIRST.into_iter().filter_map(|words| {
        let (_, rest) = DOCUMENT.split_once(&format!(". {words}\n"))?;
        let (_, query) = rest.split_once("```sql\n")?;
        let (sql, _) = query.split_once("\n```")?;
        Some(Question { words, sql })
    })
}

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

#[cfg(test)]
mod tests {
    use super::{FIRST, first_questions};

    #[test]
    fn the_document_has_every_question_that_the_demo_asks() {
        let found: Vec<_> = first_questions().collect();
        assert_eq!(found.len(), FIRST.len());
        for question in found {
            assert!(question.sql.starts_with("select") && question.sql.ends_with(';'), "{}", question.sql);
        }
    }
}
