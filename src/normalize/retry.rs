//! When a call is tried again: a configuration that many share, whose id is a hash of what it says.

use super::fields::Fields;
use super::jsonb::canonical;
use super::time::time_of_day;
use crate::records::{CallRetryConfig, CallingWindow, Field, JsonText};
use std::fmt::Write;

/// Reads the configuration that stands under `key`, shares it, and gives its id.
pub(super) fn read(fields: &mut Fields<'_, '_>, key: &'static str) -> Field<String> {
    let config = fields.child(key, read_config);
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

fn read_config(config: &mut Fields<'_, '_>) -> CallRetryConfig {
    let mut record = CallRetryConfig {
        id: String::new(),
        max_retry_attempts: config.integer("max_retry_attempts").into(),
        timezone: config.word("timezone").into(),
        allowed_days: config.texts("allowed_days").into(),
        call_twice_in_a_row: config.boolean("call_twice_in_a_row").into(),
        calling_windows: config.places("calling_windows", read_window).items().to_vec(),
        extra: config.finish(&[]),
    };
    record.id = content_id(&record);
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

/// A hash of all that the configuration says, in 32 hexadecimal digits: equal content, equal id.
fn content_id(config: &CallRetryConfig) -> String {
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
    let mut text = format!(
        "{max_retry_attempts:?} {timezone:?} {allowed_days:?} {call_twice_in_a_row:?} {:?}",
        extra_text(extra)
    );
    for window in calling_windows {
        // What the times are read as follows from their texts.
        let CallingWindow {
            start_time,
            end_time,
            starts_at: _,
            ends_at: _,
            retry_delay_seconds,
            extra,
        } = window;
        let extra = extra_text(extra);
        let written = write!(
            text,
            " [{start_time:?} {end_time:?} {retry_delay_seconds:?} {extra:?}]"
        );
        debug_assert!(written.is_ok(), "writing to a string does not fail");
    }
    let hash = blake3::hash(text.as_bytes()).to_hex();
    hash.chars().take(32).collect()
}
