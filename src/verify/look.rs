//! One look at some rows: their lines are read back, page by page, and laid beside what the API shows.
//!
//! Owns: which lines a page's rows must have, and who owns what several show. Memory holds the lines of one page.

use super::assistants::Copies;
use super::compare::{Finding, Stored, compare_line, compare_parts, difference, is_live, text};
use super::json::Members;
use super::shown::{Digest, Line, ShownAssistant, ShownAttempt, ShownCall, ShownRow};
use super::tables::{ATTEMPT_PARTS, CALL_ATTEMPTS, CALLS, CAMPAIGN_ROWS, Table};
use super::{Difference, DifferenceKind, configs};
use crate::store::{Lookup, Store, StoreError};
use std::collections::BTreeMap;

/// Where rejects stand; no table of schema `revox`.
pub(super) const REJECTS: &str = "revox_sync.rejects";

/// Looks at rows of one campaign.
pub(super) struct Looker<'a> {
    pub(super) store: &'a Store,
    pub(super) campaign_id: &'a str,
    /// What is known of assistants, for all campaigns.
    pub(super) copies: &'a Copies,
}

/// Something that a row brings, with what its findings rest on.
struct Brought<T> {
    what: T,
    row: String,
    shown: Digest,
}

/// A page's rows by the keys of what they bring; of what stands there twice the last one counts.
#[derive(Default)]
struct Page {
    rows: BTreeMap<String, Brought<Line>>,
    calls: BTreeMap<String, Brought<ShownCall>>,
    /// With the call that owns it: of several the one with the smallest id.
    attempts: BTreeMap<String, Brought<(String, ShownAttempt)>>,
    /// Each distinct copy once.
    assistants: BTreeMap<Digest, Brought<ShownAssistant>>,
    /// Rows of which a piece cannot be stored.
    rejected: Vec<Brought<String>>,
}

impl Page {
    fn of(rows: Vec<ShownRow>) -> Self {
        let mut page = Self::default();
        for shown in rows {
            let Some(line) = shown.line else { continue };
            let (row, digest) = (line.id().to_owned(), shown.digest);
            if shown.is_rejected {
                page.rejected.push(Brought { what: row.clone(), row: row.clone(), shown: digest });
            }
            if let Some(call) = shown.call {
                let brought = Brought { what: call, row: row.clone(), shown: digest };
                page.calls.insert(brought.what.line.id().to_owned(), brought);
            }
            if let Some(assistant) = shown.assistant {
                let shown = assistant.digest;
                page.assistants.insert(shown, Brought { what: assistant, row: row.clone(), shown });
            }
            page.rows.insert(row.clone(), Brought { what: line, row, shown: digest });
        }
        // In the order of their ids, so that the smallest comes first.
        for (call_id, call) in &page.calls {
            for (id, attempt) in &call.what.attempts {
                page.attempts.entry(id.clone()).or_insert_with(|| Brought {
                    what: (call_id.clone(), attempt.clone()),
                    row: call.row.clone(),
                    shown: call.shown,
                });
            }
        }
        page
    }
}

/// Findings on the way.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add<T>(&mut self, of: &Brought<T>, found: impl IntoIterator<Item = Difference>) {
        let finding =
            |difference| Finding { difference, row: Some(of.row.clone()), assistant: None, shown: of.shown };
        self.0.extend(found.into_iter().map(finding));
    }
}

pub(super) fn lookup<'v>(
    table: &'static Table,
    column: &'static str,
    values: impl Iterator<Item = &'v str>,
) -> Lookup<'v> {
    Lookup { table: table.name, column, values: values.collect(), only_live: false }
}

impl Looker<'_> {
    /// What differs between these rows and their lines.
    pub(super) async fn look(&self, rows: Vec<ShownRow>) -> Result<Vec<Finding>, StoreError> {
        let page = Page::of(rows);
        let mut stored = self.read(&page).await?;
        self.read_more(&page, &mut stored).await?;
        let mut found = Findings::default();
        for row in page.rows.values() {
            found.add(row, compare_line(&row.what, stored.get(&CAMPAIGN_ROWS, &row.what.key)));
        }
        for call in page.calls.values() {
            self.compare_call(call, &page, &stored, &mut found);
        }
        for attempt in page.attempts.values() {
            compare_attempt(attempt, &stored, &mut found);
        }
        self.compare_assistants(&page, &mut found).await?;
        self.compare_configs(&page, &mut stored, &mut found).await?;
        self.compare_rejects(&page, &mut found).await?;
        Ok(found.0)
    }

    /// The lines that the page must have, and those that its owners have besides.
    async fn read(&self, page: &Page) -> Result<Stored, StoreError> {
        let rows = || page.rows.keys().map(String::as_str);
        let calls = || page.calls.keys().map(String::as_str);
        let attempts = || page.attempts.keys().map(String::as_str);
        let mut tables: Vec<&'static Table> = vec![&CAMPAIGN_ROWS, &CALLS, &CALL_ATTEMPTS, &CALL_ATTEMPTS];
        let mut lookups = vec![
            lookup(&CAMPAIGN_ROWS, "id", rows()),
            lookup(&CALLS, "id", calls()),
            lookup(&CALL_ATTEMPTS, "id", attempts()),
            Lookup { only_live: true, ..lookup(&CALL_ATTEMPTS, "call_id", calls()) },
        ];
        for (_, table, _) in ATTEMPT_PARTS {
            tables.push(table);
            lookups.push(lookup(table, "call_attempt_id", attempts()));
        }
        let mut stored = Stored::default();
        for (table, lines) in tables.into_iter().zip(self.store.stored_lines(&lookups).await?) {
            stored.add(table, &lines);
        }
        Ok(stored)
    }

    /// What has to be known where others own what the page shows: the live rows of calls that another campaign owns,
    /// the calls that own attempts of this page.
    async fn read_more(&self, page: &Page, stored: &mut Stored) -> Result<(), StoreError> {
        let owned_elsewhere = page.calls.keys().filter(|id| {
            let held = stored.get(&CALLS, std::slice::from_ref(*id));
            held.is_some_and(|held| text(held, "campaign_id") != Some(self.campaign_id))
        });
        let owned_elsewhere: Vec<&str> = owned_elsewhere.map(String::as_str).collect();
        let owners: Vec<String> = page
            .attempts
            .iter()
            .filter_map(|(id, attempt)| {
                let held = stored.get(&CALL_ATTEMPTS, std::slice::from_ref(id))?;
                text(held, "call_id").filter(|owner| *owner < attempt.what.0.as_str()).map(ToOwned::to_owned)
            })
            .collect();
        if owned_elsewhere.is_empty() && owners.is_empty() {
            return Ok(());
        }
        let rows = lookup(&CAMPAIGN_ROWS, "call_id", owned_elsewhere.into_iter());
        let lookups =
            [Lookup { only_live: true, ..rows }, lookup(&CALLS, "id", owners.iter().map(String::as_str))];
        for (table, lines) in
            [&CAMPAIGN_ROWS, &CALLS].into_iter().zip(self.store.stored_lines(&lookups).await?)
        {
            stored.add(table, &lines);
        }
        Ok(())
    }

    fn compare_call(&self, call: &Brought<ShownCall>, page: &Page, stored: &Stored, found: &mut Findings) {
        let line = &call.what.line;
        let held = stored.get(&CALLS, &line.key);
        found.add(call, compare_line(line, held));
        let Some(held) = held.filter(|held| is_live(held)) else {
            return;
        };
        // A call that rows of several campaigns show belongs to the one that was walked last.
        let campaign = text(held, "campaign_id");
        let shows = |(_, row): (&Vec<String>, &Members)| {
            is_live(row) && text(row, "call_id") == Some(line.id()) && text(row, "campaign_id") == campaign
        };
        if campaign != Some(self.campaign_id) && !stored.all(&CAMPAIGN_ROWS).any(shows) {
            found.add(call, [difference(&CALLS, &line.key, Some("campaign_id"), DifferenceKind::Differs)]);
        }
        if call.what.is_whole {
            // One that belongs to another call of the page is found to differ there.
            let is_claimed = |key: &Vec<String>| {
                let attempt = key.first().and_then(|id| page.attempts.get(id));
                attempt.is_some_and(|attempt| attempt.what.0.as_str() < line.id())
            };
            let surplus = stored.all(&CALL_ATTEMPTS).filter(|(key, attempt)| {
                let is_shown = key.first().is_some_and(|id| call.what.attempts.contains_key(id));
                !is_shown
                    && is_live(attempt)
                    && text(attempt, "call_id") == Some(line.id())
                    && !is_claimed(key)
            });
            let surplus =
                surplus.map(|(key, _)| difference(&CALL_ATTEMPTS, key, None, DifferenceKind::NotInTheApi));
            found.add(call, surplus);
        }
    }

    async fn compare_assistants(&self, page: &Page, found: &mut Findings) -> Result<(), StoreError> {
        let counted: Vec<_> = page.assistants.values().filter(|it| self.copies.may_count(&it.what)).collect();
        let shown: Vec<&ShownAssistant> = counted.iter().map(|it| &it.what).collect();
        for (assistant, differences) in counted.into_iter().zip(self.copies.look(self.store, &shown).await?) {
            let id = assistant.what.line.id();
            let finding = |difference| Finding {
                difference,
                row: Some(assistant.row.clone()),
                assistant: Some(id.to_owned()),
                shown: assistant.shown,
            };
            found.0.extend(differences.into_iter().map(finding));
        }
        Ok(())
    }

    async fn compare_configs(
        &self,
        page: &Page,
        stored: &mut Stored,
        found: &mut Findings,
    ) -> Result<(), StoreError> {
        let lines = page.calls.values().map(|call| &call.what.line);
        let differences = configs::compare(self.store, lines, stored).await?;
        for (call, differences) in page.calls.values().zip(differences) {
            found.add(call, differences);
        }
        Ok(())
    }

    /// A row of which a piece could not land must have it among the rejects.
    async fn compare_rejects(&self, page: &Page, found: &mut Findings) -> Result<(), StoreError> {
        if page.rejected.is_empty() {
            return Ok(());
        }
        let rows: Vec<&str> = page.rejected.iter().map(|it| it.what.as_str()).collect();
        let kept = self.store.rejected_rows(self.campaign_id, &rows).await?;
        for rejected in page.rejected.iter().filter(|it| !kept.contains(&it.what)) {
            let key = rejected.what.clone();
            let missing = Difference { table: REJECTS, key, column: None, kind: DifferenceKind::Missing };
            found.add(rejected, [missing]);
        }
        Ok(())
    }
}

fn compare_attempt(attempt: &Brought<(String, ShownAttempt)>, stored: &Stored, found: &mut Findings) {
    let (owner, shown) = &attempt.what;
    // Those of a call that is not there cannot be there either, and are not told one by one.
    let Some(_) = stored.get(&CALLS, std::slice::from_ref(owner)).filter(|call| is_live(call)) else {
        return;
    };
    let held = stored.get(&CALL_ATTEMPTS, &shown.line.key);
    if let Some(other) = held.filter(|held| is_live(held)).and_then(|held| text(held, "call_id"))
        && other < owner.as_str()
        && stored.get(&CALLS, &[other.to_owned()]).is_some_and(is_live)
    {
        // Another call owns it, and is looked at where it stands.
        return;
    }
    let differences = compare_line(&shown.line, held);
    found.add(attempt, differences);
    if held.is_some_and(is_live) {
        for parts in &shown.parts {
            found.add(attempt, compare_parts(shown.line.id(), parts, stored));
        }
    }
}
