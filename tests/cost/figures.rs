//! The figures that costs are held to. Counted on x86-64, instructions on the test profile of `.ci/run`.

/// A count and what it was when it was last looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) count: f64,
}

/// How a count stands beside its figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Holds,
    /// More than a tenth above.
    Higher,
    /// More than a tenth below.
    Lower,
}

impl Figure {
    pub(crate) fn judge(&self, count: f64) -> Verdict {
        if count > self.count * 1.1 {
            Verdict::Higher
        } else if count < self.count * 0.9 {
            Verdict::Lower
        } else {
            Verdict::Holds
        }
    }
}

const fn figure(name: &'static str, count: f64) -> Figure {
    Figure { name, count }
}

pub(crate) const FIGURES: [Figure; 12] = [
    figure("statements a page, backfill", 2.3),
    figure("round trips to Postgres a page, backfill", 4.5),
    figure("requests a page, backfill", 1.0),
    figure("statements a page, unchanged walk", 3.7),
    figure("round trips to Postgres a page, unchanged walk", 6.3),
    figure("requests a page, unchanged walk", 1.0),
    figure("statements, nothing new", 142.0),
    figure("requests, nothing new", 3.0),
    figure("allocations a row, backfill", 114.0),
    figure("allocations a row, unchanged walk", 19.6),
    figure("instructions a row, backfill", 624_000.0),
    figure("instructions a row, unchanged walk", 309_000.0),
];
