//! What was said, with which tools, and how quickly: laid beside the API's transcripts and speech events.

use crate::support::shown::{self, Attempt, Turn, flavours, lived_in};
use serde_json::Value;
use std::collections::BTreeMap;

fn text(turns: &[Turn]) -> Option<String> {
    let line = |turn: &Turn| match &turn.tool_name {
        Some(tool) if turn.content.is_empty() => format!("{}: [{tool}]", turn.role),
        Some(tool) => format!("{}: [{tool}] {}", turn.role, turn.content),
        None => format!("{}: {}", turn.role, turn.content),
    };
    (!turns.is_empty()).then(|| turns.iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn source(attempt: &Attempt) -> Option<&'static str> {
    let some = |turns: &Option<Vec<Turn>>| turns.as_ref().is_some_and(|turns| !turns.is_empty());
    match (some(&attempt.post_call_transcript), some(&attempt.transcript)) {
        (true, _) => Some("post_call"),
        (false, true) => Some("live"),
        (false, false) => None,
    }
}

/// An attempt, its texts (source, best, live, made after the call), its counts, who spoke last.
type Line = (String, Vec<Option<String>>, Vec<i64>, Option<String>);

#[tokio::test(flavor = "multi_thread")]
async fn a_transcript_says_what_was_said_and_counts_turns_and_words_by_role() {
    for flavour in flavours() {
        let account = lived_in(flavour).await;
        let shown = shown::account(&account.simulator);
        let found: Vec<Line> = sqlx::query_as(
            "select call_attempt_id, array[source, transcript, live_transcript, post_call_transcript],
                    array[turns, user_turns, assistant_turns, human_agent_turns, tool_turns, user_words,
                          assistant_words, human_agent_words],
                    last_role
             from revox.transcripts order by call_attempt_id",
        )
        .fetch_all(&account.pool)
        .await
        .unwrap();
        let mut expected: Vec<Line> = Vec::new();
        for (_, _, attempt) in shown::attempts(&shown) {
            let turns = attempt.turns();
            let of = |role: &'static str| turns.iter().filter(move |turn| turn.role == role);
            let count = |role| i64::try_from(of(role).count()).unwrap();
            let words = |role| of(role).map(Turn::words).sum::<i64>();
            let last = turns.iter().rev().find(|turn| turn.role != "tool" && !turn.content.is_empty());
            expected.push((
                attempt.id.clone(),
                vec![
                    source(attempt).map(str::to_owned),
                    text(turns),
                    text(attempt.transcript.as_deref().unwrap_or_default()),
                    text(attempt.post_call_transcript.as_deref().unwrap_or_default()),
                ],
                vec![
                    i64::try_from(turns.len()).unwrap(),
                    count("user"),
                    count("assistant"),
                    count("human_agent"),
                    count("tool"),
                    words("user"),
                    words("assistant"),
                    words("human_agent"),
                ],
                last.map(|turn| turn.role.clone()),
            ));
        }
        expected.sort();
        assert_eq!(found, expected, "{flavour:?}");
        let sources: Vec<_> = found.iter().filter_map(|line| line.1[0].as_deref()).collect();
        assert!(sources.contains(&"live") && sources.contains(&"post_call") == flavour.is_newer());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_use_of_a_tool_has_one_line() {
    for flavour in flavours() {
        let account = lived_in(flavour).await;
        let shown = shown::account(&account.simulator);
        let found: Vec<(String, i32, String, Option<bool>)> = sqlx::query_as(
            "select call_attempt_id, turn_index, tool_name, tool_is_error
             from revox.tool_calls order by call_attempt_id, turn_index",
        )
        .fetch_all(&account.pool)
        .await
        .unwrap();
        let mut expected = Vec::new();
        for (_, _, attempt) in shown::attempts(&shown) {
            for (index, turn) in attempt.transcript.iter().flatten().enumerate() {
                if let Some(tool) = &turn.tool_name {
                    let index = i32::try_from(index).unwrap();
                    expected.push((attempt.id.clone(), index, tool.clone(), turn.tool_is_error));
                }
            }
        }
        expected.sort();
        assert!(!expected.is_empty());
        assert_eq!(found, expected);
    }
}

/// The value below which `part` of the sorted ones lie, between two of them where it falls there.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "places in a short list"
)]
fn percentile(values: &[f64], part: f64) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let place = part * (values.len().checked_sub(1)? as f64);
    let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
    Some(below + (above - below) * (place - place.floor()))
}

/// What a model's replies of an assistant took.
#[derive(Debug, Default)]
struct Replies {
    count: i64,
    interrupted: i64,
    gaps: Vec<f64>,
    delays: Vec<f64>,
    tokens: Vec<f64>,
    audio: Vec<f64>,
}

impl Replies {
    fn add(&mut self, before: Option<&Value>, reply: &Value) {
        self.count += 1;
        self.interrupted += i64::from(reply["was_cut"] == true);
        self.tokens.extend(reply["llm_ttft_ms"].as_f64());
        self.audio.extend(reply["tts_ttfb_ms"].as_f64());
        let Some(before) = before.filter(|before| before["speaker"] == "user") else { return };
        self.delays.extend(before["stt_transcription_delay_ms"].as_f64());
        let (stopped, began) =
            (before["stopped_speaking_at_ms"].as_f64(), reply["started_speaking_at_ms"].as_f64());
        self.gaps.extend(stopped.zip(began).map(|(stopped, began)| began - stopped));
    }
}

/// Assistant, model, replies, interrupted ones, percentiles.
type Latency = (Option<String>, Option<String>, i64, i64, Vec<Option<f64>>);

#[tokio::test(flavor = "multi_thread")]
async fn latencies_are_those_of_the_replies_by_assistant_and_model() {
    let [older, newer] = flavours();
    let account = lived_in(older).await;
    assert_eq!(account.count("select count(*) from revox.voice_latency").await, 0);
    let account = lived_in(newer).await;
    let shown = shown::account(&account.simulator);
    let mut expected: BTreeMap<(Option<String>, Option<String>), Replies> = BTreeMap::new();
    for (_, call, attempt) in shown::attempts(&shown) {
        let turns: Vec<&Value> =
            attempt.speech_events.iter().filter(|event| event["is_real_turn"] != false).collect();
        for (place, reply) in turns.iter().enumerate().filter(|(_, event)| event["speaker"] == "agent") {
            let before = place.checked_sub(1).map(|before| turns[before]);
            let model = reply["llm_winner_model"].as_str().map(str::to_owned);
            // Calls without an assistant are nobody's.
            if call.assistant.is_none() {
                continue;
            }
            let key = (call.assistant.as_ref().map(|it| it.id.clone()), model);
            expected.entry(key).or_default().add(before, reply);
        }
    }
    let found: Vec<Latency> = sqlx::query_as(
        "select assistant_id, llm_model_name, replies, interrupted,
                array[response_gap_ms_p50, response_gap_ms_p90, transcription_delay_ms_p50, transcription_delay_ms_p99,
                      first_token_ms_p50, first_audio_ms_p50, first_audio_ms_p90, first_audio_ms_p99]
         from revox.voice_latency",
    )
    .fetch_all(&account.pool)
    .await
    .unwrap();
    assert_eq!(found.len(), expected.len());
    assert!(found.len() >= 4);
    for (assistant, model, replies, interrupted, percentiles) in found {
        let it = &expected[&(assistant, model)];
        assert_eq!((replies, interrupted), (it.count, it.interrupted));
        let wanted = [
            percentile(&it.gaps, 0.5),
            percentile(&it.gaps, 0.9),
            percentile(&it.delays, 0.5),
            percentile(&it.delays, 0.99),
            percentile(&it.tokens, 0.5),
            percentile(&it.audio, 0.5),
            percentile(&it.audio, 0.9),
            percentile(&it.audio, 0.99),
        ];
        for (found, wanted) in percentiles.into_iter().zip(wanted) {
            assert!((found.unwrap() - wanted.unwrap()).abs() < 1e-6, "{found:?} {wanted:?}");
        }
    }
}
