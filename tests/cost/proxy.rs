//! A way to Postgres on which statements are counted, by the messages of its protocol.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::{AbortHandle, JoinSet};
use url::Url;

/// What has passed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    /// Statements; those that are sent together as one text are one.
    pub(crate) statements: f64,
    /// Times that an answer was waited for.
    pub(crate) round_trips: f64,
}

#[derive(Debug, Default)]
struct Counters {
    statements: AtomicU64,
    round_trips: AtomicU64,
}

/// Listens before a server.
pub(crate) struct Proxy {
    url: String,
    counters: Arc<Counters>,
    accepting: AbortHandle,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Proxy {
    /// `url`: of a database, reached by TCP or by a Unix socket.
    pub(crate) async fn before(url: &str) -> Self {
        let mut here = Url::parse(url).unwrap();
        let query =
            |key: &str| here.query_pairs().find(|(name, _)| name == key).map(|(_, value)| value.into_owned());
        let port = query("port").map_or(here.port().unwrap_or(5432), |port| port.parse().unwrap());
        let server = match query("host") {
            Some(directory) => Server::Socket(format!("{directory}/.s.PGSQL.{port}")),
            None => Server::Address(format!("{}:{port}", here.host_str().unwrap())),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        here.set_host(Some("127.0.0.1")).unwrap();
        here.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        // What is encrypted could not be counted.
        here.set_query(Some("sslmode=disable"));
        let counters = Arc::new(Counters::default());
        let counting = Arc::clone(&counters);
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(server.clone().carry(client, Arc::clone(&counting)));
            }
        });
        Self { url: here.into(), counters, accepting: accepting.abort_handle() }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn reset(&self) {
        self.counters.statements.store(0, Ordering::SeqCst);
        self.counters.round_trips.store(0, Ordering::SeqCst);
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            statements: self.counters.statements.load(Ordering::SeqCst) as f64,
            round_trips: self.counters.round_trips.load(Ordering::SeqCst) as f64,
        }
    }
}

#[derive(Clone)]
enum Server {
    Socket(String),
    Address(String),
}

impl Server {
    async fn carry(self, client: TcpStream, counters: Arc<Counters>) {
        client.set_nodelay(true).unwrap();
        let (from_client, to_client) = client.into_split();
        match self {
            Self::Socket(path) => {
                let (from, to) = UnixStream::connect(path).await.unwrap().into_split();
                tokio::join!(count(from_client, to, &counters), pass(from, to_client));
            }
            Self::Address(address) => {
                let server = TcpStream::connect(address).await.unwrap();
                server.set_nodelay(true).unwrap();
                let (from, to) = server.into_split();
                tokio::join!(count(from_client, to, &counters), pass(from, to_client));
            }
        }
    }
}

async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
    let _ = tokio::io::copy(&mut from, &mut to).await;
    let _ = to.shutdown().await;
}

/// Passes on what a client sends, message by message.
async fn count(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, counters: &Counters) {
    let mut is_first = true;
    let mut message = Vec::new();
    loop {
        // The message that opens a connection has no kind.
        let head = if is_first { 4 } else { 5 };
        message.resize(head, 0);
        if from.read_exact(&mut message).await.is_err() {
            break;
        }
        let length = u32::from_be_bytes(message[head - 4..].try_into().unwrap()) as usize;
        let kind = if is_first { b' ' } else { message[0] };
        is_first = false;
        message.resize(head + length - 4, 0);
        if from.read_exact(&mut message[head..]).await.is_err() || to.write_all(&message).await.is_err() {
            break;
        }
        // A text, the execution of what was parsed; what is answered once: a text, a sync, the end of a COPY.
        let (is_statement, is_awaited) = (matches!(kind, b'Q' | b'E'), matches!(kind, b'Q' | b'S' | b'c'));
        counters.statements.fetch_add(u64::from(is_statement), Ordering::SeqCst);
        counters.round_trips.fetch_add(u64::from(is_awaited), Ordering::SeqCst);
    }
    let _ = to.shutdown().await;
}
