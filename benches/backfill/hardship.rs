//! Backfills and unchanged walks under difficult circumstances: a database far away, a slow API, tiny and huge pages.

use crate::mirror::Pass;
use crate::postgres::Server;
use crate::report::{Report, Stage};
use crate::{Arguments, migrated, simulate};
use anyhow::Context;
use revox_mirror::simulator::{Fault, FaultKind, Simulator};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

/// How much later whatever passes arrives, in each direction, when the database is far away.
const DISTANCE: Duration = Duration::from_millis(5);

/// How long a slow API takes for each answer.
const SLOWNESS: Duration = Duration::from_millis(500);

/// Of a page of one row each row is a request: so many times fewer rows.
const FEWER: usize = 10;

/// What is difficult.
#[derive(Clone, Copy)]
struct Hardship {
    what: &'static str,
    page_size: Option<u32>,
    is_far: bool,
}

/// Measures all of it, once.
pub(crate) async fn measure(
    arguments: &Arguments,
    server: &Server,
    report: &mut Report,
) -> anyhow::Result<()> {
    let ease = Hardship { what: "", page_size: None, is_far: false };
    let simulator = simulate(arguments, arguments.rows).await?;
    let rows = arguments.rows * arguments.campaigns;
    let far = Hardship { what: "database 10 ms away", is_far: true, ..ease };
    twice(server, &simulator, far, rows, report).await?;
    simulator.inject(Fault::new(FaultKind::Slow(SLOWNESS)));
    twice(server, &simulator, Hardship { what: "500 ms a request", ..ease }, rows, report).await?;
    simulator.clear_faults();
    let huge = Hardship { what: "pages of 5,000", page_size: Some(5_000), ..ease };
    twice(server, &simulator, huge, rows, report).await?;
    simulator.stop().await;

    let simulator = simulate(arguments, arguments.rows / FEWER).await?;
    let rows = rows / FEWER;
    twice(server, &simulator, Hardship { what: "pages of 100", ..ease }, rows, report).await?;
    let tiny = Hardship { what: "pages of 1", page_size: Some(1), ..ease };
    twice(server, &simulator, tiny, rows, report).await?;
    simulator.stop().await;
    Ok(())
}

/// A backfill and an unchanged walk.
async fn twice(
    server: &Server,
    simulator: &Simulator,
    Hardship { what, page_size, is_far }: Hardship,
    rows: usize,
    report: &mut Report,
) -> anyhow::Result<()> {
    report.note_progress(what);
    let database = migrated(server, "hardship").await?;
    let distance = if is_far { Some(Distance::from(database.url()).await?) } else { None };
    let mut settings = Vec::new();
    settings.extend(page_size.map(|size| ("REVOX_MIRROR__API__PAGE_SIZE", size.to_string())));
    settings.extend(distance.as_ref().map(|distance| ("DATABASE_URL", distance.url.clone())));
    let pass = Pass { server, database: &database, simulator, arguments: &[], settings: &settings };
    let full = Pass { arguments: &["--full"], ..pass };
    report.add(Stage::Hardship(format!("backfill, {what}")), rows, pass.run().await?.pass);
    report.add(Stage::Hardship(format!("full walk, {what}")), rows, full.run().await?.whole);
    server.drop_database(database).await
}

/// A way to a database on which everything takes its time, in order.
struct Distance {
    url: String,
    accepting: AbortHandle,
}

impl Drop for Distance {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Distance {
    /// `url`: of a database that is reached by a Unix socket or by TCP.
    async fn from(url: &str) -> anyhow::Result<Self> {
        let mut far = url::Url::parse(url)?;
        let socket = far.query_pairs().find(|(name, _)| name == "host").map(|(_, path)| path.into_owned());
        let port: u16 = match far.query_pairs().find(|(name, _)| name == "port") {
            Some((_, port)) => port.parse()?,
            None => far.port().unwrap_or(5432),
        };
        let target = match socket {
            Some(directory) => Target::Socket(format!("{directory}/.s.PGSQL.{port}")),
            None => Target::Address(format!("{}:{port}", far.host_str().unwrap_or("127.0.0.1"))),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let here = listener.local_addr()?;
        far.set_query(None);
        far.set_host(Some("127.0.0.1")).context("an address for the way to the database")?;
        let _ = far.set_port(Some(here.port()));
        let accepting = tokio::spawn(async move {
            let mut ways = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let _ = near.set_nodelay(true);
                ways.spawn(carry(near, target.clone()));
            }
        });
        Ok(Self { url: far.into(), accepting: accepting.abort_handle() })
    }
}

#[derive(Clone)]
enum Target {
    Socket(String),
    Address(String),
}

async fn carry(near: TcpStream, target: Target) -> std::io::Result<()> {
    let (from_near, to_near) = near.into_split();
    match target {
        Target::Socket(path) => {
            let (from_far, to_far) = UnixStream::connect(path).await?.into_split();
            tokio::join!(delay(from_near, to_far), delay(from_far, to_near));
        }
        Target::Address(address) => {
            let far = TcpStream::connect(address).await?;
            far.set_nodelay(true)?;
            let (from_far, to_far) = far.into_split();
            tokio::join!(delay(from_near, to_far), delay(from_far, to_near));
        }
    }
    Ok(())
}

/// Passes on what comes, each piece as much later; as many pieces as there are may be under way.
async fn delay(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
    let (sender, mut receiver) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let read = async move {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let piece = buffer.get(..length).unwrap_or_default().to_vec();
            if sender.send((Instant::now() + DISTANCE, piece)).is_err() {
                return;
            }
        }
    };
    let write = async move {
        while let Some((at, piece)) = receiver.recv().await {
            tokio::time::sleep_until(at).await;
            if to.write_all(&piece).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(read, write);
}
