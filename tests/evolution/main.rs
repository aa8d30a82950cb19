//! The property: however an account evolves, whatever its API does and whenever the mirror is killed, no full walk is
//! claimed complete while it is wrong, and when the dust settles the mirror equals the account, every column.
//!
//! A case follows from a seed: `case` draws the API and the setting, `run` makes the passes, `world` and `edits` let
//! the account evolve, `faults` spoil answers, `check` holds every claim against the truth. `REVOX_PROPERTY_SEED`
//! runs one case, `REVOX_PROPERTY_FROM` begins with another seed, `REVOX_PROPERTY_CASES` says how many.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by a panic")]

mod case;
mod chance;
mod check;
mod coverage;
mod edits;
mod faults;
mod killed;
mod property;
mod run;
#[cfg(feature = "sabotage")]
mod sabotage;
#[path = "../support/mod.rs"]
mod support;
mod switch;
mod worker;
mod world;

use coverage::Coverage;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use worker::Worker;

/// Workers side by side, each with a database of its own.
const WORKERS: usize = 3;

/// What a series of cases came to.
struct Series {
    cases: usize,
    coverage: Coverage,
    /// Seeds with what was wrong.
    failures: Vec<(u64, String)>,
}

/// Runs the cases of these seeds, and stops soon after `most_failures` failed.
async fn run_cases(seeds: Vec<u64>, most_failures: usize) -> Series {
    let series =
        Arc::new(Mutex::new(Series { cases: 0, coverage: Coverage::default(), failures: Vec::new() }));
    let (seeds, next) = (Arc::new(seeds), Arc::new(AtomicUsize::new(0)));
    let workers: Vec<_> = (0..WORKERS.min(seeds.len()))
        .map(|_| {
            let (series, seeds, next) = (Arc::clone(&series), Arc::clone(&seeds), Arc::clone(&next));
            tokio::spawn(async move {
                let mut worker = Arc::new(Worker::new().await);
                while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)).copied() {
                    let serving = Arc::clone(&worker);
                    let case = tokio::spawn(async move { run::run_case(&serving, seed).await });
                    let ended = case.await.unwrap_or_else(|error| Err(format!("a panic: {error}")));
                    if ended.is_err() {
                        // What a case that broke off still does is no longer this database's.
                        worker = Arc::new(Worker::new().await);
                    }
                    let mut series = series.lock().unwrap_or_else(PoisonError::into_inner);
                    series.cases += 1;
                    match ended {
                        Ok(coverage) => series.coverage.merge(&coverage),
                        Err(failure) => series.failures.push((seed, failure)),
                    }
                    if series.failures.len() >= most_failures {
                        return;
                    }
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    Arc::into_inner(series).unwrap().into_inner().unwrap_or_else(PoisonError::into_inner)
}
