//! The figures that costs are held to. Counted on x86-64, instructions on the test profile of `.ci/run`.

/// A count, what it was when it was last looked at, and by how much it may be another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) count: f64,
    tolerance: f64,
}

/// How a count stands beside its figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Holds,
    Higher,
    Lower,
    /// So little that it was hardly counted at all.
    Uncounted,
}

impl Figure {
    pub(crate) fn judge(&self, count: f64) -> Verdict {
        if count > self.count + self.tolerance {
            Verdict::Higher
        } else if count < self.count / 3.0 {
            Verdict::Uncounted
        } else if count < self.count - self.tolerance {
            Verdict::Lower
        } else {
            Verdict::Holds
        }
    }
}

/// A count that is never quite the same: a tenth more is too much.
pub(crate) const fn about(name: &'static str, count: f64) -> Figure {
    Figure { name, count, tolerance: count / 10.0 }
}

/// A count of few: one more is too much.
pub(crate) const fn counted(name: &'static str, count: f64) -> Figure {
    Figure { name, count, tolerance: 0.5 }
}

pub(crate) const FIGURES: [Figure; 12] = [
    counted("statements a page, backfill", 12.0),
    counted("round trips to Postgres a page, backfill", 23.1),
    counted("requests a page, backfill", 1.0),
    counted("statements a page, unchanged walk", 4.3),
    counted("round trips to Postgres a page, unchanged walk", 7.5),
    counted("requests a page, unchanged walk", 1.0),
    about("statements, nothing new", 138.0),
    counted("requests, nothing new", 2.0),
    about("allocations a row, backfill", 90.4),
    about("allocations a row, unchanged walk", 15.6),
    about("instructions a row, backfill", 511_000.0),
    about("instructions a row, unchanged walk", 215_000.0),
];
