//! Server-sent events: the parts of the page that have changed, as they do.

use super::page;
use super::server::Shared;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, stream};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};

/// No more than four times a second.
const PAUSE: Duration = Duration::from_millis(250);

/// What changes in the database alone is shown after this long.
const REFRESH: Duration = Duration::from_secs(10);

/// Follows the board and the database; each event holds the parts that differ from those sent before.
pub(super) async fn follow(State(shared): State<Arc<Shared>>) -> Response {
    let Ok(place) = Arc::clone(&shared.viewers).try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many pages are being watched\n").into_response();
    };
    let moved = shared.board.watch();
    let viewer = Viewer { shared, moved, sent: BTreeMap::new(), is_first: true, _place: place };
    Sse::new(viewer.events()).keep_alive(KeepAlive::default()).into_response()
}

struct Viewer {
    shared: Arc<Shared>,
    moved: watch::Receiver<u64>,
    sent: BTreeMap<&'static str, String>,
    is_first: bool,
    _place: OwnedSemaphorePermit,
}

impl Viewer {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, async |mut viewer| {
            let changed = viewer.next().await?;
            let event = Event::default().json_data(changed).unwrap_or_default();
            Some((Ok(event), viewer))
        })
    }

    /// The parts that have changed; none when the server stops.
    async fn next(&mut self) -> Option<BTreeMap<&'static str, String>> {
        let stop = self.shared.stop.clone();
        loop {
            if !std::mem::take(&mut self.is_first) {
                tokio::select! {
                    () = stop.cancelled() => return None,
                    moved = self.moved.changed() => moved.ok()?,
                    () = tokio::time::sleep(REFRESH) => {}
                }
                tokio::time::sleep(PAUSE).await;
                self.moved.mark_unchanged();
            }
            let taken = self.shared.camera.look().await;
            let parts = page::parts(&self.shared.view(&taken));
            let changed: BTreeMap<&'static str, String> =
                parts.into_iter().filter(|(id, html)| self.sent.get(id) != Some(html)).collect();
            self.sent.extend(changed.clone());
            if !changed.is_empty() {
                return Some(changed);
            }
        }
    }
}
