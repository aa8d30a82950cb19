//! The removal of what belongs to somebody who is erased, table by table, in one transaction.
//!
//! Owns: which tables hold anything about people. What refers to these lines with `on delete cascade` goes with them.

use super::StoreError;
use super::erasure::Belongings;
use super::statement::query;
use sqlx::PgConnection;
use std::collections::BTreeMap;

/// Lines that were removed, or changed where they only mentioned somebody, by table.
pub type Removed = BTreeMap<&'static str, u64>;

/// Parts go by the attempts that own them.
macro_rules! part {
    ($table:literal) => {
        concat!(
            "delete from ",
            $table,
            " p
         using revox.call_attempts a
         where a.id = p.call_attempt_id and (a.id = any($3) or a.call_id = any($2) and $1::text[] is not null)"
        )
    };
}

/// What an erased row leaves: that there is one, where it stands among the others and the status of its call, without
/// which the next passes would not know the rows around it. `$1`: rows, `$2`: calls, `$3`: attempts.
const STATEMENTS: [(&str, &str); 17] = [
    // What did not fit is counted without them from now on.
    (
        "",
        "delete from revox_sync.typed_pending
         where line_id in (
             select unnest($1 || $2) union select id from revox.campaign_rows where call_id = any($2)
         ) and $3::text[] is not null",
    ),
    (
        "",
        "delete from revox_sync.typed_misfits
         where line_id in (
             select unnest($1 || $2) union select id from revox.campaign_rows where call_id = any($2)
         ) and $3::text[] is not null",
    ),
    (
        "revox.campaign_rows",
        "delete from revox.campaign_rows
         where id = any($1) or call_id = any($2) and $3::text[] is not null",
    ),
    ("revox.transcript_turns", part!("revox.transcript_turns")),
    ("revox.post_call_transcript_turns", part!("revox.post_call_transcript_turns")),
    ("revox.speech_events", part!("revox.speech_events")),
    ("revox.sms_messages", part!("revox.sms_messages")),
    ("revox.email_messages", part!("revox.email_messages")),
    // A call that stays and loses an attempt may have found out something else.
    (
        "",
        "insert into revox_sync.typed_pending (kind, owner_id, line_id)
         select v.kind, v.owner_id, l.line_id
         from (
             select distinct call_id from revox.call_attempts where id = any($3) and call_id <> all($2)
         ) a
         join revox.calls c on c.id = a.call_id
         cross join lateral (
             select 'assistant' as kind, c.assistant_id as owner_id, c.id as line_id
             union all
             select 'campaign', r.campaign_id, r.id from revox.campaign_rows r where r.call_id = c.id and r.id <> all($1)
         ) l
         join revox_sync.typed_views v on v.kind = l.kind and v.owner_id = l.owner_id
         order by 1, 2, 3
         on conflict (kind, owner_id, line_id) do update set line_id = excluded.line_id",
    ),
    (
        "revox.call_attempts",
        "delete from revox.call_attempts
         where id = any($3) or call_id = any($2) and $1::text[] is not null",
    ),
    (
        "revox.calls",
        "delete from revox.calls
         where id = any($2) and $1::text[] is not null and $3::text[] is not null",
    ),
    (
        "revox_sync.rejects",
        "delete from revox_sync.rejects
         where row_key = any($1) and $2::text[] is not null and $3::text[] is not null",
    ),
    // Rows that a pass has reported as vanishing are not shown any more: nothing needs their places.
    (
        "revox_sync.row_states",
        "delete from revox_sync.row_states s
         using revox_sync.checkpoints k
         where s.row_id = any($1) and k.campaign_id = s.campaign_id and s.row_id = any(k.suspicious_row_ids)
           and $2::text[] is not null and $3::text[] is not null",
    ),
    (
        "revox_sync.checkpoints",
        "update revox_sync.checkpoints k
         set suspicious_row_ids = left_over.ids, suspicious_deletions = cardinality(left_over.ids)
         from (
             select campaign_id, array(select id from unnest(suspicious_row_ids) as id where id <> all($1)) as ids
             from revox_sync.checkpoints
             where suspicious_row_ids && $1
         ) left_over
         where k.campaign_id = left_over.campaign_id and $2::text[] is not null and $3::text[] is not null",
    ),
    // Nothing of them is read again before it changes.
    (
        "",
        "update revox_sync.row_states
         set unsettled_since = null, read_by = null
         where row_id = any($1) and unsettled_since is not null
           and $2::text[] is not null and $3::text[] is not null",
    ),
    (
        "revox_sync.accounts",
        "update revox_sync.accounts
         set search = jsonb_set(
             search,
             '{strangers}',
             (select coalesce(jsonb_agg(id), '[]') from jsonb_array_elements_text(search -> 'strangers') as id where id <> all($2))
         )
         where search -> 'strangers' ?| $2 and $1::text[] is not null and $3::text[] is not null",
    ),
    (
        "revox_sync.drift",
        "update revox_sync.drift
         set first_seen_in = case when first_seen_in = any($1 || $2 || $3) then null else first_seen_in end,
             last_seen_in = case when last_seen_in = any($1 || $2 || $3) then null else last_seen_in end
         where first_seen_in = any($1 || $2 || $3) or last_seen_in = any($1 || $2 || $3)",
    ),
];

/// Removes it; nothing is committed here.
pub(super) async fn remove(
    connection: &mut PgConnection,
    belongings: &Belongings,
) -> Result<Removed, StoreError> {
    let Belongings { rows, calls, attempts } = belongings;
    let mut removed = Removed::new();
    for (table, statement) in STATEMENTS {
        let lines = query(statement)
            .bind(rows.iter().map(String::as_str).collect::<Vec<_>>())
            .bind(calls.iter().map(String::as_str).collect::<Vec<_>>())
            .bind(attempts.iter().map(String::as_str).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await
            .map_err(StoreError::query("removing what belongs to somebody"))?
            .rows_affected();
        if !table.is_empty() {
            *removed.entry(table).or_default() += lines;
        }
    }
    Ok(removed)
}
