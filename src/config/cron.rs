//! When something recurs: a cron pattern in a time zone.
//!
//! Owns: which patterns are accepted, and when the next and the last moment is, daylight saving included.

use chrono::{DateTime, Offset, SubsecRound, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::JobType;
use croner::parser::{CronParser, Seconds};
use serde::{Deserialize, Deserializer, de};

/// A cron pattern of six fields, the first of them seconds; of five, second 0 is meant.
#[derive(Debug, Clone)]
pub struct Cron {
    text: String,
    pattern: croner::Cron,
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Cron {}

impl Cron {
    /// Reads a pattern; the error goes on from the key: `must have ...`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let parser = CronParser::builder().seconds(Seconds::Optional).build();
        if !matches!(text.split_whitespace().count(), 5 | 6) && !text.starts_with('@') {
            return Err(format!(
                "must have five fields such as \"*/5 * * * *\", or six with seconds before them, and is {text:?}"
            ));
        }
        let pattern = parser
            .parse(text)
            .map_err(|error| format!("must be a cron pattern, and is {text:?}: {error}"))?;
        let cron = Self { text: text.to_owned(), pattern };
        if cron.next_after(DateTime::UNIX_EPOCH, Tz::UTC).is_none() {
            return Err(format!("must name a moment that comes, and is {text:?}"));
        }
        Ok(cron)
    }

    /// As it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first moment after `now`; none when there is none to come.
    ///
    /// A time of day that daylight saving leaves out is taken right after the gap; one that comes twice, once. What
    /// recurs in hours, minutes or seconds goes on through both.
    #[must_use]
    pub fn next_after(&self, now: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        // The library carries fractions of a second on.
        let now = now.trunc_subsecs(0);
        match self.pattern.determine_job_type() {
            JobType::IntervalWildcard => self.next_of_interval(now, zone),
            JobType::FixedTime => self.next_of_day(now, zone),
        }
    }

    fn next_of_day(&self, now: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        // Within an hour that comes twice the library finds the moment of the first time round.
        (0..4).find_map(|hour| {
            let from = now + TimeDelta::hours(hour);
            let next = self.pattern.find_next_occurrence(&from.with_timezone(&zone), false).ok()?;
            Some(next.with_timezone(&Utc)).filter(|next| *next > now)
        })
    }

    /// The clock is taken as it stands until it is changed, and then as it stands from there on.
    fn next_of_interval(&self, now: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let offset_at = |at: DateTime<Utc>| at.with_timezone(&zone).offset().fix();
        let mut from = now;
        for _ in 0..8 {
            let offset = offset_at(from + TimeDelta::seconds(1));
            let next = self
                .pattern
                .find_next_occurrence(&from.with_timezone(&offset), false)
                .ok()?
                .with_timezone(&Utc);
            let hours =
                (0..=(next - from).num_hours()).map(|hour| from + TimeDelta::hours(hour)).chain([next]);
            let Some(changed) = hours.skip(1).find(|at| offset_at(*at) != offset) else { return Some(next) };
            // Changes come at full quarters of an hour.
            let quarter = DateTime::from_timestamp(changed.timestamp().div_euclid(900) * 900, 0)?;
            let quarters = (0..=5).rev().map(|back| quarter - TimeDelta::minutes(15 * back));
            let change =
                quarters.into_iter().find(|at| *at > from && offset_at(*at) != offset).unwrap_or(changed);
            if next < change {
                return Some(next);
            }
            from = change - TimeDelta::seconds(1);
        }
        None
    }

    /// The last moment at or before `now`, unless that is more than a year ago.
    #[must_use]
    pub fn last_before(&self, now: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let spans = [2, 60, 3600, 86_400, 32 * 86_400, 366 * 86_400];
        let from = spans.into_iter().map(|seconds| now - TimeDelta::seconds(seconds));
        let mut last =
            from.into_iter().find_map(|from| self.next_after(from, zone).filter(|next| *next <= now))?;
        while let Some(next) = self.next_after(last, zone).filter(|next| *next <= now) {
            last = next;
        }
        Some(last)
    }
}

impl<'de> Deserialize<'de> for Cron {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(source)?).map_err(de::Error::custom)
    }
}

/// A time zone by its name: `Europe/Paris`.
pub(super) fn zone<'de, D: Deserializer<'de>>(source: D) -> Result<Tz, D::Error> {
    let text = String::deserialize(source)?;
    text.trim().parse().map_err(|_| {
        de::Error::custom(format!("must be a time zone such as \"Europe/Paris\" or \"UTC\", and is {text:?}"))
    })
}

#[cfg(test)]
mod tests {
    use super::{Cron, DateTime, Tz, Utc};

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    /// The next `count` moments, in the zone's own words.
    fn moments(cron: &str, zone: Tz, from: &str, count: usize) -> Vec<String> {
        let cron = Cron::parse(cron).expect("a pattern");
        let mut now = at(from);
        let mut found = Vec::new();
        for _ in 0..count {
            now = cron.next_after(now, zone).expect("a moment");
            found.push(now.with_timezone(&zone).format("%d %H:%M:%S %z").to_string());
        }
        found
    }

    #[test]
    fn five_fields_mean_second_zero_and_six_begin_with_seconds() {
        let from = "2026-03-01T12:00:30Z";
        assert_eq!(moments("*/5 * * * *", Tz::UTC, from, 2), ["01 12:05:00 +0000", "01 12:10:00 +0000"]);
        assert_eq!(moments("0 */5 * * * *", Tz::UTC, from, 1), ["01 12:05:00 +0000"]);
        assert_eq!(moments("15 */5 * * * *", Tz::UTC, from, 1), ["01 12:05:15 +0000"]);
        assert_eq!(moments("* * * * * *", Tz::UTC, from, 2), ["01 12:00:31 +0000", "01 12:00:32 +0000"]);
    }

    #[test]
    fn a_day_begins_where_the_zone_says_and_daylight_saving_neither_loses_nor_doubles_it() {
        let paris = Tz::Europe__Paris;
        // Before, over and after the night in which 02:00 to 03:00 is left out.
        assert_eq!(
            moments("0 30 2 * * *", paris, "2026-03-27T12:00:00Z", 3),
            ["28 02:30:00 +0100", "29 03:00:00 +0200", "30 02:30:00 +0200"]
        );
        // The night in which it comes twice.
        assert_eq!(
            moments("0 30 2 * * *", paris, "2026-10-24T12:00:00Z", 2),
            ["25 02:30:00 +0200", "26 02:30:00 +0100"]
        );
        // What recurs in minutes goes on through both.
        assert_eq!(
            moments("0 */30 * * * *", paris, "2026-03-29T00:15:00Z", 3),
            ["29 01:30:00 +0100", "29 03:00:00 +0200", "29 03:30:00 +0200"]
        );
        // A day's moment is not lost by a start in the hour that comes for the second time.
        assert_eq!(moments("0 30 2 * * *", paris, "2026-10-25T01:15:00Z", 1), ["26 02:30:00 +0100"]);
        let through_the_second_hour = moments("0 */30 * * * *", paris, "2026-10-24T23:45:00Z", 5);
        assert_eq!(
            through_the_second_hour,
            [
                "25 02:00:00 +0200",
                "25 02:30:00 +0200",
                "25 02:00:00 +0100",
                "25 02:30:00 +0100",
                "25 03:00:00 +0100"
            ]
        );
    }

    #[test]
    fn the_last_moment_is_known_too() {
        let cron = Cron::parse("0 */5 * * * *").expect("a pattern");
        for (now, last) in [
            ("2026-03-01T12:07:00Z", "2026-03-01T12:05:00Z"),
            ("2026-03-01T12:05:00Z", "2026-03-01T12:05:00Z"),
            ("2026-03-01T12:04:59.5Z", "2026-03-01T12:00:00Z"),
        ] {
            assert_eq!(cron.last_before(at(now), Tz::UTC), Some(at(last)), "{now}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_what_would_be_one() {
        for text in ["", "every day", "* * *", "61 * * * * *", "0 0 0 31 2 *", "0 0 0 0 0 0 0 0"] {
            let problem = Cron::parse(text).expect_err(text);
            assert!(problem.starts_with("must "), "{problem}");
        }
    }
}
