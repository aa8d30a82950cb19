//! What a row costs on its way from an answer's bytes to what `COPY` takes, alone and on one thread, and how fast rows are found
//! in an answer that comes in pieces, beside the decoder that has the whole of it, in the same run.

use revox_mirror::normalize::{DriftCounts, Hasher, Options as Reading, PageView, indexed_row};
use revox_mirror::simulator::{Flavour, NewerApi, Options, Simulator};
use revox_mirror::store::NewRows;
use revox_mirror::wire::{RowSplitter, RowsPage};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// Bytes of a piece, as the network brings them, and of rows that are taken out at once.
const PIECE: usize = 16 * 1024;
const PART: usize = 1 << 20;

/// Rows of the answer that holds everything, some 20 KB each.
const ROWS: usize = 10_000;
const ROUNDS: usize = 7;

/// Pages of the paged API, and rows on each, some 8.6 KB a row.
const PAGES: usize = 50;
const PAGE: usize = 100;

fn in_pieces(answer: &[u8]) -> anyhow::Result<usize> {
    let mut splitter = RowSplitter::default();
    let mut rows = 0;
    for piece in answer.chunks(PIECE) {
        splitter.push(piece)?;
        if splitter.bytes_held() >= PART && splitter.rows_held() > 0 {
            rows += black_box(splitter.take()).rows.len();
        }
    }
    Ok(rows + black_box(splitter.finish()?).rows.len())
}

/// What a decoder does that has the whole answer, and only has to say where rows begin and end.
#[derive(Deserialize)]
struct Whole<'a> {
    #[serde(borrow)]
    rows: Vec<&'a RawValue>,
}

fn whole(answer: &[u8]) -> anyhow::Result<usize> {
    Ok(black_box(serde_json::from_slice::<Whole<'_>>(answer)?).rows.len())
}

/// The shortest of several rounds.
fn measure(mut work: impl FnMut() -> anyhow::Result<usize>, expected: usize) -> anyhow::Result<Duration> {
    let mut shortest = Duration::MAX;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let rows = work()?;
        shortest = shortest.min(began.elapsed());
        anyhow::ensure!(rows == expected, "{rows} rows were found, and there are {expected}");
    }
    Ok(shortest)
}

/// The answers of an account of one campaign.
async fn answers(flavour: Flavour, rows: usize, a_page: usize) -> anyhow::Result<Vec<String>> {
    let simulator = Simulator::start(Options { flavour, campaigns: 1, rows, ..Options::default() }).await?;
    let rows = simulator.edit(|account| account.truth(0))?;
    simulator.stop().await;
    Ok(rows
        .chunks(a_page)
        .map(|page| format!(r#"{{"rows":[{}],"total":{}}}"#, page.join(","), rows.len()))
        .collect())
}

/// How far a page is taken.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Step {
    Split,
    View,
    Normalize,
    Encode,
}

fn take(answer: &str, hasher: &Hasher, to: Step) -> anyhow::Result<usize> {
    let page = RowsPage::split(answer.as_bytes())?;
    if to < Step::View {
        return Ok(black_box(page).rows.len());
    }
    let view = PageView::new(page, hasher);
    if to < Step::Normalize {
        return Ok(black_box(view).rows.len());
    }
    let (mut drift, reading) = (DriftCounts::default(), Reading::default());
    let text = std::str::from_utf8(&view.page.body)?;
    let records: Vec<_> = (0..)
        .zip(&view.rows)
        .map(|(place, row)| indexed_row(&text[row.span.clone()], &row.index, place, &reading, &mut drift))
        .collect();
    let rows = records.len();
    if to == Step::Encode {
        let mut new_rows = NewRows::with_room_for(answer.len());
        for records in records {
            new_rows.add("c", records);
        }
        black_box(new_rows);
    } else {
        black_box(records);
    }
    Ok(rows)
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below what a float holds exactly")]
fn say(
    out: &mut impl std::io::Write,
    name: &str,
    took: Duration,
    rows: usize,
    bytes: usize,
) -> std::io::Result<()> {
    let (seconds, rows, megabytes) = (took.as_secs_f64(), rows as f64, bytes as f64 / 1e6);
    writeln!(out, "{name:<34} {:>6.1} µs a row  {:>5.0} MB/s", seconds * 1e6 / rows, megabytes / seconds)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // A word of its name runs one line alone, for a profiler; cargo adds an option.
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let is_wanted = |name: &str| only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    let mut out = std::io::stdout().lock();
    let pages = answers(Flavour::default(), PAGES * PAGE, PAGE).await?;
    let bytes: usize = pages.iter().map(String::len).sum();
    writeln!(out, "{PAGES} pages of {PAGE} rows, {} MB, the shortest of {ROUNDS} rounds", bytes / 1_000_000)?;
    let hasher = Hasher::new(&[7; 32], &Reading::default());
    for (name, to) in [
        ("rows found and checked", Step::Split),
        ("and their parts found, and hashed", Step::View),
        ("and made into records", Step::Normalize),
        ("and written as COPY takes them", Step::Encode),
    ] {
        if !is_wanted(name) {
            continue;
        }
        let took =
            measure(|| pages.iter().map(|page| take(page, &hasher, to)).sum::<Result<_, _>>(), PAGES * PAGE)?;
        say(&mut out, name, took, PAGES * PAGE, bytes)?;
    }
    if only.is_some() {
        return Ok(());
    }
    let all = answers(Flavour::Newer(NewerApi::default()), ROWS, ROWS).await?;
    let answer = all.first().map(String::as_bytes).unwrap_or_default();
    writeln!(out, "\none answer of {ROWS} rows, {} MB", answer.len() / 1_000_000)?;
    say(&mut out, "by a decoder over the whole", measure(|| whole(answer), ROWS)?, ROWS, answer.len())?;
    say(&mut out, "in pieces", measure(|| in_pieces(answer), ROWS)?, ROWS, answer.len())?;
    Ok(())
}
