//! That a filter on an id or a time reaches the indexes through the views, and that what is not asked for is not read.

use crate::support::account::{Account, passing};
use revox_mirror::simulator::{Flavour, NewerApi, Options};
use sqlx::AssertSqlSafe;

async fn filled() -> Account {
    let flavour = Flavour::Newer(NewerApi::default());
    let account =
        Account::new(Options { campaigns: 8, rows: 300, turns: 3, flavour, ..Options::default() }).await;
    account.complete_pass(&passing()).await;
    sqlx::raw_sql("analyze").execute(&account.pool).await.unwrap();
    account
}

async fn plan(account: &Account, query: &str) -> String {
    let mut connection = account.pool.acquire().await.unwrap();
    // What counts is whether an index can serve, not what is cheapest in a small database.
    sqlx::raw_sql("set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off")
        .execute(&mut *connection)
        .await
        .unwrap();
    let lines: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!("explain {query}")))
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    sqlx::raw_sql("reset all").execute(&mut *connection).await.unwrap();
    lines.join("\n")
}

/// View, filter, and the large tables that the filter must reach by an index.
const FILTERS: &[(&str, &str)] = &[
    ("revox.call_facts", "call_id = 'any'"),
    ("revox.call_facts", "campaign_id = 'any'"),
    ("revox.call_facts", "assistant_id = 'any'"),
    ("revox.attempt_facts", "call_attempt_id = 'any'"),
    ("revox.attempt_facts", "call_id = 'any'"),
    ("revox.attempt_facts", "campaign_id = 'any'"),
    ("revox.attempt_facts", "started_at >= '2026-02-28' and started_at < '2026-02-28 00:10'"),
    ("revox.transcripts", "call_attempt_id = 'any'"),
    ("revox.transcripts", "call_id = 'any'"),
    ("revox.transcripts", "campaign_id = 'any'"),
    ("revox.transcripts", "started_at >= '2026-02-28' and started_at < '2026-02-28 00:10'"),
    ("revox.tool_calls", "call_attempt_id = 'any'"),
    ("revox.tool_calls", "campaign_id = 'any'"),
    ("revox_sync.campaign_funnel", "campaign_id = 'any'"),
    ("revox_sync.daily_activity", "campaign_id = 'any'"),
    ("revox_sync.hourly_answer_rate", "campaign_id = 'any'"),
    ("revox_sync.call_outcomes", "campaign_id = 'any'"),
    ("revox_sync.attempt_outcomes", "campaign_id = 'any'"),
    ("revox_sync.dial_errors", "campaign_id = 'any'"),
    ("revox_sync.tool_usage", "campaign_id = 'any'"),
    ("revox_sync.talk_ratio", "campaign_id = 'any'"),
    ("revox_sync.copy_counts", "campaign_id = 'any'"),
    ("revox_sync.assistant_scorecard", "assistant_id = 'any'"),
    ("revox_sync.voice_latency", "assistant_id = 'any'"),
];

/// Scans of large tables that no condition narrows down.
fn whole_scans(plan: &str) -> Vec<String> {
    let lines: Vec<&str> = plan.lines().collect();
    let depth = |line: &str| line.len() - line.trim_start().len();
    let large = [
        "calls",
        "call_attempts",
        "campaign_rows",
        "transcript_turns",
        "post_call_transcript_turns",
        "speech_events",
    ];
    let scans = lines.iter().enumerate().filter(|(_, line)| {
        let table =
            line.split(" on ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
        line.contains("Scan") && large.contains(&table)
    });
    let whole = scans.filter(|(place, line)| {
        let details = lines[place + 1..]
            .iter()
            .take_while(|below| depth(below) > depth(line) || below.trim().is_empty());
        !details.clone().any(|below| below.contains("Cond:"))
    });
    whole.map(|(_, line)| line.trim().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_on_an_id_or_a_time_reaches_the_indexes() {
    let account = filled().await;
    for (view, filter) in FILTERS {
        let plan = plan(&account, &format!("select * from {view} where {filter}")).await;
        assert_eq!(whole_scans(&plan), [""; 0], "{view} where {filter}:\n{plan}");
        assert!(plan.contains("Cond:"), "{plan}");
    }
    // What the test looks for can be seen.
    let whole = plan(&account, "select * from revox.call_facts where status = 'x' or true").await;
    assert!(!whole_scans(&whole).is_empty(), "{whole}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_query_does_not_ask_for_is_not_read() {
    let account = filled().await;
    for (columns, view, unread) in [
        (
            "call_id, status",
            "call_facts",
            &["call_attempts", "campaign_rows", "row_states", "assistants"][..],
        ),
        ("call_id, attempts", "call_facts", &["campaign_rows", "row_states"]),
        ("call_id, rows", "call_facts", &["call_attempts", "row_states"]),
        ("call_attempt_id, result", "attempt_facts", &["number_zone", "assistants"]),
        ("call_attempt_id, live_transcript", "transcripts", &["post_call_transcript_turns"]),
        ("campaign_id, campaign_name", "campaign_funnel", &["calls", "call_attempts", "campaign_rows"]),
        ("day, attempts", "daily_activity", &["number_zone"]),
    ] {
        let plan = plan(&account, &format!("select {columns} from revox.{view}")).await;
        for table in unread {
            let read = plan.contains(&format!(" on {table} "))
                || plan.contains(&format!("Function Scan on {table}"));
            assert!(!read, "{columns} of {view} reads {table}:\n{plan}");
        }
    }
}
