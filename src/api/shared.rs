//! A rate limit that several processes hold together: requests are reserved in blocks, and sent at their moments.
//!
//! Owns: the blocks. Leaves to whoever implements [`SharedPace`]: where they are reserved. When nobody answers there, the
//! process goes at its own pace, which `pace` keeps anyhow.

use super::gate::Paused;
use super::pace::LONGEST_PAUSE;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// Where processes agree on who asks when.
pub trait SharedPace: Send + Sync {
    /// Reserves `slots` moments, `apart` from each other, unless the first is further off than the caller has
    /// `patience`. None when nobody answers.
    fn reserve(&self, slots: u32, apart: Duration, patience: Duration) -> BoxFuture<'_, Option<Reserved>>;
    /// The API asks to be left alone for so long.
    fn pause(&self, pause: Duration) -> BoxFuture<'_, ()>;
}

/// What became of a wish for moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// They are this process's; how long until the first.
    From(Duration),
    /// Nothing is reserved: so long it is until the first that is free.
    NotBefore(Duration),
}

/// A block covers this much time, so that the reservations cost little.
const BLOCK: Duration = Duration::from_millis(500);

/// How long a reservation may take before the process goes on by itself.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long it does so, before it asks for a reservation again.
const ALONE_FOR: Duration = Duration::from_secs(5);

/// The moments that are reserved for this process.
pub(super) struct SharedSlots {
    shared: Arc<dyn SharedPace>,
    apart: Duration,
    slots: u32,
    block: Mutex<Block>,
}

#[derive(Debug)]
struct Block {
    next: Instant,
    left: u32,
    /// Nobody answered: until then nobody is asked.
    alone_until: Option<Instant>,
}

impl SharedSlots {
    pub(super) fn new(shared: Arc<dyn SharedPace>, per_second: f64) -> Self {
        let apart = Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(Duration::from_hours(1));
        let slots = (BLOCK.as_secs_f64() / apart.as_secs_f64().max(1e-6)).clamp(1.0, 10_000.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped just before")]
        let slots = slots as u32;
        let block = Mutex::new(Block { next: Instant::now(), left: 0, alone_until: None });
        Self { shared, apart, slots, block }
    }

    /// Waits for this process's next moment. Fails at once when that is further off than the caller has patience.
    pub(super) async fn wait(&self, patience: Duration) -> Result<(), Paused> {
        if let Some(at) = self.claim(Instant::now, patience).await? {
            tokio::time::sleep_until(at).await;
        }
        Ok(())
    }

    /// This process's next moment; none when nobody answers. Others wait meanwhile, so that the time is asked for when
    /// it is needed, and not before.
    async fn claim(
        &self,
        now: impl Fn() -> Instant + Send,
        patience: Duration,
    ) -> Result<Option<Instant>, Paused> {
        let mut block = self.block.lock().await;
        // Moments that have passed unused lapse: they would come as a burst.
        while block.left > 0 && block.next + self.apart < now() {
            block.left -= 1;
            block.next += self.apart;
        }
        if block.left == 0 {
            if block.alone_until.is_some_and(|until| now() < until) {
                return Ok(None);
            }
            let asked = self.shared.reserve(self.slots, self.apart, patience);
            match tokio::time::timeout(PATIENCE, asked).await.ok().flatten() {
                Some(Reserved::From(pause)) => {
                    *block = Block { next: now() + pause, left: self.slots, alone_until: None };
                }
                Some(Reserved::NotBefore(remaining)) => return Err(Paused { remaining }),
                None => {
                    block.alone_until = Some(now() + ALONE_FOR);
                    return Ok(None);
                }
            }
        }
        let at = block.next;
        block.left -= 1;
        block.next += self.apart;
        Ok(Some(at))
    }

    /// Tells the others that the API asks to be left alone; what is reserved is not used. As in this process, nobody is
    /// held up for longer than the longest pause, whatever the API says.
    pub(super) async fn pause(&self, pause: Duration) {
        self.block.lock().await.left = 0;
        let _ = tokio::time::timeout(PATIENCE, self.shared.pause(pause.min(LONGEST_PAUSE))).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use std::sync::Mutex as StdMutex;

    const PATIENT: Duration = Duration::from_hours(1);

    /// Reservations as a database keeps them, at a time that stands still.
    struct Ledger {
        now: Instant,
        next: StdMutex<Instant>,
        reservations: StdMutex<u32>,
        is_away: bool,
    }

    fn ledger(is_away: bool) -> Arc<Ledger> {
        let now = Instant::now();
        Arc::new(Ledger { now, next: StdMutex::new(now), reservations: StdMutex::new(0), is_away })
    }

    impl SharedPace for Ledger {
        fn reserve(
            &self,
            slots: u32,
            apart: Duration,
            patience: Duration,
        ) -> BoxFuture<'_, Option<Reserved>> {
            async move {
                *self.reservations.lock().unwrap() += 1;
                if self.is_away {
                    return None;
                }
                let mut next = self.next.lock().unwrap();
                let first_in = *next - self.now;
                if first_in > patience {
                    return Some(Reserved::NotBefore(first_in));
                }
                *next += apart * slots;
                Some(Reserved::From(first_in))
            }
            .boxed()
        }

        fn pause(&self, pause: Duration) -> BoxFuture<'_, ()> {
            async move {
                let mut next = self.next.lock().unwrap();
                *next = (*next).max(self.now + pause);
            }
            .boxed()
        }
    }

    #[tokio::test]
    async fn processes_together_keep_the_distance_of_one() {
        let ledger = ledger(false);
        let processes = [(); 3].map(|()| SharedSlots::new(ledger.clone(), 20.0));
        let mut moments = Vec::new();
        for _ in 0..40 {
            for process in &processes {
                moments.push(process.claim(|| ledger.now, PATIENT).await.unwrap().expect("a moment"));
            }
        }
        moments.sort_unstable();
        let apart = Duration::from_millis(50);
        assert!(moments.windows(2).all(|pair| pair[1] - pair[0] == apart), "none twice, none left out");
        assert_eq!(*ledger.reservations.lock().unwrap(), 12, "a block of ten at a time");
    }

    #[tokio::test]
    async fn a_pause_holds_for_all_and_is_said_to_the_impatient() {
        let ledger = ledger(false);
        let (one, other) = (SharedSlots::new(ledger.clone(), 20.0), SharedSlots::new(ledger.clone(), 20.0));
        one.claim(|| ledger.now, PATIENT).await.unwrap();
        one.pause(Duration::from_secs(30)).await;
        let refused = other.claim(|| ledger.now, Duration::from_secs(5)).await;
        assert!(refused.is_err_and(|paused| paused.remaining == Duration::from_secs(30)));
        let before = *ledger.next.lock().unwrap();
        assert!(other.claim(|| ledger.now, Duration::ZERO).await.is_err());
        assert_eq!(*ledger.next.lock().unwrap(), before, "a refusal reserves nothing");
        // What it had reserved before is not used.
        let next = one.claim(|| ledger.now, PATIENT).await.unwrap().expect("a moment");
        assert!(next >= ledger.now + Duration::from_secs(30));
    }

    #[tokio::test]
    async fn a_pause_without_measure_ends_after_the_longest_one() {
        let ledger = ledger(false);
        let process = SharedSlots::new(ledger.clone(), 20.0);
        process.pause(Duration::MAX).await;
        let refused = process.claim(|| ledger.now, Duration::ZERO).await;
        assert!(refused.is_err_and(|paused| paused.remaining == LONGEST_PAUSE));
    }

    #[tokio::test]
    async fn where_nobody_answers_the_process_goes_on_by_itself_and_asks_again_after_a_while() {
        let ledger = ledger(true);
        let process = SharedSlots::new(ledger.clone(), 1.0);
        for (after, asked) in [(Duration::ZERO, 1), (ALONE_FOR / 2, 1), (ALONE_FOR, 2)] {
            let now = || ledger.now + after;
            assert!(matches!(process.claim(now, PATIENT).await, Ok(None)));
            assert_eq!(*ledger.reservations.lock().unwrap(), asked, "{after:?}");
        }
        process.wait(Duration::ZERO).await.unwrap();
    }

    #[tokio::test]
    async fn moments_that_passed_unused_lapse() {
        let ledger = ledger(false);
        let process = SharedSlots::new(ledger.clone(), 20.0);
        process.claim(|| ledger.now, PATIENT).await.unwrap();
        let later = ledger.now + Duration::from_millis(310);
        let next = process.claim(|| later, PATIENT).await.unwrap().expect("a moment");
        assert_eq!(next, ledger.now + Duration::from_millis(300));
        assert_eq!(*ledger.reservations.lock().unwrap(), 1);
    }
}
