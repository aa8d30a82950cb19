//! Until when a call may change without anything else showing it, and when it is worth reading again.
//!
//! A recording or an analysis arrives after the call's end and moves no count. So a call that ended stays unsettled
//! for a window, and is read again at growing intervals. A call under way is read in every pass until it must be
//! over; one that is scheduled, when its time has come.

use crate::records::Time;
use chrono::TimeDelta;

/// How long after its last attempt's end a call is read again, and how much later at the latest: a page is
/// read for its most pressing row, and all its rows are read then.
const STAGES: [(TimeDelta, TimeDelta); 4] = [
    (TimeDelta::minutes(5), TimeDelta::minutes(10)),
    (TimeDelta::minutes(15), TimeDelta::minutes(30)),
    (TimeDelta::hours(1), TimeDelta::hours(1)),
    (TimeDelta::hours(6), TimeDelta::hours(3)),
];

/// How much later than the window's end a call is read for the last time.
const LAST_TOLERANCE: TimeDelta = TimeDelta::hours(6);

/// A call that takes longer than the longest one and an hour is stuck: nobody waits for it in every pass.
const LONGEST_CALL: TimeDelta = TimeDelta::hours(2);

/// The bounds of the pauses between two readings of a call that is overdue or stuck.
const PAUSES: (TimeDelta, TimeDelta) = (TimeDelta::minutes(5), TimeDelta::hours(6));

/// A time further off than this is as good as none.
const FURTHEST: TimeDelta = TimeDelta::days(3_650);

/// What a call says of its times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallTimes {
    /// When the next attempt is to be made.
    pub scheduled_at: Option<Time>,
    /// When the latest attempt began.
    pub started_at: Option<Time>,
    /// When the latest attempt ended.
    pub ended_at: Option<Time>,
}

/// A row whose call may still change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsettled {
    /// Since when.
    pub since: Time,
    /// From when on its page is read for it.
    pub read_by: Time,
}

/// What a status says of the changes to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Whatever comes next shows in the campaign's counts.
    Resting,
    /// Waits for its time.
    Scheduled,
    /// Under way, or of a status that the mirror does not know.
    UnderWay,
    /// Over; results may be late.
    Ended,
}

impl Phase {
    fn of(status: Option<&str>) -> Self {
        match status {
            None | Some("initializing" | "queued_for_calling" | "not_launched" | "paused") => Self::Resting,
            Some("scheduled") => Self::Scheduled,
            Some("completed" | "cancelled" | "errored") => Self::Ended,
            Some(_) => Self::UnderWay,
        }
    }
}

/// Whether nothing more comes of a call of this status.
#[must_use]
pub fn is_final(status: Option<&str>) -> bool {
    Phase::of(status) == Phase::Ended
}

/// How a call that was read at `now` is unsettled; nothing when it is settled. `known`: its status and since when
/// it was unsettled before, for times that the call does not tell.
#[must_use]
pub fn unsettled(
    status: Option<&str>,
    times: &CallTimes,
    known: Option<(Option<&str>, Time)>,
    now: Time,
    window: TimeDelta,
) -> Option<Unsettled> {
    let phase = Phase::of(status);
    let since = match phase {
        Phase::Resting => return None,
        Phase::Scheduled => times.scheduled_at,
        Phase::UnderWay => times.started_at,
        Phase::Ended => times.ended_at,
    };
    let known = known.filter(|(status, _)| Phase::of(*status) == phase).map(|(_, since)| since);
    let since = since.or(known).unwrap_or(now);
    let since = if phase == Phase::Scheduled { since.min(now + FURTHEST) } else { since.min(now) };
    read_again(status, since, now, window)
}

/// The same for a call that did not change: `since` is known.
#[must_use]
pub fn read_again(status: Option<&str>, since: Time, now: Time, window: TimeDelta) -> Option<Unsettled> {
    let age = now - since;
    let later = |pause: TimeDelta| now + pause.clamp(PAUSES.0, PAUSES.1);
    let read_by = match Phase::of(status) {
        Phase::Resting => return None,
        Phase::Scheduled if age < TimeDelta::zero() => since + PAUSES.0,
        Phase::UnderWay if age < LONGEST_CALL => now,
        Phase::Scheduled | Phase::UnderWay => later(age / 4),
        Phase::Ended if age >= window => return None,
        Phase::Ended => {
            let stages = STAGES.into_iter().filter(|(offset, _)| *offset < window);
            let last = (window, LAST_TOLERANCE.min(window));
            let (offset, tolerance) = stages.chain([last]).find(|(offset, _)| *offset > age).unwrap_or(last);
            since + offset + tolerance
        }
    };
    Some(Unsettled { since, read_by })
}

#[cfg(test)]
mod tests {
    use super::{CallTimes, Unsettled, read_again, unsettled};
    use crate::records::Time;
    use chrono::TimeDelta;

    fn at(minutes: i64) -> Time {
        "2026-03-01T12:00:00Z".parse::<Time>().unwrap() + TimeDelta::minutes(minutes)
    }

    #[test]
    fn a_call_that_ended_is_read_again_at_growing_intervals() {
        let day = TimeDelta::hours(24);
        // Read so many minutes after its end: read again at the latest so many minutes after its end.
        let cases = [
            (-1, Some(15)),
            (0, Some(15)),
            (5, Some(45)),
            (16, Some(120)),
            (60, Some(540)),
            (400, Some(1_800)),
            (1_440, None),
            (100_000, None),
        ];
        for (age, expected) in cases {
            let expected = expected.map(|by| Unsettled { since: at(0), read_by: at(by) });
            assert_eq!(read_again(Some("completed"), at(0), at(age), day), expected, "{age}");
        }
        let short = read_again(Some("errored"), at(0), at(6), TimeDelta::minutes(10)).unwrap();
        assert_eq!(short.read_by, at(20), "a shorter window has fewer stages");
        assert_eq!(read_again(Some("completed"), at(0), at(0), TimeDelta::zero()), None);
    }

    #[test]
    fn a_call_under_way_is_read_in_every_pass_until_it_must_be_over() {
        let day = TimeDelta::hours(24);
        for status in ["calling", "post_processing", "of another world"] {
            let young = read_again(Some(status), at(0), at(100), day).unwrap();
            assert_eq!(young.read_by, at(100), "{status}");
            let stuck = read_again(Some(status), at(0), at(120), day).unwrap();
            assert_eq!(stuck.read_by, at(150), "{status}");
        }
    }

    #[test]
    fn a_scheduled_call_is_read_when_its_time_has_come() {
        let day = TimeDelta::hours(24);
        let waiting = read_again(Some("scheduled"), at(60), at(0), day).unwrap();
        assert_eq!(waiting.read_by, at(65));
        let late = read_again(Some("scheduled"), at(0), at(40), day).unwrap();
        assert_eq!(late.read_by, at(50));
        for resting in [None, Some("initializing"), Some("queued_for_calling"), Some("paused")] {
            assert_eq!(read_again(resting, at(0), at(1), day), None, "{resting:?}");
        }
    }

    #[test]
    fn the_window_opens_at_the_end_or_when_it_was_first_seen_over() {
        let day = TimeDelta::hours(24);
        let since = |status, times: CallTimes, known| {
            unsettled(Some(status), &times, known, at(30), day).map(|it| it.since)
        };
        let ended = CallTimes { ended_at: Some(at(20)), ..CallTimes::default() };
        assert_eq!(since("completed", ended, None), Some(at(20)));
        let silent = CallTimes::default();
        assert_eq!(since("completed", silent, None), Some(at(30)));
        assert_eq!(since("completed", silent, Some((Some("completed"), at(10)))), Some(at(10)));
        assert_eq!(since("completed", silent, Some((Some("calling"), at(10)))), Some(at(30)));
        assert_eq!(since("calling", silent, Some((Some("calling"), at(10)))), Some(at(10)));
        let started = CallTimes { started_at: Some(at(25)), ..CallTimes::default() };
        assert_eq!(since("calling", started, None), Some(at(25)));
        let scheduled = CallTimes { scheduled_at: Some(at(90)), ..CallTimes::default() };
        assert_eq!(since("scheduled", scheduled, None), Some(at(90)));
        let absurd =
            CallTimes { ended_at: Some(Time::MAX_UTC), started_at: None, scheduled_at: Some(Time::MAX_UTC) };
        assert_eq!(since("completed", absurd, None), Some(at(30)), "an end that lies ahead is now");
        assert!(since("scheduled", absurd, None) < Some(Time::MAX_UTC));
    }
}
