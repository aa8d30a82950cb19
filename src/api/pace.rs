//! How fast requests may go, as a rule without I/O or clock: time is an argument.
//!
//! Owns: the pause that an overloaded API asks for, the halving that follows it, the recovery, and the spacing
//! of requests. Leaves to `gate`: making callers wait.

use std::time::Duration;
use tokio::time::Instant;

/// The configured values are split into this many steps; a halving and a recovery move between them.
const FULL_LEVEL: u32 = 16;
/// Answers in good order that lift the level by one step.
const SUCCESSES_PER_STEP: u32 = 8;
/// No pause is longer: after it one request asks whether the API still means it.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// The API's allowance, as learned so far.
#[derive(Debug)]
pub(super) struct Pace {
    max_concurrent: usize,
    max_per_second: Option<f64>,
    /// From 1 to [`FULL_LEVEL`].
    level: u32,
    /// Since the last step.
    successes: u32,
    /// Rises with each halving. What was sent before it says nothing about the level after it.
    generation: u64,
    resume_at: Instant,
    next_slot: Instant,
}

/// Whether a request may go now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// It may, and its outcome belongs to this generation.
    Go {
        /// To be handed back with the outcome.
        generation: u64,
    },
    /// Not before this moment.
    WaitUntil(Instant),
    /// The API asked for a pause that ends only after this time, and the caller has less patience.
    Paused(Duration),
}

impl Pace {
    /// Starts at the configured values.
    pub(super) fn new(max_concurrent: usize, max_per_second: Option<f64>, now: Instant) -> Self {
        Self {
            max_concurrent,
            max_per_second,
            level: FULL_LEVEL,
            successes: 0,
            generation: 0,
            resume_at: now,
            next_slot: now,
        }
    }

    /// Requests that may be under way at once: at least one.
    pub(super) fn concurrent(&self) -> usize {
        let steps = (self.max_concurrent / FULL_LEVEL as usize) * self.level as usize;
        let rest = (self.max_concurrent % FULL_LEVEL as usize) * self.level as usize / FULL_LEVEL as usize;
        (steps + rest).max(1)
    }

    /// Requests a second at most; none: no bound of our own.
    pub(super) fn per_second(&self) -> Option<f64> {
        self.max_per_second.map(|rate| rate * f64::from(self.level) / f64::from(FULL_LEVEL))
    }

    /// Lets one request go, or says when to ask again. A caller that waits takes nothing, so that one which
    /// gives up while it waits leaves nothing behind.
    pub(super) fn admit(&mut self, now: Instant, patience: Duration) -> Admission {
        let pause = self.resume_at.saturating_duration_since(now);
        if pause > patience {
            return Admission::Paused(pause);
        }
        let ready_at = self.resume_at.max(self.next_slot);
        if ready_at > now {
            return Admission::WaitUntil(ready_at);
        }
        if let Some(interval) = self.interval() {
            // A timer that fires late must not slow the whole sequence down.
            let late = now.saturating_duration_since(self.next_slot).min(interval / 2);
            self.next_slot = now + interval - late;
        }
        Admission::Go { generation: self.generation }
    }

    /// The API said that it is too much: everyone pauses, and goes on at half the level. Requests that were
    /// under way together and are all told so halve it once.
    pub(super) fn slow_down(&mut self, generation: u64, now: Instant, pause: Duration) {
        self.resume_at = self.resume_at.max(now + pause.min(LONGEST_PAUSE));
        if generation == self.generation {
            self.generation += 1;
            self.level = (self.level / 2).max(1);
            self.successes = 0;
        }
    }

    /// An answer came in good order.
    pub(super) fn recover(&mut self, generation: u64) {
        if generation != self.generation || self.level == FULL_LEVEL {
            return;
        }
        self.successes += 1;
        if self.successes == SUCCESSES_PER_STEP {
            self.successes = 0;
            self.level += 1;
        }
    }

    fn interval(&self) -> Option<Duration> {
        let rate = self.per_second()?;
        Some(Duration::try_from_secs_f64(1.0 / rate).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENT: Duration = Duration::from_mins(1);

    fn second(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn generation_of(admission: &Admission) -> u64 {
        match admission {
            Admission::Go { generation } => *generation,
            other => panic!("not admitted: {other:?}"),
        }
    }

    #[test]
    fn a_pause_holds_everyone_until_it_ends() {
        let start = Instant::now();
        let mut pace = Pace::new(8, None, start);
        let generation = generation_of(&pace.admit(start, PATIENT));
        pace.slow_down(generation, start, second(5));
        assert_eq!(pace.admit(start + second(4), PATIENT), Admission::WaitUntil(start + second(5)));
        assert_eq!(pace.admit(start + second(5), PATIENT), Admission::Go { generation: 1 });
    }

    #[test]
    fn a_shorter_pause_does_not_cut_a_longer_one() {
        let start = Instant::now();
        let mut pace = Pace::new(8, None, start);
        pace.slow_down(0, start, second(5));
        pace.slow_down(0, start, second(1));
        assert_eq!(pace.admit(start + second(2), PATIENT), Admission::WaitUntil(start + second(5)));
    }

    #[test]
    fn a_pause_beyond_the_callers_patience_is_said_at_once() {
        let start = Instant::now();
        let mut pace = Pace::new(8, None, start);
        pace.slow_down(0, start, second(61));
        assert_eq!(pace.admit(start, PATIENT), Admission::Paused(second(61)));
        assert_eq!(pace.admit(start + second(1), PATIENT), Admission::WaitUntil(start + second(61)));
    }

    #[test]
    fn a_pause_without_measure_ends_after_the_longest_one() {
        let start = Instant::now();
        let mut pace = Pace::new(8, None, start);
        pace.slow_down(0, start, Duration::MAX);
        assert_eq!(pace.admit(start, PATIENT), Admission::Paused(LONGEST_PAUSE));
        assert_eq!(pace.admit(start + LONGEST_PAUSE, PATIENT), Admission::Go { generation: 1 });
    }

    #[test]
    fn requests_refused_together_halve_the_allowance_once() {
        let start = Instant::now();
        let mut pace = Pace::new(8, Some(100.0), start);
        for _ in 0..8 {
            pace.slow_down(0, start, second(1));
        }
        assert_eq!((pace.concurrent(), pace.per_second()), (4, Some(50.0)));
        pace.slow_down(1, start, second(1));
        assert_eq!((pace.concurrent(), pace.per_second()), (2, Some(25.0)));
    }

    #[test]
    fn the_allowance_never_falls_to_nothing() {
        let start = Instant::now();
        for max_concurrent in [1, 2, 8, 100, usize::MAX] {
            let mut pace = Pace::new(max_concurrent, Some(16.0), start);
            for generation in 0..40 {
                pace.slow_down(generation, start, second(1));
            }
            assert!(pace.concurrent() >= 1);
            assert_eq!(pace.per_second(), Some(1.0));
        }
    }

    #[test]
    fn answers_in_good_order_bring_the_configured_values_back_step_by_step() {
        let start = Instant::now();
        let mut pace = Pace::new(8, Some(32.0), start);
        pace.slow_down(0, start, second(1));
        let mut seen = vec![pace.concurrent()];
        for _ in 0..200 {
            pace.recover(1);
            if seen.last() != Some(&pace.concurrent()) {
                seen.push(pace.concurrent());
            }
        }
        assert_eq!(seen, [4, 5, 6, 7, 8]);
        assert_eq!(pace.per_second(), Some(32.0));
    }

    #[test]
    fn answers_to_what_was_sent_before_a_halving_lift_nothing() {
        let start = Instant::now();
        let mut pace = Pace::new(8, None, start);
        pace.slow_down(0, start, second(1));
        for _ in 0..100 {
            pace.recover(0);
        }
        assert_eq!(pace.concurrent(), 4);
    }

    #[test]
    fn requests_keep_their_distance() {
        let start = Instant::now();
        let mut pace = Pace::new(8, Some(4.0), start);
        let quarter = Duration::from_millis(250);
        assert_eq!(pace.admit(start, PATIENT), Admission::Go { generation: 0 });
        assert_eq!(pace.admit(start, PATIENT), Admission::WaitUntil(start + quarter));
        // Ten milliseconds late: the next one is due a quarter after this one should have gone.
        let late = start + quarter + Duration::from_millis(10);
        assert_eq!(pace.admit(late, PATIENT), Admission::Go { generation: 0 });
        assert_eq!(pace.admit(late, PATIENT), Admission::WaitUntil(start + quarter * 2));
        // After a long silence there is no burst.
        let later = start + second(100);
        assert_eq!(pace.admit(later, PATIENT), Admission::Go { generation: 0 });
        assert_eq!(pace.admit(later, PATIENT), Admission::WaitUntil(later + quarter / 2));
    }
}
