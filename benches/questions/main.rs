//! How long people wait for the documented questions, on a million attempts and sixteen million turns.
//!
//! The tables are filled by `fill.sql`, not through the API, and looked after as after a pass. Every query of the documents is asked several times; the table
//! shows the first time and the median. Nothing here fails because it took long.

use anyhow::Context;
use clap::Parser;
use revox_mirror::localdb::{self, LocalDb};
use revox_mirror::store::{Languages, Store, StoreOptions};
use revox_mirror::upkeep::{Upkeep, look_after};
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use url::Url;

/// The documents whose queries are asked.
const DOCUMENTS: [&str; 4] = ["questions", "views", "search", "freshness"];

/// What nobody should wait longer for, in milliseconds.
const AIM: f64 = 200.0;

/// Fills a mirror and asks it the documented questions
#[derive(Debug, Parser)]
#[command(bin_name = "cargo bench --bench questions --")]
struct Arguments {
    /// Calls; there are five attempts to three of them, and 27 turns to each
    #[arg(long, default_value_t = 600_000)]
    calls: u32,
    /// How often each question is asked
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// A server to use, with a superuser; else one is started
    #[arg(long, env = "BENCH_DATABASE_URL", hide_env_values = true)]
    database_url: Option<Url>,
    /// A database that an earlier run has filled, asked as it is
    #[arg(long)]
    filled: Option<String>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// A query of a document, and the heading it stands under.
struct Question {
    document: &'static str,
    heading: String,
    sql: String,
}

/// The queries of a document, if there is such a one.
fn questions(document: &'static str) -> Vec<Question> {
    let path = format!("{}/docs/{document}.md", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(path).unwrap_or_default();
    let mut found: Vec<Question> = Vec::new();
    let (mut heading, mut sql) = (String::new(), None::<String>);
    for line in text.lines() {
        match &mut sql {
            Some(query) if line == "```" => {
                found.push(Question { document, heading: heading.clone(), sql: std::mem::take(query) });
                sql = None;
            }
            Some(query) => {
                query.push_str(line);
                query.push('\n');
            }
            None if line == "```sql" => sql = Some(String::new()),
            None => {
                if let Some(words) = line.strip_prefix("## ").or_else(|| line.strip_prefix("### ")) {
                    words.clone_into(&mut heading);
                }
            }
        }
    }
    found
}

async fn execute(connection: &mut PgConnection, statement: String) -> anyhow::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await?;
    Ok(())
}

/// A new database with everything in it.
async fn fill(server: &Url, calls: u32) -> anyhow::Result<Url> {
    let mut url = server.clone();
    let name = format!("revox_bench_{}_questions", std::process::id());
    execute(&mut PgConnection::connect(server.as_str()).await?, format!("create database {name}")).await?;
    url.set_path(&name);
    let migrated = Command::new(env!("CARGO_BIN_EXE_revox-mirror"))
        .arg("migrate")
        .env("DATABASE_URL", url.as_str())
        .output()
        .context("the program cannot be started")?;
    anyhow::ensure!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
    // One statement after the other: `vacuum` wants to be alone.
    let mut connection = PgConnection::connect(url.as_str()).await?;
    let script = include_str!("fill.sql").replace("{calls}", &calls.to_string());
    for statement in script.split(";\n\n") {
        execute(&mut connection, statement.to_owned()).await?;
    }
    Ok(url)
}

/// Sums up and makes searchable what was filled in; gives the seconds that it took.
async fn keep_up(url: &Url) -> anyhow::Result<f64> {
    let options =
        StoreOptions { url: url.as_str().into(), max_connections: 2, lease_ttl: Duration::from_mins(1) };
    let (store, _) = Store::open(&options).await?;
    let languages = Languages { default: "simple".to_owned(), campaigns: BTreeMap::default() };
    store.installation_key(Duration::from_hours(24)).await?;
    let began = Instant::now();
    let upkeep = Upkeep { search: Some(languages), ..Upkeep::default() };
    let is_done = look_after(&store, &upkeep, &CancellationToken::new()).await;
    anyhow::ensure!(is_done, "what was filled in could not be looked after");
    let took = began.elapsed().as_secs_f64();
    store.close().await;
    execute(&mut PgConnection::connect(url.as_str()).await?, "vacuum analyze".to_owned()).await?;
    Ok(took)
}

/// Milliseconds of each round, sorted but for the first; and how many lines came.
async fn ask(
    connection: &mut PgConnection,
    sql: &str,
    rounds: usize,
) -> Result<(Vec<f64>, usize), sqlx::Error> {
    let (mut times, mut lines) = (Vec::new(), 0);
    for _ in 0..rounds {
        let began = Instant::now();
        lines = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_all(&mut *connection).await?.len();
        times.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    if let Some(later) = times.get_mut(1..) {
        later.sort_by(f64::total_cmp);
    }
    Ok((times, lines))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let open = fs::Permissions::from_mode(0o755);
    let directory = tempfile::Builder::new().prefix("revox-mirror-").permissions(open).tempdir()?;
    let (server, own) = if let Some(url) = arguments.database_url {
        (url, None)
    } else {
        let local_db = LocalDb::start(localdb::Options::new(directory.path().join("db"))).await?;
        (Url::parse(local_db.url().expose_secret())?, Some(local_db))
    };
    let mut out = std::io::stdout().lock();
    let began = Instant::now();
    let url = match &arguments.filled {
        Some(name) => {
            let mut url = server.clone();
            url.set_path(name);
            url
        }
        None => fill(&server, arguments.calls).await?,
    };
    let filled = began.elapsed().as_secs_f64();
    let kept_up = keep_up(&url).await?;
    let mut connection = PgConnection::connect(url.as_str()).await?;
    let size: String = sqlx::query_scalar(
        "select count(*) || ' attempts, ' || pg_size_pretty(pg_database_size(current_database()))
         from revox.call_attempts",
    )
    .fetch_one(&mut connection)
    .await?;
    writeln!(out, "{size}, filled in {filled:.0} s, summed up and made searchable in {kept_up:.0} s")?;
    writeln!(
        out,
        "{:<10} {:<60} {:>7} {:>9} {:>9}",
        "document", "question", "lines", "first ms", "median ms"
    )?;
    let mut slow = 0;
    for question in DOCUMENTS.into_iter().flat_map(questions) {
        let heading: String = question.heading.chars().take(60).collect();
        match ask(&mut connection, &question.sql, arguments.rounds).await {
            Ok((times, lines)) => {
                let first = times.first().copied().unwrap_or_default();
                let median = times.get(times.len().div_ceil(2)).or(times.last()).copied().unwrap_or_default();
                let mark = if median > AIM { "  more than 200" } else { "" };
                slow += usize::from(median > AIM);
                writeln!(
                    out,
                    "{:<10} {heading:<60} {lines:>7} {first:>9.1} {median:>9.1}{mark}",
                    question.document
                )?;
            }
            // Some show what is to be filled in.
            Err(error) => writeln!(out, "{:<10} {heading:<60} not asked: {error}", question.document)?,
        }
    }
    writeln!(out, "{slow} take longer than {AIM:.0} ms")?;
    connection.close().await?;
    if arguments.filled.is_none() && own.is_none() {
        let name = url.path().trim_start_matches('/');
        execute(
            &mut PgConnection::connect(server.as_str()).await?,
            format!("drop database {name} with (force)"),
        )
        .await?;
    }
    if let Some(local_db) = own {
        local_db.stop().await?;
    }
    Ok(())
}
