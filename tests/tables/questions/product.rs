//! What those ask who make the assistants.

use super::figures::{Lines, count, grouped, largest_first, line, median, percent, ratio};
use crate::support::shown::{Attempt, Call, Campaign, Turn, attempts, calls};
use std::cmp::Reverse;
use std::collections::BTreeSet;

fn conversations(account: &[Campaign]) -> Vec<(&Call, &Attempt)> {
    let attempts = attempts(account).into_iter().filter(|(_, _, it)| it.has_result("human"));
    attempts.map(|(_, call, it)| (call, it)).collect()
}

fn seconds(attempts: &[&Attempt]) -> Vec<i64> {
    attempts.iter().filter_map(|it| it.talk_seconds()).collect()
}

pub(crate) fn assistants(account: &[Campaign]) -> Lines {
    let its = calls(account).into_iter().filter_map(|(_, call)| Some((&call.assistant.as_ref()?.name, call)));
    let mut lines = Vec::new();
    for (name, calls) in grouped(its) {
        let called = count(calls.iter().filter(|call| !call.attempts.is_empty()));
        let reached = count(calls.iter().filter(|call| call.has_result("human")));
        let talks: Vec<&Attempt> =
            calls.iter().flat_map(|call| &call.attempts).filter(|it| it.has_result("human")).collect();
        let hung_up = count(talks.iter().filter(|it| it.ended_by.as_deref() == Some("user")));
        let rate = ratio(reached, called, 4);
        let hang_up_rate = ratio(hung_up, count(&talks), 4);
        let cells = line![name, count(&calls), rate, count(&talks), median(seconds(&talks)), hang_up_rate];
        lines.push((Reverse(rate), name, cells));
    }
    lines.sort();
    lines.into_iter().map(|(_, _, cells)| cells).collect()
}

/// The name of a language model, which each type of them gives in its own way.
fn model(call: &Call) -> &str {
    let names = ["name", "openrouter_model_id", "model_name", "realtime_model_id"];
    names.into_iter().find_map(|name| call.llm_model[name].as_str()).unwrap()
}

pub(crate) fn models(account: &[Campaign]) -> Lines {
    let groups = grouped(conversations(account).into_iter().map(|(call, it)| (model(call), it)));
    largest_first(groups, |group| count(group))
        .iter()
        .map(|(model, group)| {
            line![*model, count(group), ratio(seconds(group).iter().sum(), count(group), 1)]
        })
        .collect()
}

pub(crate) fn endings(account: &[Campaign]) -> Lines {
    let all = conversations(account);
    let groups = grouped(all.iter().map(|(_, it)| ((it.ended_by.as_ref(), it.end_reason.as_ref()), ())));
    largest_first(groups, |group| count(group))
        .iter()
        .map(|((by, reason), group)| line![by, reason, count(group), percent(count(group), count(&all))])
        .collect()
}

/// The uses of tools in live transcripts.
fn uses(account: &[Campaign]) -> Vec<(&Campaign, &Call, &Attempt, &Turn)> {
    let turns = attempts(account).into_iter().flat_map(|(campaign, call, attempt)| {
        attempt.transcript.iter().flatten().map(move |turn| (campaign, call, attempt, turn))
    });
    turns.filter(|(.., turn)| turn.role == "tool").collect()
}

pub(crate) fn tools(account: &[Campaign]) -> Lines {
    let groups = grouped(uses(account).into_iter().map(|(_, _, it, turn)| (&turn.tool_name, (it, turn))));
    largest_first(groups, |group| count(group))
        .iter()
        .map(|(tool, group)| {
            let talks: BTreeSet<&String> = group.iter().map(|(attempt, _)| &attempt.id).collect();
            let failed = count(group.iter().filter(|(_, turn)| turn.tool_is_error == Some(true)));
            line![*tool, count(group), count(talks), percent(failed, count(group))]
        })
        .collect()
}

pub(crate) fn bookings(account: &[Campaign]) -> Lines {
    let booked = uses(account).into_iter().filter(|(.., turn)| {
        turn.tool_name.as_deref() == Some("book_slot") && turn.tool_is_error == Some(false)
    });
    let groups = grouped(booked.map(|(campaign, call, ..)| (&campaign.name, &call.id)));
    let calls = |group: &Vec<&String>| count(group.iter().collect::<BTreeSet<_>>());
    largest_first(groups, calls).iter().map(|(name, group)| line![name, calls(group)]).collect()
}
