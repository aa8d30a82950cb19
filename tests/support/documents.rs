//! Documents that hold queries and their answers: each query is asked, and the answer that the document shows must be the
//! one that comes. `UPDATE_DOCUMENTS=1` writes the answers into the documents instead.

use super::variable;
use sqlx::{AssertSqlSafe, Column, PgConnection, Row, ValueRef};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A query of a document.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The heading that it stands under.
    pub(crate) heading: String,
    pub(crate) sql: String,
    /// The table after it; none where the document shows no answer.
    pub(crate) shown: Option<String>,
    /// Where the table stands in the document's text, or could.
    at: std::ops::Range<usize>,
}

/// An answer, every value as text. One without lines tells no columns.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Option<String>>>,
}

pub(crate) struct Document {
    path: PathBuf,
    text: String,
    pub(crate) asked: Vec<Asked>,
}

impl Document {
    /// Reads `docs/NAME`.
    pub(crate) fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        let asked = queries(&text);
        Self { path, text, asked }
    }

    /// Fails where the document shows other answers than these, one for each query that shows one.
    pub(crate) fn assert_shows(&self, answers: &[Answer]) {
        let pairs = || self.asked.iter().zip(answers);
        if variable("UPDATE_DOCUMENTS").is_some() {
            let mut text = self.text.clone();
            for (asked, answer) in pairs().rev().filter(|(asked, _)| asked.shown.is_some()) {
                text.replace_range(asked.at.clone(), &answer.table());
            }
            std::fs::write(&self.path, text).unwrap();
            return;
        }
        for (asked, answer) in pairs() {
            if let Some(shown) = &asked.shown {
                assert_eq!(*shown, answer.table(), "{}: {}", asked.heading, asked.sql);
            }
        }
    }
}

/// The queries of a text. A table right after one, a single empty line apart, is its answer.
fn queries(text: &str) -> Vec<Asked> {
    let (mut found, mut heading, mut at) = (Vec::new(), String::new(), 0);
    while let Some(line) = text[at..].split_inclusive('\n').next() {
        at += line.len();
        if let Some(words) = line.strip_prefix("## ").or_else(|| line.strip_prefix("### ")) {
            words.trim().clone_into(&mut heading);
        }
        if line != "```sql\n" {
            continue;
        }
        let end = at + text[at..].find("```\n").expect("the block ends");
        let sql = text[at..end].trim_end().to_owned();
        at = end + "```\n".len();
        let table = at + usize::from(text[at..].starts_with('\n'));
        let lines = text[table..].split_inclusive('\n').take_while(|line| line.starts_with('|'));
        let range = table..table + lines.map(str::len).sum::<usize>();
        let shown = (!range.is_empty()).then(|| text[range.clone()].to_owned());
        found.push(Asked { heading: heading.clone(), sql, shown, at: range });
    }
    found
}

/// Asks one query.
pub(crate) async fn ask(connection: &mut PgConnection, sql: &str) -> Answer {
    let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .fetch_all(connection)
        .await
        .unwrap_or_else(|error| panic!("{error}: {sql}"));
    let columns = rows.first().map(Row::columns).unwrap_or_default();
    let text = |row: &sqlx::postgres::PgRow, place| {
        let value = row.try_get_raw(place).unwrap();
        (!value.is_null()).then(|| value.as_str().unwrap().to_owned())
    };
    Answer {
        columns: columns.iter().map(|column| column.name().to_owned()).collect(),
        rows: rows.iter().map(|row| (0..row.len()).map(|place| text(row, place)).collect()).collect(),
    }
}

impl Answer {
    /// As a table of Markdown.
    fn table(&self) -> String {
        let cell = |text: &str| text.replace('|', "\\|").replace('\n', "<br>");
        let mut table = String::new();
        let mut line = |cells: &mut dyn Iterator<Item = String>| {
            let cells: Vec<String> = cells.collect();
            writeln!(table, "| {} |", cells.join(" | ")).unwrap();
        };
        line(&mut self.columns.iter().map(|name| cell(name)));
        line(&mut self.columns.iter().map(|_| "---".to_owned()));
        for row in &self.rows {
            line(&mut row.iter().map(|value| cell(value.as_deref().unwrap_or_default())));
        }
        table
    }
}
