//! The property over many cases: the seeds that found something once, and then one after another.

use crate::run_cases;
use crate::support::{announce, variable};
use std::time::Instant;

/// Cases that are run unless it is said otherwise.
const CASES: u64 = 300;

/// Seeds that found something once. They run first.
const REGRESSIONS: &[u64] = &[6, 7, 49, 58, 104, 183, 188, 194];

fn number(name: &str) -> Option<u64> {
    variable(name).map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number")))
}

/// The seeds to run: one that is asked for, or the regressions and then as many as are wanted.
fn wanted_seeds() -> Vec<u64> {
    if let Some(seed) = number("REVOX_PROPERTY_SEED") {
        return vec![seed];
    }
    let from = number("REVOX_PROPERTY_FROM").unwrap_or(1);
    let cases = usize::try_from(number("REVOX_PROPERTY_CASES").unwrap_or(CASES)).unwrap();
    let further = (from..).filter(|seed| !REGRESSIONS.contains(seed)).take(cases);
    REGRESSIONS.iter().copied().chain(further).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn however_an_account_evolves_the_mirror_comes_to_be_equal_to_it() {
    let began = Instant::now();
    let series = run_cases(wanted_seeds(), 8).await;
    let seconds = began.elapsed().as_secs_f64();
    let rate = f64::from(u32::try_from(series.cases).unwrap()) / seconds;
    announce(&series.coverage.table());
    announce(&format!("{} cases in {seconds:.1} s, {rate:.1} a second", series.cases));
    for (seed, failure) in &series.failures {
        announce(&format!("REVOX_PROPERTY_SEED={seed}: {failure}"));
    }
    let failed: Vec<u64> = series.failures.iter().map(|(seed, _)| *seed).collect();
    assert!(failed.is_empty(), "these seeds failed: {failed:?}");
}
