//! What is past its time, taken out of what the API shows before the two are compared.
//!
//! Owns: doing so without the code by which passes do it. As long as a sweep is not over, rows that hold anything past its time
//! are not compared: the mirror may still have it or not.

use super::json::{Json, Members};
use super::left_out::LeftOut;
use super::time::{moment_of_number, moment_of_text};
use crate::store::{Cutoffs, RetentionState};

/// The times before which nothing is kept, in microseconds since 1970.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Past {
    transcripts: Option<i64>,
    recording_urls: Option<i64>,
    calls: Option<i64>,
    /// Whether all that is past them was removed.
    pub(super) is_swept: bool,
}

impl Past {
    pub(super) fn of(state: &RetentionState) -> Self {
        let Cutoffs { transcripts, recording_urls, calls } = state.retention.cutoffs;
        let micros = |time: Option<crate::records::Time>| time.map(|time| time.timestamp_micros());
        Self {
            transcripts: micros(transcripts),
            recording_urls: micros(recording_urls),
            calls: micros(calls),
            is_swept: state.is_swept,
        }
    }

    /// Takes what is past its time out of a row, unless it may still be there; whether there was anything.
    pub(super) fn take_from(&self, row: &mut Members) -> bool {
        let Some(Json::Object(call)) = row.get_mut("call") else { return false };
        let is_over =
            matches!(call.get("status").and_then(Json::as_text), Some("completed" | "cancelled" | "errored"));
        let last = attempts(call).filter_map(end_of).max();
        let made_at = moment(call, "created_at");
        let at = last.or_else(|| moment(call, "updated_at")).or(made_at);
        if is_over && precedes(at, self.calls) {
            if self.is_swept {
                row.insert("call".to_owned(), Json::Null);
            }
            return true;
        }
        let of_call = self.left_out(at);
        let of_attempts = ["call_attempts", "last_call_attempt"].map(|list| {
            let mut found = Vec::new();
            for attempt in objects(call.get(list)) {
                found.push(self.left_out(end_of(attempt).or(made_at)));
            }
            found
        });
        let goes = |left_out: &LeftOut| left_out.transcripts || left_out.recording_urls;
        let has_past = goes(&of_call) || of_attempts.iter().flatten().any(goes);
        if has_past && self.is_swept {
            for (list, left_out) in ["call_attempts", "last_call_attempt"].into_iter().zip(of_attempts) {
                for (attempt, left_out) in objects_mut(call.get_mut(list)).zip(left_out) {
                    left_out.take_from_attempt(attempt);
                }
            }
            of_call.take_from_rest(call);
        }
        has_past
    }

    fn left_out(&self, at: Option<i64>) -> LeftOut {
        LeftOut {
            transcripts: precedes(at, self.transcripts),
            recording_urls: precedes(at, self.recording_urls),
            ..LeftOut::default()
        }
    }
}

fn precedes(at: Option<i64>, time: Option<i64>) -> bool {
    matches!((at, time), (Some(at), Some(time)) if at < time)
}

fn moment(members: &Members, key: &str) -> Option<i64> {
    match members.get(key)? {
        Json::Number(number) => moment_of_number(number),
        value => moment_of_text(value.as_text()?),
    }
}

fn end_of(attempt: &Members) -> Option<i64> {
    moment(attempt, "ended_at").or_else(|| moment(attempt, "started_at"))
}

fn attempts(call: &Members) -> impl Iterator<Item = &Members> {
    objects(call.get("call_attempts"))
}

/// The objects of a list, or the one that it is.
fn objects(value: Option<&Json>) -> impl Iterator<Item = &Members> {
    let items = match value {
        Some(Json::List(items)) => items.as_slice(),
        Some(one @ Json::Object(_)) => std::slice::from_ref(one),
        _ => &[],
    };
    items.iter().filter_map(|item| match item {
        Json::Object(members) => Some(members),
        _ => None,
    })
}

fn objects_mut(value: Option<&mut Json>) -> impl Iterator<Item = &mut Members> {
    let items = match value {
        Some(Json::List(items)) => items.as_mut_slice(),
        Some(one @ Json::Object(_)) => std::slice::from_mut(one),
        _ => &mut [],
    };
    items.iter_mut().filter_map(|item| match item {
        Json::Object(members) => Some(members),
        _ => None,
    })
}
