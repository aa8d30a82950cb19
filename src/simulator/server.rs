//! From a request to its answer: counting, hooks, faults, the key, and which part of the account is asked for.

use super::account::Account;
use super::answer::Answer;
use super::connection::Line;
use super::document::signature;
use super::faults::{Fault, FaultKind, Faults};
use super::options::Flavour;
use super::pages::{self, Query};
use super::render;
use super::requests::Requests;
use super::search;
use super::spoil::{self, Twist};
use crate::clock::Clock;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{ACCEPT_ENCODING, AUTHORIZATION, DATE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Run before a request for rows is answered: its number from 1, its path with query, and the account.
pub(super) type Hook = Box<dyn FnMut(u64, &str, &mut Account) + Send>;

/// The largest body of a request, in bytes.
const LARGEST_REQUEST: usize = 1 << 20;

/// What the server and its owner share.
pub(super) struct Shared {
    pub(super) account: Mutex<Account>,
    pub(super) faults: Mutex<Faults>,
    pub(super) requests: Mutex<Requests>,
    /// How many requests for rows there were, and what is run before the next one.
    pub(super) hook: Mutex<(u64, Option<Hook>)>,
    /// The same for the search over calls.
    pub(super) search_hook: Mutex<(u64, Option<Hook>)>,
    answers: AtomicU64,
}

/// Locks, also after a panic of another holder: the account is a test's toy, not a bank's ledger.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn new(account: Account) -> Self {
        Self {
            account: Mutex::new(account),
            faults: Mutex::default(),
            requests: Mutex::default(),
            hook: Mutex::new((0, None)),
            search_hook: Mutex::new((0, None)),
            answers: AtomicU64::new(1),
        }
    }

    fn run_hook(&self, hook: &Mutex<(u64, Option<Hook>)>, path_and_query: &str) {
        let mut hook = lock(hook);
        hook.0 += 1;
        let number = hook.0;
        if let Some(hook) = &mut hook.1 {
            hook(number, path_and_query, &mut lock(&self.account));
        }
    }
}

/// What a request asks for.
#[derive(Debug, Clone, Copy)]
enum Endpoint<'a> {
    Campaigns,
    Campaign(&'a str),
    Rows(&'a str),
    Me,
    Search,
    Unknown,
}

impl<'a> Endpoint<'a> {
    fn of(method: &Method, path: &'a str) -> Self {
        let parts: Vec<&str> = path.strip_prefix("/api/").unwrap_or_default().split('/').collect();
        match (method.as_str(), parts.as_slice()) {
            ("GET", ["campaigns"]) => Self::Campaigns,
            ("GET", ["campaigns", id]) => Self::Campaign(id),
            ("GET", ["campaigns", id, "rows"]) => Self::Rows(id),
            ("GET", ["users", "me"]) => Self::Me,
            ("POST", ["call", "search"]) => Self::Search,
            _ => Self::Unknown,
        }
    }

    fn pattern(self) -> &'static str {
        match self {
            Self::Campaigns => "GET /campaigns",
            Self::Campaign(_) => "GET /campaigns/{id}",
            Self::Rows(_) => "GET /campaigns/{id}/rows",
            Self::Me => "GET /users/me",
            Self::Search => "POST /call/search",
            Self::Unknown => "unknown",
        }
    }
}

/// Counts a request as under way until it is dropped.
struct UnderWay<'a>(&'a Shared);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        lock(&self.0.requests).end();
    }
}

/// Answers any request.
pub(super) async fn answer(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let path_and_query = parts.uri.path_and_query().map_or("", |it| it.as_str());
    let endpoint = Endpoint::of(&parts.method, parts.uri.path());
    lock(&shared.requests).begin(endpoint.pattern(), format!("{} {path_and_query}", parts.method));
    let _under_way = UnderWay(&shared);

    let (latency, clock, fresh, gzip) = {
        let options = &lock(&shared.account).options;
        (options.latency, options.clock.clone(), options.fresh_signatures, options.gzip)
    };
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    match endpoint {
        Endpoint::Rows(_) => shared.run_hook(&shared.hook, path_and_query),
        Endpoint::Search => shared.run_hook(&shared.search_hook, path_and_query),
        _ => {}
    }
    let fault = lock(&shared.faults).strike(path_and_query);
    if let Some(fault) = &fault {
        lock(&shared.requests).faults += 1;
        match &fault.kind {
            FaultKind::Slow(delay) => tokio::time::sleep(*delay).await,
            FaultKind::Reset => line.cut(),
            _ => {}
        }
    }

    let nonce = if fresh { shared.answers.fetch_add(1, Ordering::Relaxed) } else { 0 };
    let signature = signature(nonce);
    let mut answer = make_answer(&shared, &parts, body, endpoint, fault.as_ref()).await;
    if gzip && accepts_gzip(&parts) {
        answer = answer.compressed(&signature);
    }
    let mut response = match &fault {
        Some(fault) => spoil::spoilt(&fault.kind, answer, signature),
        None => answer.into_response(signature),
    };
    if let Some(clock) = clock
        && let Ok(date) = HeaderValue::from_str(&httpdate::fmt_http_date(clock.now().into()))
    {
        response.headers_mut().entry(DATE).or_insert(date);
    }
    response
}

async fn make_answer(
    shared: &Shared,
    parts: &Parts,
    body: Body,
    endpoint: Endpoint<'_>,
    fault: Option<&Fault>,
) -> Answer {
    if let Some(fault) = fault {
        let clock = lock(&shared.account).options.clock.clone().unwrap_or_else(Clock::system);
        if let Some(answer) = spoil::instead(fault, &clock) {
            return answer;
        }
    }
    let Ok(body) = to_bytes(body, LARGEST_REQUEST).await else {
        return Answer::error(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large");
    };
    let account = lock(&shared.account);
    let bearer = format!("Bearer {}", account.options.api_key);
    if parts.headers.get(AUTHORIZATION).is_none_or(|given| given.as_bytes() != bearer.as_bytes()) {
        return Answer::error(StatusCode::UNAUTHORIZED, "the API key is missing or wrong");
    }
    let twist = fault.and_then(|fault| Twist::of(&fault.kind));
    match endpoint {
        Endpoint::Campaigns => list(&account),
        Endpoint::Campaign(id) => match account.campaign(id) {
            Ok(campaign) => Answer::ok(format!(r#"{{"campaign":{}}}"#, account.campaign_text(campaign))),
            Err(_) => unknown_campaign(),
        },
        Endpoint::Rows(id) => match account.campaign(id) {
            Ok(campaign) => pages::rows(&account, campaign, &query_of(parts), twist),
            Err(_) => unknown_campaign(),
        },
        Endpoint::Me => {
            Answer::ok(render::user(account.look(), &account.options.organization_id, account.started_at))
        }
        Endpoint::Search => match &account.options.flavour {
            Flavour::Newer(api) => {
                let request = lock(&shared.search_hook).0;
                search::search(&account, api, &body, (request, twist))
            }
            Flavour::Older(_) => Answer::error(StatusCode::NOT_FOUND, "there is no such endpoint"),
        },
        Endpoint::Unknown => Answer::error(StatusCode::NOT_FOUND, "there is no such endpoint"),
    }
}

fn list(account: &Account) -> Answer {
    let listed = account.campaigns.iter().filter(|campaign| campaign.listed);
    let texts: Vec<String> = listed.map(|campaign| account.campaign_text(campaign)).collect();
    Answer::ok(format!(r#"{{"campaigns":[{}]}}"#, texts.join(",")))
}

fn unknown_campaign() -> Answer {
    Answer::error(StatusCode::NOT_FOUND, "there is no such campaign")
}

fn query_of(parts: &Parts) -> Query {
    url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect()
}

fn accepts_gzip(parts: &Parts) -> bool {
    let accepted = parts.headers.get(ACCEPT_ENCODING).and_then(|it| it.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|it| it.trim().split(';').next() == Some("gzip"))
}
