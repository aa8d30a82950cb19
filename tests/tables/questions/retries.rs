//! What attempts after the first bring, and what they cost.

use super::figures::{Lines, count, grouped, largest_first, line, percent, ratio};
use crate::support::shown::{Attempt, Campaign, attempts};
use std::collections::BTreeMap;

/// The attempts by their number; the first of a call is the last that the API lists.
fn by_number(account: &[Campaign]) -> BTreeMap<i64, Vec<&Attempt>> {
    grouped(attempts(account).into_iter().map(|(_, call, attempt)| {
        let newer = call.attempts.iter().take_while(|it| it.id != attempt.id);
        (count(&call.attempts) - count(newer), attempt)
    }))
}

fn reached(attempts: &[&Attempt]) -> i64 {
    count(attempts.iter().filter(|it| it.has_result("human")))
}

pub(crate) fn reaching(account: &[Campaign]) -> Lines {
    let groups = by_number(account);
    let all = groups.values().map(|group| reached(group)).sum();
    let lines = groups.iter().filter(|(_, group)| reached(group) > 0);
    lines.map(|(number, group)| line![number, reached(group), percent(reached(group), all)]).collect()
}

pub(crate) fn costs(account: &[Campaign]) -> Lines {
    let seconds = |it: &Attempt| it.ring_seconds().unwrap_or(0) + it.talk_seconds().unwrap_or(0);
    by_number(account)
        .iter()
        .map(|(number, group)| {
            let spent = group.iter().map(|it| seconds(it)).sum();
            let reached = reached(group);
            line![
                number,
                count(group),
                reached,
                percent(reached, count(group)),
                ratio(spent, 60 * reached, 1)
            ]
        })
        .collect()
}

pub(crate) fn talk(account: &[Campaign]) -> Lines {
    let talked = attempts(account)
        .into_iter()
        .filter(|(_, _, it)| it.answered_at.is_some())
        .map(|(_, _, it)| (it.result.as_deref(), it.talk_seconds().unwrap_or(0)));
    let groups = grouped(talked.map(|(result, seconds)| (result.unwrap_or("not known yet"), seconds)));
    let all: i64 = groups.values().flatten().sum();
    let total = |group: &Vec<i64>| group.iter().sum::<i64>();
    largest_first(groups, total)
        .iter()
        .map(|(result, group)| {
            line![*result, count(group), ratio(total(group), 60, 1), percent(total(group), all)]
        })
        .collect()
}
