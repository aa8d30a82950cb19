//! Everything that the mirror says and keeps, and the search for secrets in it.

use crate::support::program::Run;
use sqlx::{AssertSqlSafe, PgPool};

/// Whatever was said: where, and what.
#[derive(Default)]
pub(crate) struct Heard(Vec<(String, String)>);

impl Heard {
    pub(crate) fn add(&mut self, place: impl Into<String>, text: impl Into<String>) {
        self.0.push((place.into(), text.into()));
    }

    /// What a run printed and logged.
    pub(crate) fn add_run(&mut self, place: &str, run: &Run) {
        self.add(format!("{place}, standard output"), &run.out);
        self.add(format!("{place}, the log"), &run.err);
    }

    /// Every line of every table and view, whoever made it, and what other sessions ask.
    pub(crate) async fn add_database(&mut self, pool: &PgPool) {
        let tables: Vec<String> = sqlx::query_scalar(
            "select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where c.relkind in ('r', 'p', 'v', 'm')
               and (n.nspname in ('revox', 'revox_sync') or n.nspname not like all (array['pg\\_%', 'information_schema'])
                    or c.relname in ('pg_description', 'pg_stat_activity', 'pg_prepared_statements'))",
        )
        .fetch_all(pool)
        .await
        .unwrap();
        assert!(tables.len() > 25, "{tables:?}");
        for table in tables {
            let statement = format!("select t::text from {table} t where to_jsonb(t) <> '{{}}'");
            let lines: Vec<String> =
                sqlx::query_scalar(AssertSqlSafe(statement)).fetch_all(pool).await.unwrap();
            self.add(table, lines.join("\n"));
        }
    }

    /// Places where a secret stands, with what is around it.
    pub(crate) fn leaks(&self, secret: &str) -> Vec<String> {
        // As a column of bytes would show it.
        let hexadecimal = secret.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        let mut leaks = Vec::new();
        for (place, text) in &self.0 {
            let lower = text.to_ascii_lowercase();
            for form in [secret.to_ascii_lowercase(), hexadecimal.clone()] {
                let found: Vec<usize> = lower.match_indices(&form).map(|(at, _)| at).collect();
                if let Some(at) = found.first() {
                    let around: String =
                        text.get(..*at).unwrap_or_default().chars().rev().take(300).collect();
                    let before: String = around.chars().rev().collect();
                    let behind: String = text.get(*at..).unwrap_or_default().chars().take(60).collect();
                    leaks.push(format!("{} times in {place}: {before}{behind}", found.len()));
                }
            }
        }
        leaks
    }

    /// Whether anything was heard that holds a text: what was not listened to cannot leak.
    pub(crate) fn holds(&self, text: &str) -> bool {
        self.0.iter().any(|(_, heard)| heard.contains(text))
    }

    pub(crate) fn length(&self) -> usize {
        self.0.iter().map(|(_, text)| text.len()).sum()
    }
}
