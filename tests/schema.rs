//! The tables as Postgres sees them after the migrations: that they are those of the design, that everything is
//! described, keyed and named, and that what the database computes is right.
//!
//! Owns the promises of `migrations/`. Leaves what is written into the tables to the tests of the store.

mod support;

use sqlx::migrate::Migrator;
use sqlx::{Connection, PgConnection};
use std::collections::BTreeMap;
use std::path::Path;
use support::database::TestDatabase;

/// Every table of schema `revox` with its columns, in order.
const TABLES: &[(&str, &str)] = &[
    (
        "campaigns",
        "id organization_id assistant_id name status is_cancelled from_phone_number max_concurrent_calls
         call_retry_config_id scheduled_at created_at updated_at rows_total rows_pending rows_calling rows_retry
         rows_completed rows_failed rows_not_launched rows_skipped _first_seen_at _synced_at _deleted_at _extra",
    ),
    (
        "assistants",
        "id organization_id name prompt first_sentence first_sentence_mode first_sentence_delay_ms
         end_of_call_sentence voicemail_message background_sound ivr_navigation_enabled max_call_duration_secs
         transfer_phone_number webhook_url voice_id voice_provider voice_speed llm_model_type llm_model_name
         llm_model_provider has_llm_api_key calendly_connection_id calendly_event_type_id call_retry_config_id
         pending_faq_count created_at updated_at _first_seen_at _synced_at _deleted_at _extra",
    ),
    (
        "campaign_rows",
        "id campaign_id row_index phone_number input_data call_id _first_seen_at _synced_at _deleted_at _extra",
    ),
    (
        "calls",
        "id campaign_id assistant_id organization_id direction status from_phone_number to_phone_number calls_count
         first_sentence_delay_ms llm_model_type llm_model_name llm_model_provider has_llm_api_key metadata
         call_retry_config_id last_call_attempt_id is_cancelled is_completed created_at scheduled_at updated_at
         outcome outcome_summary contact_first_name contact_last_name contact_email contact_company
         contact_job_title assignee_id assignee_email assignee_first_name assignee_last_name prompt_variables
         follow_up_emails slack_channel_ids _first_seen_at _synced_at _deleted_at _extra",
    ),
    (
        "call_attempts",
        "id call_id attempt_number phone_number status result dial_error started_at answered_at ended_at ring_seconds
         talk_seconds recording_url end_reason ended_by structured_output handled_by_ai handled_by_human
         handled_by_user_id handled_by_user_email assistants_used _first_seen_at _synced_at _deleted_at _extra",
    ),
    (
        "transcript_turns",
        "call_attempt_id turn_index role content tool_name tool_arguments tool_is_error tool_output _extra",
    ),
    (
        "post_call_transcript_turns",
        "call_attempt_id turn_index role content tool_name tool_arguments tool_is_error tool_output _extra",
    ),
    (
        "assistant_structured_output_fields",
        "assistant_id field_index name type required description enum_options _extra",
    ),
    (
        "assistant_faq_items",
        "assistant_id item_index id question answer source needs_human_answer _extra",
    ),
    (
        "call_retry_configs",
        "id max_retry_attempts timezone allowed_days call_twice_in_a_row _extra",
    ),
    (
        "calling_windows",
        "call_retry_config_id window_index start_time end_time starts_at ends_at retry_delay_seconds _extra",
    ),
    (
        "speech_events",
        "call_attempt_id id is_real_turn llm_system_prompt llm_ttft_ms llm_winner_model speaker
         started_speaking_at_ms stopped_speaking_at_ms stt_transcription_delay_ms transcript tts_ttfb_ms was_cut
         _extra",
    ),
    (
        "sms_messages",
        "call_attempt_id id created_at message_body provider provider_message_id to_phone_number type _extra",
    ),
    (
        "email_messages",
        "call_attempt_id id created_at from_address resend_message_id subject to_emails _extra",
    ),
];

/// What the design names of schema `revox_sync`; the tables may hold more.
const BOOKKEEPING: &[(&str, &str)] = &[
    (
        "runs",
        "id campaign_id kind outcome started_at finished_at trigger evidence requests bytes rows_seen rows_inserted
         rows_updated rows_unchanged rows_tombstoned rejected error",
    ),
    ("checkpoints", "campaign_id completed_at"),
    ("rejects", "campaign_id row_key payload_hash reason payload"),
    ("leases", "scope holder epoch expires_at"),
    ("drift", "path sample_type first_seen_at last_seen_at count"),
    ("_sqlx_migrations", "version"),
];

/// Entities: what the API can delete keeps its line and says so.
const ENTITIES: &[&str] = &[
    "assistants",
    "call_attempts",
    "calls",
    "campaign_rows",
    "campaigns",
];

fn migrations_dir() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations"))
}

async fn migrator() -> Migrator {
    let mut migrator = Migrator::new(migrations_dir())
        .await
        .expect("the migrations can be read");
    migrator.dangerous_set_table_name("revox_sync._sqlx_migrations");
    migrator
}

async fn connect(database: &TestDatabase) -> PgConnection {
    PgConnection::connect(&database.url())
        .await
        .expect("the test's database can be reached")
}

/// Applies the migrations the way the program does: the schema of the migrator's own table comes first.
async fn migrate(connection: &mut PgConnection) {
    sqlx::raw_sql("create schema if not exists revox_sync")
        .execute(&mut *connection)
        .await
        .expect("the schema can be made");
    migrator()
        .await
        .run(connection)
        .await
        .expect("the migrations apply");
}

async fn names(connection: &mut PgConnection, query: &'static str) -> Vec<String> {
    sqlx::query_scalar(query)
        .fetch_all(connection)
        .await
        .expect("the catalog can be read")
}

/// The columns of each table of a schema, in order.
async fn columns(connection: &mut PgConnection, schema: &str) -> BTreeMap<String, Vec<String>> {
    let pairs: Vec<(String, Vec<String>)> = sqlx::query_as(
        "select c.relname::text, array_agg(a.attname::text order by a.attnum)
         from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         where c.relnamespace = to_regnamespace($1) and c.relkind in ('r', 'p')
         group by c.relname",
    )
    .bind(schema)
    .fetch_all(connection)
    .await
    .expect("the catalog can be read");
    pairs.into_iter().collect()
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

const NONE: &[String] = &[];

#[tokio::test]
async fn the_tables_are_those_of_the_design() {
    let database = TestDatabase::fresh().await;
    let mut connection = connect(&database).await;
    migrate(&mut connection).await;

    let expected: BTreeMap<_, _> = TABLES
        .iter()
        .map(|(table, columns)| ((*table).to_owned(), words(columns)))
        .collect();
    assert_eq!(columns(&mut connection, "revox").await, expected);

    let bookkeeping = columns(&mut connection, "revox_sync").await;
    for (table, expected) in BOOKKEEPING {
        let found = bookkeeping
            .get(*table)
            .unwrap_or_else(|| panic!("there is no revox_sync.{table}"));
        for column in words(expected) {
            assert!(
                found.contains(&column),
                "revox_sync.{table} has no column {column}"
            );
        }
    }
}

#[tokio::test]
async fn every_schema_table_and_column_is_described() {
    let database = TestDatabase::fresh().await;
    let mut connection = connect(&database).await;
    migrate(&mut connection).await;

    let silent = names(
        &mut connection,
        "select n.nspname::text
         from pg_namespace n
         where n.nspname in ('revox', 'revox_sync')
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
async fn every_child_points_to_its_parents_and_parts_alone_go_with_their_owner() {
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
        "calling_windows.call_retry_config_id call_retry_configs cascade",
        "calls.assistant_id assistants",
        "calls.call_retry_config_id call_retry_configs",
        "calls.campaign_id campaigns",
        "campaign_rows.call_id calls",
        "campaign_rows.campaign_id campaigns",
        "campaigns.assistant_id assistants",
        "campaigns.call_retry_config_id call_retry_configs",
        "email_messages.call_attempt_id call_attempts cascade",
        "post_call_transcript_turns.call_attempt_id call_attempts cascade",
        "sms_messages.call_attempt_id call_attempts cascade",
        "speech_events.call_attempt_id call_attempts cascade",
        "transcript_turns.call_attempt_id call_attempts cascade",
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
    expected.sort();
    let mut obliged = obliged;
    obliged.sort();
    assert_eq!(obliged, expected);
}

#[tokio::test]
async fn the_durations_of_an_attempt_follow_from_its_times_and_no_time_raises_an_error() {
    let database = TestDatabase::fresh().await;
    let mut connection = connect(&database).await;
    migrate(&mut connection).await;

    let start = "2026-01-01T10:00:00Z";
    let earliest = "4714-11-24 00:00:00Z BC";
    let latest = "294276-12-31 23:59:59Z";
    // What is asked: started, answered, ended; then ring_seconds and talk_seconds.
    let cases = [
        (
            "answered",
            Some(start),
            Some("2026-01-01T10:00:07.5Z"),
            Some("2026-01-01T11:01:07.75+00:00"),
            Some(7.5),
            Some(3660.25),
        ),
        (
            "answered in another zone",
            Some(start),
            Some("2026-01-01T12:00:07+02:00"),
            Some("2026-01-01T10:00:08Z"),
            Some(7.0),
            Some(1.0),
        ),
        (
            "not answered",
            Some(start),
            None,
            Some("2026-01-01T10:00:30Z"),
            Some(30.0),
            None,
        ),
        ("still ringing", Some(start), None, None, None, None),
        (
            "still talking",
            Some(start),
            Some("2026-01-01T10:00:05Z"),
            None,
            Some(5.0),
            None,
        ),
        (
            "start unknown",
            None,
            Some("2026-01-01T10:00:05Z"),
            Some("2026-01-01T10:00:09Z"),
            None,
            Some(4.0),
        ),
        ("nothing known", None, None, None, None, None),
        (
            "out of order",
            Some("2026-01-01T10:00:02Z"),
            Some(start),
            Some("2026-01-01T09:59:57Z"),
            Some(-2.0),
            Some(-3.0),
        ),
        ("no time at all", Some(start), None, Some(start), Some(0.0), None),
        (
            "answered never",
            Some(start),
            Some("infinity"),
            Some("2026-01-01T10:00:30Z"),
            None,
            None,
        ),
        (
            "ends never",
            Some("-infinity"),
            Some(start),
            Some("infinity"),
            None,
            None,
        ),
        (
            "all infinite",
            Some("infinity"),
            Some("infinity"),
            Some("infinity"),
            None,
            None,
        ),
        (
            "as far apart as can be",
            Some(earliest),
            Some(latest),
            Some(earliest),
            Some(9_435_184_819_199.0),
            Some(-9_435_184_819_199.0),
        ),
    ];
    for (id, started, answered, ended, ring, talk) in cases {
        let found: (Option<f64>, Option<f64>) = sqlx::query_as(
            "insert into revox.call_attempts (id, started_at, answered_at, ended_at, _first_seen_at, _synced_at)
             values ($1, $2::text::timestamptz, $3::text::timestamptz, $4::text::timestamptz, now(), now())
             returning ring_seconds, talk_seconds",
        )
        .bind(id)
        .bind(started)
        .bind(answered)
        .bind(ended)
        .fetch_one(&mut connection)
        .await
        .unwrap_or_else(|error| panic!("{id}: {error}"));
        assert_eq!(found, (ring, talk), "{id}");
    }
}

#[tokio::test]
async fn a_second_migration_changes_nothing() {
    let database = TestDatabase::fresh().await;
    let mut connection = connect(&database).await;
    migrate(&mut connection).await;
    let applied =
        "select version::text || ' ' || installed_on::text from revox_sync._sqlx_migrations order by version";
    let before = names(&mut connection, applied).await;
    assert_eq!(before.len(), migrator().await.iter().count());

    migrate(&mut connection).await;
    assert_eq!(names(&mut connection, applied).await, before);
}

#[tokio::test]
async fn a_role_that_may_not_create_schemas_can_migrate_those_made_for_it() {
    let database = TestDatabase::fresh().await;
    let mut connection = connect(&database).await;
    // A role that every server has and that may create no schema, so that the test leaves none behind.
    sqlx::raw_sql(
        "create schema revox;
         create schema revox_sync;
         grant usage, create on schema revox, revox_sync to pg_read_all_data;
         set role pg_read_all_data;",
    )
    .execute(&mut connection)
    .await
    .expect("the tests' role may act as another");
    let refused = sqlx::raw_sql("create schema elsewhere")
        .execute(&mut connection)
        .await;
    assert!(refused.is_err(), "the role is to be one without the right");

    migrator()
        .await
        .run(&mut connection)
        .await
        .expect("the migrations apply");
    assert_eq!(columns(&mut connection, "revox").await.len(), TABLES.len());
}

#[test]
fn every_migration_is_named_for_what_it_does_and_opens_with_the_reason() {
    let mut seen = 0;
    for entry in std::fs::read_dir(migrations_dir()).expect("the directory can be read") {
        let path = entry.expect("the entry can be read").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("the name is text")
            .to_owned();
        let (version, rest) = name
            .split_once('_')
            .unwrap_or_else(|| panic!("{name} has no number"));
        assert!(
            version.len() == 14 && version.bytes().all(|byte| byte.is_ascii_digit()),
            "{name}"
        );
        let words = rest
            .strip_suffix(".sql")
            .unwrap_or_else(|| panic!("{name} is not SQL"));
        assert!(
            words
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
            "{name}"
        );
        let text = std::fs::read_to_string(&path).expect("the file can be read");
        assert!(text.starts_with("-- "), "{name} does not say why");
        assert!(text.lines().count() < 400, "{name} is too long");
        seen += 1;
    }
    assert!(seen > 0);
}
