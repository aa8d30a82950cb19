//! What of a row is past its time, and so is left out like what the operator wants left out from the start.
//!
//! Owns: which moment of an attempt or a call counts. Leaves to `leave_out`: taking it out; to `store`: removing what was
//! stored before it was past.

use super::repair::repair;
use super::time::time;
use super::values::read_id;
use crate::records::Time;
use crate::wire::{Object, read_list, read_string};

/// What happened before these times is not kept; none: it is, for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cutoffs {
    /// What was said in attempts that ended before.
    pub transcripts: Option<Time>,
    /// Where attempts were recorded that ended before.
    pub recording_urls: Option<Time>,
    /// Calls that are over and whose last attempt ended before.
    pub calls: Option<Time>,
}

/// What is kept for a time only, as the database had it when the pass began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// Tells these times from earlier and later ones.
    pub version: i64,
    /// How often a time went back: rows that were read before are read anew.
    pub readings: i64,
    /// The times.
    pub cutoffs: Cutoffs,
}

/// Statuses of calls of which nothing more comes.
const OVER: [&str; 3] = ["completed", "cancelled", "errored"];

/// What is left out of a call or an attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// What was said.
    pub(crate) said: bool,
    /// Where it was recorded.
    pub(crate) recorded: bool,
}

impl LeftOut {
    /// What either of the two leaves out.
    pub(super) fn or(self, other: Self) -> Self {
        Self { said: self.said || other.said, recorded: self.recorded || other.recorded }
    }
}

impl Retention {
    /// For how rows are read; empty until a time went back. The times themselves do not count: a day that passes makes no
    /// row differ.
    pub(super) fn reading(&self) -> String {
        if self.readings == 0 { String::new() } else { format!(" anew {}", self.readings) }
    }

    /// The id of the row's call, when that is past its time and left out as a whole.
    pub(super) fn past_call(&self, row: &str) -> Option<String> {
        self.cutoffs.calls?;
        let call = Object::read(row)?.get("call").and_then(Object::read)?;
        if self.is_call_past(&call) { read_id(call.get("id")?).ok() } else { None }
    }

    /// Whether a call that is not part of a row is past its time.
    #[must_use]
    pub fn leaves_out_call(&self, json: &str) -> bool {
        self.cutoffs.calls.is_some()
            && Object::read(&repair(json).0).is_some_and(|call| self.is_call_past(&call))
    }

    pub(super) fn is_call_past(&self, call: &Object<'_>) -> bool {
        let status = call.get("status").and_then(read_string);
        status.is_some_and(|status| OVER.contains(&status.as_ref()))
            && is_before(time_of_call(call), self.cutoffs.calls)
    }

    /// What of a call is past its time, its attempts apart.
    pub(super) fn of_call(&self, call: &Object<'_>) -> LeftOut {
        self.left_out(time_of_call(call))
    }

    /// What of an attempt is past its time. `created_at`: its call's.
    pub(super) fn of_attempt(&self, attempt: &Object<'_>, created_at: Option<Time>) -> LeftOut {
        self.left_out(time_of_attempt(attempt).or(created_at))
    }

    /// Whether anything of a row is past its time.
    pub(super) fn touches(&self, row: &Object<'_>) -> bool {
        if self.cutoffs == Cutoffs::default() {
            return false;
        }
        let Some(call) = row.get("call").and_then(Object::read) else { return false };
        let created_at = created_at(&call);
        let last = call.get("last_call_attempt").and_then(Object::read);
        let is_past = |attempt: &Object<'_>| self.of_attempt(attempt, created_at) != LeftOut::default();
        self.is_call_past(&call)
            || self.of_call(&call) != LeftOut::default()
            || attempts_of(&call).iter().chain(&last).any(is_past)
    }

    fn left_out(&self, at: Option<Time>) -> LeftOut {
        LeftOut {
            said: is_before(at, self.cutoffs.transcripts),
            recorded: is_before(at, self.cutoffs.recording_urls),
        }
    }
}

fn is_before(at: Option<Time>, cutoff: Option<Time>) -> bool {
    at.zip(cutoff).is_some_and(|(at, cutoff)| at < cutoff)
}

fn moment(object: &Object<'_>, key: &str) -> Option<Time> {
    object.get(key).and_then(time)
}

pub(super) fn created_at(call: &Object<'_>) -> Option<Time> {
    moment(call, "created_at")
}

/// When an attempt ended, or else began.
fn time_of_attempt(attempt: &Object<'_>) -> Option<Time> {
    moment(attempt, "ended_at").or_else(|| moment(attempt, "started_at"))
}

/// When the last attempt at a call ended, or else began; of a call that was not tried, when it changed or was made.
fn time_of_call(call: &Object<'_>) -> Option<Time> {
    let last = attempts_of(call).iter().filter_map(time_of_attempt).max();
    last.or_else(|| moment(call, "updated_at")).or_else(|| created_at(call))
}

fn attempts_of<'a>(call: &Object<'a>) -> Vec<Object<'a>> {
    let attempts = call.get("call_attempts").and_then(read_list).unwrap_or_default();
    attempts.into_iter().filter_map(Object::read).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Options;
    use super::super::leave_out::leave_out;
    use super::*;

    fn retention() -> Retention {
        let day = |day: &str| Some(format!("{day}T00:00:00Z").parse().expect("a time"));
        let cutoffs =
            Cutoffs { transcripts: day("2026-03-10"), recording_urls: None, calls: day("2026-03-05") };
        Retention { cutoffs, ..Retention::default() }
    }

    #[test]
    fn an_attempt_is_past_by_its_end_else_its_beginning_else_its_calls_making() {
        let made = |text: &str| Some(text.parse().expect("a time"));
        for (attempt, created_at, is_past) in [
            (r#"{"ended_at":"2026-03-09T23:59:59Z"}"#, None, true),
            (r#"{"ended_at":"2026-03-10T00:00:00Z"}"#, None, false),
            (r#"{"ended_at":1773014400,"started_at":"2026-03-11T00:00:00Z"}"#, None, true),
            (r#"{"ended_at":null,"started_at":"2026-03-09T00:00:00Z"}"#, None, true),
            (r#"{"started_at":"2026-03-11T00:00:00Z"}"#, made("2026-03-01T00:00:00Z"), false),
            ("{}", made("2026-03-01T00:00:00Z"), true),
            ("{}", None, false),
            (r#"{"ended_at":"soon"}"#, None, false),
        ] {
            let left_out = retention().of_attempt(&Object::read(attempt).expect("an object"), created_at);
            assert_eq!(left_out, LeftOut { said: is_past, recorded: false }, "{attempt}");
        }
    }

    #[test]
    fn a_call_is_past_by_its_last_attempt_once_it_is_over() {
        for (call, is_past) in [
            (
                r#"{"id":"c","status":"completed","call_attempts":[{"ended_at":"2026-03-04T00:00:00Z"}]}"#,
                true,
            ),
            (r#"{"id":"c","status":"ongoing","call_attempts":[{"ended_at":"2026-03-04T00:00:00Z"}]}"#, false),
            (r#"{"id":"c","call_attempts":[{"ended_at":"2026-03-04T00:00:00Z"}]}"#, false),
            (
                r#"{"id":"c","status":"errored","call_attempts":[{"ended_at":"2026-03-06T00:00:00Z"},{"ended_at":"2026-03-04T00:00:00Z"}]}"#,
                false,
            ),
            (
                r#"{"id":"c","status":"cancelled","call_attempts":[],"created_at":"2026-03-04T00:00:00Z"}"#,
                true,
            ),
            (
                r#"{"id":"c","status":"cancelled","updated_at":"2026-03-06T00:00:00Z","created_at":"2026-03-04T00:00:00Z"}"#,
                false,
            ),
            (r#"{"id":"c","status":"cancelled"}"#, false),
        ] {
            let row = format!(r#"{{"id":"r","call":{call}}}"#);
            assert_eq!(retention().past_call(&row).as_deref(), is_past.then_some("c"), "{call}");
            assert_eq!(retention().leaves_out_call(call), is_past, "{call}");
            assert!(!is_past || retention().touches(&Object::read(&row).expect("an object")), "{call}");
        }
        assert_eq!(Retention::default().past_call(r#"{"call":{"id":"c"}}"#), None);
    }

    #[test]
    fn what_is_past_its_time_is_left_out_and_the_rest_stays() {
        let options = Options { retention: retention(), ..Options::default() };
        let row = |call: &str| format!(r#"{{"id":"r","transcript":"kept","call":{call}}}"#);
        for (call, expected) in [
            (
                r#"{"raw_transcript":"t","call_attempts":[{"ended_at":"2026-03-12T00:00:00Z","transcript":[{"content":"new"}]},{"ended_at":"2026-03-09T00:00:00Z","transcript":[{"content":"old"}],"recording_url":"u"}]}"#,
                r#"{"raw_transcript":"t","call_attempts":[{"ended_at":"2026-03-12T00:00:00Z","transcript":[{"content":"new"}]},{"ended_at":"2026-03-09T00:00:00Z","recording_url":"u","transcript":[],"post_call_transcript":[]}]}"#,
            ),
            (
                r#"{"raw_transcript":"t","created_at":"2026-03-09T00:00:00Z","call_attempts":[{"speech_events":[{"transcript":"t"}]}]}"#,
                r#"{"raw_transcript":null,"created_at":"2026-03-09T00:00:00Z","call_attempts":[{"speech_events":[{"transcript":null}],"transcript":[],"post_call_transcript":[]}]}"#,
            ),
            (r#"{"status":"completed","created_at":"2026-03-04T00:00:00Z"}"#, "null"),
            (
                r#"{"status":"completed","created_at":"2026-03-10T00:00:00Z","raw_transcript":"t"}"#,
                r#"{"status":"completed","created_at":"2026-03-10T00:00:00Z","raw_transcript":"t"}"#,
            ),
        ] {
            assert_eq!(leave_out(&row(call), &options), row(expected), "{call}");
        }
        assert_eq!(leave_out("[1]", &options), "[1]");
    }
}
