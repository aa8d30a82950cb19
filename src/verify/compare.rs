//! Lays lines that the API shows beside those that are stored. Pure.

use super::json::{Json, Members};
use super::shown::{Digest, Line, Parts, RetryConfig};
use super::source::Columns;
use super::tables::{CALL_RETRY_CONFIGS, CALLING_WINDOWS, Table};
use super::{Difference, DifferenceKind};
use std::collections::{BTreeMap, HashSet};

/// A difference that was seen once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Finding {
    pub(super) difference: Difference,
    /// The row that has to be read again for it.
    pub(super) row: Option<String>,
    /// The assistant that it is about, of which another copy may be the one that counts.
    pub(super) assistant: Option<String>,
    /// What the API showed, by its hash: a finding is the same when this is, too.
    pub(super) shown: Digest,
}

/// Stored lines, by table and key.
#[derive(Debug, Default)]
pub(super) struct Stored {
    tables: BTreeMap<&'static str, BTreeMap<Vec<String>, Members>>,
}

impl Stored {
    /// Adds lines, given as JSON text.
    pub(super) fn add(&mut self, table: &'static Table, lines: &[String]) {
        let held = self.tables.entry(table.name).or_default();
        for line in lines {
            let Some(Json::Object(members)) = Json::parse(line) else {
                continue;
            };
            let key = table.keys.iter().map(|column| match members.get(*column) {
                Some(Json::String(text) | Json::Number(text)) => text.clone(),
                _ => String::new(),
            });
            held.insert(key.collect(), members);
        }
    }

    pub(super) fn get(&self, table: &Table, key: &[String]) -> Option<&Members> {
        self.tables.get(table.name)?.get(key)
    }

    /// All lines of a table.
    pub(super) fn all(&self, table: &Table) -> impl Iterator<Item = (&Vec<String>, &Members)> {
        self.tables.get(table.name).into_iter().flatten()
    }

    /// The lines whose key begins with an owner's id.
    fn of_owner(&self, table: &Table, owner: &str) -> impl Iterator<Item = &Vec<String>> {
        let first = vec![owner.to_owned()];
        let lines = self.tables.get(table.name).map(|lines| lines.range(first..));
        let owner = owner.to_owned();
        lines.into_iter().flatten().map(|(key, _)| key).take_while(move |key| key.first() == Some(&owner))
    }
}

pub(super) fn is_live(line: &Members) -> bool {
    matches!(line.get("_deleted_at"), None | Some(Json::Null))
}

pub(super) fn text<'m>(line: &'m Members, column: &str) -> Option<&'m str> {
    line.get(column).and_then(Json::as_text)
}

/// Columns that the database computes, and what from: they are not at fault when those are.
const COMPUTED: [(&str, &[&str]); 2] = [
    ("ring_seconds", &["started_at", "answered_at", "ended_at"]),
    ("talk_seconds", &["answered_at", "ended_at"]),
];

/// The names of the columns that do not hold what they must.
fn differing(columns: &Columns, stored: &Members) -> Vec<&'static str> {
    let differs = |(name, cell): &&(&'static str, _)| {
        let cell: &super::value::Cell = cell;
        !cell.is_held_by(stored.get(*name).unwrap_or(&Json::Null))
    };
    let mut differing: Vec<&'static str> = columns.iter().filter(differs).map(|(name, _)| *name).collect();
    for (computed, sources) in COMPUTED {
        if sources.iter().any(|source| differing.contains(source)) {
            differing.retain(|name| *name != computed);
        }
    }
    differing
}

pub(super) fn difference(
    table: &Table,
    key: &[String],
    column: Option<&'static str>,
    kind: DifferenceKind,
) -> Difference {
    Difference { table: table.name, key: key.join(" "), column, kind }
}

/// What is wrong with a line. Nothing when it holds what it must.
pub(super) fn compare_line(line: &Line, stored: Option<&Members>) -> Vec<Difference> {
    let differs = |column, kind| difference(line.table, &line.key, column, kind);
    match stored {
        None => vec![differs(None, DifferenceKind::Missing)],
        Some(stored) if line.table.is_entity && !is_live(stored) => {
            vec![differs(None, DifferenceKind::MarkedAsGone)]
        }
        Some(stored) => differing(&line.columns, stored)
            .into_iter()
            .map(|column| differs(Some(column), DifferenceKind::Differs))
            .collect(),
    }
}

/// What is wrong with the parts of an owner that is there.
pub(super) fn compare_parts(owner: &str, parts: &Parts, stored: &Stored) -> Vec<Difference> {
    let mut found: Vec<Difference> = Vec::new();
    for line in &parts.lines {
        found.extend(compare_line(line, stored.get(parts.table, &line.key)));
    }
    if parts.is_whole {
        let shown: HashSet<&Vec<String>> = parts.lines.iter().map(|line| &line.key).collect();
        let surplus = stored.of_owner(parts.table, owner).filter(|key| !shown.contains(key));
        found.extend(surplus.map(|key| difference(parts.table, key, None, DifferenceKind::NotInTheApi)));
    }
    found
}

/// What is wrong with a retry configuration, if its key is this one.
pub(super) fn compare_config(id: &str, config: &RetryConfig, stored: &Stored) -> Vec<Difference> {
    let key = vec![id.to_owned()];
    let line =
        Line { table: &CALL_RETRY_CONFIGS, key: key.clone(), columns: config.columns.clone(), config: None };
    let held = stored.get(&CALL_RETRY_CONFIGS, &key);
    let mut found = compare_line(&line, held);
    if held.is_some() {
        let windows = config.windows.iter().enumerate().map(|(place, columns)| Line {
            table: &CALLING_WINDOWS,
            key: vec![id.to_owned(), place.to_string()],
            columns: columns.clone(),
            config: None,
        });
        let windows = Parts { table: &CALLING_WINDOWS, lines: windows.collect(), is_whole: true };
        found.extend(compare_parts(id, &windows, stored));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::erased::Erased;
    use super::super::left_out::LeftOut;
    use super::super::retention::Past;
    use super::super::shown::{ShownRow, read_row};
    use super::super::tables::{CALL_ATTEMPTS, CAMPAIGN_ROWS, TRANSCRIPT_TURNS};
    use super::*;

    fn shown() -> ShownRow {
        let row = r#"{"id":"r","phone_number":"+33","row_index":1,"call":{"id":"c","call_attempts":[
            {"id":"a","started_at":"2026-01-01T00:00:00Z","answered_at":null,"ended_at":"2026-01-01T00:00:10Z",
             "transcript":[{"role":"user"},{"role":"assistant"}]}]}}"#;
        read_row(row, "k", false, (&Erased::default(), &LeftOut::default(), &Past::default()))
    }

    fn found(differences: &[Difference]) -> Vec<String> {
        differences
            .iter()
            .map(|it| format!("{} {} {} {}", it.table, it.key, it.column.unwrap_or("-"), it.kind.as_str()))
            .collect()
    }

    fn compare_row(stored: Option<&str>) -> Vec<String> {
        let mut lines = Stored::default();
        lines.add(&CAMPAIGN_ROWS, &stored.map(ToOwned::to_owned).into_iter().collect::<Vec<_>>());
        let line = shown().line.unwrap();
        found(&compare_line(&line, lines.get(&CAMPAIGN_ROWS, &line.key)))
    }

    #[test]
    fn a_line_is_missing_marked_as_gone_or_differs_by_column() {
        let right = r#"{"id":"r","campaign_id":"k","call_id":"c","phone_number":"+33","row_index":1,"_deleted_at":null}"#;
        assert_eq!(compare_row(Some(right)), Vec::<String>::new());
        assert_eq!(compare_row(None), ["campaign_rows r - missing"]);
        assert_eq!(
            compare_row(Some(&right.replace("_deleted_at\":null", "_deleted_at\":\"2026-01-01\""))),
            ["campaign_rows r - marked as gone"]
        );
        assert_eq!(
            compare_row(Some(&right.replace("\"k\"", "\"x\"").replace(":1", ":2"))),
            ["campaign_rows r row_index differs", "campaign_rows r campaign_id differs"]
        );
    }

    #[test]
    fn a_computed_column_is_at_fault_only_when_its_sources_are_not() {
        let call = shown().call.unwrap();
        let attempt = &call.attempts["a"].line;
        let compare = |started_at: &str, ring_seconds: &str| {
            let mut stored = Stored::default();
            stored.add(&CALL_ATTEMPTS, &[format!(
                r#"{{"id":"a","call_id":"c","attempt_number":1,"started_at":"{started_at}","ended_at":"2026-01-01T00:00:10+00:00",
                   "ring_seconds":{ring_seconds}}}"#
            )]);
            found(&compare_line(attempt, stored.get(&CALL_ATTEMPTS, &attempt.key)))
        };
        assert_eq!(compare("2026-01-01T00:00:00+00:00", "10"), Vec::<String>::new());
        assert_eq!(compare("2026-01-01T00:00:00+00:00", "11"), ["call_attempts a ring_seconds differs"]);
        assert_eq!(compare("2026-01-01T00:00:01+00:00", "9"), ["call_attempts a started_at differs"]);
    }

    #[test]
    fn parts_that_a_whole_list_does_not_show_are_not_in_the_api() {
        let mut stored = Stored::default();
        let turn = |index: u8, role: &str| {
            format!(r#"{{"call_attempt_id":"a","turn_index":{index},"role":"{role}"}}"#)
        };
        stored.add(&TRANSCRIPT_TURNS, &[turn(0, "user"), turn(2, "user")]);
        let mut parts = shown().call.unwrap().attempts["a"].parts[0].clone();
        assert_eq!(
            found(&compare_parts("a", &parts, &stored)),
            ["transcript_turns a 1 - missing", "transcript_turns a 2 - not in the API"]
        );
        parts.is_whole = false;
        assert_eq!(found(&compare_parts("a", &parts, &stored)), ["transcript_turns a 1 - missing"]);
    }
}
