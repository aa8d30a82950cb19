//! The parts that a pass is made of: the sequence, and which lists there are.

use super::api::{Api, Dice, key_of};
use crate::plan::incremental::Sequence;
use crate::plan::incremental::list::add_lists;
use crate::plan::incremental::sequence::{UNTOLD, WAITING};

#[test]
fn a_row_costs_at_most_32_bytes() {
    // The table of ranks is fullest just before it grows, and emptiest right after.
    for rows in [49_152, 49_153, 98_305, 100_000, 196_609] {
        let mut sequence = Sequence::new();
        (0..rows).for_each(|id| sequence.push(key_of(id), (id % 3 == 0).then_some("completed")));
        let bytes = sequence.bytes() as f64 / rows as f64;
        dbg!((rows, bytes));
        assert!(bytes <= 32.0, "{bytes} bytes a row at {rows} rows");
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
        let named = &names[..asked.len()];
        let expected: Vec<usize> = (start..end.min(2_000)).filter(|at| named.contains(&plain[*at])).collect();
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

#[test]
fn lists_are_as_few_as_can_be_told_apart() {
    let finished = "completed,cancelled,errored";
    let singles =
        ["calling", "scheduled", "initializing", "queued_for_calling", "completed", "cancelled", "errored"];
    // (rows with a status, all lists, several statuses a list, lists, those that are read whole)
    let cases: [(&[(&'static str, usize)], bool, bool, Vec<&str>, Vec<&str>); 7] = [
        (&[], false, true, vec![], vec![]),
        (&[("calling", 1)], false, true, vec!["calling"], vec!["calling"]),
        (&[("on_hold", 1)], false, false, vec!["on_hold"], vec!["on_hold"]),
        (
            &[("queued_for_calling", 30)],
            true,
            true,
            vec!["calling", "scheduled", "initializing,queued_for_calling", finished],
            vec!["calling", "initializing,queued_for_calling"],
        ),
        (
            &[("initializing", 1), ("queued_for_calling", 30)],
            true,
            true,
            vec!["calling", "scheduled", "initializing", "queued_for_calling", finished],
            vec!["calling"],
        ),
        (&[], true, false, singles.to_vec(), vec!["calling"]),
        (
            &[("on_hold", 151), ("calling", 151)],
            true,
            false,
            singles.into_iter().chain(["on_hold"]).collect(),
            vec![],
        ),
    ];
    for (rows, all, several, expected, expected_whole) in cases {
        let statuses = rows.iter().flat_map(|(status, count)| std::iter::repeat_n(Some(*status), *count));
        let sequence = Api::new(10, statuses).mirror();
        let mut lists = Vec::new();
        add_lists(&mut lists, &sequence, 10, all, several);
        // Once more: none is added twice.
        add_lists(&mut lists, &sequence, 10, all, several);
        let labels: Vec<String> = lists.iter().map(super::super::list::List::label).collect();
        assert_eq!(labels, expected, "{rows:?}");
        let whole: Vec<String> =
            lists.iter().filter(|list| list.whole).map(super::super::list::List::label).collect();
        assert_eq!(whole, expected_whole, "{rows:?}");
    }
    assert_eq!(WAITING.len(), 2);
}
