//! Whether a campaign needs a pass at all.

use super::suspicion::Suspicion;
use crate::records::Time;
use chrono::{DateTime, TimeDelta};
use serde::{Deserialize, Serialize};

/// What a campaign says of itself: when this is as it was, so are its rows, as far as the API tells.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Fingerprint {
    /// As the API writes it.
    pub updated_at: Option<String>,
    /// As the API writes it.
    pub status: Option<String>,
    /// `row_stats` as canonical text.
    pub row_stats: Option<String>,
}

impl Fingerprint {
    /// Whether it says enough to rest a pass on: without counts, nothing is known about the rows.
    #[must_use]
    pub fn is_telling(&self) -> bool {
        self.updated_at.is_some() && self.row_stats.is_some()
    }

    /// Whether it lies before `other`, which was read earlier: an API that goes back in time.
    #[must_use]
    pub fn is_older_than(&self, other: &Self) -> bool {
        let time = |it: &Self| it.updated_at.as_deref().and_then(|at| DateTime::parse_from_rfc3339(at).ok());
        matches!((time(self), time(other)), (Some(own), Some(other)) if own < other)
    }
}

/// What the mirror knows of a campaign before a pass.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The fingerprint of the last complete pass.
    pub fingerprint: Option<Fingerprint>,
    /// Whether fingerprints of this API have told the truth so far.
    pub fingerprint_trusted: bool,
    /// When the last full walk was proven.
    pub full_walk_at: Option<Time>,
    /// A walk was begun and not finished.
    pub walk_under_way: bool,
    /// Rows whose call may have changed without the fingerprint telling, and that are to be read by now.
    pub overdue_rows: u64,
    /// When the last complete pass ended.
    pub completed_at: Option<Time>,
    /// Since when no pass has found anything new.
    pub quiet_since: Option<Time>,
    /// Incremental passes in a row that could not be proven.
    pub unproven_passes: u32,
    /// What the last suspicious pass left behind; none once a pass was complete.
    pub suspicion: Option<Suspicion>,
    /// How the last full walk has read the rows.
    pub read_as: Option<String>,
}

impl Known {
    /// Whether the rows were read in another way than this one.
    #[must_use]
    pub fn is_read_otherwise(&self, reading: &str) -> bool {
        self.read_as.as_deref() != Some(reading)
    }
}

/// Whether to look at a campaign, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing can have changed.
    Skip,
    /// Something may have changed that nothing tells of; it was looked at a short while ago and has been quiet for long.
    Rest,
    /// Find what changed, with as few requests as can be.
    Incremental(Search),
    /// Read everything; the reason is for `runs.evidence`.
    Walk(&'static str),
    /// Read nothing: it was suspicious a short while ago, and a person should look.
    StillSuspicious(Suspicion),
}

/// What an incremental pass looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Search {
    /// Why, for `runs.evidence`.
    pub reason: &'static str,
    /// Whether anything may have changed; else only what is unsettled is read again.
    pub changed: bool,
}

/// How often things are looked at for which nothing speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rhythm {
    /// How often everything is read again.
    pub full_walk_every: TimeDelta,
    /// The same, at most, of a campaign in which nothing happens any more.
    pub full_walk_at_most: TimeDelta,
    /// The longest pause between looks at a campaign whose word cannot be relied on, when nothing happens in it any more.
    pub look_at_most: TimeDelta,
}

impl Rhythm {
    /// The pause between full walks: it doubles from walk to walk as long as nothing new is found.
    #[must_use]
    pub fn full_walk_pause(&self, quiet: TimeDelta) -> TimeDelta {
        (quiet / 2).clamp(self.full_walk_every, self.full_walk_at_most.max(self.full_walk_every))
    }

    /// The pause between looks: a twentieth of the time for which it has been quiet, so that what begins to move again is
    /// seen late by no more than that.
    #[must_use]
    pub fn look_pause(&self, quiet: TimeDelta) -> TimeDelta {
        (quiet / 20).clamp(TimeDelta::zero(), self.look_at_most.max(TimeDelta::zero()))
    }
}

/// Incremental passes in a row that may stay unproven before everything is read.
const UNPROVEN_PASSES: u32 = 3;

/// Decides on a campaign. What speaks for looking at it is followed at once; the rhythm is for what nothing tells of.
/// `reading`: how rows are read now.
#[must_use]
pub fn due(
    known: &Known,
    listed: &Fingerprint,
    full: bool,
    reading: &str,
    now: Time,
    rhythm: &Rhythm,
) -> Due {
    if full {
        return Due::Walk("asked for");
    }
    if known.walk_under_way {
        return Due::Walk("a walk was interrupted");
    }
    if let Some(suspicion) = known.suspicion {
        if suspicion.rests(now, rhythm.full_walk_every) {
            return Due::StillSuspicious(suspicion);
        }
        return Due::Walk("suspicious before");
    }
    let Some(full_walk_at) = known.full_walk_at else {
        return Due::Walk("never walked to the end");
    };
    if known.is_read_otherwise(reading) {
        return Due::Walk("another version or setting read it last");
    }
    let quiet = known.quiet_since.map_or(TimeDelta::zero(), |since| (now - since).max(TimeDelta::zero()));
    if now - full_walk_at >= rhythm.full_walk_pause(quiet) {
        return Due::Walk("a full walk is due");
    }
    if known.unproven_passes >= UNPROVEN_PASSES {
        return Due::Walk("incremental passes could not be proven");
    }
    let search = |reason, changed| Due::Incremental(Search { reason, changed });
    if known.fingerprint.as_ref().is_some_and(|known| listed.is_older_than(known)) {
        return Due::Walk("the campaign's updated_at went back");
    }
    if known.fingerprint.as_ref() != Some(listed) {
        return search("the campaign changed", true);
    }
    let reason = if !known.fingerprint_trusted {
        "the fingerprint is not trusted"
    } else if !listed.is_telling() {
        "the list does not tell enough"
    } else if known.overdue_rows > 0 {
        return search("calls are under way or unsettled", false);
    } else {
        return Due::Skip;
    };
    let pause = rhythm.look_pause(quiet);
    // A clock that was set back does not make it wait.
    let rests = |at: Time| (TimeDelta::zero()..pause).contains(&(now - at));
    if known.overdue_rows == 0 && known.completed_at.is_some_and(rests) {
        return Due::Rest;
    }
    search(reason, true)
}

#[cfg(test)]
mod tests {
    use super::{Due, Fingerprint, Known, Rhythm, Search, Suspicion, due};
    use chrono::{DateTime, TimeDelta, Utc};

    const RHYTHM: Rhythm = Rhythm {
        full_walk_every: TimeDelta::hours(24),
        full_walk_at_most: TimeDelta::days(28),
        look_at_most: TimeDelta::hours(1),
    };

    const READING: &str = "1";

    fn read_once() -> Known {
        Known { read_as: Some(READING.into()), ..Known::default() }
    }

    #[test]
    fn a_campaign_is_passed_over_only_when_nothing_speaks_for_reading_it() {
        let now: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
        let word = Fingerprint {
            updated_at: Some("t".into()),
            status: Some("completed".into()),
            row_stats: Some("{}".into()),
        };
        let known = Known {
            fingerprint: Some(word.clone()),
            fingerprint_trusted: true,
            full_walk_at: Some(now - TimeDelta::hours(1)),
            unproven_passes: 2,
            ..read_once()
        };
        assert_eq!(due(&known, &word, false, READING, now, &RHYTHM), Due::Skip);
        let moved = Fingerprint { row_stats: Some("{1}".into()), ..word.clone() };
        let silent = Fingerprint { row_stats: None, ..word.clone() };
        let walks = [
            ("full", known.clone(), true),
            ("under way", Known { walk_under_way: true, ..known.clone() }, false),
            ("read in another way", Known { read_as: Some("2".into()), ..known.clone() }, false),
            ("read in an unknown way", Known { read_as: None, ..known.clone() }, false),
            ("never", Known { full_walk_at: None, ..known.clone() }, false),
            ("old", Known { full_walk_at: Some(now - RHYTHM.full_walk_every), ..known.clone() }, false),
            ("unproven", Known { unproven_passes: 3, ..known.clone() }, false),
        ];
        for (case, known, full) in walks {
            assert!(matches!(due(&known, &word, full, READING, now, &RHYTHM), Due::Walk(_)), "{case}");
        }
        let searches = [
            ("untrusted", Known { fingerprint_trusted: false, ..known.clone() }, word.clone(), true),
            ("moved", known.clone(), moved, true),
            ("silent", Known { fingerprint: Some(silent.clone()), ..known.clone() }, silent, true),
            ("unknown", Known { fingerprint: None, ..known.clone() }, word.clone(), true),
            ("unsettled", Known { overdue_rows: 1, ..known }, word, false),
        ];
        for (case, known, listed, expected) in searches {
            let due = due(&known, &listed, false, READING, now, &RHYTHM);
            let Due::Incremental(Search { changed, .. }) = due else { panic!("{case}: {due:?}") };
            assert_eq!(changed, expected, "{case}");
        }
    }

    #[test]
    fn a_suspicious_campaign_rests_between_its_walks() {
        let now: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
        let suspicion = |minutes, passes| {
            Some(Suspicion { at: now - TimeDelta::minutes(minutes), passes, deletions: 60 })
        };
        let walked = Known { full_walk_at: Some(now - TimeDelta::days(3)), ..read_once() };
        // (minutes since the last suspicious pass, passes, asked for, a walk under way, rests)
        let cases = [
            (4, 1, false, false, true),
            (5, 1, false, false, false),
            (5, 2, false, false, true),
            (10, 2, false, false, false),
            (1_439, 30, false, false, true),
            (1_440, 30, false, false, false),
            (1, 9, true, false, false),
            (1, 9, false, true, false),
        ];
        for (minutes, passes, full, walk_under_way, rests) in cases {
            let known = Known { suspicion: suspicion(minutes, passes), walk_under_way, ..walked.clone() };
            let due = due(&known, &Fingerprint::default(), full, READING, now, &RHYTHM);
            assert_eq!(matches!(due, Due::StillSuspicious(_)), rests, "{minutes} {passes}: {due:?}");
        }
    }

    #[test]
    fn the_longer_a_campaign_is_quiet_the_rarer_it_is_looked_at_for_nothing() {
        let now: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
        let hours = TimeDelta::hours;
        // (hours of quiet, pause between full walks, minutes between looks)
        for (quiet, walks, looks) in [
            (0, hours(24), 0),
            (1, hours(24), 3),
            (10, hours(24), 30),
            (48, hours(24), 60),
            (96, hours(48), 60),
            (1_000_000, TimeDelta::days(28), 60),
        ] {
            assert_eq!(RHYTHM.full_walk_pause(hours(quiet)), walks, "{quiet}");
            assert_eq!(RHYTHM.look_pause(hours(quiet)), TimeDelta::minutes(looks), "{quiet}");
        }
        let word = Fingerprint { updated_at: Some("t".into()), status: None, row_stats: Some("{}".into()) };
        let moved = Fingerprint { updated_at: Some("u".into()), ..word.clone() };
        let known = Known {
            fingerprint: Some(word.clone()),
            fingerprint_trusted: false,
            full_walk_at: Some(now - hours(40)),
            completed_at: Some(now - TimeDelta::minutes(20)),
            quiet_since: Some(now - hours(100)),
            ..read_once()
        };
        assert_eq!(due(&known, &word, false, READING, now, &RHYTHM), Due::Rest);
        let looked_at_long_ago = Known { completed_at: Some(now - hours(1)), ..known.clone() };
        let overdue = Known { overdue_rows: 1, ..known.clone() };
        let moving = Known {
            quiet_since: Some(now - TimeDelta::minutes(30)),
            full_walk_at: Some(now),
            ..known.clone()
        };
        let set_back = Known { completed_at: Some(now + hours(1)), ..known.clone() };
        for (case, known, listed) in [
            ("a moved fingerprint", &known, &moved),
            ("a look long ago", &looked_at_long_ago, &word),
            ("overdue rows", &overdue, &word),
            ("a campaign that moves", &moving, &word),
            ("a clock that was set back", &set_back, &word),
        ] {
            assert!(
                matches!(due(known, listed, false, READING, now, &RHYTHM), Due::Incremental(_)),
                "{case}"
            );
        }
        let walked_long_ago = Known { full_walk_at: Some(now - hours(50)), ..known };
        assert_eq!(
            due(&walked_long_ago, &word, false, READING, now, &RHYTHM),
            Due::Walk("a full walk is due")
        );
    }

    #[test]
    fn a_fingerprint_that_goes_back_is_read_in_full() {
        let now: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
        let word = |updated_at: &str| Fingerprint {
            updated_at: Some(updated_at.into()),
            status: Some("running".into()),
            row_stats: Some("{}".into()),
        };
        let known = Known {
            fingerprint: Some(word("2026-03-01T10:00:00.5+00:00")),
            fingerprint_trusted: true,
            full_walk_at: Some(now),
            ..read_once()
        };
        for (listed, went_back) in [
            ("2026-03-01T10:00:00+00:00", true),
            ("2026-03-01T10:00:00.51+00:00", false),
            ("2026-03-01T11:00:00+00:00", false),
            ("2026-03-01T11:00:00+02:00", true),
            ("soon", false),
        ] {
            let due = due(&known, &word(listed), false, READING, now, &RHYTHM);
            assert_eq!(due == Due::Walk("the campaign's updated_at went back"), went_back, "{listed}");
            assert_ne!(due, Due::Skip, "{listed}");
        }
    }
}
