//! What cases covered, counted, and shown as a table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Counts by what is counted.
#[derive(Debug, Default, Clone)]
pub(crate) struct Coverage(BTreeMap<String, Counted>);

/// How often, and in how many cases.
#[derive(Debug, Default, Clone)]
struct Counted {
    times: u64,
    cases: u64,
}

impl Coverage {
    /// Counts something that happened `times` times.
    pub(crate) fn add(&mut self, what: impl Into<String>, times: u64) {
        if times > 0 {
            let counted = self.0.entry(what.into()).or_default();
            counted.times += times;
            counted.cases = 1;
        }
    }

    /// How often something happened.
    pub(crate) fn times(&self, what: &str) -> u64 {
        self.0.get(what).map_or(0, |counted| counted.times)
    }

    /// Adds what another case covered.
    pub(crate) fn merge(&mut self, case: &Self) {
        for (what, counted) in &case.0 {
            let all = self.0.entry(what.clone()).or_default();
            all.times += counted.times;
            all.cases += counted.cases;
        }
    }

    /// The table.
    pub(crate) fn table(&self) -> String {
        let width = self.0.keys().map(|what| what.chars().count()).max().unwrap_or(0);
        let mut table = format!("{:width$}  {:>8}  {:>8}\n", "covered", "times", "in cases");
        for (what, counted) in &self.0 {
            let _ = writeln!(table, "{what:width$}  {:>8}  {:>8}", counted.times, counted.cases);
        }
        table
    }
}
