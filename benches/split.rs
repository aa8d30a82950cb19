//! How fast rows are found in an answer that comes in pieces, beside the decoder that has the whole of it, in the same run.

use revox_mirror::simulator::{Flavour, NewerApi, Options, Simulator};
use revox_mirror::wire::RowSplitter;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// Bytes of a piece, as the network brings them, and of rows that are taken out at once.
const PIECE: usize = 16 * 1024;
const PART: usize = 1 << 20;

/// Rows of the answer, some 20 KB each.
const ROWS: usize = 10_000;
const ROUNDS: usize = 7;

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
fn measure(answer: &[u8], decode: fn(&[u8]) -> anyhow::Result<usize>) -> anyhow::Result<Duration> {
    let mut shortest = Duration::MAX;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let rows = decode(answer)?;
        shortest = shortest.min(began.elapsed());
        anyhow::ensure!(rows == ROWS, "{rows} rows were found, and there are {ROWS}");
    }
    Ok(shortest)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let flavour = Flavour::Newer(NewerApi::default());
    let simulator =
        Simulator::start(Options { flavour, campaigns: 1, rows: ROWS, ..Options::default() }).await?;
    let rows = simulator.edit(|account| account.truth(0))?;
    let answer = format!(r#"{{"rows":[{}]}}"#, rows.join(","));
    simulator.stop().await;
    drop(rows);

    let mut out = std::io::stdout().lock();
    writeln!(out, "{ROWS} rows, {} MB, the shortest of {ROUNDS} rounds", answer.len() / 1_000_000)?;
    let mut base = None;
    for (name, decode) in [("whole", whole as fn(&[u8]) -> _), ("in pieces", in_pieces)] {
        let took = measure(answer.as_bytes(), decode)?;
        let base = *base.get_or_insert(took);
        let ratio = took.as_secs_f64() / base.as_secs_f64();
        writeln!(out, "{name:<10} {:>7.1} ms   {ratio:.2} times the first", took.as_secs_f64() * 1_000.0)?;
    }
    Ok(())
}
