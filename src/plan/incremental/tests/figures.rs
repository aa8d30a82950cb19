//! What finding changes costs: 100,000 rows in pages of 100.

use super::announce;
use super::api::{Api, Dice, Filter, difference, pass, task};
use crate::plan::incremental::{Filtering, Task};

const ROWS: usize = 100_000;
const SEEDS: u64 = 20;

/// Where calls were made so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    RowOrder,
    RandomOrder,
}

/// Where rows move on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spread {
    /// Neighbours, where calls are being made.
    Together,
    /// Any.
    Scattered,
}

/// What the rows that move on do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Steps {
    /// Any of the steps, whichever the row can do.
    Any,
    /// Any single step, so that none is finished that was not known to be calling.
    Seen,
    /// Any of the steps of a row without a call.
    Begun,
    /// From no call to a finished one, unseen in between.
    Unseen,
}

/// 60 % completed, 39 % without a call, 1 % open: all calling, or half of it scheduled.
fn campaign(layout: Layout, all_calling: bool, dice: &mut Dice) -> Api {
    let mut open: Vec<_> =
        (0..ROWS / 100).map(|at| if all_calling || at % 2 == 0 { "calling" } else { "scheduled" }).collect();
    dice.shuffle(&mut open);
    let mut statuses = vec![Some("completed"); ROWS * 60 / 100];
    statuses.extend(open.into_iter().map(Some));
    statuses.resize(ROWS, None);
    if layout == Layout::RandomOrder {
        dice.shuffle(&mut statuses);
    }
    Api::new(100, statuses)
}

/// Lets 20 rows move on; their places.
fn move_on(api: &mut Api, spread: Spread, steps: Steps, dice: &mut Dice) -> Vec<usize> {
    let can_move = |at: &usize| match steps {
        Steps::Any | Steps::Seen => matches!(api.rows[*at].status, None | Some("calling" | "scheduled")),
        Steps::Begun | Steps::Unseen => api.rows[*at].status.is_none(),
    };
    let mut able: Vec<usize> = (0..ROWS).filter(can_move).collect();
    let places = match spread {
        // Where the calls are that are being made: as many behind it as before.
        Spread::Together => {
            let calling = api.places(Some("calling"));
            let last_called = calling[calling.len() - 1];
            let amid = able.partition_point(|at| *at < calling[calling.len() / 2]);
            let behind = able.partition_point(|at| *at <= last_called);
            able[dice.pick(&[amid, behind]).min(able.len() - 20)..][..20].to_vec()
        }
        Spread::Scattered => {
            dice.shuffle(&mut able);
            // Most rows have no call: without a hand there would hardly be an open one among 20.
            able.sort_by_key(|at| api.rows[*at].status.is_none());
            let open = able.partition_point(|at| api.rows[*at].status.is_some());
            let first = open.min(10);
            able[..first].iter().chain(&able[open..][..20 - first]).copied().collect()
        }
    };
    for at in &places {
        let next = match (steps, api.rows[*at].status) {
            (Steps::Unseen, _) => "completed",
            (Steps::Seen, None) => dice.pick(&["queued_for_calling", "calling"]),
            (_, None) => dice.pick(&["queued_for_calling", "calling", "completed", "errored"]),
            (_, Some("calling")) => dice.pick(&["completed", "completed", "errored", "scheduled"]),
            _ => "calling",
        };
        api.set(*at, Some(next));
    }
    places
}

/// The fewest requests of these passes, the median, the most.
fn figures(mut requests: Vec<usize>) -> [usize; 3] {
    requests.sort_unstable();
    [requests[0], requests[requests.len() / 2], requests[requests.len() - 1]]
}

/// The ways that an API may take filters, and what may be known of that: the cheapest, and both that a first
/// pass has to find out.
const FILTERS: [(Filter, Filtering); 3] = [
    (Filter::Comma, Filtering::Comma),
    (Filter::Repeated, Filtering::Unknown),
    (Filter::WholeValue, Filtering::Unknown),
];

/// 20 calls move on and 5 rows are appended, in campaigns of 20 seeds: each case with the most requests that it
/// may cost.
fn check(layout: Layout, cases: &[(Spread, Steps, usize)]) {
    for all_calling in [false, true] {
        let mut requests = vec![[(); FILTERS.len()].map(|()| Vec::new()); cases.len()];
        for seed in 0..SEEDS {
            let mut dice = Dice(seed);
            let campaign = campaign(layout, all_calling, &mut dice);
            let mirror = campaign.mirror();
            for ((spread, steps, _), requests) in cases.iter().zip(&mut requests) {
                let mut api = campaign.clone();
                let mut places = move_on(&mut api, *spread, *steps, &mut dice);
                for _ in 0..5 {
                    places.push(api.rows.len());
                    api.append(None);
                }
                for ((filter, filtering), requests) in FILTERS.into_iter().zip(requests) {
                    api.filter = filter;
                    let start = Task { filtering, probe: Some(seed), ..task(&api, mirror.clone()) };
                    let passed = pass(&mut api, start);
                    let case =
                        format!("{spread:?}, {steps:?}, all calling {all_calling}, {filter:?}, seed {seed}");
                    assert!(passed.is_proven(), "{case}: {:?}", passed.finding);
                    assert_eq!(difference(&api, &passed.sequence), None, "{case}");
                    let unseen = places.iter().find(|at| !passed.shown.contains(&api.rows[**at].key));
                    assert_eq!(unseen, None, "{case}: a row that moved on was on no page");
                    requests.push(passed.requests());
                }
            }
        }
        for ((spread, steps, most), requests) in cases.iter().zip(requests) {
            let found = requests.map(figures);
            announce(&format!(
                "{layout:?}, all calling {all_calling}, {spread:?}, {steps:?}: least, median, most {found:?}"
            ));
            assert!(found.iter().all(|figures| figures[2] <= *most), "{spread:?}, {steps:?}: {found:?}");
        }
    }
}

#[test]
fn twenty_changes_among_calls_in_row_order_cost_25_requests() {
    check(
        Layout::RowOrder,
        &[
            (Spread::Together, Steps::Any, 25),
            (Spread::Together, Steps::Unseen, 25),
            (Spread::Scattered, Steps::Any, 25),
        ],
    );
}

#[test]
fn twenty_changes_among_calls_in_random_order_cost_50_or_110_requests() {
    check(
        Layout::RandomOrder,
        &[
            // The next calls of a random order.
            (Spread::Scattered, Steps::Seen, 50),
            (Spread::Together, Steps::Any, 50),
            (Spread::Together, Steps::Unseen, 50),
            (Spread::Scattered, Steps::Any, 110),
            (Spread::Scattered, Steps::Begun, 110),
            // The hardest case: where a row without a call was finished, no other list tells.
            (Spread::Scattered, Steps::Unseen, 130),
        ],
    );
}

#[test]
fn nothing_changed_costs_at_most_15_requests() {
    for layout in [Layout::RowOrder, Layout::RandomOrder] {
        // (all calling, requests when the fingerprint stood still, and when it moved or is not trusted)
        for (all_calling, still, moved) in [(false, 6, 10), (true, 11, 15)] {
            let mut api = campaign(layout, all_calling, &mut Dice(1));
            for (changed, expected) in [(false, still), (true, moved)] {
                let start = Task { changed, ..task(&api, api.mirror()) };
                let passed = pass(&mut api, start);
                assert!(passed.is_proven(), "{:?}", passed.finding);
                assert_eq!(passed.requests(), expected, "{layout:?}, all calling {all_calling}");
            }
        }
    }
}
