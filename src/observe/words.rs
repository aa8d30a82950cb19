//! Words for times and counts, the same wherever a person reads them.

use crate::records::Time;

/// A count with its noun.
#[must_use]
pub fn counted(count: i64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// How long ago something was, in one unit.
#[must_use]
pub fn ago(at: Option<Time>, now: Time) -> String {
    let Some(at) = at else {
        return "never".to_owned();
    };
    let age = now - at;
    let (count, unit) = match age.num_seconds() {
        ..1 => return "now".to_owned(),
        seconds @ 1..60 => (seconds, "s"),
        60..7_200 => (age.num_minutes(), "min"),
        7_200..172_800 => (age.num_hours(), "h"),
        _ => (age.num_days(), "days"),
    };
    format!("{count} {unit} ago")
}

/// How an account's rows come, by `paging` of its shape.
#[must_use]
pub fn api_words(paging: Option<&str>) -> Option<&'static str> {
    match paging {
        Some("paged") => Some("rows come in pages (older API)"),
        Some("unpaged") => Some("rows come all at once (newer API)"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Time, ago, counted};
    use chrono::TimeDelta;

    fn now() -> Time {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn how_long_ago_something_was_is_said_in_one_unit() {
        for (seconds, expected) in [
            (-5, "now"),
            (0, "now"),
            (1, "1 s ago"),
            (59, "59 s ago"),
            (60, "1 min ago"),
            (7_199, "119 min ago"),
            (7_200, "2 h ago"),
            (172_799, "47 h ago"),
            (172_800, "2 days ago"),
        ] {
            assert_eq!(ago(Some(now() - TimeDelta::seconds(seconds)), now()), expected, "{seconds}");
        }
        assert_eq!(ago(None, now()), "never");
        assert_eq!(counted(1, "piece", "pieces"), "1 piece");
        assert_eq!(counted(0, "piece", "pieces"), "0 pieces");
    }
}
