//! Deletions that a person should look at: when a suspicious walk is repeated, and what can be accepted.

use super::walk::vanishing;
use crate::records::Time;
use chrono::TimeDelta;
use std::collections::BTreeSet;

/// How long after the first suspicious pass the next one is made; doubles with each.
const FIRST_PAUSE: TimeDelta = TimeDelta::minutes(5);

/// What the last suspicious pass has left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suspicion {
    /// When it ended.
    pub at: Time,
    /// Suspicious passes in a row.
    pub passes: u32,
    /// What would have vanished, a count.
    pub deletions: u64,
}

impl Suspicion {
    /// Whether it is too early to read again. `every` is the longest pause.
    #[must_use]
    pub fn rests(&self, now: Time, every: TimeDelta) -> bool {
        let doublings = self.passes.saturating_sub(1).min(20);
        let pause = (FIRST_PAUSE * (1 << doublings)).min(every);
        // A clock that was set back does not make it wait.
        (TimeDelta::zero()..pause).contains(&(now - self.at))
    }
}

/// The reason not to mark `gone` of `live` as gone, or none.
///
/// `reported` is what an earlier pass reported and is to be accepted; none when nothing is. A number alone
/// would accept other deletions than those that were meant: each one must have been reported.
#[must_use]
pub fn objection(
    live: u64,
    gone: &[&str],
    tolerated: u64,
    reported: Option<&BTreeSet<String>>,
) -> Option<String> {
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let reason = vanishing(live, count(gone.len()), tolerated)?;
    let Some(reported) = reported else {
        return Some(reason);
    };
    match gone.iter().filter(|id| !reported.contains(**id)).count() {
        0 => None,
        _ if reported.is_empty() => {
            Some(format!("{reason}; no earlier pass has reported it, so that it cannot be accepted yet"))
        }
        more => Some(format!("{reason}; not reported before: {more} of them, so that none is accepted")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Suspicion, objection};
    use chrono::{DateTime, TimeDelta, Utc};

    #[test]
    fn pauses_double_from_five_minutes_up_to_the_longest() {
        let at: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
        // (suspicious passes, longest pause in minutes, pause in minutes)
        let cases = [
            (0, 1_440, 5),
            (1, 1_440, 5),
            (2, 1_440, 10),
            (3, 1_440, 20),
            (9, 1_440, 1_280),
            (10, 1_440, 1_440),
            (u32::MAX, 1_440, 1_440),
            (1, 3, 3),
        ];
        for (passes, every, pause) in cases {
            let suspicion = Suspicion { at, passes, deletions: 60 };
            let every = TimeDelta::minutes(every);
            let over = at + TimeDelta::minutes(pause);
            assert!(suspicion.rests(over - TimeDelta::seconds(1), every), "{passes}");
            assert!(!suspicion.rests(over, every), "{passes}");
            assert!(!suspicion.rests(at - TimeDelta::days(1), every), "the clock was set back");
        }
    }

    #[test]
    fn only_deletions_that_were_reported_are_accepted() {
        let reported = |ids: &[&str]| Some(ids.iter().map(|id| (*id).to_owned()).collect());
        // (gone of 3 with none tolerated, what was reported, what is said)
        let cases = [
            (&[][..], None, None),
            (&["a", "b"], None, Some("2 of 3 would vanish")),
            (&["a", "b"], reported(&["a", "b"]), None),
            (&["a", "b"], reported(&["c", "b", "a"]), None),
            (&["a", "b"], reported(&[]), Some("no earlier pass has reported it")),
            (
                &["a", "b", "c"],
                reported(&["a", "b"]),
                Some("3 of 3 would vanish; not reported before: 1 of them"),
            ),
            (&["a", "b"], reported(&["c", "d"]), Some("not reported before: 2 of them")),
        ];
        for (gone, reported, said) in cases {
            let objection = objection(3, gone, 0, reported.as_ref());
            match said {
                None => assert_eq!(objection, None, "{gone:?} {reported:?}"),
                Some(said) => assert!(objection.is_some_and(|it| it.contains(said)), "{gone:?} {reported:?}"),
            }
        }
    }
}
