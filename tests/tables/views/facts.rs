//! A line a call and a line an attempt, each laid beside what the API shows of it.

use crate::support::shown::{self, Attempt, Time, flavours, lived_in};
use revox_mirror::plan::is_final;
use serde_json::{Value, json};
use sqlx::PgPool;
use std::collections::BTreeMap;

/// The lines of a view, by their key.
async fn lines(pool: &PgPool, view: &str, key: &str) -> BTreeMap<String, Value> {
    let statement = format!("select {key}, to_jsonb(v)::text from revox.{view} v");
    let found: Vec<(String, String)> =
        sqlx::query_as(sqlx::AssertSqlSafe(statement)).fetch_all(pool).await.unwrap();
    let count = found.len();
    let lines: BTreeMap<_, _> =
        found.into_iter().map(|(key, line)| (key, serde_json::from_str(&line).unwrap())).collect();
    assert_eq!(lines.len(), count, "{view} has one line for each key");
    lines
}

fn time(value: &Value) -> Option<Time> {
    value.as_str().map(|text| text.parse().unwrap())
}

fn path(value: &Value) -> Option<&str> {
    value.as_str().map(|url| url.split('?').next().unwrap())
}

fn address(attempt: &Attempt) -> Option<&str> {
    attempt.recording_url.as_deref().map(|url| url.split('?').next().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_has_one_line_that_says_what_came_of_it() {
    for flavour in flavours() {
        let account = lived_in(flavour).await;
        let shown = shown::account(&account.simulator);
        let lines = lines(&account.pool, "call_facts", "call_id").await;
        assert_eq!(lines.len(), shown::calls(&shown).len());
        for (campaign, call) in shown::calls(&shown) {
            let line = &lines[&call.id];
            let attempts = &call.attempts;
            let rows: Vec<_> = campaign
                .rows
                .iter()
                .filter(|row| row.call.as_ref().is_some_and(|it| it.id == call.id))
                .collect();
            let first = rows[0];
            let newest = attempts.first();
            let started = || attempts.iter().filter_map(|it| it.started_at);
            let contact = |found: &str, input: &str| {
                let (found, given) = (&call.contact[found], &first.input_data[input]);
                if found.is_null() { given.clone() } else { found.clone() }
            };
            let expected = json!({
                "campaign_id": campaign.id,
                "campaign_name": campaign.name,
                "assistant_id": call.assistant.as_ref().map(|it| &it.id),
                "assistant_name": call.assistant.as_ref().map(|it| &it.name),
                "rows": rows.len(),
                "row_id": first.id,
                "phone_number": call.to_phone_number,
                "contact_first_name": contact("first_name", "first_name"),
                "contact_last_name": contact("last_name", "last_name"),
                "contact_email": contact("email", "email"),
                "contact_company": contact("company", "company"),
                "input_data": first.input_data,
                "status": call.status,
                "final_result": newest.and_then(|it| it.result.as_ref()),
                "final_dial_error": newest.and_then(|it| it.dial_error.as_ref()),
                "attempts": attempts.len(),
                "is_answered": call.is_answered(),
                "is_answered_by_human": call.has_result("human"),
                "is_voicemail": call.has_result("voicemail"),
                "ring_seconds": attempts.iter().filter_map(Attempt::ring_seconds).sum::<i64>(),
                "talk_seconds": attempts.iter().filter_map(Attempt::talk_seconds).sum::<i64>(),
                "structured_output": attempts.iter().map(|it| &it.structured_output).find(|it| !it.is_null()),
                "outcome": call.outcome,
                "is_final": is_final(Some(&call.status)),
            });
            for (column, value) in expected.as_object().unwrap() {
                assert_eq!(line[column], *value, "{flavour:?} {} {column}", call.id);
            }
            assert_eq!(time(&line["first_attempt_at"]), started().min());
            assert_eq!(time(&line["last_attempt_at"]), started().max());
            assert_eq!(time(&line["created_at"]), Some(call.created_at));
            assert_eq!(path(&line["recording_url"]), attempts.iter().find_map(address));
        }
        assert!(lines.values().any(|line| line["rows"] == 2), "a call is shared");
        let unsettled = "select count(*) from revox.call_facts f join revox.call_settlement s using (call_id)
                         where f.is_settled is distinct from s.is_settled or f.is_final <> s.is_final";
        assert_eq!(account.count(unsettled).await, 0);
        assert!(account.count("select count(*) from revox.call_facts where is_settled").await > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_has_one_line_with_what_it_belongs_to() {
    for flavour in flavours() {
        let account = lived_in(flavour).await;
        let shown = shown::account(&account.simulator);
        let lines = lines(&account.pool, "attempt_facts", "call_attempt_id").await;
        assert_eq!(lines.len(), shown::attempts(&shown).len());
        for (campaign, call, attempt) in shown::attempts(&shown) {
            let line = &lines[&attempt.id];
            let newer = call.attempts.iter().position(|it| it.id == attempt.id).unwrap();
            let local = attempt.started_at.map(|at| at.with_timezone(&chrono_tz::Europe::Paris));
            let in_local = |format: &str| local.map(|at| at.format(format).to_string());
            let number = |format: &str| in_local(format).map(|text| text.parse::<i64>().unwrap());
            let expected = json!({
                "call_id": call.id,
                "campaign_id": campaign.id,
                "campaign_name": campaign.name,
                "assistant_id": call.assistant.as_ref().map(|it| &it.id),
                "attempt_number": call.attempts.len() - newer,
                "phone_number": attempt.phone_number,
                "status": attempt.status,
                "result": attempt.result,
                "dial_error": attempt.dial_error,
                "is_answered": attempt.answered_at.is_some(),
                "is_answered_by_human": attempt.has_result("human"),
                "is_voicemail": attempt.has_result("voicemail"),
                "ring_seconds": attempt.ring_seconds(),
                "talk_seconds": attempt.talk_seconds(),
                "end_reason": attempt.end_reason,
                "ended_by": attempt.ended_by,
                "handled_by_human": attempt.handled_by_human,
                "structured_output": attempt.structured_output,
                "time_zone": "Europe/Paris",
                "time_zone_source": "number",
                "weekday": number("%u"),
                "hour": number("%-H"),
            });
            for (column, value) in expected.as_object().unwrap() {
                assert_eq!(line[column], *value, "{flavour:?} {} {column}", attempt.id);
            }
            assert_eq!(time(&line["started_at"]), attempt.started_at);
            assert_eq!(time(&line["ended_at"]), attempt.ended_at);
            let local = line["started_local"].as_str().map(|text| text[..19].to_owned());
            assert_eq!(local, in_local("%Y-%m-%dT%H:%M:%S"));
        }
    }
}
