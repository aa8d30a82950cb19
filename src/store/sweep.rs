//! The removal of what is past its time, in one transaction with what is written with it.
//!
//! Owns: which moment of a line counts, as `normalize::retention` has it for the API's JSON, and which lines and columns hold
//! what was said and recorded.

use super::StoreError;
use super::erasure::Belongings;
use super::lines::own;
use super::removal::{Removed, remove};
use super::statement::{query, query_as, query_scalar};
use crate::normalize::{Cutoffs, LeftOut, leave_out_of};
use crate::records::Time;
use sqlx::PgConnection;
use std::collections::BTreeSet;

/// Fields that have no column and hold something under a name of what was said (`$said`) or recorded.
macro_rules! holds {
    (said, $extra:literal) => {
        concat!($extra, r#"::text ~ '(transcript[^"]*|"llm_system_prompt)": (["{]|\[[^]])'"#)
    };
    (recorded, $extra:literal) => {
        concat!($extra, r#"::text ~ 'recording[^"]*": (["{]|\[[^]])'"#)
    };
}

/// Attempts of which there is something left that is past its time. `$1`: ids, `$2`: the time of what was said, `$3`: of
/// what was recorded.
const PAST_ATTEMPTS: &str = concat!(
    "select a.id, false,
            (l.at < $2) is true and (
                exists (select from revox.transcript_turns t where t.call_attempt_id = a.id)
                or exists (select from revox.post_call_transcript_turns t where t.call_attempt_id = a.id)
                or exists (select from revox.transcript_words w where w.call_attempt_id = a.id)
                or exists (
                    select from revox.speech_events s
                    where s.call_attempt_id = a.id
                      and (s.transcript is not null or s.llm_system_prompt is not null or ",
    holds!(said, "s._extra"),
    "))
                or a._extra is not null and ",
    holds!(said, "a._extra"),
    "),
            (l.at < $3) is true and (a.recording_url is not null or a._extra is not null and ",
    holds!(recorded, "a._extra"),
    ")
     from revox.call_attempts a
     join revox.calls c on c.id = a.call_id
     cross join lateral (select coalesce(a.ended_at, a.started_at, c.created_at) as at) l
     where a.id = any($1)
     order by a.id"
);

/// The same of calls. `$4`: the time of calls as a whole. What is gone from the API is over.
const PAST_CALLS: &str = concat!(
    "select c.id,
            (l.at < $4) is true and (c.status in ('completed', 'cancelled', 'errored') or c._deleted_at is not null) is true,
            (l.at < $2) is true and c._extra is not null and ",
    holds!(said, "c._extra"),
    ",
            (l.at < $3) is true and c._extra is not null and ",
    holds!(recorded, "c._extra"),
    "
     from revox.calls c
     cross join lateral (
         select coalesce(
             max(coalesce(a.ended_at, a.started_at)) filter (where a._deleted_at is null or c._deleted_at is not null),
             c.updated_at,
             c.created_at
         ) as at
         from revox.call_attempts a
         where a.call_id = c.id
     ) l
     where c.id = any($1)
     order by c.id"
);

/// What of some lines is past its time, by their ids.
#[derive(Debug, Default)]
pub(super) struct Past {
    whole: Vec<String>,
    said: Vec<String>,
    recorded: Vec<String>,
}

impl Past {
    pub(super) async fn attempts(
        connection: &mut PgConnection,
        ids: &[String],
        cutoffs: &Cutoffs,
    ) -> Result<Self, StoreError> {
        let lines = query_as(PAST_ATTEMPTS)
            .bind(ids)
            .bind(cutoffs.transcripts)
            .bind(cutoffs.recording_urls)
            .fetch_all(connection)
            .await
            .map_err(StoreError::query("looking for attempts that are past their time"))?;
        Ok(Self::of(lines))
    }

    pub(super) async fn calls(
        connection: &mut PgConnection,
        ids: &[String],
        cutoffs: &Cutoffs,
    ) -> Result<Self, StoreError> {
        let lines = query_as(PAST_CALLS)
            .bind(ids)
            .bind(cutoffs.transcripts)
            .bind(cutoffs.recording_urls)
            .bind(cutoffs.calls)
            .fetch_all(connection)
            .await
            .map_err(StoreError::query("looking for calls that are past their time"))?;
        Ok(Self::of(lines))
    }

    fn of(lines: Vec<(String, bool, bool, bool)>) -> Self {
        let mut past = Self::default();
        for (id, is_whole, is_said, is_recorded) in lines {
            if is_whole {
                past.whole.push(id);
                continue;
            }
            past.said.extend(is_said.then(|| id.clone()));
            past.recorded.extend(is_recorded.then_some(id));
        }
        past
    }

    /// All of them, in order.
    pub(super) fn into_ids(self) -> Vec<String> {
        let ids: BTreeSet<String> = [self.whole, self.said, self.recorded].into_iter().flatten().collect();
        ids.into_iter().collect()
    }
}

/// Removes what of these calls and attempts is past its time; nothing is committed here.
pub(super) async fn remove_past(
    connection: &mut PgConnection,
    calls: &[String],
    attempts: &[String],
    cutoffs: &Cutoffs,
    now: Time,
) -> Result<Removed, StoreError> {
    let mut removed = Removed::new();
    if !calls.is_empty() {
        hold(connection, "select id from revox.calls where id = any($1) order by id for update", calls)
            .await?;
        let past = Past::calls(connection, calls, cutoffs).await?;
        rewrite_extra(connection, "revox.calls", &past, now, &mut removed).await?;
        remove_calls(connection, &past.whole, now, &mut removed).await?;
    }
    if !attempts.is_empty() {
        hold(
            connection,
            "select id from revox.call_attempts where id = any($1) order by id for update",
            attempts,
        )
        .await?;
        let past = Past::attempts(connection, attempts, cutoffs).await?;
        remove_said(connection, &past.said, &mut removed).await?;
        remove_recorded(connection, &past.recorded, &mut removed).await?;
        rewrite_extra(connection, "revox.call_attempts", &past, now, &mut removed).await?;
        // Whoever follows what changes follows this, too: the search, the views, copies elsewhere.
        touch(connection, &past.into_ids(), now).await?;
    }
    removed.retain(|_, lines| *lines > 0);
    Ok(removed)
}

/// Waits for who writes to these lines, so that what is judged is what is removed.
async fn hold(
    connection: &mut PgConnection,
    statement: &'static str,
    ids: &[String],
) -> Result<(), StoreError> {
    let _held: Vec<String> = query_scalar(statement)
        .bind(ids)
        .fetch_all(connection)
        .await
        .map_err(StoreError::query("holding what is past its time"))?;
    Ok(())
}

/// Removes calls with all that hangs on them. The contacts stay, without a call.
pub(super) async fn remove_calls(
    connection: &mut PgConnection,
    calls: &[String],
    now: Time,
    removed: &mut Removed,
) -> Result<(), StoreError> {
    let doing = "removing calls that are past their time";
    if calls.is_empty() {
        return Ok(());
    }
    let rows: Vec<String> = query_scalar(
        "update revox.campaign_rows set call_id = null, _synced_at = $2 where call_id = any($1) returning id",
    )
    .bind(calls)
    .bind(now)
    .fetch_all(&mut *connection)
    .await
    .map_err(StoreError::query(doing))?;
    for statement in [
        // Nothing of them is read again before it changes.
        "update revox_sync.row_states set unsettled_since = null, read_by = null
         where row_id = any($1) and unsettled_since is not null",
        "delete from revox_sync.rejects where row_key = any($1) and (path = 'call' or path like 'call.%')",
        "insert into revox_sync.typed_pending (kind, owner_id, line_id)
         select v.kind, v.owner_id, r.id
         from revox.campaign_rows r
         join revox_sync.typed_views v on v.kind = 'campaign' and v.owner_id = r.campaign_id
         where r.id = any($1)
         order by 1, 2, 3
         on conflict (kind, owner_id, line_id) do update set line_id = excluded.line_id",
    ] {
        query(statement).bind(&rows).execute(&mut *connection).await.map_err(StoreError::query(doing))?;
    }
    let theirs = Belongings { calls: calls.iter().cloned().collect(), ..Belongings::default() };
    for (table, lines) in remove(connection, &theirs).await? {
        *removed.entry(table).or_default() += lines;
    }
    Ok(())
}

async fn remove_said(
    connection: &mut PgConnection,
    ids: &[String],
    removed: &mut Removed,
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    for (table, statement) in [
        ("revox.transcript_turns", "delete from revox.transcript_turns where call_attempt_id = any($1)"),
        (
            "revox.post_call_transcript_turns",
            "delete from revox.post_call_transcript_turns where call_attempt_id = any($1)",
        ),
        ("revox.transcript_words", "delete from revox.transcript_words where call_attempt_id = any($1)"),
        (
            "revox.speech_events",
            "update revox.speech_events set transcript = null, llm_system_prompt = null
             where call_attempt_id = any($1) and (transcript is not null or llm_system_prompt is not null)",
        ),
    ] {
        let lines = query(statement).bind(ids).execute(&mut *connection).await;
        *removed.entry(table).or_default() +=
            lines.map_err(StoreError::query("removing what was said"))?.rows_affected();
    }
    let events: Vec<(String, String, String)> = query_as(concat!(
        "select call_attempt_id, id, _extra::text from revox.speech_events s
         where call_attempt_id = any($1) and ",
        holds!(said, "s._extra")
    ))
    .bind(ids)
    .fetch_all(&mut *connection)
    .await
    .map_err(StoreError::query("removing what was said"))?;
    for (attempt, id, extra) in events {
        query(
            "update revox.speech_events
             set _extra = (select jsonb_object_agg(m.key, m.value) from jsonb_each($3::jsonb) m where m.value <> 'null')
             where call_attempt_id = $1 and id = $2",
        )
        .bind(attempt)
        .bind(id)
        .bind(leave_out_of(&extra, LeftOut { said: true, recorded: false }))
        .execute(&mut *connection)
        .await
        .map_err(StoreError::query("removing what was said"))?;
    }
    Ok(())
}

async fn remove_recorded(
    connection: &mut PgConnection,
    ids: &[String],
    removed: &mut Removed,
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let lines = query(
        "update revox.call_attempts set recording_url = null where id = any($1) and recording_url is not null",
    )
    .bind(ids)
    .execute(connection)
    .await
    .map_err(StoreError::query("removing the addresses of recordings"))?;
    *removed.entry("revox.call_attempts.recording_url").or_default() += lines.rows_affected();
    Ok(())
}

/// Takes out of `_extra` what is past its time.
async fn rewrite_extra(
    connection: &mut PgConnection,
    table: &'static str,
    past: &Past,
    now: Time,
    removed: &mut Removed,
) -> Result<(), StoreError> {
    let doing = "removing what is past its time from fields without a column";
    let ids: Vec<&String> = past.said.iter().chain(&past.recorded).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let lines: Vec<(String, String)> = query_as(match table {
        "revox.calls" => {
            "select id, _extra::text from revox.calls where id = any($1) and _extra is not null order by id"
        }
        _ => "select id, _extra::text from revox.call_attempts where id = any($1) and _extra is not null order by id",
    })
    .bind(ids)
    .fetch_all(&mut *connection)
    .await
    .map_err(StoreError::query(doing))?;
    for (id, extra) in lines {
        let left_out = LeftOut { said: past.said.contains(&id), recorded: past.recorded.contains(&id) };
        // As passes have it: a null says nothing.
        let lines = own(&format!(
            "update {table} t
             set _extra = kept.extra, _synced_at = $3
             from (
                 select jsonb_object_agg(m.key, m.value) as extra from jsonb_each($2::jsonb) m where m.value <> 'null'
             ) kept
             where t.id = $1 and t._extra is distinct from kept.extra"
        ))
        .bind(id)
        .bind(leave_out_of(&extra, left_out))
        .bind(now)
        .execute(&mut *connection)
        .await
        .map_err(StoreError::query(doing))?;
        *removed.entry(table).or_default() += lines.rows_affected();
    }
    Ok(())
}

async fn touch(connection: &mut PgConnection, ids: &[String], now: Time) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    query("update revox.call_attempts set _synced_at = $2 where id = any($1)")
        .bind(ids)
        .bind(now)
        .execute(connection)
        .await
        .map_err(StoreError::query("noting that attempts have lost something"))?;
    Ok(())
}
