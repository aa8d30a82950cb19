//! Backfills and unchanged walks under difficult circumstances: a database far away or behind a thin line, a slow API, tiny and huge
//! pages.

use crate::mirror::Pass;
use crate::postgres::{Database, Server};
use crate::report::{Figures, Report, Stage};
use crate::{Arguments, floors, migrated, simulate};
use anyhow::Context;
use revox_mirror::simulator::{Fault, FaultKind, Simulator};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

/// The way to a database that is far away.
const DISTANCE: Way = Way { later: Duration::from_millis(5), bytes_a_second: None };

/// How much a thin line to the database carries in each direction: a backfill takes ten times as long as the API needs for it.
const THINNESS: Way = Way { later: Duration::ZERO, bytes_a_second: Some(10 << 20) };

/// How long a slow API takes for each answer.
const SLOWNESS: Duration = Duration::from_millis(500);

/// Of a page of one row each row is a request: so many times fewer rows.
const FEWER: usize = 10;

/// What is difficult.
#[derive(Clone, Copy)]
struct Hardship {
    what: &'static str,
    page_size: Option<u32>,
    way: Option<Way>,
}

/// What the way to a database is like.
#[derive(Clone, Copy)]
struct Way {
    /// How much later whatever passes arrives, in each direction.
    later: Duration,
    /// How much of it passes, on all connections together, in each direction.
    bytes_a_second: Option<u32>,
}

/// Measures all of it, once.
pub(crate) async fn measure(
    arguments: &Arguments,
    server: &Server,
    report: &mut Report,
) -> anyhow::Result<()> {
    let ease = Hardship { what: "", page_size: None, way: None };
    let simulator = simulate(arguments, arguments.rows).await?;
    let rows = arguments.rows * arguments.campaigns;
    let far = Hardship { what: "database 10 ms away", way: Some(DISTANCE), ..ease };
    let database = twice(server, &simulator, far, rows, report).await?;
    let tables = floors::dump(&database).await?;
    server.drop_database(database).await?;
    let thin = Hardship { what: "database at 10 MiB/s", way: Some(THINNESS), ..ease };
    let database = twice(server, &simulator, thin, rows, report).await?;
    server.drop_database(database).await?;
    for Hardship { what, way, .. } in [far, thin] {
        report.note_progress(&format!("COPY, {what}"));
        let target = migrated(server, "copy").await?;
        let line = Line::to(target.url(), way.context("a way to the database")?).await?;
        let loaded = floors::load(server, &line.url, &tables).await?;
        report.add(Stage::Hardship(format!("floor: COPY, {what}")), rows, loaded);
        server.drop_database(target).await?;
    }
    simulator.inject(Fault::new(FaultKind::Slow(SLOWNESS)));
    try_twice(server, &simulator, Hardship { what: "500 ms a request", ..ease }, rows, report).await?;
    simulator.clear_faults();
    let huge = Hardship { what: "pages of 5,000", page_size: Some(5_000), ..ease };
    try_twice(server, &simulator, huge, rows, report).await?;
    simulator.stop().await;

    let simulator = simulate(arguments, arguments.rows / FEWER).await?;
    let rows = rows / FEWER;
    try_twice(server, &simulator, Hardship { what: "pages of 100", ..ease }, rows, report).await?;
    let tiny = Hardship { what: "pages of 1", page_size: Some(1), ..ease };
    try_twice(server, &simulator, tiny, rows, report).await?;
    simulator.stop().await;
    Ok(())
}

/// A backfill and an unchanged walk; returns the database that they filled.
async fn twice(
    server: &Server,
    simulator: &Simulator,
    Hardship { what, page_size, way }: Hardship,
    rows: usize,
    report: &mut Report,
) -> anyhow::Result<Database> {
    report.note_progress(what);
    let database = migrated(server, "hardship").await?;
    let line = if let Some(way) = way { Some(Line::to(database.url(), way).await?) } else { None };
    let mut settings = Vec::new();
    settings.extend(page_size.map(|size| ("REVOX_MIRROR__API__PAGE_SIZE", size.to_string())));
    settings.extend(line.as_ref().map(|line| ("DATABASE_URL", line.url.clone())));
    let pass = Pass { settings: &settings, ..Pass::new(server, &database, simulator) };
    let full = Pass { arguments: &["--full"], ..pass };
    report.add(Stage::Hardship(format!("backfill, {what}")), rows, pass.run().await?.pass);
    if let Some((line, rate)) = line.as_ref().and_then(|line| Some((line, line.there.way.bytes_a_second?))) {
        let takes = Duration::from_secs(line.there.sent.load(Relaxed)) / rate;
        let seconds = takes.as_secs_f64();
        report.add(
            Stage::Hardship(format!("floor: {what}, its bytes")),
            rows,
            Figures { seconds, ..Figures::default() },
        );
    }
    report.add(Stage::Hardship(format!("full walk, {what}")), rows, full.run().await?.whole);
    Ok(database)
}

/// The same, after which the database is dropped.
async fn try_twice(
    server: &Server,
    simulator: &Simulator,
    hardship: Hardship,
    rows: usize,
    report: &mut Report,
) -> anyhow::Result<()> {
    let database = twice(server, simulator, hardship, rows, report).await?;
    server.drop_database(database).await
}

/// A line to a database on which everything takes its time, in order.
struct Line {
    url: String,
    there: Direction,
    accepting: AbortHandle,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Line {
    /// `url`: of a database that is reached by a Unix socket or by TCP.
    async fn to(url: &str, way: Way) -> anyhow::Result<Self> {
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
        let (there, back) = (Direction::new(way), Direction::new(way));
        let to_database = there.clone();
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let _ = near.set_nodelay(true);
                connections.spawn(carry(near, target.clone(), there.clone(), back.clone()));
            }
        });
        Ok(Self { url: far.into(), there: to_database, accepting: accepting.abort_handle() })
    }
}

#[derive(Clone)]
enum Target {
    Socket(String),
    Address(String),
}

/// One direction of a line, which all its connections share.
#[derive(Clone)]
struct Direction {
    way: Way,
    /// When what was sent so far has passed.
    free_at: Arc<Mutex<Instant>>,
    /// Bytes that were sent.
    sent: Arc<AtomicU64>,
}

impl Direction {
    fn new(way: Way) -> Self {
        Self { way, free_at: Arc::new(Mutex::new(Instant::now())), sent: Arc::default() }
    }

    /// Puts so many bytes on the line; returns when they have passed.
    fn send(&self, bytes: usize) -> Instant {
        self.sent.fetch_add(u64::try_from(bytes).unwrap_or(0), Relaxed);
        let Some(rate) = self.way.bytes_a_second else { return Instant::now() };
        let takes = Duration::from_secs(1) * u32::try_from(bytes).unwrap_or(u32::MAX) / rate;
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        *free_at = Instant::now().max(*free_at) + takes;
        *free_at
    }
}

async fn carry(near: TcpStream, target: Target, there: Direction, back: Direction) -> std::io::Result<()> {
    let (from_near, to_near) = near.into_split();
    match target {
        Target::Socket(path) => {
            let (from_far, to_far) = UnixStream::connect(path).await?.into_split();
            tokio::join!(delay(from_near, to_far, there), delay(from_far, to_near, back));
        }
        Target::Address(address) => {
            let far = TcpStream::connect(address).await?;
            far.set_nodelay(true)?;
            let (from_far, to_far) = far.into_split();
            tokio::join!(delay(from_near, to_far, there), delay(from_far, to_near, back));
        }
    }
    Ok(())
}

/// Passes on what comes, each piece so much later; as many pieces as there are may be under way, but the next one is put on the line
/// once it is free.
async fn delay(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, direction: Direction) {
    let (sender, mut receiver) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let read = async move {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let piece = buffer.get(..length).unwrap_or_default().to_vec();
            let passed = direction.send(length);
            if sender.send((passed + direction.way.later, piece)).is_err() {
                return;
            }
            if direction.way.bytes_a_second.is_some() {
                tokio::time::sleep_until(passed).await;
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
