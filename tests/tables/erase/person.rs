//! Somebody in a simulated account: a contact of two campaigns, with calls, and markers all over.

use crate::support::leaks::leaks;
use revox_mirror::simulator::{Flavour, NewerApi, OlderApi, Options, Simulator};
use serde_json::{Value, json};
use sqlx::PgPool;

/// As the person asks to be erased.
pub(crate) const NUMBER: &str = "+33 6 39 98 00 17";

/// The digits of the number, as they stand in the tables however it is written.
pub(crate) const DIGITS: &str = "33639980017";

/// What stands in the names and texts about the person, and nowhere else.
pub(crate) const MARKER: &str = "Zébulon-Quartz";

/// The ids of what is about the person: calls and attempts.
#[derive(Debug, Default)]
pub(crate) struct Person {
    pub(crate) rows: Vec<String>,
    pub(crate) calls: Vec<String>,
    pub(crate) attempts: Vec<String>,
}

pub(crate) fn flavours() -> [Flavour; 2] {
    [Flavour::Older(OlderApi::default()), Flavour::Newer(NewerApi::default())]
}

pub(crate) fn options(flavour: Flavour) -> Options {
    Options { flavour, campaigns: 2, rows: 60, turns: 4, ..Options::default() }
}

/// A text that the API could show about the person.
fn text(place: &str) -> Value {
    format!("{MARKER} {place}").into()
}

/// Makes a row the person's. `number`: as the API writes it.
fn make_theirs(row: &mut Value, number: &Value, person: &mut Person) {
    person.rows.push(row["id"].as_str().unwrap().to_owned());
    row["phone_number"] = number.clone();
    row["input_data"] = json!({ "name": text("input"), "phone": number });
    row["nickname"] = text("extra");
    let Some(call) = row["call"].as_object_mut() else { return };
    person.calls.push(call["id"].as_str().unwrap().to_owned());
    call.insert("to_phone_number".to_owned(), number.clone());
    call.insert("metadata".to_owned(), json!({ "name": text("metadata") }));
    if call.contains_key("contact") {
        call.insert(
            "contact".to_owned(),
            json!({ "first_name": text("first name"), "email": text("email") }),
        );
        call.insert("outcome_summary".to_owned(), text("summary"));
    }
    let mut attempts = call["call_attempts"].take();
    for attempt in attempts.as_array_mut().unwrap() {
        person.attempts.push(attempt["id"].as_str().unwrap().to_owned());
        attempt["phone_number"] = number.clone();
        attempt["structured_output"] = json!({ "name": text("output") });
        attempt["mood"] = text("extra of an attempt");
        for list in ["transcript", "post_call_transcript"] {
            for turn in attempt.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                turn["content"] = text("turn");
            }
        }
        for event in attempt.get_mut("speech_events").and_then(Value::as_array_mut).into_iter().flatten() {
            event["transcript"] = text("speech");
        }
        for message in attempt.get_mut("sms_log").and_then(Value::as_array_mut).into_iter().flatten() {
            message["to_phone_number"] = number.clone();
            message["message_body"] = text("sms");
        }
    }
    call.insert("last_call_attempt".to_owned(), attempts.get(0).cloned().unwrap_or_default());
    call.insert("call_attempts".to_owned(), attempts);
}

/// Plants the person in both campaigns: a row with attempts that were answered in each, written in other ways, and in
/// the second one also a row whose call cannot be stored, a row that cannot at all, and a row without a call.
pub(crate) fn plant(simulator: &Simulator) -> Person {
    let mut person = Person::default();
    for (campaign, number) in [(0, json!("+33639980017")), (1, json!(33_639_980_017_u64))] {
        let rows: Vec<Value> =
            simulator.truth(campaign).unwrap().iter().map(|row| serde_json::from_str(row).unwrap()).collect();
        let is_answered = |row: &&(usize, &Value)| {
            let attempts = row.1["call"]["call_attempts"].as_array();
            attempts.is_some_and(|them| {
                them.iter().any(|it| it["transcript"].as_array().is_some_and(|turns| !turns.is_empty()))
            })
        };
        let places: Vec<(usize, &Value)> = rows.iter().enumerate().collect();
        let mut answered: Vec<usize> = places.iter().filter(is_answered).map(|(place, _)| *place).collect();
        let place = answered.swap_remove(answered.len() / 2);
        let set = |place: usize, row: &Value| {
            simulator.edit(|account| account.set_raw_row(campaign, place, row.to_string()).unwrap());
        };
        let mut row = rows[place].clone();
        make_theirs(&mut row, &number, &mut person);
        set(place, &row);
        if campaign == 0 {
            continue;
        }
        let mut broken = rows[answered[0]].clone();
        make_theirs(&mut broken, &number, &mut person);
        broken["call"]["id"] = Value::Null;
        person.calls.pop();
        set(answered[0], &broken);
        let mut hopeless = rows[answered[1]].clone();
        make_theirs(&mut hopeless, &number, &mut person);
        hopeless["id"] = Value::Null;
        person.rows.pop();
        set(answered[1], &hopeless);
        let (place, uncalled) = places
            .iter()
            .find(|(_, row)| row["call"].is_null())
            .map_or((answered[2], rows[answered[2]].clone()), |it| (it.0, it.1.clone()));
        let mut row = uncalled;
        row["call"] = Value::Null;
        make_theirs(&mut row, &json!("0033 639 980 017"), &mut person);
        set(place, &row);
    }
    person
}

impl Person {
    /// Where the mirror holds anything about the person.
    pub(crate) async fn traces(&self, pool: &PgPool) -> Vec<String> {
        let ids = self.calls.iter().chain(&self.attempts).map(String::as_str);
        let mut traces = Vec::new();
        for marker in [MARKER, DIGITS, "639 980 017"].into_iter().chain(ids) {
            traces.extend(leaks(pool, marker).await);
        }
        for row in &self.rows {
            // That there is a row, and where: what the passes need to know the rows around it.
            let of_row = leaks(pool, row).await;
            traces.extend(of_row.into_iter().filter(|line| !line.starts_with("revox_sync.row_states")));
        }
        traces
    }
}
