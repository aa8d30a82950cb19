//! A way to the database on which statements are counted, as they pass in Postgres' own protocol.

use sqlx::postgres::PgConnectOptions;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use url::Url;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Counts statements, those apart that open and close transactions.
#[derive(Clone)]
pub(crate) struct Counter(Arc<AtomicUsize>);

impl Counter {
    /// Begins to listen; returns the way through.
    pub(crate) async fn before(url: &str) -> (Self, String) {
        let counter = Self(Arc::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut through = Url::parse(url).unwrap();
        through.set_query(Some("sslmode=disable"));
        through.set_host(Some("127.0.0.1")).unwrap();
        through.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let (target, counting) = (PgConnectOptions::from_str(url).unwrap(), counter.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server: Box<dyn Stream> = if let Some(folder) = target.get_socket() {
                    let socket = folder.join(format!(".s.PGSQL.{}", target.get_port()));
                    Box::new(UnixStream::connect(socket).await.unwrap())
                } else {
                    let place = (target.get_host(), target.get_port());
                    let server = TcpStream::connect(place).await.unwrap();
                    // Each message is passed on by itself, and must not wait for the one before.
                    server.set_nodelay(true).unwrap();
                    Box::new(server)
                };
                let (mut answers, server) = tokio::io::split(server);
                let (client, mut back) = client.into_split();
                tokio::spawn(counting.clone().pass_on(client, server));
                tokio::spawn(async move { tokio::io::copy(&mut answers, &mut back).await });
            }
        });
        (counter, through.to_string())
    }

    /// Statements since it was last asked.
    pub(crate) fn take(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }

    async fn pass_on(
        self,
        mut client: impl AsyncRead + Unpin,
        mut server: impl AsyncWrite + Unpin,
    ) -> std::io::Result<()> {
        // The first message alone has no letter before its length.
        let mut letter = None;
        loop {
            let length = client.read_u32().await?;
            let mut body = vec![0; usize::try_from(length).unwrap_or(4) - 4];
            client.read_exact(&mut body).await?;
            if letter == Some(b'P') {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
            let mut message: Vec<u8> = letter.into_iter().collect();
            message.extend(length.to_be_bytes());
            message.extend(body);
            server.write_all(&message).await?;
            letter = Some(client.read_u8().await?);
        }
    }
}
