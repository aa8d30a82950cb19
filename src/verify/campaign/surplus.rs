//! What the mirror holds for alive and the API does not show.

use super::super::compare::Finding;
use super::super::shown::Digest;
use super::super::tables::{CALL_ATTEMPTS, CALLS, CAMPAIGN_ROWS, Table};
use super::super::{Difference, DifferenceKind, MOST_DIFFERENCES};
use super::Comparison;
use crate::store::StoreError;
use std::collections::HashSet;

/// Calls and attempts that are looked for at once without a row that shows them.
const MOST_ORPHANS: i64 = 10_000;

impl Comparison<'_> {
    /// Live rows of the mirror that no walk has seen, as many as are kept.
    pub(super) async fn unseen_rows(&self) -> Result<Vec<String>, StoreError> {
        let is_seen = |id: &str| self.rows.contains(id);
        self.subject.store.live_rows_but(self.campaign_id, is_seen, MOST_DIFFERENCES).await
    }

    /// Adds live rows that the API does not show, and live calls that no row shows, there or here.
    pub(super) async fn add_unseen(&mut self) -> Result<(), StoreError> {
        let rows = self.unseen_rows().await?;
        self.add_surplus(&CAMPAIGN_ROWS, rows);
        let store = &self.subject.store;
        let calls = store.unshown_calls(self.campaign_id, MOST_ORPHANS).await?;
        let mut calls: Vec<String> = calls.into_iter().filter(|id| !self.calls.contains(id)).collect();
        if !calls.is_empty() {
            let again: HashSet<String> =
                store.unshown_calls(self.campaign_id, MOST_ORPHANS).await?.into_iter().collect();
            calls.retain(|id| again.contains(id));
        }
        self.add_surplus(&CALLS, calls);
        Ok(())
    }

    /// Adds live attempts of calls that are gone, there and here.
    pub(super) async fn add_orphans(&mut self) -> Result<(), StoreError> {
        let store = &self.subject.store;
        let mut attempts = store.attempts_of_dead_calls(self.campaign_id, MOST_ORPHANS).await?;
        attempts.retain(|(_, call)| !self.calls.contains(call));
        if !attempts.is_empty() {
            let again = store.attempts_of_dead_calls(self.campaign_id, MOST_ORPHANS).await?;
            let again: HashSet<(String, String)> = again.into_iter().collect();
            attempts.retain(|attempt| again.contains(attempt));
        }
        self.add_surplus(&CALL_ATTEMPTS, attempts.into_iter().map(|(id, _)| id).collect());
        Ok(())
    }

    fn add_surplus(&mut self, table: &'static Table, ids: Vec<String>) {
        for key in ids {
            let difference =
                Difference { table: table.name, key, column: None, kind: DifferenceKind::NotInTheApi };
            if self.findings.len() < MOST_DIFFERENCES && self.known.insert(difference.clone()) {
                self.findings.push(Finding {
                    difference,
                    row: None,
                    assistant: None,
                    shown: Digest::default(),
                });
            }
        }
    }
}
