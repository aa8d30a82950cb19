//! The routes, and the life of the server.

use super::access::{Denied, admit, knows_secret};
use super::picture::Camera;
use super::{AdminOptions, Hint, connections, events, health, hooks, page};
use crate::clock::Clock;
use crate::observe::{Board, render_metrics};
use crate::store::Store;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::TimeDelta;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The longest body of a hook, in bytes, and how long it may take to come.
const LONGEST_HINT: usize = 64 * 1024;
const HINT_WITHIN: Duration = Duration::from_secs(10);

/// Pages that may be watched at once.
const MOST_VIEWERS: usize = 32;

/// What nothing but the page itself may do.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the routes share.
pub(super) struct Shared {
    pub(super) options: AdminOptions,
    pub(super) camera: Camera,
    pub(super) board: Arc<Board>,
    pub(super) clock: Clock,
    pub(super) viewers: Arc<Semaphore>,
    pub(super) stop: CancellationToken,
    hints: mpsc::Sender<Hint>,
}

/// The server, until it is stopped or dropped.
#[derive(Debug)]
pub struct AdminServer {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl AdminServer {
    /// Listens, and answers from then on.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(
        options: AdminOptions,
        store: Store,
        board: Arc<Board>,
        clock: Clock,
        hints: mpsc::Sender<Hint>,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let shared = Arc::new(Shared {
            options,
            camera: Camera::new(store, clock.clone()),
            board,
            clock,
            viewers: Arc::new(Semaphore::new(MOST_VIEWERS)),
            stop: stop.clone(),
            hints,
        });
        let task = tokio::spawn(connections::serve(listener, router(shared), stop.clone()));
        Ok(Self { address, stop, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it; connections that do not end by themselves are cut.
    pub async fn stop(self) {
        self.stop.cancel();
        let mut task = self.task;
        if tokio::time::timeout(Duration::from_secs(1), &mut task).await.is_err() {
            task.abort();
        }
    }
}

fn router(shared: Arc<Shared>) -> Router {
    let guarded = Router::new()
        .route("/", get(show_page))
        .route("/page.css", get(|| async { text("text/css; charset=utf-8", page::STYLE.to_owned()) }))
        .route("/page.js", get(|| async { text("text/javascript; charset=utf-8", page::SCRIPT.to_owned()) }))
        .route("/events", get(events::follow))
        .route("/metrics", get(show_metrics))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&shared), guard));
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(show_readiness))
        .route("/hooks/{secret}", post(take_hint))
        .merge(guarded)
        .layer(middleware::map_response(harden))
        .with_state(shared)
}

/// Turns away whoever may not see what is not for everybody.
async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    match admit(request.headers(), shared.options.token.as_ref()) {
        Ok(()) => next.run(request).await,
        Err(Denied::Token) => {
            let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"revox-mirror\", charset=\"UTF-8\"")];
            let words = "this takes the token of admin.token: as a bearer, or as the password of any user\n";
            (StatusCode::UNAUTHORIZED, challenge, words).into_response()
        }
        Err(Denied::Host) => {
            let words = "only requests to localhost, 127.0.0.1 or [::1] are answered here; to be reached by another name, \
                         set admin.token\n";
            (StatusCode::FORBIDDEN, words).into_response()
        }
    }
}

/// What every answer says of itself.
async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

fn text(kind: &'static str, body: String) -> Response {
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

async fn show_page(State(shared): State<Arc<Shared>>) -> Response {
    let taken = shared.camera.look().await;
    text("text/html; charset=utf-8", page::render(&shared.view(&taken)).into_string())
}

/// Whether it is ready is for everybody's probes; why not, for those who may look.
async fn show_readiness(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let taken = shared.camera.look().await;
    let max_age = TimeDelta::from_std(shared.options.ready_max_age).unwrap_or(TimeDelta::MAX);
    let reasons = health::reasons(&taken, &shared.board.read(), max_age);
    if reasons.is_empty() {
        return "ready\n".into_response();
    }
    let words = match admit(&headers, shared.options.token.as_ref()) {
        Ok(()) => reasons.join("\n") + "\n",
        Err(_) => "not ready; whoever may look is told why\n".to_owned(),
    };
    (StatusCode::SERVICE_UNAVAILABLE, words).into_response()
}

async fn show_metrics(State(shared): State<Arc<Shared>>) -> Response {
    let taken = shared.camera.look().await;
    let body = render_metrics() + &health::metrics_of(&taken, &shared.board.read());
    text("text/plain; version=0.0.4; charset=utf-8", body)
}

/// The secret comes first: of a body without it not a byte is read.
async fn take_hint(State(shared): State<Arc<Shared>>, Path(secret): Path<String>, body: Body) -> Response {
    if !knows_secret(&secret, shared.options.hook_secret.as_ref()) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let hint = match tokio::time::timeout(HINT_WITHIN, axum::body::to_bytes(body, LONGEST_HINT)).await {
        Ok(Ok(body)) => hooks::hint_of(&body),
        Ok(Err(_)) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    // Where the queue is full there is a hint waiting already, and looking is what it leads to.
    let _ = shared.hints.try_send(hint);
    (StatusCode::ACCEPTED, "the mirror looks now\n").into_response()
}

impl Shared {
    /// What the page is made from.
    pub(super) fn view<'a>(&'a self, taken: &'a super::picture::Taken) -> page::View<'a> {
        page::View {
            now: self.clock.now(),
            started_at: self.board.started_at(),
            board: self.board.read(),
            taken,
            max_age: TimeDelta::from_std(self.options.ready_max_age).unwrap_or(TimeDelta::MAX),
            connection_line: self.options.connection_line.as_deref(),
        }
    }
}
