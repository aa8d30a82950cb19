//! The parts that a pass is made of: the sequence, and which lists there are.

use super::api::{Api, Dice, key_of};
use crate::plan::incremental::Sequence;
use crate::plan::incremental::list::{List, add_lists};
use crate::plan::incremental::sequence::UNTOLD;

#[test]
fn a_row_costs_at_most_32_bytes() {
    // The table of ranks is fullest just before it grows, and emptiest right after.
    for rows in [49_152, 49_153, 98_305, 100_000, 196_609] {
        let mut sequence = Sequence::new();
        (0..rows).for_each(|id| sequence.push(key_of(id), (id % 3 == 0).then_some("completed")));
        let bytes = sequence.bytes();
        assert!(bytes <= 32 * sequence.len(), "{bytes} bytes at {rows} rows");
    }
}

#[test]
fn rows_are_found_by_their_keys_and_counted_by_their_statuses() {
    let names = [None, Some("calling"), Some("completed"), Some("on_hold")];
    let mut dice = Dice(1);
    let (mut sequence, mut plain) = (Sequence::new(), Vec::new());
    for id in 0..2_000 {
        let status = dice.pick(&names);
        sequence.push(key_of(id), status);
        plain.push(status);
    }
    for _ in 0..2_000 {
        let (at, status) = (dice.below(2_000), dice.pick(&names));
        let number = sequence.number(status);
        sequence.set_status(at, number);
        plain[at] = status;
    }
    assert_eq!(sequence.rank(&key_of(2_000)), None);
    for (at, status) in plain.iter().enumerate() {
        assert_eq!(sequence.rank(&key_of(at as u64)), Some(at));
        assert_eq!(sequence.status(at), *status);
    }
    let numbers = names.map(|name| sequence.number(name));
    for _ in 0..500 {
        let (start, end) = (dice.below(2_000), dice.below(2_100));
        let asked = &numbers[..=dice.below(4).min(3)];
        let their_names = &names[..asked.len()];
        let expected: Vec<usize> =
            (start..end.min(2_000)).filter(|at| their_names.contains(&plain[*at])).collect();
        assert_eq!(sequence.count(asked, start..end), expected.len(), "{start}..{end}");
        assert_eq!(sequence.ranks_of(asked, start..end), expected, "{start}..{end}");
    }
}

#[test]
fn more_statuses_than_can_be_numbered_are_told_apart_no_more() {
    let mut sequence = Sequence::new();
    (0..300).for_each(|id| sequence.push(key_of(id), Some(&format!("status {id}"))));
    assert_eq!(sequence.status(245), Some("status 245"));
    assert_eq!(sequence.status(246), None);
    assert_eq!(sequence.count_all(&[UNTOLD]), 54);
}

/// Which lists there are.
struct Plan {
    /// How many rows the mirror has with each status.
    rows: &'static [(&'static str, usize)],
    /// Whether every list is needed, and whether one may have several statuses.
    all: bool,
    several: bool,
    lists: &'static [&'static str],
    /// Those that are read whole.
    whole: &'static [&'static str],
}

const CASES: [Plan; 7] = [
    Plan { rows: &[], all: false, several: true, lists: &[], whole: &[] },
    Plan { rows: &[("calling", 1)], all: false, several: true, lists: &["calling"], whole: &["calling"] },
    Plan { rows: &[("on_hold", 1)], all: false, several: false, lists: &["on_hold"], whole: &["on_hold"] },
    Plan {
        rows: &[("queued_for_calling", 30)],
        all: true,
        several: true,
        lists: &["calling", "scheduled", "initializing,queued_for_calling", "completed,cancelled,errored"],
        whole: &["calling", "initializing,queued_for_calling"],
    },
    Plan {
        rows: &[("initializing", 1), ("queued_for_calling", 30)],
        all: true,
        several: true,
        lists: &["calling", "scheduled", "initializing", "queued_for_calling", "completed,cancelled,errored"],
        whole: &["calling"],
    },
    Plan {
        rows: &[],
        all: true,
        several: false,
        lists: &[
            "calling",
            "scheduled",
            "initializing",
            "queued_for_calling",
            "completed",
            "cancelled",
            "errored",
        ],
        whole: &["calling"],
    },
    Plan {
        rows: &[("on_hold", 151), ("calling", 151)],
        all: false,
        several: false,
        lists: &["calling", "on_hold"],
        whole: &[],
    },
];

#[test]
fn lists_are_as_few_as_can_be_told_apart() {
    for Plan { rows, all, several, lists, whole } in CASES {
        let statuses = rows.iter().flat_map(|(status, count)| std::iter::repeat_n(Some(*status), *count));
        let sequence = Api::new(10, statuses).mirror();
        let mut found = Vec::new();
        add_lists(&mut found, &sequence, 10, all, several);
        // Once more: none is added twice.
        add_lists(&mut found, &sequence, 10, all, several);
        assert_eq!(found.iter().map(List::label).collect::<Vec<_>>(), lists, "{rows:?}");
        let read_whole: Vec<String> = found.iter().filter(|list| list.whole).map(List::label).collect();
        assert_eq!(read_whole, whole, "{rows:?}");
    }
}
