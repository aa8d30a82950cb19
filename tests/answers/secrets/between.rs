//! Stands between the mirror and the simulator: plants secrets in every answer, and gives bad answers full of them.

use super::planting::{MARKER, Planted};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How answers go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// This status, with a body and headers that repeat the request's key and more secrets.
    Echo(u16),
    /// To a host, a path and a query string that are secret.
    Redirect,
    /// The right answer with a byte that no JSON has, in the middle of it.
    Malformed,
    /// The first half of the right answer, and then the connection breaks.
    BrokenOff,
    /// A login page.
    Html,
    /// Secrets where the rows, or the campaigns, should be.
    AnotherShape,
}

struct Shared {
    simulator: String,
    http: reqwest::Client,
    planted: Mutex<Planted>,
    trouble: Mutex<Option<(Trouble, &'static str)>>,
}

pub(crate) struct Between {
    shared: Arc<Shared>,
    address: String,
    task: JoinHandle<()>,
}

impl Drop for Between {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Between {
    /// Starts in front of a simulator's base URL.
    pub(crate) async fn start(simulator: &str) -> Self {
        // The client panics without a provider; that another test was first is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        let simulator = simulator.trim_end_matches("/api").to_owned();
        let planted = Mutex::new(Planted::default());
        let shared = Arc::new(Shared { simulator, http, planted, trouble: Mutex::new(None) });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { shared, address, task }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/api", self.address)
    }

    /// From now on requests whose path contains `part` go wrong; or none.
    pub(crate) fn set_trouble(&self, trouble: Option<(Trouble, &'static str)>) {
        *self.shared.trouble.lock().unwrap() = trouble;
    }

    pub(crate) fn planted<R>(&self, look: impl FnOnce(&Planted) -> R) -> R {
        look(&self.shared.planted.lock().unwrap())
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let trouble = *shared.trouble.lock().unwrap();
    let trouble = trouble.filter(|(_, part)| parts.uri.path().contains(part)).map(|(trouble, _)| trouble);
    if let Some(answer) = trouble.and_then(|trouble| instead(trouble, &parts.headers)) {
        return answer;
    }
    let mut asked = shared.http.request(parts.method, format!("{}{}", shared.simulator, parts.uri));
    for name in [header::AUTHORIZATION, header::CONTENT_TYPE] {
        if let Some(value) = parts.headers.get(&name) {
            asked = asked.header(name, value);
        }
    }
    let answered = asked.body(to_bytes(body, 1 << 20).await.unwrap()).send().await.unwrap();
    let status = answered.status();
    let mut json: Value = serde_json::from_slice(&answered.bytes().await.unwrap()).unwrap();
    if status.is_success() {
        shared.planted.lock().unwrap().plant(&mut json, "");
    }
    let text = json.to_string();
    let half = (text.len() / 2..text.len()).find(|at| text.is_char_boundary(*at)).unwrap();
    let body = match trouble {
        Some(Trouble::Malformed) => Body::from(format!("{}\u{1}{}", &text[..half], &text[half..])),
        Some(Trouble::BrokenOff) => {
            let sent = Ok(text[..half].to_owned());
            let pieces = [sent, Err(std::io::Error::from(std::io::ErrorKind::ConnectionAborted))];
            Body::from_stream(futures::stream::iter(pieces))
        }
        _ => Body::from(text),
    };
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// The answer that stands in place of the right one.
fn instead(trouble: Trouble, headers: &HeaderMap) -> Option<Response> {
    let key = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let url = format!("https://{MARKER}:{MARKER}@elsewhere.example/{MARKER}?k={MARKER}#{MARKER}");
    Some(match trouble {
        Trouble::Echo(status) => {
            let body = serde_json::json!({
                "message": format!(
                    "{key} may not: api_key={MARKER}-a, \"token\": \"{MARKER}-b\", Bearer {MARKER}-c, {url}"
                ),
                "error": {"message": key, "api_key": MARKER}, "api_key": MARKER, "headers": {"Authorization": key},
            });
            let echo = [("x-echo", MARKER.to_owned()), ("www-authenticate", format!("Bearer {key}"))];
            (StatusCode::from_u16(status).unwrap(), echo, body.to_string()).into_response()
        }
        Trouble::Redirect => (StatusCode::FOUND, [(header::LOCATION, url)], key.to_owned()).into_response(),
        Trouble::Html => format!("<html>{key} {url}</html>").into_response(),
        Trouble::AnotherShape => {
            let wrong =
                format!(r#"{{"rows":{{"api_key":"{MARKER}"}},"campaigns":"{url}","api_key":"{MARKER}"}}"#);
            wrong.into_response()
        }
        Trouble::Malformed | Trouble::BrokenOff => return None,
    })
}
