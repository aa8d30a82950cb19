//! The line from an answer's bytes to what `COPY` takes, alone and on one thread: its instructions are the same wherever and
//! whenever they are counted, to a fraction of a thousandth. The program as a whole waits, for which it takes instructions, too.

use crate::support::{announce, variable};
use crate::valgrind;
use revox_mirror::normalize::{DriftCounts, Hasher, Options, PageView, indexed_row};
use revox_mirror::simulator::Simulator;
use revox_mirror::store::NewRows;
use revox_mirror::wire::RowsPage;
use std::hint::black_box;
use std::path::Path;

/// The test that does the work, which valgrind runs with these variables.
const WORK: &str = "line::the_line_takes_every_row_from_an_answer_to_copy";
const ANSWER: &str = "COST_ANSWER";
const TIMES: &str = "COST_TIMES";
const NEW: &str = "COST_NEW";

/// Rows of the answer, and how many times more often the second count takes it than the first.
pub(crate) const ROWS: usize = 100;
const TIMES_MORE: usize = 3;

/// An answer as the API gives it.
async fn answer() -> String {
    let simulator = Simulator::start(crate::account(ROWS)).await.unwrap();
    let rows = simulator.truth(0).unwrap();
    simulator.stop().await;
    format!(r#"{{"rows":[{}],"total":{ROWS}}}"#, rows.join(","))
}

/// Takes an answer to where the mirror knows which rows have changed, and, all being new, on to `COPY`'s bytes.
fn take(answer: &str, are_new: bool) -> (usize, usize) {
    let hasher = Hasher::new(&[7; 32], &Options::default());
    let view = PageView::new(RowsPage::split(answer.as_bytes()).unwrap(), &hasher);
    if !are_new {
        return (black_box(&view).rows.len(), 0);
    }
    let mut drift = DriftCounts::default();
    let text = std::str::from_utf8(&view.page.body).unwrap();
    let mut new_rows = NewRows::with_room_for(answer.len());
    for (place, row) in (0..).zip(&view.rows) {
        let text = &text[row.span.clone()];
        new_rows.add("c", indexed_row(text, &row.index, place, &Options::default(), &mut drift));
    }
    let new_rows = black_box(new_rows);
    (new_rows.rows(), new_rows.bytes())
}

#[tokio::test]
async fn the_line_takes_every_row_from_an_answer_to_copy() {
    let (Some(file), Some(times), Some(are_new)) = (variable(ANSWER), variable(TIMES), variable(NEW)) else {
        let answer = answer().await;
        assert_eq!(take(&answer, false), (ROWS, 0));
        let (rows, bytes) = take(&answer, true);
        assert_eq!(rows, ROWS);
        assert!((answer.len() / 4..answer.len() * 2).contains(&bytes), "{bytes} of {}", answer.len());
        return;
    };
    let answer = std::fs::read_to_string(file).unwrap();
    for _ in 0..times.parse().unwrap() {
        black_box(take(&answer, are_new == "true"));
    }
}

/// Instructions a row: of a row that is new, and of one that is not.
pub(crate) async fn instructions() -> [f64; 2] {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("answer.json");
    std::fs::write(&file, answer().await).unwrap();
    let mut a_row = [0.0; 2];
    for (are_new, a_row) in [true, false].into_iter().zip(&mut a_row) {
        let once = work(&file, 1, are_new).await;
        let more = work(&file, 1 + TIMES_MORE, are_new).await;
        *a_row = (more - once) / (TIMES_MORE * ROWS) as f64;
        announce(&format!("instructions of an answer taken once: {once}, {} times: {more}", 1 + TIMES_MORE));
    }
    a_row
}

async fn work(answer: &Path, times: usize, are_new: bool) -> f64 {
    let program = std::env::current_exe().unwrap();
    let variables = [
        (ANSWER.to_owned(), answer.display().to_string()),
        (TIMES.to_owned(), times.to_string()),
        (NEW.to_owned(), are_new.to_string()),
    ];
    valgrind::count(&program, &["--exact", WORK, "--test-threads=1"], &variables).await.instructions
}
