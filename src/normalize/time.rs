//! Times as they come: the API declares no type for them.
//!
//! Owns: which texts and numbers are a moment, and which are a time of day. What is neither is `fields`' business.

use crate::records::Time;
use crate::wire::{Kind, float, integer, read_string};
use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound, Utc};

/// Epoch numbers below this are seconds, which then lie before the year 5138.
const SECONDS_BELOW: u64 = 100_000_000_000;
/// Epoch numbers below this are milliseconds, others are microseconds.
const MILLISECONDS_BELOW: u64 = 100_000_000_000_000;

/// The moment that a JSON value stands for, to the microsecond: RFC 3339 and its kin (without an offset it is
/// UTC), or seconds, milliseconds or microseconds since 1970, as a number or as digits. Years are 1 to 9999.
pub(super) fn time(json: &str) -> Option<Time> {
    let moment = match Kind::of(json) {
        Kind::Number => from_epoch(json),
        Kind::String => {
            let text = read_string(json)?;
            let text = text.trim();
            from_text(text).or_else(|| from_epoch(text))
        }
        _ => None,
    }?;
    (1..=9999).contains(&moment.year()).then(|| moment.trunc_subsecs(6))
}

fn from_text(text: &str) -> Option<Time> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.to_utc());
    }
    // An offset without a colon, `UTC`.
    if let Ok(moment) = text.parse::<DateTime<FixedOffset>>() {
        return Some(moment.to_utc());
    }
    // An offset without minutes, as Postgres writes it.
    let short_offset = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z"];
    if let Some(moment) = short_offset.iter().find_map(|format| DateTime::parse_from_str(text, format).ok()) {
        return Some(moment.to_utc());
    }
    let without_offset = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    let moment = without_offset
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))?;
    Some(moment.and_utc())
}

fn from_epoch(number: &str) -> Option<Time> {
    if let Some(value) = integer(number) {
        let unit = microseconds_a_unit(value.unsigned_abs());
        return DateTime::from_timestamp_micros(value.checked_mul(unit)?);
    }
    from_fraction(float(number)?)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a cast from float saturates, and what is saturated lies outside the years that are accepted"
)]
fn from_fraction(value: f64) -> Option<DateTime<Utc>> {
    let unit = microseconds_a_unit(value.abs() as u64);
    DateTime::from_timestamp_micros((value * unit as f64).round() as i64)
}

fn microseconds_a_unit(value: u64) -> i64 {
    match value {
        0..SECONDS_BELOW => 1_000_000,
        SECONDS_BELOW..MILLISECONDS_BELOW => 1000,
        MILLISECONDS_BELOW.. => 1,
    }
}

/// The time of day that a text stands for: `17:00`, `9:30`, `09:30:15`, `6pm`, `10:30 PM`.
pub(super) fn time_of_day(text: &str) -> Option<NaiveTime> {
    let text = text.trim().to_ascii_lowercase();
    let (clock, half) = match (text.strip_suffix("am"), text.strip_suffix("pm")) {
        (Some(clock), _) => (clock, Some(0)),
        (_, Some(clock)) => (clock, Some(12)),
        _ => (text.as_str(), None),
    };
    let mut numbers = clock.trim_end().split(':');
    let number = |digits: &str| {
        let is_number = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { digits.parse::<u32>().ok() } else { None }
    };
    let hour = number(numbers.next()?)?;
    let minute = numbers.next().map(number);
    let second = numbers.next().map(number);
    if numbers.next().is_some() {
        return None;
    }
    let hour = match half {
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
        // A bare number is no time of day.
        None if minute.is_none() => return None,
        None => hour,
    };
    NaiveTime::from_hms_opt(hour, minute.unwrap_or(Some(0))?, second.unwrap_or(Some(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_moment_is_read() {
        let moment = "2024-05-06T07:08:09Z";
        let cases = [
            (r#""2024-05-06T07:08:09Z""#, Some(moment)),
            (r#""2024-05-06T07:08:09.000Z""#, Some(moment)),
            (r#""2024-05-06t07:08:09z""#, Some(moment)),
            (r#""2024-05-06T09:08:09+02:00""#, Some(moment)),
            (r#""2024-05-06T09:08:09+0200""#, Some(moment)),
            (r#""2024-05-06 09:08:09+02""#, Some(moment)),
            (r#""2024-05-06 07:08:09""#, Some(moment)),
            (r#""2024-05-06T07:08:09""#, Some(moment)),
            (r#"" 2024-05-06 07:08:09 UTC ""#, Some(moment)),
            (r#""2024\u002d05-06T07:08:09Z""#, Some(moment)),
            ("1714979289", Some(moment)),
            ("1714979289.0", Some(moment)),
            ("1.714979289e9", Some(moment)),
            ("1714979289000", Some(moment)),
            ("1714979289000000", Some(moment)),
            (r#""1714979289""#, Some(moment)),
            (r#""1714979289000""#, Some(moment)),
            ("1714979289.5", Some("2024-05-06T07:08:09.500Z")),
            ("1714979289500", Some("2024-05-06T07:08:09.500Z")),
            ("1714979289123456", Some("2024-05-06T07:08:09.123456Z")),
            (r#""2024-05-06T07:08:09.123456789Z""#, Some("2024-05-06T07:08:09.123456Z")),
            (r#""2024-05-06T07:08""#, Some("2024-05-06T07:08:00Z")),
            (r#""2024-05-06""#, Some("2024-05-06T00:00:00Z")),
            ("0", Some("1970-01-01T00:00:00Z")),
            ("-1", Some("1969-12-31T23:59:59Z")),
            (r#""0001-01-01T00:00:00Z""#, Some("0001-01-01T00:00:00Z")),
            (r#""9999-12-31T23:59:59Z""#, Some("9999-12-31T23:59:59Z")),
            (r#""0000-01-01T00:00:00Z""#, None),
            (r#""0001-01-01T00:00:00+10:00""#, None),
            (r#""9999-12-31T23:59:59-10:00""#, None),
            (r#""+012024-05-06T07:08:09Z""#, None),
            (r#""2024-13-06T07:08:09Z""#, None),
            (r#""2024-02-30""#, None),
            (r#""2024-05-06T25:00:00Z""#, None),
            ("1714979289000000000", None),
            ("9223372036854775807", None),
            ("-9223372036854775808", None),
            ("1e300", None),
            ("1e400", None),
            (r#""""#, None),
            (r#""soon""#, None),
            (r#""NaN""#, None),
            ("{}", None),
            ("[]", None),
            ("true", None),
        ];
        for (json, expected) in cases {
            let expected =
                expected.map(|text| DateTime::parse_from_rfc3339(text).expect("RFC 3339").to_utc());
            assert_eq!(time(json), expected, "{json}");
        }
    }

    #[test]
    fn every_way_to_write_a_time_of_day_is_read() {
        let cases = [
            ("17:00", Some((17, 0, 0))),
            ("09:30", Some((9, 30, 0))),
            ("9:05", Some((9, 5, 0))),
            ("09:30:15", Some((9, 30, 15))),
            ("6pm", Some((18, 0, 0))),
            ("6 PM", Some((18, 0, 0))),
            ("10am", Some((10, 0, 0))),
            ("10:30 pm", Some((22, 30, 0))),
            ("12am", Some((0, 0, 0))),
            ("12pm", Some((12, 0, 0))),
            (" 12:45am ", Some((0, 45, 0))),
            ("24:00", None),
            ("13pm", None),
            ("0am", None),
            ("9", None),
            ("9:", None),
            (":30", None),
            ("09:60", None),
            ("009:30", None),
            ("9:30:15:1", None),
            ("-9:30", None),
            ("noon", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|(hour, minute, second)| {
                NaiveTime::from_hms_opt(hour, minute, second).expect("a time of day")
            });
            assert_eq!(time_of_day(text), expected, "{text}");
        }
    }
}
