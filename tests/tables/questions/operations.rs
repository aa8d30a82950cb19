//! What those ask who run the campaigns.

use super::figures::{Lines, by_name, count, grouped, largest_first, line, percent};
use crate::support::shown::{Attempt, Campaign, Time, attempts};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// The attempts that have started, with their campaign.
fn started(account: &[Campaign]) -> Vec<(&Campaign, &Attempt, Time)> {
    let attempts = attempts(account).into_iter();
    attempts.filter_map(|(campaign, _, it)| Some((campaign, it, it.started_at?))).collect()
}

/// The hour by the clocks of France, where all of the simulator's numbers are.
fn hour(at: Time) -> i64 {
    at.with_timezone(&chrono_tz::Europe::Paris).format("%-H").to_string().parse().unwrap()
}

fn by_human(attempts: &[&Attempt]) -> i64 {
    count(attempts.iter().filter(|it| it.has_result("human")))
}

pub(crate) fn days(account: &[Campaign]) -> Lines {
    let groups = grouped(started(account).into_iter().map(|(_, it, at)| (at.date_naive().to_string(), it)));
    groups
        .iter()
        .map(|(day, group)| {
            let answered = count(group.iter().filter(|it| it.answered_at.is_some()));
            line![day, count(group), answered, by_human(group), percent(by_human(group), count(group))]
        })
        .collect()
}

pub(crate) fn hours(account: &[Campaign]) -> Lines {
    let groups = grouped(started(account).into_iter().map(|(_, it, at)| (hour(at), it)));
    let mut hours: Vec<_> = groups.into_iter().filter(|(_, group)| group.len() >= 10).collect();
    // As rounded, since those alike then stand in the order of the day.
    let rounded = |group: &[&Attempt]| (2000 * by_human(group) + count(group)) / (2 * count(group));
    hours.sort_by_key(|(hour, group)| (Reverse(rounded(group)), *hour));
    let lines = hours.iter().take(5);
    lines.map(|(hour, group)| line![hour, count(group), percent(by_human(group), count(group))]).collect()
}

pub(crate) fn out_of_hours(account: &[Campaign]) -> Lines {
    let groups = grouped(started(account).into_iter().map(|(campaign, _, at)| (&campaign.name, hour(at))));
    groups
        .iter()
        .map(|(campaign, hours)| {
            let early = hours.iter().filter(|hour| **hour < 8);
            let late = hours.iter().filter(|hour| **hour >= 20);
            line![campaign, count(hours), count(early), count(late)]
        })
        .collect()
}

pub(crate) fn failures(account: &[Campaign]) -> Lines {
    let errors: Vec<&String> =
        attempts(account).into_iter().filter_map(|(_, _, it)| it.dial_error.as_ref()).collect();
    let all = count(&errors);
    let groups = grouped(errors.into_iter().map(|error| (error, ())));
    largest_first(groups, |group| count(group))
        .iter()
        .map(|(error, group)| line![error, count(group), percent(count(group), all)])
        .collect()
}

pub(crate) fn unattributed(account: &[Campaign]) -> Lines {
    let is_one = |it: &Attempt| it.dial_error.as_deref() == Some("number_non_attributed");
    let found = attempts(account).into_iter().filter(|(_, _, it)| is_one(it));
    let groups = grouped(found.map(|(campaign, _, it)| (&campaign.name, &it.phone_number)));
    let numbers = |group: &Vec<&String>| count(group.iter().collect::<BTreeSet<_>>());
    largest_first(groups, numbers).iter().map(|(name, group)| line![name, numbers(group)]).collect()
}

pub(crate) fn open(account: &[Campaign]) -> Lines {
    let mut lines = Lines::new();
    for campaign in by_name(account) {
        let calls = campaign.calls().into_values();
        let open = calls.filter(|it| !["completed", "cancelled", "errored"].contains(&it.status.as_str()));
        let groups = grouped(open.map(|call| (&call.status, call)));
        for (status, group) in largest_first(groups, |group| count(group)) {
            let tried: i64 = group.iter().map(|call| count(&call.attempts)).sum();
            lines.push(line![campaign.name, status, count(&group), tried]);
        }
    }
    lines
}

pub(crate) fn never_called(account: &[Campaign]) -> Lines {
    let never = |campaign: &Campaign| {
        let rows = campaign.rows.iter();
        count(rows.filter(|row| row.call.as_ref().is_none_or(|call| call.attempts.is_empty())))
    };
    let mut campaigns = by_name(account);
    campaigns.sort_by_key(|campaign| Reverse(never(campaign)));
    campaigns
        .into_iter()
        .map(|campaign| {
            line![campaign.name, never(campaign), percent(never(campaign), count(&campaign.rows))]
        })
        .collect()
}
