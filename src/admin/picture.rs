//! The picture of the mirror that all viewers share: one reader, however many look.

use crate::clock::Clock;
use crate::records::Time;
use crate::store::{Activity, Status, Store};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Passes that the page shows.
const RUNS: u32 = 12;

/// How long a viewer waits for a database that says nothing: far shorter than what asks for metrics waits for them.
const PATIENCE: Duration = Duration::from_secs(3);

/// A picture is good for this long at least, for twenty times as long as it took, and never for longer than the longest.
const GOOD_FOR: Duration = Duration::from_secs(2);
const LONGEST_GOOD_FOR: Duration = Duration::from_secs(10);

/// Calls by day are good for this long at least, for a hundred times as long as it took to count them, and never for
/// longer than the longest.
const ACTIVITY_GOOD_FOR: Duration = Duration::from_secs(5);
const ACTIVITY_LONGEST_GOOD_FOR: Duration = Duration::from_mins(1);

/// What the database says at a moment.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) taken_at: Time,
    pub(super) status: Status,
    pub(super) activity: Arc<Activity>,
}

/// The picture, or why there is none.
pub(super) type Taken = Result<Arc<Picture>, Arc<str>>;

/// How far a picture that is being taken has come.
#[derive(Debug, Clone)]
enum Exposure {
    /// The database has not said anything yet.
    Asked,
    /// It answers; what it is asked for takes time.
    Answers,
    Done(Taken),
}

#[derive(Debug, Default)]
struct Held {
    taken: Option<(Instant, Duration, Taken)>,
    /// The picture that is being taken.
    coming: Option<watch::Receiver<Exposure>>,
    activity: Option<(Instant, Duration, Arc<Activity>)>,
}

/// Takes pictures.
#[derive(Debug, Clone)]
pub(super) struct Camera {
    store: Store,
    clock: Clock,
    held: Arc<Mutex<Held>>,
}

impl Camera {
    pub(super) fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, held: Arc::default() }
    }

    /// A picture that is not old. One that takes long goes on being taken when its viewer has given up.
    pub(super) async fn look(&self) -> Taken {
        let mut coming = match self.good_one() {
            Ok(taken) => return taken,
            Err(coming) => coming,
        };
        let is_done = |exposure: &Exposure| matches!(exposure, Exposure::Done(_));
        let waited = tokio::time::timeout(PATIENCE, coming.wait_for(is_done)).await.map(|done| done.is_ok());
        let reached = coming.borrow().clone();
        match (reached, waited) {
            (Exposure::Done(taken), _) => taken,
            (_, Ok(_)) => Err("the look at it ended with an error of this program, which the log has".into()),
            (Exposure::Asked, Err(_)) => {
                Err(format!("it did not answer within {} s", PATIENCE.as_secs()).into())
            }
            (Exposure::Answers, Err(_)) => match self.lock().taken.clone() {
                Some((_, _, Ok(before))) => Ok(before),
                _ => Err("it answers, and the first look at it takes long".into()),
            },
        }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The picture that is still good, or the next one, which is begun when nobody has.
    fn good_one(&self) -> Result<Taken, watch::Receiver<Exposure>> {
        let mut held = self.lock();
        if let Some((at, took, taken)) = &held.taken
            && at.elapsed() < (*took * 20).clamp(GOOD_FOR, LONGEST_GOOD_FOR)
        {
            return Ok(taken.clone());
        }
        // A sender that is gone has panicked.
        if let Some(coming) = held.coming.as_ref().filter(|coming| coming.has_changed().is_ok()) {
            return Err(coming.clone());
        }
        let (exposure, coming) = watch::channel(Exposure::Asked);
        held.coming = Some(coming.clone());
        let camera = self.clone();
        tokio::spawn(async move {
            let began = Instant::now();
            let taken = camera.take(&exposure).await;
            // What failed is tried again soon.
            let took = if taken.is_ok() { began.elapsed() } else { Duration::ZERO };
            let mut held = camera.lock();
            held.taken = Some((Instant::now(), took, taken.clone()));
            held.coming = None;
            exposure.send_replace(Exposure::Done(taken));
        });
        Err(coming)
    }

    async fn take(&self, exposure: &watch::Sender<Exposure>) -> Taken {
        let say = |error: crate::store::StoreError| -> Arc<str> { error.to_string().into() };
        self.store.check_schema().await.map_err(say)?;
        exposure.send_replace(Exposure::Answers);
        let status = self.store.load_status(RUNS).await.map_err(say)?;
        let counted = self.lock().activity.clone();
        let activity = match counted {
            Some((at, took, activity))
                if at.elapsed() < (took * 100).clamp(ACTIVITY_GOOD_FOR, ACTIVITY_LONGEST_GOOD_FOR) =>
            {
                activity
            }
            _ => {
                let began = Instant::now();
                let activity = Arc::new(self.store.load_activity().await.map_err(say)?);
                self.lock().activity = Some((Instant::now(), began.elapsed(), Arc::clone(&activity)));
                activity
            }
        };
        Ok(Arc::new(Picture { taken_at: self.clock.now(), status, activity }))
    }
}
