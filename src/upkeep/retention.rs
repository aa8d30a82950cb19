//! Keeps what is about people no longer than the configuration says: moves the times before which nothing is kept, once a day,
//! and removes what was there and is past them.
//!
//! Owns: which time follows from the configuration and the day, and the order of the sweep: one process at a time, some
//! hundred lines a transaction, stopped between two of them. One that was cut off begins anew and finds less. Leaves the
//! statements to `store`, and leaving out what is read anew to the passes.
//!
//! Of processes that do not agree the one that keeps less holds: what another one would keep longer is refused while it runs.

use crate::clock::Clock;
use crate::records::Time;
use crate::store::{Cutoffs, Holder, Lease, Move, Removed, RetentionState, Store, StoreError, SweptTable};
use chrono::{NaiveTime, TimeDelta};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// What the lease is on.
const SCOPE: &str = "retention";

/// What leases begin with by which processes say what they keep, and what stands behind it, before a mark of their own.
const CLAIM: &str = "retention of ";
const BY: &str = " by ";

/// Lines that are looked at together, and those whose parts go in one transaction.
const LOOKED_AT_ONCE: i64 = 5_000;
const SWEPT_AT_ONCE: usize = 500;

/// How long something is kept; none: for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// What was said.
    pub transcripts: Option<Duration>,
    /// Where it was recorded.
    pub recording_urls: Option<Duration>,
    /// Calls as a whole.
    pub calls: Option<Duration>,
}

/// What this process was told to keep, and the clock by which it does.
#[derive(Debug, Clone)]
pub struct Retaining {
    kept: Kept,
    clock: Clock,
    /// Whether it was said that the database goes by another configuration.
    is_said: Arc<AtomicBool>,
    claim: Option<Arc<Claim>>,
}

/// Says to other processes what this one keeps, as long as it lives.
#[derive(Debug)]
struct Claim {
    task: AbortOnDropHandle<()>,
    lease: Arc<Mutex<Option<Lease>>>,
}

impl Claim {
    async fn begin(store: &Store, settings: &str) -> Result<Self, StoreError> {
        let holder = Holder::this_process();
        let (store, scope) =
            (store.clone(), format!("{CLAIM}{settings}{BY}{}", uuid::Uuid::new_v4().simple()));
        store.forget_leases(CLAIM).await?;
        let lease = Arc::new(Mutex::new(store.take_lease(&scope, &holder).await?));
        let kept = Arc::clone(&lease);
        let task = AbortOnDropHandle::new(tokio::spawn(async move {
            loop {
                tokio::time::sleep(store.renewal_pause()).await;
                let mut lease = kept.lock().await;
                let is_held = match &*lease {
                    Some(held) => store.keep_lease(held).await.is_ok(),
                    None => false,
                };
                if !is_held {
                    // The database may be away; then it is said again once it is back.
                    *lease = store.take_lease(&scope, &holder).await.unwrap_or_default();
                }
            }
        }));
        Ok(Self { task, lease })
    }
}

/// How the times stand by the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// As they should.
    Same,
    /// Some move on.
    Forward(Cutoffs),
    /// Some go back or are given up: what was left out is wanted again.
    Back(Cutoffs),
}

impl Kept {
    /// For comparison with other processes.
    fn settings(&self) -> String {
        let Self { transcripts, recording_urls, calls } = self;
        let kept = [("transcripts", transcripts), ("recording_urls", recording_urls), ("calls", calls)];
        let words = kept.iter().filter_map(|(what, kept)| {
            kept.as_ref().map(|kept| match kept.as_secs() {
                seconds if seconds % 86_400 == 0 => format!("{what}={}d", seconds / 86_400),
                seconds => format!("{what}={seconds}s"),
            })
        });
        words.collect::<Vec<_>>().join(" ")
    }

    /// Where the times are to stand. A clock that was set back moves none of them back, a changed configuration does.
    fn next(&self, held: &Cutoffs, is_changed: bool, now: Time) -> Next {
        let mut is_back = false;
        let mut next = |kept: Option<Duration>, held: Option<Time>| {
            let wanted = kept.and_then(|kept| day_before(now, kept));
            match (wanted, held) {
                (Some(wanted), Some(held)) if wanted < held && !is_changed => Some(held),
                (None, Some(held)) if !is_changed => Some(held),
                (wanted, held) => {
                    is_back |= held.is_some_and(|held| wanted.is_none_or(|wanted| wanted < held));
                    wanted
                }
            }
        };
        let cutoffs = Cutoffs {
            transcripts: next(self.transcripts, held.transcripts),
            recording_urls: next(self.recording_urls, held.recording_urls),
            calls: next(self.calls, held.calls),
        };
        match (cutoffs == *held, is_back) {
            (true, _) => Next::Same,
            (false, true) => Next::Back(cutoffs),
            (false, false) => Next::Forward(cutoffs),
        }
    }
}

/// The beginning of the day, UTC, in which `now` was so long ago; none before there were times.
fn day_before(now: Time, kept: Duration) -> Option<Time> {
    let kept = TimeDelta::from_std(kept).ok()?;
    let at = now.checked_sub_signed(kept)?;
    Some(at.date_naive().and_time(NaiveTime::MIN).and_utc())
}

impl Retaining {
    /// Makes the database go by this configuration, before the first pass. When something is to be kept longer than before,
    /// the next pass reads everything anew.
    ///
    /// # Errors
    /// When something is to be kept longer than a process that runs keeps it, and when the database fails.
    pub async fn begin(store: &Store, kept: Kept, clock: Clock) -> Result<Self, StoreError> {
        let mut retaining = Self { kept, clock, is_said: Arc::new(AtomicBool::new(false)), claim: None };
        let settings = kept.settings();
        loop {
            let held = store.load_retention().await?;
            let is_changed = held.settings != settings;
            let next = kept.next(&held.retention.cutoffs, is_changed, retaining.clock.now());
            if let Next::Back(_) = next {
                let claims = store.leased_scopes(CLAIM).await?;
                let mut others =
                    claims.iter().filter_map(|scope| Some(scope.strip_prefix(CLAIM)?.split_once(BY)?.0));
                if let Some(there) = others.find(|there| *there != settings) {
                    let here = if settings.is_empty() { "everything for ever".to_owned() } else { settings };
                    return Err(StoreError::KeptShorter { here, there: there.to_owned() });
                }
            }
            if next == Next::Same && !is_changed || retaining.move_to(store, &held, next).await? {
                break;
            }
        }
        if kept != Kept::default() {
            retaining.claim = Some(Arc::new(Claim::begin(store, &settings).await?));
        }
        Ok(retaining)
    }

    /// Lets other processes keep more than this one did.
    pub async fn end(&self, store: &Store) {
        let Some(claim) = &self.claim else { return };
        claim.task.abort();
        if let Some(lease) = claim.lease.lock().await.take()
            && let Err(error) = store.release_lease(&lease).await
        {
            tracing::debug!(%error, "what is kept is said for a while longer");
        }
    }

    /// Moves the times on when a day has passed, and removes what is past them, unless another process does. Ends early when
    /// it is told to stop; the next one goes on. Returns what went.
    ///
    /// # Errors
    /// When the database fails. What was committed stays.
    pub(super) async fn look_after(
        &self,
        store: &Store,
        stop: &CancellationToken,
    ) -> Result<Removed, StoreError> {
        let mut state = store.load_retention().await?;
        if state.settings == self.kept.settings() {
            self.is_said.store(false, Ordering::Relaxed);
            let next = self.kept.next(&state.retention.cutoffs, false, self.clock.now());
            if next != Next::Same {
                self.move_to(store, &state, next).await?;
                state = store.load_retention().await?;
            }
        } else if !self.is_said.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                here = self.kept.settings(),
                there = state.settings,
                hint = "give every revox-mirror on this database the same [retention]",
                "another process keeps less, or was started later; this one moves nothing on"
            );
        }
        if state.is_swept {
            return Ok(Removed::new());
        }
        let Some(lease) = store.take_lease(SCOPE, &Holder::this_process()).await? else {
            return Ok(Removed::new());
        };
        let mut removed = Removed::new();
        let ended = self.sweep(store, &lease, &state, stop, &mut removed).await;
        if let Err(error) = store.release_lease(&lease).await {
            tracing::debug!(%error, "the lease on what is kept was not given back");
        }
        if !removed.is_empty() {
            tracing::info!(lines = %words(&removed), "what was past its time was removed");
        }
        match ended {
            // Another process goes on with it.
            Ok(()) | Err(StoreError::LeaseLost { .. }) => Ok(removed),
            Err(error) => Err(error),
        }
    }

    /// Whether nobody else has moved them meanwhile.
    async fn move_to(&self, store: &Store, held: &RetentionState, next: Next) -> Result<bool, StoreError> {
        let (cutoffs, is_back) = match next {
            Next::Same => (held.retention.cutoffs, false),
            Next::Forward(cutoffs) => (cutoffs, false),
            Next::Back(cutoffs) => (cutoffs, true),
        };
        let settings = self.kept.settings();
        let to = Move { version: held.retention.version, cutoffs, is_back, settings: &settings };
        let is_moved = store.move_retention(&to, self.clock.now()).await?;
        if is_moved {
            tracing::info!(
                transcripts_before = day(cutoffs.transcripts),
                recording_urls_before = day(cutoffs.recording_urls),
                calls_before = day(cutoffs.calls),
                "what is kept has moved on{}",
                if is_back { ", and back: everything is read anew" } else { "" }
            );
        }
        Ok(is_moved)
    }

    async fn sweep(
        &self,
        store: &Store,
        lease: &Lease,
        state: &RetentionState,
        stop: &CancellationToken,
        removed: &mut Removed,
    ) -> Result<(), StoreError> {
        let cutoffs = &state.retention.cutoffs;
        let has_parts = cutoffs.transcripts.is_some() || cutoffs.recording_urls.is_some();
        let tables: &[SweptTable] = match (*cutoffs == Cutoffs::default(), has_parts) {
            (true, _) => &[],
            (false, false) => &[SweptTable::Calls],
            (false, true) => &[SweptTable::Calls, SweptTable::CallAttempts],
        };
        for table in tables {
            let mut after = String::new();
            loop {
                let ids = store.ids_to_sweep(*table, &after, LOOKED_AT_ONCE).await?;
                let Some(last) = ids.last() else { break };
                after.clone_from(last);
                for past in store.find_past(*table, &ids, cutoffs).await?.chunks(SWEPT_AT_ONCE) {
                    if stop.is_cancelled() {
                        return Ok(());
                    }
                    let went = store.sweep(lease, *table, past, cutoffs, self.clock.now()).await?;
                    for (table, lines) in went {
                        *removed.entry(table).or_default() += lines;
                    }
                }
                // Also while there is nothing to remove.
                store.keep_lease(lease).await?;
                if stop.is_cancelled() {
                    return Ok(());
                }
            }
        }
        store.note_swept(lease, state.retention.version).await
    }
}

fn day(at: Option<Time>) -> String {
    at.map_or_else(|| "never".to_owned(), |at| at.date_naive().to_string())
}

/// `12 revox.transcript_turns, 1 revox.speech_events`.
fn words(removed: &Removed) -> String {
    removed.iter().map(|(table, lines)| format!("{lines} {table}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        text.parse().expect("a time")
    }

    fn days(count: u64) -> Duration {
        Duration::from_hours(24 * count)
    }

    #[test]
    fn the_times_follow_from_the_configuration_the_day_and_what_the_database_has() {
        let noon = at("2026-03-31T12:00:00Z");
        let day = |text: &str| Some(at(&format!("{text}T00:00:00Z")));
        let transcripts = |transcripts| Cutoffs { transcripts, ..Cutoffs::default() };
        let forward = |day| Next::Forward(transcripts(day));
        let back = |day| Next::Back(transcripts(day));
        for (case, kept, held, is_changed, now, next) in [
            ("for ever", None, None, false, noon, Next::Same),
            ("set", Some(days(30)), None, true, noon, forward(day("2026-03-01"))),
            (
                "later that day",
                Some(days(30)),
                day("2026-03-01"),
                false,
                at("2026-03-31T23:59:59Z"),
                Next::Same,
            ),
            (
                "the day moves on",
                Some(days(30)),
                day("2026-03-01"),
                false,
                at("2026-04-01T00:00:00Z"),
                forward(day("2026-03-02")),
            ),
            (
                "half a day is none",
                Some(Duration::from_hours(36)),
                None,
                true,
                noon,
                forward(day("2026-03-30")),
            ),
            ("shortened", Some(days(10)), day("2026-03-01"), true, noon, forward(day("2026-03-21"))),
            ("lengthened", Some(days(40)), day("2026-03-01"), true, noon, back(day("2026-02-19"))),
            ("given up", None, day("2026-03-01"), true, noon, back(None)),
            (
                "a clock set back",
                Some(days(30)),
                day("2026-03-01"),
                false,
                at("2026-03-20T00:00:00Z"),
                Next::Same,
            ),
            ("longer than there are times", Some(Duration::MAX), None, true, noon, Next::Same),
            ("so long from now on", Some(Duration::MAX), day("2026-03-01"), true, noon, back(None)),
        ] {
            let kept = Kept { transcripts: kept, ..Kept::default() };
            assert_eq!(kept.next(&transcripts(held), is_changed, now), next, "{case}");
        }
        // Each by itself; one that goes back has everything read anew.
        let kept = Kept { transcripts: Some(days(40)), recording_urls: None, calls: Some(days(10)) };
        let held = Cutoffs { transcripts: day("2026-03-01"), recording_urls: None, calls: None };
        let next = Cutoffs { transcripts: day("2026-02-19"), recording_urls: None, calls: day("2026-03-21") };
        assert_eq!(kept.next(&held, true, noon), Next::Back(next));
        assert_eq!(kept.settings(), "transcripts=40d calls=10d");
        assert_eq!(Kept::default().settings(), "");
    }
}
