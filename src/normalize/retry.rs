//! When a call is tried again: a configuration that many share, whose id is a hash of what it says.
//!
//! The older API does not show all of it. The first half of the id stands for what both show and the second for the
//! rest, so that a shorter copy of a configuration is known as one.

use super::fields::Fields;
use super::jsonb::canonical;
use super::known;
use super::time::time_of_day;
use crate::records::{CallRetryConfig, CallingWindow, Field, JsonText};
use std::cell::RefCell;
use std::fmt::Write;
use std::sync::Arc;

thread_local! {
    /// The text of the configuration that was read last and of which there was nothing to be said: thousands of calls show the same.
    static LAST: RefCell<Option<(String, Arc<CallRetryConfig>)>> = const { RefCell::new(None) };
}

/// A text that is longer is not remembered.
const MOST_REMEMBERED: usize = 16 * 1024;

/// Reads the configuration that stands under `key`, shares it, and gives its id.
pub(super) fn read(fields: &mut Fields<'_, '_>, key: &'static str) -> Field<String> {
    let json = fields.peek(key).unwrap_or_default();
    let last = LAST.with_borrow(|last| Some(Arc::clone(&last.as_ref().filter(|(text, _)| text == json)?.1)));
    let config = match last {
        Some(config) => {
            fields.raw(key);
            Field::Value(config)
        }
        None => read_anew(fields, key, json),
    };
    match config {
        Field::Value(config) => {
            let id = config.id.clone();
            fields.notes.share(config);
            Field::Value(id)
        }
        Field::Null => Field::Null,
        Field::Absent => Field::Absent,
    }
}

fn read_anew(fields: &mut Fields<'_, '_>, key: &'static str, json: &str) -> Field<Arc<CallRetryConfig>> {
    let noted = fields.notes.noted;
    match fields.child(key, read_config) {
        Field::Value(config) => {
            let config = Arc::new(config);
            if fields.notes.noted == noted && json.len() <= MOST_REMEMBERED {
                LAST.set(Some((json.to_owned(), Arc::clone(&config))));
            }
            Field::Value(config)
        }
        Field::Null => Field::Null,
        Field::Absent => Field::Absent,
    }
}

fn read_config(config: &mut Fields<'_, '_>) -> CallRetryConfig {
    let allowed_days = config.some_of("allowed_days", known::DAYS);
    let call_twice_in_a_row = config.boolean("call_twice_in_a_row");
    let is_short = allowed_days.is_absent() && call_twice_in_a_row.is_absent();
    let mut record = CallRetryConfig {
        id: String::new(),
        max_retry_attempts: config.integer("max_retry_attempts").into(),
        timezone: config.word("timezone").into(),
        allowed_days: allowed_days.into(),
        call_twice_in_a_row: call_twice_in_a_row.into(),
        calling_windows: config.places("calling_windows", read_window).items().to_vec(),
        extra: config.finish(&[]),
    };
    record.id = content_id(&record, is_short);
    record
}

fn read_window(window: &mut Fields<'_, '_>) -> CallingWindow {
    let start_time: Option<String> = window.word("calling_window_start_time").into();
    let end_time: Option<String> = window.word("calling_window_end_time").into();
    CallingWindow {
        starts_at: start_time.as_deref().and_then(time_of_day),
        ends_at: end_time.as_deref().and_then(time_of_day),
        start_time,
        end_time,
        retry_delay_seconds: window.integer("retry_delay_seconds").into(),
        extra: window.finish(&[]),
    }
}

/// A hash of all that the configuration says, in 32 hexadecimal digits: equal content, equal id. The second half is
/// zeros when the answer shows nothing of what only the newer API does.
fn content_id(config: &CallRetryConfig, is_short: bool) -> String {
    let CallRetryConfig {
        id: _,
        max_retry_attempts,
        timezone,
        allowed_days,
        call_twice_in_a_row,
        extra,
        calling_windows,
    } = config;
    let extra_text = |extra: &Option<JsonText>| extra.as_ref().map(|JsonText(json)| canonical(json));
    // Debug text quotes strings and tells `None` from `Some`, so that no two contents are written alike.
    let mut text = format!("{max_retry_attempts:?} {timezone:?} {:?}", extra_text(extra));
    for window in calling_windows {
        // What the times are read as follows from their texts.
        let CallingWindow { start_time, end_time, starts_at: _, ends_at: _, retry_delay_seconds, extra } =
            window;
        let extra = extra_text(extra);
        let written = write!(text, " [{start_time:?} {end_time:?} {retry_delay_seconds:?} {extra:?}]");
        debug_assert!(written.is_ok(), "writing to a string does not fail");
    }
    let half = |text: &str| blake3::hash(text.as_bytes()).to_hex().chars().take(16).collect::<String>();
    let rest = format!("{allowed_days:?} {call_twice_in_a_row:?}");
    half(&text) + &if is_short { SHORT.to_owned() } else { half(&rest) }
}

/// The second half of the id of a configuration that the older API shows; what is stored with another one is kept.
const SHORT: &str = "0000000000000000";

#[cfg(test)]
mod tests {
    use super::super::{DriftCounts, assistant};

    fn id_of(config: &str) -> String {
        let json = format!(r#"{{"id":"a","call_retry_config":{config}}}"#);
        let records = assistant(&json, &mut DriftCounts::new()).expect("an assistant");
        assert_eq!(Some(&records.call_retry_configs[0].id), records.assistant.call_retry_config_id.value());
        records.call_retry_configs[0].id.clone()
    }

    const WINDOW: &str =
        r#"{"calling_window_start_time":"10:00","calling_window_end_time":"6pm","retry_delay_seconds":60}"#;

    #[test]
    fn equal_configurations_have_one_id_however_they_are_written() {
        let base = format!(
            r#"{{"max_retry_attempts":3,"timezone":null,"calling_windows":[{WINDOW}],"x":{{"a":1,"b":[2]}}}}"#
        );
        let window = r#"{ "retry_delay_seconds":"60", "calling_window_end_time":"6pm", "calling_window_start_time":"10:00"}"#;
        let same = format!(
            r#"{{ "x": {{"b" : [ 2.0 ], "a":1}}, "calling_windows": [ {window} ], "max_retry_attempts": 3.0 }}"#
        );
        assert_eq!(id_of(&base), id_of(&same));
        let id = id_of(&base);
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    }

    #[test]
    fn other_configurations_have_other_ids() {
        let mut ids = vec![
            id_of("{}"),
            id_of(r#"{"max_retry_attempts":3}"#),
            id_of(r#"{"max_retry_attempts":4}"#),
            id_of(r#"{"timezone":"3"}"#),
            id_of(r#"{"allowed_days":[]}"#),
            id_of(r#"{"allowed_days":["monday","friday"]}"#),
            id_of(r#"{"allowed_days":["monday, friday"]}"#),
            id_of(r#"{"allowed_days":["monday\", \"friday"]}"#),
            id_of(r#"{"call_twice_in_a_row":true}"#),
            id_of(r#"{"call_twice_in_a_row":false}"#),
            id_of(r#"{"x":1}"#),
            id_of(r#"{"x":"1"}"#),
            id_of(&format!(r#"{{"calling_windows":[{WINDOW}]}}"#)),
            id_of(&format!(r#"{{"calling_windows":[{WINDOW},{WINDOW}]}}"#)),
            id_of(&format!(r#"{{"calling_windows":[{}]}}"#, WINDOW.replace("6pm", "18:00"))),
            id_of(r#"{"calling_windows":[{}]}"#),
        ];
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn a_copy_that_does_not_show_all_is_known_by_the_first_half_of_its_id() {
        let (short, other) = (id_of(r#"{"max_retry_attempts":3}"#), id_of(r#"{"max_retry_attempts":4}"#));
        assert!(short.ends_with(super::SHORT) && other.ends_with(super::SHORT));
        for shown in [r#""allowed_days":null"#, r#""allowed_days":["monday"],"call_twice_in_a_row":true"#] {
            let whole = id_of(&format!(r#"{{"max_retry_attempts":3,{shown}}}"#));
            assert!(whole.starts_with(&short[..16]) && !whole.ends_with(super::SHORT), "{whole}");
            assert!(!whole.starts_with(&other[..16]));
        }
    }

    #[test]
    fn a_configuration_that_is_shown_again_is_the_same_and_what_is_odd_about_it_is_said_again() {
        for (config, sightings) in
            [(r#"{"max_retry_attempts":3}"#, 0), (r#"{"max_retry_attempts":3,"surprise":1}"#, 3), ("7", 3)]
        {
            let json = format!(r#"{{"id":"a","call_retry_config":{config}}}"#);
            let mut drift = DriftCounts::new();
            let read: Vec<_> = (0..3).map(|_| assistant(&json, &mut drift).expect("an assistant")).collect();
            assert!(read.iter().all(|records| *records == read[0]), "{config}");
            assert_eq!(drift.iter().map(|(_, sighting)| sighting.count).sum::<u64>(), sightings, "{config}");
        }
    }

    #[test]
    fn windows_keep_their_texts_beside_their_times() {
        let json = format!(
            r#"{{"id":"a","call_retry_config":{{"calling_windows":[{WINDOW},{{"calling_window_start_time":"noon"}}]}}}}"#
        );
        let records = assistant(&json, &mut DriftCounts::new()).expect("an assistant");
        let windows = &records.call_retry_configs[0].calling_windows;
        assert_eq!(
            (windows[0].start_time.as_deref(), windows[0].end_time.as_deref()),
            (Some("10:00"), Some("6pm"))
        );
        assert_eq!(windows[0].ends_at, chrono::NaiveTime::from_hms_opt(18, 0, 0));
        assert_eq!((windows[1].start_time.as_deref(), windows[1].starts_at), (Some("noon"), None));
    }
}
