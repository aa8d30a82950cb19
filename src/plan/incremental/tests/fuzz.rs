//! Many small campaigns that change at random: what is called proven must be true.

use super::announce;
use super::api::{Api, Dice, Filter, Passed, difference, pass_with, task};
use crate::plan::incremental::finding::WALK_IS_CHEAPER;
use crate::plan::incremental::{Filtering, Finding, Task};

const KNOWN: [&str; 7] =
    ["initializing", "queued_for_calling", "calling", "scheduled", "completed", "cancelled", "errored"];
const FILTERS: [Filter; 6] = [
    Filter::Comma,
    Filter::Repeated,
    Filter::WholeValue,
    Filter::LastValue,
    Filter::Ignored,
    Filter::Refused,
];

fn campaign(dice: &mut Dice) -> Api {
    let rows = 40 + dice.below(160);
    let page_size = 3 + dice.below(5) as u64;
    let in_order = dice.below(2) == 0;
    let finished = dice.below(rows);
    let open = 1 + dice.below(8);
    let mut statuses: Vec<Option<&'static str>> = (0..rows)
        .map(|at| match at {
            _ if at < finished => Some(dice.pick(&["completed", "completed", "errored", "cancelled"])),
            _ if at < finished + open => Some(dice.pick(&KNOWN[..4])),
            _ => None,
        })
        .collect();
    if dice.below(4) == 0 {
        let at = dice.below(rows);
        statuses[at] = Some("on_hold");
    }
    if !in_order {
        dice.shuffle(&mut statuses);
    }
    let mut api = Api::new(page_size, statuses);
    api.filter = dice.pick(&FILTERS);
    api.refuses_pages_behind = dice.below(2) == 0;
    api
}

/// Where a row may be after it moved forward once, or several times unseen.
fn forward(status: Option<&str>, dice: &mut Dice) -> Option<&'static str> {
    let next: &[&'static str] = match status {
        None => &["initializing", "queued_for_calling", "calling", "completed", "errored"],
        Some("initializing") => &["queued_for_calling", "calling", "cancelled"],
        Some("queued_for_calling") => &["calling", "completed", "errored", "cancelled"],
        Some("calling" | "on_hold") => &["completed", "errored", "scheduled"],
        Some("scheduled") => &["calling", "completed", "cancelled"],
        Some(_) => return None,
    };
    Some(dice.pick(next))
}

fn move_forward(api: &mut Api, dice: &mut Dice) {
    if dice.below(5) == 0 {
        let status = dice.pick(&[None, None, Some("queued_for_calling"), Some("calling")]);
        return api.append(status);
    }
    let at = dice.below(api.rows.len());
    if let Some(next) = forward(api.rows[at].status, dice) {
        api.set(at, Some(next));
    }
}

/// What no list can be relied on to show.
fn move_any_way(api: &mut Api, dice: &mut Dice) {
    let at = dice.below(api.rows.len());
    match dice.below(6) {
        0 => api.remove(at),
        1 => api.insert(at, None),
        2 => {
            let reopened = dice.pick(&KNOWN[..4]);
            api.set(at, Some(reopened));
        }
        _ => move_forward(api, dice),
    }
}

/// What is known of the filters: nothing, or the truth.
fn known(filter: Filter, dice: &mut Dice) -> Filtering {
    match filter {
        _ if dice.below(2) == 0 => Filtering::Unknown,
        Filter::Comma => Filtering::Comma,
        Filter::Repeated => Filtering::Repeated,
        Filter::WholeValue | Filter::LastValue => Filtering::Single,
        Filter::Ignored => Filtering::Ignored,
        Filter::Refused => Filtering::Refused,
    }
}

/// How passes came out.
#[derive(Debug, Default)]
struct Count {
    passes: u32,
    proven: u32,
    moving: u32,
    contrary: u32,
    /// Called proven, and yet a status was wrong.
    wrong: u32,
}

impl Count {
    fn add(&mut self, passed: &Passed, is_right: bool) {
        self.passes += 1;
        match &passed.finding {
            Finding::Proven(_) => self.proven += 1,
            Finding::Moving(_) => self.moving += 1,
            Finding::Contrary(_) => self.contrary += 1,
        }
        self.wrong += u32::from(passed.is_proven() && !is_right);
    }
}

/// Nothing was wrong, but a walk would have cost less.
fn is_dear(passed: &Passed) -> bool {
    passed.reason() == WALK_IS_CHEAPER
}

/// What is called proven adds up, whatever changed meanwhile.
fn check_evidence(passed: &Passed, seed: u64) {
    let Finding::Proven(evidence) = &passed.finding else { return };
    let rows = passed.sequence.len();
    let has = |status: &str| (0..rows).filter(|at| passed.sequence.status(*at) == Some(status)).count();
    for (label, total) in &evidence.lists {
        assert_eq!(label.split(',').map(has).sum::<usize>() as u64, *total, "seed {seed}: {label}");
    }
    let in_lists: u64 = evidence.lists.values().sum();
    assert_eq!(evidence.total, Some(rows as u64), "seed {seed}");
    assert_eq!(evidence.without_call, Some(rows as u64 - in_lists), "seed {seed}");
}

fn check_learned(api: &Api, passed: &Passed, seed: u64) {
    let may_be = match api.filter {
        Filter::Comma => [Filtering::Comma, Filtering::Single],
        Filter::Repeated => [Filtering::Repeated, Filtering::Single],
        Filter::WholeValue | Filter::LastValue => [Filtering::Single; 2],
        Filter::Ignored => [Filtering::Ignored, Filtering::Single],
        Filter::Refused => [Filtering::Refused, Filtering::Single],
    };
    let learned = passed.filtering;
    assert!(
        learned == Filtering::Unknown || may_be.contains(&learned),
        "seed {seed}: {learned:?} of {:?}, {:?}",
        api.filter,
        passed.finding
    );
}

#[test]
fn after_forward_moves_what_is_proven_is_true() {
    let mut count = Count::default();
    for seed in 0..4_000 {
        let mut dice = Dice(seed);
        let mut api = campaign(&mut dice);
        let mirror = api.mirror();
        let before = api.clone();
        for _ in 0..dice.below(12) {
            move_forward(&mut api, &mut dice);
        }
        let filtering = known(api.filter, &mut dice);
        let start = Task { filtering, probe: Some(seed), ..task(&api, mirror) };
        let passed = pass_with(&mut api, start, |_, _| {}, |_, _| {});
        check_learned(&api, &passed, seed);
        let wrong = difference(&api, &passed.sequence);
        count.add(&passed, wrong.is_none());
        if passed.is_proven() {
            assert_eq!(wrong, None, "seed {seed}, {:?}", passed.questions);
            for (at, row) in api.rows.iter().enumerate() {
                let is_same = before.rows.get(at) == Some(row);
                assert!(is_same || passed.shown.contains(&row.key), "seed {seed}: row {at} was on no page");
            }
        }
        let has_filters = !matches!(api.filter, Filter::Ignored | Filter::Refused);
        assert!(!has_filters || passed.is_proven() || is_dear(&passed), "seed {seed}: {:?}", passed.finding);
    }
    announce(&format!("forward moves before a pass: {count:?}"));
    assert!(count.proven > 1_000, "{count:?}");
    assert_eq!(count.moving, 0, "{count:?}");
}

#[test]
fn edits_between_answers_end_a_pass_and_are_proven_by_the_next() {
    let (mut during, mut after) = (Count::default(), Count::default());
    for seed in 0..2_000 {
        let mut dice = Dice(seed);
        let mut api = campaign(&mut dice);
        let mirror = api.mirror();
        let start = Task { filtering: known(api.filter, &mut dice), probe: Some(seed), ..task(&api, mirror) };
        let how_often = dice.pick(&[1, 3, 10]);
        let edit = |api: &mut Api, _| {
            if dice.below(how_often) == 0 {
                move_forward(api, &mut dice);
            }
        };
        let passed = pass_with(&mut api, start, edit, |_, _| {});
        during.add(&passed, difference(&api, &passed.sequence).is_none());
        check_learned(&api, &passed, seed);
        check_evidence(&passed, seed);
        if matches!(api.filter, Filter::Ignored | Filter::Refused) || is_dear(&passed) {
            continue;
        }
        assert!(!matches!(passed.finding, Finding::Contrary(_)), "seed {seed}: {:?}", passed.finding);
        // What was read is right: the next pass, in quiet, finds what is left.
        let next = Task { filtering: passed.filtering, probe: Some(seed + 1), ..task(&api, passed.sequence) };
        let passed = pass_with(&mut api, next, |_, _| {}, |_, _| {});
        let wrong = difference(&api, &passed.sequence);
        after.add(&passed, wrong.is_none());
        assert!(passed.is_proven() || is_dear(&passed), "seed {seed}: {:?}", passed.finding);
        assert!(!passed.is_proven() || wrong.is_none(), "seed {seed}: {wrong:?}");
    }
    announce(&format!("forward moves during a pass: {during:?}; the pass after it: {after:?}"));
    assert!(during.proven > 200 && during.moving > 5 && after.proven > 200, "{during:?} {after:?}");
}

/// Equal numbers are no proof: this counts how often they mislead where calls do not only move forward.
#[test]
fn deletions_insertions_and_reopened_calls_are_mostly_noticed() {
    let mut count = Count::default();
    for seed in 0..3_000 {
        let mut dice = Dice(seed);
        let mut api = campaign(&mut dice);
        api.filter = dice.pick(&FILTERS[..4]);
        let mirror = api.mirror();
        for _ in 0..=dice.below(6) {
            move_any_way(&mut api, &mut dice);
        }
        let filtering = known(api.filter, &mut dice);
        let start = Task { filtering, probe: Some(seed), ..task(&api, mirror) };
        let passed = pass_with(&mut api, start, |_, _| {}, |_, _| {});
        let is_right = difference(&api, &passed.sequence).is_none();
        count.add(&passed, is_right);
        let moves_within = |api: &Api| api.rows.len() != passed.sequence.len();
        assert!(!passed.is_proven() || !moves_within(&api), "seed {seed}: rows came or went unnoticed");
    }
    announce(&format!("deletions, insertions and reopened calls: {count:?}"));
    assert!(count.proven > 300, "{count:?}");
    assert!(count.wrong * 5 < count.proven, "{count:?}");
}
