//! What was said, and how quickly.

use super::figures::{Lines, count, grouped, line, ratio};
use crate::support::shown::{Attempt, Call, Campaign, Turn, attempts};
use serde_json::Value;
use std::cmp::Reverse;

pub(crate) fn shares(account: &[Campaign]) -> Lines {
    let talks =
        attempts(account).into_iter().filter(|(_, _, it)| it.has_result("human") && !it.turns().is_empty());
    let groups = grouped(talks.filter_map(|(_, call, it)| Some((&call.assistant.as_ref()?.name, it))));
    groups
        .iter()
        .map(|(assistant, group)| {
            let words = |role: &str| {
                let turns = group.iter().flat_map(|it| it.turns()).filter(|turn| turn.role == role);
                ratio(turns.map(Turn::words).sum(), count(group), 1)
            };
            line![assistant, count(group), words("assistant"), words("user")]
        })
        .collect()
}

/// The latest first.
fn latest<'a>(mut found: Vec<(&'a Campaign, &'a Call, &'a Attempt)>) -> Vec<(&'a Campaign, &'a Attempt)> {
    found.sort_by_key(|(_, _, it)| (Reverse(it.started_at), &it.id));
    found.into_iter().map(|(campaign, _, it)| (campaign, it)).take(5).collect()
}

pub(crate) fn refusals(account: &[Campaign]) -> Lines {
    let refuses = |turn: &Turn| turn.role == "user" && turn.content.contains("ne plus m'appeler");
    let mut found = attempts(account);
    found.retain(|(_, _, it)| it.turns().iter().any(refuses));
    latest(found)
        .into_iter()
        .map(|(campaign, it)| line![it.phone_number, campaign.name, it.started_at])
        .collect()
}

pub(crate) fn last(account: &[Campaign]) -> Lines {
    let mut found = attempts(account);
    found.retain(|(_, _, it)| !it.turns().is_empty());
    let lines = latest(found).into_iter().map(|(_, it)| {
        let turn = it.turns().last().unwrap();
        let text = match &turn.tool_name {
            Some(tool) => format!("{}: [{tool}]", turn.role),
            None => format!("{}: {}", turn.role, turn.content),
        };
        let words: String = text.lines().last().unwrap().chars().take(60).collect();
        line![it.started_at, it.phone_number, it.result, words]
    });
    lines.collect()
}

/// The value that nine of ten stay below, between two of them where it falls there, to the whole number.
#[expect(clippy::cast_precision_loss, reason = "places in a short list")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "places in a short list")]
fn nine_of_ten(mut values: Vec<f64>) -> i64 {
    values.sort_by(f64::total_cmp);
    let place = 0.9 * (values.len() - 1) as f64;
    let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
    (below + (above - below) * (place - place.floor())).round() as i64
}

pub(crate) fn latencies(account: &[Campaign]) -> Lines {
    let mut replies = Vec::new();
    for (_, call, attempt) in attempts(account) {
        let Some(assistant) = &call.assistant else { continue };
        let turns: Vec<&Value> =
            attempt.speech_events.iter().filter(|event| event["is_real_turn"] != false).collect();
        for (place, reply) in turns.iter().enumerate().filter(|(_, event)| event["speaker"] == "agent") {
            let before = place.checked_sub(1).map(|before| turns[before]);
            let before = before.filter(|before| before["speaker"] == "user");
            let gap = before.map(|before| {
                reply["started_speaking_at_ms"].as_f64().unwrap()
                    - before["stopped_speaking_at_ms"].as_f64().unwrap()
            });
            replies.push((&assistant.name, (gap, *reply)));
        }
    }
    grouped(replies)
        .into_iter()
        .map(|(assistant, group)| {
            let gaps = group.iter().filter_map(|(gap, _)| *gap).collect();
            let audio = group.iter().filter_map(|(_, reply)| reply["tts_ttfb_ms"].as_f64()).collect();
            let cut = count(group.iter().filter(|(_, reply)| reply["was_cut"] == true));
            let rate = ratio(cut, count(&group), 4);
            line![assistant, count(&group), nine_of_ten(gaps), nine_of_ten(audio), rate]
        })
        .collect()
}
