//! The JSON of a call.

use super::attempt::attempt;
use super::{CallText, Look, Signed, models};
use crate::simulator::call::{Call, Status};
use crate::simulator::draw::Draw;
use crate::simulator::json::{Json, NULL};
use crate::simulator::texts::people::Person;
use std::sync::Arc;

/// A call, in the two parts around its assistant.
pub(in crate::simulator) fn call(look: Look, call: &Call, organization_id: &str) -> CallText {
    let draw = &mut Draw::new(call.seed);
    let person = Person::of(call.person);
    let mut json = look.json();
    json.raw("{");
    json.field("id", &call.id);
    json.key("assistant");
    let before = json.take();
    json.raw(",");

    json.list_field("call_attempts", &call.attempts, |json, it| {
        attempt(json, look, it);
    });
    models::call_retry_config(&mut json, look, draw);
    json.count_field("calls_count", call.attempts.len());
    match &call.campaign {
        Some((id, name)) => json.object_field("campaign", |json| {
            json.field("id", id);
            json.field("name", name);
        }),
        None => json.field("campaign", NULL),
    }
    json.field("created_at", call.created_at);
    json.field("direction", if call.inbound { "inbound" } else { "outbound" });
    json.field("first_sentence_delay_ms", 400_u64);
    json.field("from_phone_number", &call.from_phone_number);
    json.field("is_cancelled", call.status == Status::Cancelled);
    json.field("is_completed", call.status == Status::Completed);
    match call.attempts.first() {
        Some(newest) => {
            json.key("last_call_attempt");
            attempt(&mut json, look, newest);
        }
        None => json.field("last_call_attempt", NULL),
    }
    models::llm_model(&mut json, look, draw, call.model);
    metadata(&mut json, call, draw);
    json.field("organization_id", organization_id);
    json.field("scheduled_at", call.scheduled_at);
    json.field("status", call.status.shown(look.newer));
    json.field("to_phone_number", &call.to_phone_number);
    if look.newer {
        newer_fields(&mut json, call, &person, draw);
    }
    json.raw("}");
    let (text, slots) = json.into_text_and_slots();
    CallText { before: before.into(), after: Arc::new(Signed { text, slots }) }
}

fn metadata(json: &mut Json, call: &Call, draw: &mut Draw) {
    if draw.chance(30) && call.revision == 0 {
        json.field("metadata", NULL);
        return;
    }
    json.object_field("metadata", |json| {
        json.field("crm_id", draw.token("crm-", 8));
        json.field("source", draw.pick(&["formulaire", "salon 2026", "網站"]));
        if call.revision > 0 {
            json.field("revision", format!("{}", call.revision));
        }
    });
}

/// What the newer API adds to a call.
fn newer_fields(json: &mut Json, call: &Call, person: &Person, draw: &mut Draw) {
    const OUTCOMES: &[Option<&str>] = &[
        Some("not_interested"),
        Some("interested"),
        Some("completed"),
        Some("requested_callback_later"),
        None,
    ];
    if draw.chance(60) {
        json.field("assignee", NULL);
    } else {
        json.object_field("assignee", |json| models::member(json, draw));
    }
    json.object_field("contact", |json| {
        json.field("company", draw.chance(60).then_some(person.company));
        json.field("email", draw.chance(60).then_some(&person.email));
        json.field("first_name", person.first_name);
        json.field("job_title", draw.chance(60).then_some(person.job_title));
        json.field("last_name", person.last_name);
    });
    json.object_field("prompt_variables", |json| {
        json.field("first_name", person.first_name);
        json.field("advisor_name", "Élodie");
    });
    json.field("updated_at", call.updated_at);
    let analysed = call.attempts.first().is_some_and(|newest| newest.analysed);
    let outcome = draw.pick(OUTCOMES).filter(|_| analysed);
    json.field("outcome", outcome);
    json.field("outcome_summary", outcome.map(|_| "La personne a été jointe et a répondu clairement."));
    if draw.chance(70) {
        json.field("follow_up_emails", NULL);
        json.field("slack_channel_ids", NULL);
    } else {
        json.strings_field("follow_up_emails", &["ops@example.com", "équipe@example.com"]);
        json.strings_field("slack_channel_ids", &["C01234567"]);
    }
}
