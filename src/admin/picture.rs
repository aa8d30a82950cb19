//! The picture of the mirror that all viewers share: one reader, however many look.

use crate::clock::Clock;
use crate::records::Time;
use crate::store::{Activity, Status, Store};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Passes that the page shows.
const RUNS: u32 = 12;

/// How long a reading may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A picture is good for this long, and for twenty times as long as it took to make.
const GOOD_FOR: Duration = Duration::from_secs(2);

/// Calls by day are counted no more often than this.
const ACTIVITY_GOOD_FOR: Duration = Duration::from_mins(1);

/// What the database says at a moment.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) taken_at: Time,
    pub(super) status: Status,
    pub(super) activity: Arc<Activity>,
}

/// The picture, or why there is none.
pub(super) type Taken = Result<Arc<Picture>, Arc<str>>;

#[derive(Debug, Default)]
struct Held {
    taken: Option<(Instant, Duration, Taken)>,
    activity: Option<(Instant, Arc<Activity>)>,
}

/// Takes pictures.
#[derive(Debug)]
pub(super) struct Camera {
    store: Store,
    clock: Clock,
    held: Mutex<Held>,
}

impl Camera {
    pub(super) fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, held: Mutex::default() }
    }

    /// A picture that is not old.
    pub(super) async fn look(&self) -> Taken {
        let mut held = self.held.lock().await;
        if let Some((at, took, taken)) = &held.taken
            && at.elapsed() < GOOD_FOR.max(*took * 20)
        {
            return taken.clone();
        }
        let began = Instant::now();
        let taken = match tokio::time::timeout(PATIENCE, self.take(&mut held)).await {
            Ok(taken) => taken,
            Err(_) => Err(format!("the database did not answer within {} s", PATIENCE.as_secs()).into()),
        };
        // What failed is tried again soon.
        let took = if taken.is_ok() { began.elapsed() } else { Duration::ZERO };
        held.taken = Some((Instant::now(), took, taken.clone()));
        taken
    }

    async fn take(&self, held: &mut Held) -> Taken {
        let say = |error: crate::store::StoreError| -> Arc<str> { error.to_string().into() };
        self.store.check_schema().await.map_err(say)?;
        let status = self.store.load_status(RUNS).await.map_err(say)?;
        let activity = match &held.activity {
            Some((at, activity)) if at.elapsed() < ACTIVITY_GOOD_FOR => Arc::clone(activity),
            _ => {
                let activity = Arc::new(self.store.load_activity().await.map_err(say)?);
                held.activity = Some((Instant::now(), Arc::clone(&activity)));
                activity
            }
        };
        Ok(Arc::new(Picture { taken_at: self.clock.now(), status, activity }))
    }
}
