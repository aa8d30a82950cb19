//! A server on loopback that says what a test wants it to say, byte for byte.
//!
//! Owns: the scripted server and the client that asks it. Leaves to the tests: what is said.

use revox_mirror::api::{Client, ClientOptions};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// A key that can be told apart wherever it turns up.
pub(crate) const KEY: &str = "rvx-live-0123456789abcdef";
/// The smallest answer that `fetch_rows` takes.
pub(crate) const NO_ROWS: &[u8] = br#"{"rows":[]}"#;

/// What the server says to one request.
pub(crate) enum Reply {
    /// These bytes, and the connection is closed.
    Bytes(Vec<u8>),
    /// The same, as soon as the semaphore has a permit.
    Held(Arc<Semaphore>, Vec<u8>),
}

/// Answers one request a connection, as its script says.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    heads: Mutex<Vec<String>>,
    in_flight: AtomicUsize,
    peak: AtomicUsize,
}

type Script = dyn Fn(usize, &str) -> Reply + Send + Sync;

impl Server {
    /// The script is told how many requests came before, and the request's head.
    pub(crate) async fn start(script: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        let script: Arc<Script> = Arc::new(script);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared), Arc::clone(&script)));
            }
        });
        Self { address, state }
    }

    /// The replies in order; the last one is given again and again.
    pub(crate) async fn with_replies(replies: Vec<Vec<u8>>) -> Self {
        Self::start(move |index, _| Reply::Bytes(replies[index.min(replies.len() - 1)].clone())).await
    }

    /// Heads of the requests so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.state.heads.lock().unwrap().clone()
    }

    /// Requests so far.
    pub(crate) fn count(&self) -> u64 {
        self.heads().len() as u64
    }

    /// The most requests that were under way at once.
    pub(crate) fn peak(&self) -> usize {
        self.state.peak.load(Ordering::SeqCst)
    }

    /// Waits until so many requests are under way.
    pub(crate) async fn wait_for(&self, in_flight: usize) {
        let reached = async {
            while self.state.in_flight.load(Ordering::SeqCst) < in_flight {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), reached).await.expect("the requests never came");
    }

    /// Quick options for a client of this server.
    pub(crate) fn options(&self) -> ClientOptions {
        ClientOptions {
            base_url: format!("http://{}/api", self.address),
            api_key: KEY.into(),
            max_concurrent_requests: 8,
            requests_per_second: None,
            connect_timeout: Duration::from_secs(30),
            total_timeout: Duration::from_secs(30),
            max_tries: 3,
            retry_budget: Duration::from_mins(1),
            backoff_base: Duration::from_millis(1),
            max_answer_bytes: 1024 * 1024,
        }
    }

    /// A client of this server.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.options()).unwrap()
    }
}

async fn serve(mut stream: TcpStream, state: Arc<State>, script: Arc<Script>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let index = {
        let mut heads = state.heads.lock().unwrap();
        heads.push(head.clone());
        heads.len() - 1
    };
    let now = state.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
    state.peak.fetch_max(now, Ordering::SeqCst);
    let bytes = match script(index, &head) {
        Reply::Bytes(bytes) => bytes,
        Reply::Held(semaphore, bytes) => {
            semaphore.acquire().await.unwrap().forget();
            bytes
        }
    };
    state.in_flight.fetch_sub(1, Ordering::SeqCst);
    // The other side may have gone away by now, which is its good right.
    let _ = stream.write_all(&bytes).await;
    let _ = stream.shutdown().await;
}

/// A whole answer.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status} Status\r\nconnection: close\r\n");
    for (name, value) in headers {
        bytes.push_str(&format!("{name}: {value}\r\n"));
    }
    bytes.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    [bytes.as_bytes(), body].concat()
}

/// An answer that a client is content with.
pub(crate) fn good() -> Vec<u8> {
    answer(200, &[], NO_ROWS)
}

/// The bytes that a string of hexadecimal digits stands for.
pub(crate) fn bytes_of(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}
