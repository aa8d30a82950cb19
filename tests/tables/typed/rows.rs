//! Contacts as a test wants them, and the views as they come out.

use crate::support::account::{Account, passing};
use revox_mirror::simulator::Options;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

/// Has every contact looked at again for its campaign's view.
pub(crate) const ALL_PENDING: &str = "insert into revox_sync.typed_pending (kind, owner_id, line_id)
                                      select 'campaign', campaign_id, id from revox.campaign_rows";

/// A contact without a call.
pub(crate) fn contact(row: usize, input_data: &Value) -> String {
    json!({
        "id": format!("row-{row}"),
        "campaign_id": "ignored",
        "row_index": row,
        "phone_number": "+33600000000",
        "input_data": input_data,
        "call": null,
    })
    .to_string()
}

/// A contact that was called once for each of these findings, the latest first.
pub(crate) fn called(row: usize, input_data: &Value, findings: &[Value], assistant: &Value) -> String {
    let attempts: Vec<Value> = findings
        .iter()
        .enumerate()
        .map(|(place, found)| {
            json!({
                "id": format!("attempt-{row}-{}", findings.len() - place),
                "status": "completed",
                "result": if place == 0 { "human" } else { "voicemail" },
                "started_at": format!("2026-03-0{}T10:00:00Z", findings.len() - place),
                "structured_output": found,
                "transcript": [],
            })
        })
        .collect();
    json!({
        "id": format!("row-{row}"),
        "row_index": row,
        "phone_number": "+33600000000",
        "input_data": input_data,
        "call": {
            "id": format!("call-{row}"),
            "status": "completed",
            "calls_count": attempts.len(),
            "call_attempts": attempts,
            "assistant": assistant,
        },
    })
    .to_string()
}

/// A mirror whose account has campaigns of so many rows, not yet read.
pub(crate) async fn account(campaigns: usize, rows: usize) -> Account {
    Account::new(Options { campaigns, rows, turns: 1, ..Options::default() }).await
}

/// Puts contacts in place of a campaign's first rows.
pub(crate) fn set(account: &Account, campaign: usize, rows: &[String]) {
    account.simulator.edit(|account| {
        for (place, row) in rows.iter().enumerate() {
            account.set_raw_row(campaign, place, row.clone()).unwrap();
        }
    });
}

/// Makes a complete pass.
pub(crate) async fn pass(account: &Account) {
    account.complete_pass(&passing()).await;
}

/// Runs statements in the mirror's database.
pub(crate) async fn execute(account: &Account, statements: &str) {
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&account.pool).await.unwrap();
}

/// Text out of the database, a line each.
pub(crate) async fn lines(account: &Account, statement: &str) -> Vec<String> {
    let lines: Vec<Option<String>> =
        sqlx::query_scalar(AssertSqlSafe(statement.to_owned())).fetch_all(&account.pool).await.unwrap();
    lines.into_iter().map(|line| line.unwrap_or_else(|| "null".to_owned())).collect()
}

/// The names of all views, in order.
pub(crate) async fn views(account: &Account) -> Vec<String> {
    lines(
        account,
        "select c.relname::text from pg_class c
         where c.relnamespace = to_regnamespace('revox_campaigns') and c.relkind = 'v'
         order by c.relname collate \"C\"",
    )
    .await
}

/// The one view that there is, quoted and with its schema.
pub(crate) async fn the_view(account: &Account) -> String {
    let views = views(account).await;
    assert_eq!(views.len(), 1, "{views:?}");
    format!("revox_campaigns.\"{}\"", views[0])
}

/// The view of an assistant, quoted and with its schema; none when it has none.
pub(crate) async fn view_of(account: &Account, assistant: &str) -> Option<String> {
    let statement = format!(
        "select 'revox_assistants.' || quote_ident(view_name) from revox_sync.typed_views
         where kind = 'assistant' and owner_id = '{assistant}'"
    );
    lines(account, &statement).await.pop()
}

/// Columns of the one view behind the fixed ones, each with its type.
pub(crate) async fn columns(account: &Account) -> Vec<String> {
    columns_of(account, &the_view(account).await).await
}

/// Columns of a view behind the fixed ones, each with its type.
pub(crate) async fn columns_of(account: &Account, view: &str) -> Vec<String> {
    lines(
        account,
        &format!(
            "select a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
             from pg_attribute a
             where a.attrelid = '{view}'::regclass and a.attnum > 10
             order by a.attnum"
        ),
    )
    .await
}

/// From now on every campaign has this in a column, whatever the API says.
pub(crate) async fn pretend(account: &Account, column: &str, value: &str) {
    execute(
        account,
        &format!(
            "create or replace function public.pretend_{column}() returns trigger language plpgsql as $f$
             begin new.{column} := $v${value}$v$; return new; end $f$;
             drop trigger if exists pretend_{column} on revox.campaigns;
             create trigger pretend_{column} before insert or update on revox.campaigns
                 for each row execute function public.pretend_{column}();
             update revox.campaigns set {column} = {column}"
        ),
    )
    .await;
}

/// From now on every campaign has the assistant `assistant-1`, which has no fields yet.
pub(crate) async fn pretend_assistant(account: &Account) {
    execute(
        account,
        "insert into revox.assistants (id, _first_seen_at, _synced_at) values ('assistant-1', now(), now())",
    )
    .await;
    pretend(account, "assistant_id", "assistant-1").await;
}
