//! What cannot be avoided: fetching every page, and Postgres taking in the same lines by `COPY`.

use crate::postgres::{Database, Server};
use crate::report::Figures;
use anyhow::ensure;
use futures::TryStreamExt;
use revox_mirror::simulator::{Options, Simulator};
use sqlx::{Connection, PgConnection};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::task::JoinSet;

/// Rows a page, as `api.page_size` has it.
const PAGE_SIZE: usize = 100;

/// Bytes of a message of `COPY`.
const COPIED_AT_ONCE: usize = 256 * 1024;

/// Tables that campaigns share, parents first.
const SHARED_TABLES: [&str; 6] = [
    "call_retry_configs",
    "calling_windows",
    "assistants",
    "assistant_structured_output_fields",
    "assistant_faq_items",
    "campaigns",
];

/// Tables of which each campaign has its own lines, parents first, and the condition for a campaign's lines.
const CAMPAIGN_TABLES: [(&str, &str); 8] = [
    ("calls", OF_CAMPAIGN),
    ("campaign_rows", OF_CAMPAIGN),
    ("call_attempts", "call_id in (select id from revox.calls where campaign_id = $1)"),
    ("transcript_turns", OF_ATTEMPTS),
    ("post_call_transcript_turns", OF_ATTEMPTS),
    ("speech_events", OF_ATTEMPTS),
    ("sms_messages", OF_ATTEMPTS),
    ("email_messages", OF_ATTEMPTS),
];

const OF_CAMPAIGN: &str = "campaign_id = $1";
const OF_ATTEMPTS: &str = "call_attempt_id in (select a.id from revox.call_attempts a
     join revox.calls c on c.id = a.call_id where c.campaign_id = $1)";

/// Lines of a table as `COPY` writes them, and the statement that reads them.
struct Lines {
    statement: String,
    text: Vec<u8>,
}

/// The lines of all tables.
pub(crate) struct Tables {
    shared: Vec<Lines>,
    by_campaign: Vec<Arc<Vec<Lines>>>,
}

/// Fetches every page of every campaign and throws it away.
pub(crate) async fn fetch(simulator: &Simulator, connections: usize) -> anyhow::Result<Figures> {
    // The client wants to know of TLS even where there is none. It has been installed from the second time on.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().pool_max_idle_per_host(connections).build()?;
    let mut urls = VecDeque::new();
    for id in simulator.campaign_ids() {
        let rows = simulator.truth(id.as_str())?.len();
        for page in 1..=rows.div_ceil(PAGE_SIZE) {
            let base = simulator.base_url();
            urls.push_back(format!("{base}/campaigns/{id}/rows?page={page}&page_size={PAGE_SIZE}"));
        }
    }
    let requests = u64::try_from(urls.len())?;
    let urls = Arc::new(Mutex::new(urls));
    let key = Options::default().api_key;
    let started = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..connections {
        let (client, urls, key) = (client.clone(), Arc::clone(&urls), key.clone());
        workers.spawn(async move {
            let mut bytes = 0;
            loop {
                let url = urls.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let Some(url) = url else { return anyhow::Ok(bytes) };
                let mut answer = client.get(url).bearer_auth(&key).send().await?.error_for_status()?;
                while let Some(chunk) = answer.chunk().await? {
                    bytes += u64::try_from(chunk.len())?;
                }
            }
        });
    }
    let mut bytes = 0;
    while let Some(ended) = workers.join_next().await {
        bytes += ended??;
    }
    let seconds = started.elapsed().as_secs_f64();
    Ok(Figures { seconds, requests: Some(requests), bytes: Some(bytes), ..Figures::default() })
}

/// Takes the lines out of a mirror's tables.
pub(crate) async fn dump(database: &Database) -> anyhow::Result<Tables> {
    let mut connection = database.connect().await?;
    let mut tables = Tables { shared: Vec::new(), by_campaign: Vec::new() };
    for table in SHARED_TABLES {
        tables.shared.push(dump_lines(&mut connection, table, "true").await?);
    }
    let campaigns: Vec<String> =
        sqlx::query_scalar("select quote_literal(id) from revox.campaigns order by id")
            .fetch_all(&mut connection)
            .await?;
    for campaign in campaigns {
        let mut lines = Vec::new();
        for (table, condition) in CAMPAIGN_TABLES {
            lines.push(dump_lines(&mut connection, table, &condition.replace("$1", &campaign)).await?);
        }
        tables.by_campaign.push(Arc::new(lines));
    }
    Ok(tables)
}

async fn dump_lines(connection: &mut PgConnection, table: &str, condition: &str) -> anyhow::Result<Lines> {
    let columns: String = sqlx::query_scalar(
        "select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
         where attrelid = ('revox.' || $1)::regclass and attnum > 0 and not attisdropped
           and attgenerated = ''",
    )
    .bind(table)
    .fetch_one(&mut *connection)
    .await?;
    let out = format!("copy (select {columns} from revox.{table} where {condition}) to stdout");
    let mut text = Vec::new();
    let mut stream = connection.copy_out_raw(&out).await?;
    while let Some(bytes) = stream.try_next().await? {
        text.extend_from_slice(&bytes);
    }
    Ok(Lines { statement: format!("copy revox.{table} ({columns}) from stdin"), text })
}

/// Loads the lines into an empty database, a connection a campaign, by whatever way leads to it.
pub(crate) async fn load(server: &Server, url: &str, tables: &Tables) -> anyhow::Result<Figures> {
    let mut connections = Vec::new();
    for lines in &tables.by_campaign {
        connections.push((PgConnection::connect(url).await?, Arc::clone(lines)));
    }
    let mut connection = PgConnection::connect(url).await?;
    let meter = server.begin().await?;
    let started = Instant::now();
    load_lines(&mut connection, &tables.shared).await?;
    let mut loads = JoinSet::new();
    for (mut connection, lines) in connections {
        loads.spawn(async move { load_lines(&mut connection, &lines).await });
    }
    while let Some(ended) = loads.join_next().await {
        ended??;
    }
    server.read(&meter, started.elapsed()).await
}

/// Loads tables in one transaction.
async fn load_lines(connection: &mut PgConnection, tables: &[Lines]) -> anyhow::Result<()> {
    let mut transaction = connection.begin().await?;
    for lines in tables.iter().filter(|lines| !lines.text.is_empty()) {
        let mut copy = transaction.copy_in_raw(&lines.statement).await?;
        for bytes in lines.text.chunks(COPIED_AT_ONCE) {
            copy.send(bytes).await?;
        }
        ensure!(copy.finish().await? > 0, "nothing was copied by {}", lines.statement);
    }
    transaction.commit().await?;
    Ok(())
}
