//! Figures, their medians, and the table in which they are shown.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench says what it found")]

/// What is measured; shown in the order in which it was first measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    Backfill,
    UntilCounted,
    Unchanged,
    Quiet,
    Incremental,
    IncrementalUntilCounted,
    Fetch,
    UnchangedSlow,
    /// The same by a daemon, which is there already.
    UnchangedWatched,
    FetchSlow,
    Copy,
    CopyKeysAlone,
    /// Measured once, under difficult circumstances.
    Hardship(String),
    /// A backfill of an account of another size.
    GrownBackfill(usize),
    /// An unchanged full walk of it.
    GrownUnchanged(usize),
}

impl Stage {
    fn title(&self) -> String {
        match self {
            Self::Backfill => "backfill, to its last row".to_owned(),
            Self::UntilCounted | Self::IncrementalUntilCounted => "  until viewed and counted".to_owned(),
            Self::Unchanged => "full walk, unchanged".to_owned(),
            Self::Quiet => "pass, nothing changed".to_owned(),
            Self::Incremental => "1 row in 100 changed, to its last".to_owned(),
            Self::Fetch => "floor: fetch all pages".to_owned(),
            Self::UnchangedSlow => "full walk, 20 ms a request".to_owned(),
            Self::UnchangedWatched => "  by a daemon, from its list on".to_owned(),
            Self::FetchSlow => "floor: fetch, 20 ms a request".to_owned(),
            Self::Copy => "floor: COPY, keys and indexes".to_owned(),
            Self::CopyKeysAlone => "floor: COPY, primary keys".to_owned(),
            Self::Hardship(title) => title.clone(),
            Self::GrownBackfill(rows) => format!("backfill of {rows}"),
            Self::GrownUnchanged(rows) => format!("full walk of {rows}"),
        }
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
    /// Of JSON.
    pub(crate) bytes: Option<u64>,
}

/// A stage: the rows that it was about, and what each round came to.
#[derive(Debug)]
struct Line {
    stage: Stage,
    rows: usize,
    figures: Vec<Figures>,
}

/// All figures of a run.
#[derive(Debug)]
pub(crate) struct Report {
    server: String,
    lines: Vec<Line>,
}

const MIB: f64 = 1024.0 * 1024.0;

/// To as many rows the growth is drawn on.
const FAR: f64 = 1_000_000.0;

impl Report {
    pub(crate) fn new(server: String) -> Self {
        Self { server, lines: Vec::new() }
    }

    /// Says how far the run is, away from the table.
    #[expect(clippy::unused_self, reason = "progress belongs to the run that the report is of")]
    pub(crate) fn note_progress(&self, text: &str) {
        eprintln!("{text}");
    }

    pub(crate) fn add(&mut self, stage: Stage, rows: usize, figures: Figures) {
        match self.lines.iter_mut().find(|line| line.stage == stage) {
            Some(line) => line.figures.push(figures),
            None => self.lines.push(Line { stage, rows, figures: vec![figures] }),
        }
    }

    fn median(&self, stage: &Stage, of: impl Fn(&Figures) -> Option<f64>) -> Option<f64> {
        let line = self.lines.iter().find(|line| line.stage == *stage)?;
        let mut values: Vec<f64> = line.figures.iter().filter_map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    }

    fn seconds(&self, stage: &Stage) -> Option<f64> {
        self.median(stage, |figures| Some(figures.seconds))
    }

    /// Prints everything.
    pub(crate) fn print(&self) {
        println!("{}; medians", self.server);
        println!(
            "{:<40} {:>8} {:>8} {:>8} {:>10} {:>12} {:>9} {:>8} {:>8}",
            "", "rows", "seconds", "rows/s", "CPU mirror", "CPU postgres", "peak MiB", "WAL MiB", "requests"
        );
        for line in &self.lines {
            self.print_line(line);
        }
        println!();
        self.print_ratios();
        self.print_growth();
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn print_line(&self, line: &Line) {
        let show = |value: Option<f64>, decimals: usize| {
            value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
        };
        let Line { stage, rows, .. } = line;
        let seconds = self.seconds(stage);
        println!(
            "{:<40} {:>8} {:>8} {:>8} {:>10} {:>12} {:>9} {:>8} {:>8}",
            stage.title(),
            rows,
            show(seconds, 3),
            show(seconds.map(|seconds| *rows as f64 / seconds), 0),
            show(self.median(stage, |figures| figures.mirror_cpu_seconds), 2),
            show(self.median(stage, |figures| figures.postgres_cpu_seconds), 2),
            show(self.median(stage, |figures| Some(figures.peak_bytes? as f64 / MIB)), 1),
            show(self.median(stage, |figures| Some(figures.wal_bytes? as f64 / MIB)), 1),
            show(self.median(stage, |figures| Some(figures.requests? as f64)), 0),
        );
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn print_ratios(&self) {
        for (what, over, under) in [
            ("backfill / COPY, keys and indexes", Stage::Backfill, Stage::Copy),
            ("backfill / COPY, primary keys", Stage::Backfill, Stage::CopyKeysAlone),
            ("unchanged / fetch", Stage::Unchanged, Stage::Fetch),
            ("unchanged / fetch, 20 ms a request", Stage::UnchangedSlow, Stage::FetchSlow),
            ("  by a daemon / fetch", Stage::UnchangedWatched, Stage::FetchSlow),
        ] {
            if let (Some(over), Some(under)) = (self.seconds(&over), self.seconds(&under)) {
                println!("{what:<36} {:>6.2}", over / under);
            }
        }
        let bytes = self.median(&Stage::Fetch, |figures| Some(figures.bytes? as f64 / 1e6));
        let cpu = self.median(&Stage::Backfill, |figures| figures.mirror_cpu_seconds);
        if let (Some(bytes), Some(cpu)) = (bytes, cpu) {
            println!("{:<36} {bytes:>6.0}", "MB of JSON");
            println!("{:<36} {:>6.0}", "MB a CPU second of the mirror", bytes / cpu);
        }
    }

    /// The straight line through the figures of all sizes, for what cannot be measured in a minute.
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn print_growth(&self) {
        type Kind = fn(usize) -> Stage;
        let kinds: [(&str, Kind); 2] =
            [("backfill", Stage::GrownBackfill), ("full walk", Stage::GrownUnchanged)];
        for (what, kind) in kinds {
            let grown = self.lines.iter().filter(|line| line.stage == kind(line.rows));
            let points: Vec<(f64, f64, f64)> = grown
                .filter_map(|line| {
                    let peak = self.median(&line.stage, |figures| Some(figures.peak_bytes? as f64))?;
                    Some((line.rows as f64, self.seconds(&line.stage)?, peak))
                })
                .collect();
            let (Some(seconds), Some(peak)) = (
                Fit::through(points.iter().map(|(rows, seconds, _)| (*rows, *seconds))),
                Fit::through(
                    points
                        .iter()
                        .filter(|(rows, ..)| *rows >= 20_000.0)
                        .map(|(rows, _, peak)| (*rows, *peak)),
                ),
            ) else {
                continue;
            };
            println!(
                "{what}: {:.2} s and {:.1} us a row, {:.0} MiB and {:.0} bytes a row from 20,000 rows on; \
                 a million rows: {:.0} s, {:.0} MiB",
                seconds.at(0.0),
                seconds.slope * 1e6,
                peak.at(0.0) / MIB,
                peak.slope,
                seconds.at(FAR),
                peak.at(FAR) / MIB,
            );
        }
    }
}

/// A straight line through points, by least squares.
struct Fit {
    start: f64,
    slope: f64,
}

impl Fit {
    #[expect(clippy::cast_precision_loss, reason = "points are few")]
    fn through(points: impl Iterator<Item = (f64, f64)>) -> Option<Self> {
        let points: Vec<(f64, f64)> = points.collect();
        if points.len() < 2 {
            return None;
        }
        let count = points.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
        let (x, y) = (mean(|point| point.0), mean(|point| point.1));
        let over: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
        let under: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
        let slope = over / under;
        Some(Self { start: y - slope * x, slope })
    }

    fn at(&self, x: f64) -> f64 {
        self.start + self.slope * x
    }
}
