//! What holds for every table, read from Postgres' catalog, so that a later migration cannot forget it.

use super::design::ENTITIES;
use super::{connect, migrate, names};
use crate::support::database::TestDatabase;

const NONE: &[String] = &[];

#[tokio::test]
async fn every_schema_table_and_column_is_described() {
    let database = TestDatabase::fresh().await;
    let mut connection = connect(&database).await;
    migrate(&mut connection).await;

    let silent = names(
        &mut connection,
        "select n.nspname::text
         from pg_namespace n
         where n.nspname in ('revox', 'revox_sync', 'revox_campaigns', 'revox_assistants')
           and coalesce(obj_description(n.oid, 'pg_namespace'), '') = ''
         union all
         select c.oid::regclass::text
         from pg_class c
         where c.relnamespace in (to_regnamespace('revox'), to_regnamespace('revox_sync'))
           and c.relkind in ('r', 'p', 'v', 'm')
           and coalesce(obj_description(c.oid, 'pg_class'), '') = ''
         union all
         select c.oid::regclass || '.' || a.attname
         from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         where c.relnamespace in (to_regnamespace('revox'), to_regnamespace('revox_sync'))
           and c.relkind in ('r', 'p', 'v', 'm')
           and coalesce(col_description(c.oid, a.attnum), '') = ''",
    )
    .await;
    assert_eq!(silent, NONE);
}

#[tokio::test]
async fn every_table_has_a_primary_key() {
    let database = TestDatabase::fresh().await;
    let mut connection = connect(&database).await;
    migrate(&mut connection).await;

    let keyless = names(
        &mut connection,
        "select c.oid::regclass::text
         from pg_class c
         where c.relnamespace in (to_regnamespace('revox'), to_regnamespace('revox_sync'))
           and c.relkind in ('r', 'p')
           and not exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'p')",
    )
    .await;
    assert_eq!(keyless, NONE);
}

#[tokio::test]
async fn every_constraint_and_index_has_a_name_that_was_chosen() {
    let database = TestDatabase::fresh().await;
    let mut connection = connect(&database).await;
    migrate(&mut connection).await;

    // Postgres ends the names it makes up like this. "Not null" is a constraint of its own from 18 on, where
    // the generated name is the usual one; the migrator's table is made by the migrator.
    let generated = names(
        &mut connection,
        "select k.conname::text
         from pg_constraint k
         where k.connamespace in (to_regnamespace('revox'), to_regnamespace('revox_sync'))
           and k.contype <> 'n'
           and k.conrelid <> to_regclass('revox_sync._sqlx_migrations')
           and k.conname ~ '_(pkey|fkey|key|check|excl)[0-9]*$'
         union all
         select c.relname::text
         from pg_class c
         where c.relnamespace in (to_regnamespace('revox'), to_regnamespace('revox_sync'))
           and c.relkind = 'i'
           and c.relname ~ '_idx[0-9]*$'",
    )
    .await;
    assert_eq!(generated, NONE);
}

#[tokio::test]
async fn every_id_is_compared_byte_by_byte() {
    let database = TestDatabase::fresh().await;
    let mut connection = connect(&database).await;
    migrate(&mut connection).await;

    let others = names(
        &mut connection,
        "select c.oid::regclass || '.' || a.attname
         from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         join pg_collation l on l.oid = a.attcollation
         where c.relnamespace in (to_regnamespace('revox'), to_regnamespace('revox_sync'))
           and c.relkind in ('r', 'p')
           and a.attname ~ '^(.*_)?id$'
           and l.collname <> 'C'",
    )
    .await;
    assert_eq!(others, NONE);

    let ids = names(
        &mut connection,
        "select c.relname || '.' || a.attname
         from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         where c.relnamespace = to_regnamespace('revox')
           and c.relkind in ('r', 'p')
           and a.attname ~ '^(.*_)?id$'
           and a.atttypid <> 'text'::regtype",
    )
    .await;
    assert_eq!(ids, NONE, "ids of the API are text");
}

#[tokio::test]
async fn every_foreign_key_is_served_by_an_index() {
    let database = TestDatabase::fresh().await;
    let mut connection = connect(&database).await;
    migrate(&mut connection).await;

    let unserved = names(
        &mut connection,
        "select k.conname::text
         from pg_constraint k
         where k.connamespace = to_regnamespace('revox')
           and k.contype = 'f'
           and not exists (
               select
               from pg_index i
               where i.indrelid = k.conrelid
                 and i.indpred is null
                 and i.indkey[0] = k.conkey[1]
           )",
    )
    .await;
    assert_eq!(unserved, NONE);
}

#[tokio::test]
async fn every_child_but_an_attempts_parts_points_to_its_parents() {
    let database = TestDatabase::fresh().await;
    let mut connection = connect(&database).await;
    migrate(&mut connection).await;

    let found = names(
        &mut connection,
        "select c.relname || '.' || a.attname || ' ' || p.relname
                || case k.confdeltype when 'c' then ' cascade' when 'a' then '' else ' ' || k.confdeltype::text end
         from pg_constraint k
         join pg_class c on c.oid = k.conrelid
         join pg_class p on p.oid = k.confrelid
         join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
         where k.connamespace = to_regnamespace('revox')
           and k.contype = 'f'
         order by (c.relname || '.' || a.attname) collate \"C\"",
    )
    .await;
    let expected = [
        "assistant_faq_items.assistant_id assistants cascade",
        "assistant_structured_output_fields.assistant_id assistants cascade",
        "assistants.call_retry_config_id call_retry_configs",
        "call_attempts.call_id calls",
        "call_status_history.call_id calls cascade",
        "calling_windows.call_retry_config_id call_retry_configs cascade",
        "calls.assistant_id assistants",
        "calls.call_retry_config_id call_retry_configs",
        "calls.campaign_id campaigns",
        "campaign_rows.call_id calls",
        "campaign_rows.campaign_id campaigns",
        "campaigns.assistant_id assistants",
        "campaigns.call_retry_config_id call_retry_configs",
        "transcript_words.call_attempt_id call_attempts cascade",
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn whatever_the_api_gives_can_be_null() {
    let database = TestDatabase::fresh().await;
    let mut connection = connect(&database).await;
    migrate(&mut connection).await;

    let obliged = names(
        &mut connection,
        "select c.relname || '.' || a.attname
         from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         join pg_index i on i.indrelid = c.oid and i.indisprimary
         where c.relnamespace = to_regnamespace('revox')
           and c.relkind in ('r', 'p')
           and a.attnotnull
           and a.attnum <> all (i.indkey::int2[])
         order by 1",
    )
    .await;
    let mut expected: Vec<String> = ENTITIES
        .iter()
        .flat_map(|table| [format!("{table}._first_seen_at"), format!("{table}._synced_at")])
        .collect();
    // All of it is the mirror's own.
    let of_words = ["source", "language", "words", "is_cut", "attempt_synced_at"];
    expected.extend(of_words.map(|column| format!("transcript_words.{column}")));
    expected.sort();
    let mut obliged = obliged;
    obliged.sort();
    assert_eq!(obliged, expected);
}
