//! What finding changes costs: 100,000 rows in pages of 100.

use super::api::{Api, Dice, Filter, difference, pass, task};
use crate::plan::incremental::{Filtering, Sequence, Task};

const ROWS: usize = 100_000;
const SEEDS: u64 = 20;

/// Where calls were made so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    RowOrder,
    RandomOrder,
}

/// Which rows move on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Movers {
    /// Neighbours, where calls are being made.
    Together,
    /// Any.
    Scattered,
}

/// What the rows that move on do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moves {
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
fn move_on(api: &mut Api, movers: Movers, moves: Moves, dice: &mut Dice) -> Vec<usize> {
    let can_move = |at: &usize| match moves {
        Moves::Any | Moves::Seen => matches!(api.rows[*at].status, None | Some("calling" | "scheduled")),
        Moves::Begun | Moves::Unseen => api.rows[*at].status.is_none(),
    };
    let mut able: Vec<usize> = (0..ROWS).filter(can_move).collect();
    let places = match movers {
        // Where the calls are that are being made: as many behind it as before.
        Movers::Together => {
            let calling = api.places(Some("calling"));
            let here = able.partition_point(|at| *at < calling[calling.len() / 2]).min(able.len() - 20);
            let last = able.partition_point(|at| *at <= calling[calling.len() - 1]).min(able.len() - 20);
            able[dice.pick(&[here, last])..][..20].to_vec()
        }
        Movers::Scattered => {
            dice.shuffle(&mut able);
            // Most rows have no call: without a hand there would hardly be an open one among 20.
            able.sort_by_key(|at| api.rows[*at].status.is_none());
            let open = able.partition_point(|at| api.rows[*at].status.is_some());
            let first = open.min(10);
            able[..first].iter().chain(&able[open..][..20 - first]).copied().collect()
        }
    };
    for at in &places {
        let next = match (moves, api.rows[*at].status) {
            (Moves::Unseen, _) => "completed",
            (Moves::Seen, None) => dice.pick(&["queued_for_calling", "calling"]),
            (_, None) => dice.pick(&["queued_for_calling", "calling", "completed", "errored"]),
            (_, Some("calling")) => dice.pick(&["completed", "completed", "errored", "scheduled"]),
            _ => "calling",
        };
        api.set(*at, Some(next));
    }
    places
}

/// Requests of passes: the fewest, the median, the most.
#[derive(Debug, Clone, Copy)]
struct Figures {
    least: usize,
    median: usize,
    most: usize,
}

fn figures(mut requests: Vec<usize>) -> Figures {
    requests.sort_unstable();
    Figures { least: requests[0], median: requests[requests.len() / 2], most: requests[requests.len() - 1] }
}

/// The ways that an API may take filters, and what may be known of that.
const FILTERS: [(Filter, Filtering); 5] = [
    (Filter::Comma, Filtering::Comma),
    (Filter::Comma, Filtering::Unknown),
    (Filter::Repeated, Filtering::Unknown),
    (Filter::WholeValue, Filtering::Unknown),
    (Filter::LastValue, Filtering::Single),
];

/// Passes over campaigns of 20 seeds, each of which changes by `change` first.
fn check(layout: Layout, most: usize, change: impl Fn(&mut Api, &mut Dice) -> Vec<usize>) {
    for all_calling in [false, true] {
        let mut requests = [(); FILTERS.len()].map(|()| Vec::new());
        for seed in 0..SEEDS {
            let mut dice = Dice(seed);
            let mut api = campaign(layout, all_calling, &mut dice);
            let mirror: Sequence = api.mirror();
            let places = change(&mut api, &mut dice);
            for ((filter, filtering), requests) in FILTERS.into_iter().zip(&mut requests) {
                api.filter = filter;
                let start = Task { filtering, probe: seed, ..task(&api, mirror.clone()) };
                let passed = pass(&mut api, start);
                let case =
                    format!("{layout:?}, all calling {all_calling}, {filter:?}, {filtering:?}, seed {seed}");
                assert!(passed.is_proven(), "{case}: {:?}", passed.finding);
                assert_eq!(difference(&api, &passed.sequence), None, "{case}");
                let unseen = places.iter().find(|at| !passed.shown.contains(&api.rows[**at].key));
                assert_eq!(unseen, None, "{case}: a row that moved on was on no page");
                requests.push(passed.requests());
            }
        }
        let found: Vec<_> = FILTERS.iter().zip(requests.map(figures)).collect();
        dbg!((layout, all_calling, &found));
        assert!(found.iter().all(|(_, figures)| figures.most <= most), "{found:?}");
    }
}

/// 20 calls move on, and 5 rows are appended.
fn check_moves(layout: Layout, movers: Movers, moves: Moves, most: usize) {
    check(layout, most, |api, dice| {
        let mut places = move_on(api, movers, moves, dice);
        for _ in 0..5 {
            places.push(api.rows.len());
            api.append(None);
        }
        places
    });
}

#[test]
fn twenty_calls_in_dialling_order_and_five_rows_behind_cost_25_requests() {
    check_moves(Layout::RowOrder, Movers::Together, Moves::Any, 25);
    check_moves(Layout::RowOrder, Movers::Together, Moves::Unseen, 25);
}

#[test]
fn twenty_calls_in_random_order_cost_50_requests() {
    check_moves(Layout::RandomOrder, Movers::Scattered, Moves::Seen, 50);
    check_moves(Layout::RandomOrder, Movers::Together, Moves::Any, 50);
    check_moves(Layout::RandomOrder, Movers::Together, Moves::Unseen, 50);
}

#[test]
fn twenty_scattered_calls_cost_110_requests() {
    check_moves(Layout::RowOrder, Movers::Scattered, Moves::Any, 110);
    check_moves(Layout::RandomOrder, Movers::Scattered, Moves::Any, 110);
    check_moves(Layout::RandomOrder, Movers::Scattered, Moves::Begun, 110);
}

/// The hardest case: where a row without a call was finished, no other list tells.
#[test]
fn twenty_scattered_calls_that_nobody_saw_being_made_cost_130_requests() {
    check_moves(Layout::RandomOrder, Movers::Scattered, Moves::Unseen, 130);
}

#[test]
fn nothing_changed_costs_the_pages_of_calling_rows() {
    for layout in [Layout::RowOrder, Layout::RandomOrder] {
        check(layout, 25, |_, _| Vec::new());
        for (all_calling, most) in [(false, 6), (true, 11)] {
            let mut api = campaign(layout, all_calling, &mut Dice(1));
            let known = task(&api, api.mirror());
            let passed = pass(&mut api, Task { changed: false, ..known });
            assert!(
                passed.is_proven() && passed.requests() <= most,
                "{} {:?}",
                passed.requests(),
                passed.finding
            );
            let known = task(&api, api.mirror());
            let passed = pass(&mut api, known);
            assert!(
                passed.is_proven() && passed.requests() <= 15,
                "{} {:?}",
                passed.requests(),
                passed.finding
            );
        }
    }
}
