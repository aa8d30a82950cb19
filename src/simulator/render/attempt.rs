//! The JSON of a call attempt, with its transcript.

use super::{Look, analysis, models};
use crate::simulator::call::{Attempt, Stage};
use crate::simulator::draw::Draw;
use crate::simulator::json::{Json, NULL};
use crate::simulator::texts::people::Person;

/// A call attempt.
pub(super) fn attempt(json: &mut Json, look: Look, attempt: &Attempt) {
    let draw = &mut Draw::new(attempt.seed);
    let person = &Person::of(attempt.person);
    let (status, dial_error) = match attempt.stage {
        Stage::Queued => ("queued", None),
        Stage::Ringing => ("ringing", None),
        Stage::Ongoing => ("ongoing", None),
        Stage::Answered(_) => ("completed", None),
        Stage::Failed(error) => ("error", Some(error)),
    };
    let result = attempt.stage.result();
    json.object(|json| {
        json.field("id", &attempt.id);
        json.field("answered_at", attempt.answered_at());
        json.field("dial_error", dial_error);
        json.field("ended_at", attempt.ended_at());
        json.field("phone_number", &attempt.phone_number);
        recording_url(json, attempt);
        json.field("result", result);
        json.field("started_at", attempt.started_at);
        json.field("status", status);
        how_it_ended(json, result, draw);
        structured_output(json, attempt, person, draw);
        match (attempt.stage, result) {
            (Stage::Ongoing, _) => transcript(json, look, "transcript", attempt.turns / 2, person, draw),
            (_, Some("human" | "unknown")) => {
                transcript(json, look, "transcript", attempt.turns, person, draw);
            }
            (_, Some(_)) => transcript(json, look, "transcript", attempt.turns.min(2), person, draw),
            _ if draw.chance(50) => json.field("transcript", NULL),
            _ => {}
        }
        if look.newer {
            handling(json, attempt, draw);
            if attempt.analysed && draw.chance(60) {
                transcript(json, look, "post_call_transcript", attempt.turns, person, draw);
            } else {
                json.field("post_call_transcript", NULL);
            }
            analysis::speech_events(json, attempt, person, draw);
            analysis::messages(json, attempt, draw);
        }
    });
}

/// The recording's address, signed for this one answer.
fn recording_url(json: &mut Json, attempt: &Attempt) {
    if !attempt.analysed {
        json.field("recording_url", NULL);
        return;
    }
    json.key("recording_url");
    json.raw("\"https://recordings.example.com/calls/");
    json.raw(&attempt.id);
    json.raw(".ogg?X-Expires=3600&X-Signature=");
    json.slot();
    json.raw("\"");
}

fn how_it_ended(json: &mut Json, result: Option<&str>, draw: &mut Draw) {
    let (end_reason, ended_by) = match result {
        None => (None, None),
        Some("voicemail") => (Some("voicemail"), Some("agent")),
        Some("IVR") => (Some("ivr_no_navigate"), Some("agent")),
        Some(_) => draw.weighted(&[
            ((Some("tool_end_call"), Some("agent")), 50),
            ((None, Some("user")), 30),
            ((Some("transfer"), Some("agent")), 10),
            ((Some("max_duration"), Some("system")), 5),
            ((Some("user_inactive"), Some("system")), 5),
        ]),
    };
    json.field("end_reason", end_reason);
    json.field("ended_by", ended_by);
}

fn structured_output(json: &mut Json, attempt: &Attempt, person: &Person, draw: &mut Draw) {
    if !attempt.analysed || draw.chance(10) {
        json.field("structured_output", NULL);
        return;
    }
    json.object_field("structured_output", |json| {
        json.field("email", &person.email);
        json.key("budget_eur");
        json.raw(draw.pick(&["12500", "1.10", "9007199254740993", "null"]));
        json.field("is_owner", draw.chance(50));
        json.field("interest", draw.pick(&["hot", "warm", "cold", "glacé 🧊"]));
        json.field("visit_on", "2026-03-12");
    });
}

/// A conversation of `turns` turns, of which some are a tool's.
fn transcript(json: &mut Json, look: Look, key: &str, turns: usize, person: &Person, draw: &mut Draw) {
    json.list_field(key, 0..turns, |json, turn| {
        json.object(|json| {
            if turn > 1 && draw.chance(6) {
                tool_turn(json, look, draw);
            } else if turn.is_multiple_of(2) {
                let is_human = turn > 9 && draw.chance(10);
                json.field("role", if look.newer && is_human { "human_agent" } else { "assistant" });
                json.field("content", person.language.agent_line(draw));
            } else {
                json.field("role", "user");
                json.field("content", person.language.user_line(draw));
            }
        });
    });
}

fn tool_turn(json: &mut Json, look: Look, draw: &mut Draw) {
    json.field("role", "tool");
    json.field("content", "");
    let failed = draw.chance(15);
    match draw.count(0..3) {
        0 => {
            json.field("tool_name", "end_call");
            json.field("tool_arguments", r#"{"reason": "done"}"#);
        }
        1 => {
            json.field("tool_name", "book_slot");
            json.object_field("tool_arguments", |json| {
                json.field("date", "2026-03-12");
                json.field("hours", 1.5);
                json.strings_field("attendees", &["Zoé", "محمد"]);
                json.object_field("options", |json| json.field("reminder", true));
            });
        }
        _ => {
            json.field("tool_name", "transfer_call");
            json.field("tool_arguments", NULL);
        }
    }
    json.field("tool_is_error", failed);
    if look.newer {
        json.field("tool_output", if failed { Some("error: 503 \"busy\"\n") } else { Some("ok") });
    }
}

/// Who handled the attempt (newer API).
fn handling(json: &mut Json, attempt: &Attempt, draw: &mut Draw) {
    json.field("handled_by_ai", attempt.stage.is_answered());
    let by_human = attempt.stage.result() == Some("human") && draw.chance(10);
    json.field("handled_by_human", by_human);
    if by_human {
        json.object_field("handled_by_user", |json| models::member(json, draw));
    } else {
        json.field("handled_by_user", NULL);
    }
    if attempt.stage.is_answered() {
        json.strings_field("assistants_used", &["n1", "n2"]);
    } else {
        json.strings_field("assistants_used", &[]);
    }
}
