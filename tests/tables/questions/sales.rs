//! What sales people ask.

use super::figures::{Lines, by_name, count, grouped, largest_first, line, percent, ratio};
use crate::support::shown::{Call, Campaign, calls};
use serde_json::Value;
use std::cmp::Reverse;

fn rows_of(campaign: &Campaign, matches: impl Fn(&Call) -> bool) -> i64 {
    count(campaign.rows.iter().filter(|row| row.call.as_ref().is_some_and(&matches)))
}

pub(crate) fn reached(account: &[Campaign]) -> Lines {
    let campaigns = by_name(account).into_iter();
    campaigns
        .map(|it| {
            let called = rows_of(it, |call| !call.attempts.is_empty());
            let reached = rows_of(it, |call| call.has_result("human"));
            line![it.name, count(&it.rows), called, reached, ratio(reached, called, 4)]
        })
        .collect()
}

fn has_outcome(call: &Call, outcome: &str) -> bool {
    call.outcome.as_deref() == Some(outcome)
}

pub(crate) fn interested(account: &[Campaign]) -> Lines {
    let mut found: Vec<(&Campaign, &Call)> =
        calls(account).into_iter().filter(|(_, call)| has_outcome(call, "interested")).collect();
    let last_attempt = |call: &Call| call.attempts.iter().filter_map(|it| it.started_at).max();
    found.sort_by_key(|(_, call)| (Reverse(call.created_at), &call.id));
    let lines = found.into_iter().take(5).map(|(campaign, call)| {
        let name = |part: &str| call.contact[part].as_str();
        line![name("first_name"), name("last_name"), call.to_phone_number, campaign.name, last_attempt(call)]
    });
    lines.collect()
}

pub(crate) fn outcomes(account: &[Campaign]) -> Lines {
    let campaigns = by_name(account).into_iter().filter(|campaign| !campaign.calls().is_empty());
    campaigns
        .map(|campaign| {
            let calls = campaign.calls();
            let outcome = |outcome: &str| count(calls.values().filter(|call| has_outcome(call, outcome)));
            line![
                campaign.name,
                count(calls.values().filter(|call| call.is_answered())),
                outcome("interested"),
                outcome("requested_callback_later"),
                outcome("not_interested"),
            ]
        })
        .collect()
}

pub(crate) fn follow_ups(account: &[Campaign]) -> Lines {
    let found = calls(account).into_iter().filter(|(_, call)| has_outcome(call, "interested"));
    let groups =
        grouped(found.map(|(_, call)| (call.assignee["email"].as_str().unwrap_or("nobody").to_owned(), ())));
    largest_first(groups, |group| count(group)).iter().map(|(who, group)| line![who, count(group)]).collect()
}

/// The calls of the campaign that the questions name.
fn of_one(account: &[Campaign]) -> impl Iterator<Item = &Call> {
    let calls = calls(account).into_iter();
    calls.filter(|(campaign, _)| campaign.name == "Relance devis 🚀").map(|(_, call)| call)
}

pub(crate) fn warmth(account: &[Campaign]) -> Lines {
    let latest = |call: &Call| {
        call.attempts.iter().map(|it| it.structured_output.clone()).find(|output| !output.is_null())
    };
    let outputs = of_one(account).filter_map(latest);
    let groups: std::collections::BTreeMap<String, Vec<Value>> =
        grouped(outputs.map(|output| (output["interest"].as_str().unwrap().to_owned(), output)));
    let budget = |output: &Value| output["budget_eur"].as_f64();
    largest_first(groups, |group| count(group))
        .iter()
        .map(|(interest, group)| {
            let budgets: Vec<f64> = group.iter().filter_map(budget).collect();
            let large = budgets.iter().filter(|budget| **budget >= 10_000.0);
            line![interest, count(group), count(&budgets), count(large)]
        })
        .collect()
}

pub(crate) fn sources(account: &[Campaign]) -> Lines {
    let groups = grouped(
        of_one(account).filter_map(|call| Some((call.metadata["source"].as_str()?.to_owned(), call))),
    );
    largest_first(groups, |group| count(group))
        .iter()
        .map(|(source, group)| {
            let reached = count(group.iter().filter(|call| call.has_result("human")));
            line![source, count(group), reached, percent(reached, count(group))]
        })
        .collect()
}
