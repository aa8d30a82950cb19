//! The property, proven: each deliberate fault is found by it within few cases.

use crate::run_cases;
use crate::support::announce;
use revox_mirror::sabotage::{Sabotage, switch};
use std::time::Instant;

/// Cases that may be needed to find a fault.
const CASES: u64 = 150;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "switches faults on for the whole process, so that `.ci/run` runs it by itself"]
async fn each_deliberate_fault_is_found() {
    let mut missed = Vec::new();
    for sabotage in Sabotage::ALL {
        switch(Some(sabotage));
        let began = Instant::now();
        let series = run_cases((1..=CASES).collect(), 1).await;
        switch(None);
        let seconds = began.elapsed().as_secs_f64();
        match series.failures.first() {
            Some((seed, failure)) => {
                let first = failure.lines().take(2).collect::<Vec<_>>().join(" ");
                announce(&format!(
                    "{sabotage:?}: found after {} cases in {seconds:.1} s by seed {seed}: {first}",
                    series.cases
                ));
            }
            None => missed.push(sabotage),
        }
    }
    assert!(missed.is_empty(), "these were not found in {CASES} cases: {missed:?}");
}
