//! Figures, their medians, and the table in which they are shown.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench says what it found")]

use std::collections::BTreeMap;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Backfill,
    Fetch,
    Copy,
    CopyKeysAlone,
    Unchanged,
    UnchangedSlow,
    FetchSlow,
    LargeBackfill,
    LargeUnchanged,
}

impl Stage {
    fn title(self) -> &'static str {
        match self {
            Self::Backfill => "backfill",
            Self::Fetch => "floor: fetch all pages",
            Self::Copy => "floor: copy, keys and indexes",
            Self::CopyKeysAlone => "floor: copy, primary keys",
            Self::Unchanged => "full walk, unchanged",
            Self::UnchangedSlow => "full walk, 20 ms a request",
            Self::FetchSlow => "floor: fetch, 20 ms a request",
            Self::LargeBackfill => "backfill, 10 times the rows",
            Self::LargeUnchanged => "full walk, 10 times the rows",
        }
    }

    fn rows(self, rows: usize) -> usize {
        if matches!(self, Self::LargeBackfill | Self::LargeUnchanged) { rows * 10 } else { rows }
    }
}

/// What one stage of one round came to; what does not apply or cannot be had is none.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Figures {
    pub(crate) seconds: f64,
    pub(crate) mirror_cpu_seconds: Option<f64>,
    pub(crate) postgres_cpu_seconds: Option<f64>,
    pub(crate) peak_bytes: Option<u64>,
    pub(crate) wal_bytes: Option<u64>,
    pub(crate) requests: Option<u64>,
}

/// All figures of a run.
#[derive(Debug)]
pub(crate) struct Report {
    server: String,
    figures: BTreeMap<Stage, Vec<Figures>>,
}

impl Report {
    pub(crate) fn new(server: String) -> Self {
        Self { server, figures: BTreeMap::new() }
    }

    /// Says how far the run is, away from the table.
    #[expect(clippy::unused_self, reason = "progress belongs to the run that the report is of")]
    pub(crate) fn note_progress(&self, text: &str) {
        eprintln!("{text}");
    }

    pub(crate) fn add(&mut self, stage: Stage, figures: Figures) {
        self.figures.entry(stage).or_default().push(figures);
    }

    fn median(&self, stage: Stage, of: impl Fn(&Figures) -> Option<f64>) -> Option<f64> {
        let mut values: Vec<f64> = self.figures.get(&stage)?.iter().filter_map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    }

    fn seconds(&self, stage: Stage) -> Option<f64> {
        self.median(stage, |figures| Some(figures.seconds))
    }

    /// Prints everything. `rows`: of the account.
    pub(crate) fn print(&self, rows: usize) {
        println!("{rows} rows; {}; medians", self.server);
        println!(
            "{:<30} {:>8} {:>9} {:>10} {:>12} {:>9} {:>8} {:>8}",
            "", "seconds", "rows/s", "CPU mirror", "CPU postgres", "peak MiB", "WAL MiB", "requests"
        );
        for stage in self.figures.keys() {
            self.print_stage(*stage, stage.rows(rows));
        }
        println!();
        let floor = [Stage::Fetch, Stage::Copy].map(|stage| self.seconds(stage).unwrap_or_default());
        let floor = floor.into_iter().reduce(f64::max);
        for (what, over, under) in [
            ("backfill / larger floor", self.seconds(Stage::Backfill), floor),
            (
                "backfill / copy with primary keys",
                self.seconds(Stage::Backfill),
                self.seconds(Stage::CopyKeysAlone),
            ),
            ("unchanged / fetch", self.seconds(Stage::Unchanged), self.seconds(Stage::Fetch)),
            (
                "unchanged / fetch, 20 ms a request",
                self.seconds(Stage::UnchangedSlow),
                self.seconds(Stage::FetchSlow),
            ),
        ] {
            if let (Some(over), Some(under)) = (over, under) {
                println!("{what:<36} {:>6.2}", over / under);
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn print_stage(&self, stage: Stage, rows: usize) {
        const MIB: f64 = 1024.0 * 1024.0;
        let show = |value: Option<f64>, decimals: usize| {
            value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
        };
        let seconds = self.seconds(stage);
        println!(
            "{:<30} {:>8} {:>9} {:>10} {:>12} {:>9} {:>8} {:>8}",
            stage.title(),
            show(seconds, 3),
            show(seconds.map(|seconds| rows as f64 / seconds), 0),
            show(self.median(stage, |figures| figures.mirror_cpu_seconds), 2),
            show(self.median(stage, |figures| figures.postgres_cpu_seconds), 2),
            show(self.median(stage, |figures| Some(figures.peak_bytes? as f64 / MIB)), 1),
            show(self.median(stage, |figures| Some(figures.wal_bytes? as f64 / MIB)), 1),
            show(self.median(stage, |figures| Some(figures.requests? as f64)), 0),
        );
    }
}
