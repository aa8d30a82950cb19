//! Checks of a batch as a whole: of lines that are all new the few parents are looked up and held here, and the marks are left
//! here that triggers would leave, instead of line by line and statement by statement by the server.
//!
//! The server lets those do without its own checks who may set `session_replication_role`. For all others, and wherever
//! somebody has added a key or a trigger to the tables, it goes on checking; what is written is the same.

use super::StoreError;
use super::open::Store;
use super::statement::query_scalar;
use crate::records::{Call, Field, Time};
use sqlx::PgConnection;
use std::collections::BTreeSet;

/// Since this server a role can be allowed to set a single setting.
const GRANTS_SETTINGS: i32 = 150_000;

/// Who may do without the server's checks: superusers alone.
const IS_SUPERUSER: &str = "current_setting('is_superuser') = 'on'";

/// Who may do without them, where settings are granted.
const MAY_SET: &str = "has_parameter_privilege('session_replication_role', 'set')";

/// Switches the server's checks off until the end of the transaction, if every parent is there (which stays there until then)
/// and if nothing would be left out but what is known here.
const BEGIN: &str = "
    select case
        when not (MAY_SKIP) then null
        when exists (
            select
            from pg_trigger t
            left join pg_constraint c on c.oid = t.tgconstraint
            where t.tgrelid in (
                    'revox.calls'::regclass, 'revox.campaign_rows'::regclass, 'revox.call_attempts'::regclass,
                    'revox.transcript_turns'::regclass, 'revox.post_call_transcript_turns'::regclass,
                    'revox.speech_events'::regclass, 'revox.sms_messages'::regclass,
                    'revox.email_messages'::regclass, 'revox_sync.row_states'::regclass
                )
                and t.tgtype::integer & 4 <> 0
                and t.tgenabled in ('O', 'R')
                and case
                    when t.tgisinternal then c.conname is null or c.conname not in (
                        'calls_campaign_fk', 'calls_assistant_fk', 'calls_call_retry_config_fk',
                        'campaign_rows_campaign_fk', 'campaign_rows_call_fk', 'call_attempts_call_fk'
                    )
                    else t.tgfoid not in (
                        'revox_sync.mark_summaries()'::regprocedure, 'revox_sync.mark_for_search()'::regprocedure
                    )
                end
        ) then null
        when (select count(*) from (select from revox.campaigns where id = $1 for key share) held) <> 1
            then null
        when (select count(*) from (select from revox.assistants where id = any($2) for key share) held)
            <> cardinality($2) then null
        when (select count(*) from (select from revox.call_retry_configs where id = any($3) for key share) held)
            <> cardinality($3) then null
        else set_config('session_replication_role', 'replica', true)
    end";

/// Leaves the marks, and switches the server's checks on again.
const END: &str = "
    with summed as (
        insert into revox_sync.summary_marks (owner_kind, owner_id)
        select 'campaign', $1
        union all
        select 'assistant', a.id from unnest($2) a (id)
    ), searched as (
        insert into revox_sync.search_marks (synced_at)
        select $3 where $4
    )
    select set_config('session_replication_role', 'origin', true)";

/// What new lines refer to and do not bring.
#[derive(Debug, Default)]
pub(super) struct Referred<T> {
    assistants: BTreeSet<T>,
    retry_configs: BTreeSet<T>,
    /// Whether a row refers to a call that it does not show.
    pub(super) calls_elsewhere: bool,
}

impl Referred<String> {
    /// Adds what a call refers to, which most calls share.
    pub(super) fn add(&mut self, call: &Call) {
        let add = |ids: &mut BTreeSet<String>, id: &Field<String>| {
            if let Some(id) = id.value().filter(|id| !ids.contains(id.as_str())) {
                ids.insert(id.clone());
            }
        };
        add(&mut self.assistants, &call.assistant_id);
        add(&mut self.retry_configs, &call.call_retry_config_id);
    }
}

impl<'a> Referred<&'a str> {
    /// Adds what the rows of a page refer to.
    pub(super) fn append(&mut self, page: &'a Referred<String>) {
        self.assistants.extend(page.assistants.iter().map(String::as_str));
        self.retry_configs.extend(page.retry_configs.iter().map(String::as_str));
        self.calls_elsewhere |= page.calls_elsewhere;
    }
}

impl Store {
    /// Has the server leave out its checks of the lines to come, all of them new, when they were made here. Tells whether.
    pub(super) async fn check_wholesale(
        &self,
        connection: &mut PgConnection,
        campaign_id: &str,
        referred: &Referred<&str>,
    ) -> Result<bool, StoreError> {
        if referred.calls_elsewhere {
            return Ok(false);
        }
        let may_skip = if self.server() >= GRANTS_SETTINGS { MAY_SET } else { IS_SUPERUSER };
        let role: Option<String> = query_scalar(sqlx::AssertSqlSafe(BEGIN.replace("MAY_SKIP", may_skip)))
            .bind(campaign_id)
            .bind(referred.assistants.iter().copied().collect::<Vec<_>>())
            .bind(referred.retry_configs.iter().copied().collect::<Vec<_>>())
            .fetch_one(connection)
            .await
            .map_err(StoreError::query("checking what a batch refers to"))?;
        Ok(role.is_some())
    }
}

/// Leaves the marks of the lines, and has the server check again.
pub(super) async fn end_wholesale(
    connection: &mut PgConnection,
    campaign_id: &str,
    referred: &Referred<&str>,
    brings_attempts: bool,
    now: Time,
) -> Result<(), StoreError> {
    query_scalar::<String>(END)
        .bind(campaign_id)
        .bind(referred.assistants.iter().copied().collect::<Vec<_>>())
        .bind(now)
        .bind(brings_attempts)
        .fetch_one(connection)
        .await
        .map_err(StoreError::query("marking what a batch has written"))?;
    Ok(())
}
