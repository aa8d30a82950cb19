//! A clock that a test moves by hand.

use chrono::{DateTime, TimeDelta, Utc};
use revox_mirror::clock::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// The hands of a clock. All clocks made from them show the same time.
#[derive(Debug, Clone)]
pub(crate) struct Hands(Arc<AtomicI64>);

impl Hands {
    /// Hands that show this time, such as `2026-03-03T10:00:00Z`.
    pub(crate) fn at(time: &str) -> Self {
        let hands = Self(Arc::new(AtomicI64::new(0)));
        hands.set(time);
        hands
    }

    /// Moves them, also backwards.
    pub(crate) fn set(&self, time: &str) {
        let time: DateTime<Utc> = time.parse().unwrap();
        self.0.store(time.timestamp_micros(), Ordering::SeqCst);
    }

    /// Moves them on.
    pub(crate) fn advance(&self, by: TimeDelta) {
        self.0.fetch_add(by.num_microseconds().unwrap(), Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).unwrap()
    }

    pub(crate) fn clock(&self) -> Clock {
        let hands = self.clone();
        Clock::from_fn(move || hands.now())
    }
}
