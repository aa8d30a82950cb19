//! Moments and times of day as the API may write them, read apart from the mirror's own reader.

use super::number::{integer, number};
use chrono::{NaiveDate, NaiveTime, TimeDelta};

/// Microseconds since 1970 of a moment written as text: a date, perhaps a time of day, perhaps an offset (else it is
/// UTC); or digits since 1970. Years are 1 to 9999; what is finer than a microsecond is cut off.
pub(super) fn moment_of_text(text: &str) -> Option<i64> {
    let text = text.trim();
    written_moment(text).or_else(|| moment_of_number(text))
}

/// Microseconds since 1970 of a number of seconds, milliseconds or microseconds, whichever gives a sensible year.
pub(super) fn moment_of_number(text: &str) -> Option<i64> {
    let per_unit = |size: f64| {
        if size < 1e11 {
            1_000_000
        } else if size < 1e14 {
            1_000
        } else {
            1
        }
    };
    let value = number(text)?;
    let unit: i32 = per_unit(value.abs());
    let micros = match integer(text) {
        Some(whole) => whole.checked_mul(unit.into())?,
        #[expect(clippy::cast_possible_truncation, reason = "it saturates beyond the years that count")]
        None => (value * f64::from(unit)).round() as i64,
    };
    in_range(micros)
}

fn in_range(micros: i64) -> Option<i64> {
    let at = |year, month, day| NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(0, 0, 0);
    let (first, end) =
        (at(1, 1, 1)?.and_utc().timestamp_micros(), at(10_000, 1, 1)?.and_utc().timestamp_micros());
    (first..end).contains(&micros).then_some(micros)
}

fn written_moment(text: &str) -> Option<i64> {
    let day = NaiveDate::from_ymd_opt(digits(text, 0, 4)?, digits(text, 5, 2)?, digits(text, 8, 2)?)?;
    let dashes = (text.get(4..5)?, text.get(7..8)?);
    if dashes != ("-", "-") {
        return None;
    }
    let rest = text.get(10..)?;
    let micros = match rest.strip_prefix(['T', 't', ' ']) {
        None if rest.is_empty() => day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros(),
        None => return None,
        Some(clock) => {
            let (clock, offset) = split_offset(clock);
            let time = clock_time(clock)?;
            let local = day.and_time(time).and_utc().timestamp_micros();
            local.checked_sub(offset_minutes(offset)?.checked_mul(60_000_000)?)?
        }
    };
    in_range(micros)
}

fn digits<T: std::str::FromStr>(text: &str, start: usize, length: usize) -> Option<T> {
    let digits = text.get(start..start + length)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// The time of day, and what stands behind it.
fn split_offset(text: &str) -> (&str, &str) {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != ':' && letter != '.');
    text.split_at(end.unwrap_or(text.len()))
}

/// `07:08`, `07:08:09` or `07:08:09.123456789`.
fn clock_time(text: &str) -> Option<NaiveTime> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let second = match clock.len() {
        5 => 0,
        8 if clock.get(5..6) == Some(":") => digits(clock, 6, 2)?,
        _ => return None,
    };
    if clock.get(2..3) != Some(":")
        || fraction.is_empty()
        || !fraction.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let micros = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    NaiveTime::from_hms_micro_opt(digits(clock, 0, 2)?, digits(clock, 3, 2)?, second, micros)
}

/// Minutes east of UTC: nothing, `Z`, `UTC`, `+02:00`, `+0200`, `+02`.
fn offset_minutes(text: &str) -> Option<i64> {
    let text = text.trim();
    if ["", "z", "utc"].contains(&text.to_ascii_lowercase().as_str()) {
        return Some(0);
    }
    let sign = match text.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let digits_alone = text.get(1..)?.replacen(':', "", 1);
    let minutes = match digits_alone.len() {
        2 => 0,
        4 => digits::<i64>(&digits_alone, 2, 2)?,
        _ => return None,
    };
    (minutes < 60).then_some(sign * (digits::<i64>(&digits_alone, 0, 2)? * 60 + minutes))
}

/// The time of day that a text stands for: 24 hours with minutes, or 12 hours with `am` or `pm`.
pub(super) fn time_of_day(text: &str) -> Option<NaiveTime> {
    let text = text.trim().to_ascii_lowercase();
    let half = ["am", "pm"].into_iter().find(|half| text.ends_with(half));
    let clock = text.strip_suffix(half.unwrap_or_default())?.trim_end();
    let numbers: Vec<u32> = clock
        .split(':')
        .map(|part| if part.len() <= 2 { digits(part, 0, part.len()) } else { None })
        .collect::<Option<_>>()?;
    let (hour, minute, second) = match *numbers.as_slice() {
        [hour] if half.is_some() => (hour, 0, 0),
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let hour = match half {
        None => hour,
        // Twelve is the first hour of its half.
        Some(half) if (1..=12).contains(&hour) => hour % 12 + if half == "pm" { 12 } else { 0 },
        Some(_) => return None,
    };
    NaiveTime::from_hms_opt(hour, minute, second)
}

/// The time of day as Postgres writes it.
pub(super) fn stored_time_of_day(text: &str) -> Option<NaiveTime> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let micros: i64 = format!("{fraction:0<6}").parse().ok()?;
    let time = NaiveTime::from_hms_opt(digits(clock, 0, 2)?, digits(clock, 3, 2)?, digits(clock, 6, 2)?)?;
    Some(time.overflowing_add_signed(TimeDelta::microseconds(micros)).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_however_they_are_written() {
        let second = 1_714_979_289_000_000;
        let cases = [
            ("2024-05-06T07:08:09Z", Some(second)),
            ("2024-05-06t07:08:09.123456789z", Some(second + 123_456)),
            ("2024-05-06T09:08:09+02:00", Some(second)),
            ("2024-05-06T09:08:09+0200", Some(second)),
            ("2024-05-06 02:08:09.5-05", Some(second + 500_000)),
            (" 2024-05-06 07:08:09 UTC ", Some(second)),
            ("2024-05-06T07:08", Some(second - 9_000_000)),
            ("2024-05-06", Some(second - 25_689_000_000)),
            ("1714979289", Some(second)),
            ("1714979289000", Some(second)),
            ("1714979289000000", Some(second)),
            ("1714979289.5", Some(second + 500_000)),
            ("1.714979289e9", Some(second)),
            ("-1", Some(-1_000_000)),
            ("0001-01-01T00:00:00+10:00", None),
            ("9999-12-31T23:59:59-10:00", None),
            ("2024-02-30", None),
            ("2024-05-06T25:00:00Z", None),
            ("1714979289000000000", None),
            ("1e400", None),
            ("soon", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(moment_of_text(text), expected, "{text}");
        }
    }

    #[test]
    fn times_of_day_are_read_however_they_are_written() {
        let cases = [
            ("17:00", Some((17, 0, 0))),
            ("9:05", Some((9, 5, 0))),
            ("09:30:15", Some((9, 30, 15))),
            ("6pm", Some((18, 0, 0))),
            ("10:30 PM", Some((22, 30, 0))),
            ("12am", Some((0, 0, 0))),
            ("12:15pm", Some((12, 15, 0))),
            ("24:00", None),
            ("13pm", None),
            ("0am", None),
            ("9", None),
            ("9:", None),
            ("009:30", None),
            ("noon", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let expected =
                expected.map(|(hour, minute, second)| NaiveTime::from_hms_opt(hour, minute, second).unwrap());
            assert_eq!(time_of_day(text), expected, "{text}");
        }
        assert_eq!(stored_time_of_day("22:30:00"), NaiveTime::from_hms_opt(22, 30, 0));
        assert_ne!(stored_time_of_day("22:30:00.5"), NaiveTime::from_hms_opt(22, 30, 0));
    }
}
