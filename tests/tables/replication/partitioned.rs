//! `deploy/partition-transcript-turns.sql`: what it carries over, and that the mirror works over what it makes.

use crate::support::account::{Account, full, passing};
use revox_mirror::simulator::{Flavour, NewerApi, OlderApi, Options};
use sqlx::{AssertSqlSafe, PgPool};

const SCRIPT: &str = include_str!("../../../deploy/partition-transcript-turns.sql");

/// Runs it, as psql would, with so few partitions that some hold nothing and some hold much.
async fn partition(pool: &PgPool) -> Result<(), sqlx::Error> {
    let mut connection = pool.acquire().await.unwrap();
    sqlx::raw_sql("set revox_mirror.partitions = '5'").execute(&mut *connection).await.unwrap();
    let done = sqlx::raw_sql(SCRIPT).execute(&mut *connection).await.map(drop);
    // A failure leaves its transaction to be ended, and the setting is the session's.
    sqlx::raw_sql("rollback; reset all").execute(&mut *connection).await.unwrap();
    done
}

/// Everything about the table that a query, a person or a tool could notice, a line each.
async fn description(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "with t as (select to_regclass('revox.transcript_turns')::oid as oid)
         select format('%s %s %s %s %s', a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                       col_description(a.attrelid, a.attnum))
         from t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0
         union all
         select format('%s: %s %s', k.conname, pg_get_constraintdef(k.oid), obj_description(k.oid, 'pg_constraint'))
         from t join pg_constraint k on k.conrelid = t.oid
         union all
         select replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ')
         from t join pg_index i on i.indrelid = t.oid
         union all
         select pg_get_triggerdef(g.oid) from t join pg_trigger g on g.tgrelid = t.oid and not g.tgisinternal
         union all
         select format('%s %s', obj_description(t.oid, 'pg_class'), pg_get_userbyid(c.relowner))
         from t join pg_class c on c.oid = t.oid
         union all
         select format('%s %s', x.grantee::regrole, x.privilege_type)
         from t join pg_class c on c.oid = t.oid
         cross join lateral aclexplode(c.relacl) x
         where x.grantee <> c.relowner
         union all
         select format('published by %s', p.pubname) from pg_publication_tables p where p.tablename = 'transcript_turns'
         union all
         select format('%s %s %s %s', c.relname, c.reloptions, pg_get_viewdef(c.oid), obj_description(c.oid, 'pg_class'))
         from pg_class c
         where c.relkind = 'v' and c.relnamespace = to_regnamespace('revox')
         order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

async fn execute(pool: &PgPool, statements: &str) {
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(pool).await.unwrap();
}

/// What a later version or a person may have added to the table.
const ADDED: &str = "
    grant select on revox.transcript_turns to pg_monitor;
    create index transcript_turns_by_role on revox.transcript_turns (role) where role = 'tool';
    comment on index revox.transcript_turns_by_role is 'for a question';
    comment on constraint transcript_turns_pk on revox.transcript_turns is 'one turn';
    create view revox.of_a_person with (security_barrier = true) as select * from revox.transcript_turns;
    comment on view revox.of_a_person is 'mine';
    create view revox.over_it as select role, count(*) as turns from revox.of_a_person group by role;
    create function revox_sync.nothing() returns trigger language plpgsql as 'begin return null; end';
    create trigger transcript_turns_nothing after delete on revox.transcript_turns
        for each statement execute function revox_sync.nothing()";

/// Finished calls among those of an account, so that turns come and change.
async fn account(flavour: Flavour) -> Account {
    let options = Options { campaigns: 2, rows: 120, turns: 6, flavour, ..Options::default() };
    Account::new(options).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partitioned_table_of_turns_is_the_same_to_whoever_looks_and_the_mirror_goes_on_over_it() {
    for flavour in [Flavour::Older(OlderApi::default()), Flavour::Newer(NewerApi::default())] {
        let account = account(flavour).await;
        let pool = &account.pool;
        account.complete_pass(&full()).await;
        account.mirror.store.as_ref().unwrap().share().await.unwrap();
        execute(pool, ADDED).await;
        let turns = account.count("select count(*) from revox.transcript_turns").await;
        assert!(turns > 0);
        let before = description(pool).await;
        assert!(before.iter().any(|line| line == "published by revox_mirror"), "{before:?}");

        partition(pool).await.unwrap();
        assert_eq!(description(pool).await, before);
        let kind: String = sqlx::query_scalar(
            "select relkind::text from pg_class where oid = 'revox.transcript_turns'::regclass",
        )
        .fetch_one(pool)
        .await
        .unwrap();
        assert_eq!(kind, "p");
        let holding = "select count(distinct tableoid) from revox.transcript_turns";
        assert_eq!(account.count(holding).await, 5);
        assert_eq!(account.count("select count(*) from revox.transcript_turns").await, turns);
        assert_eq!(account.count("select sum(turns)::bigint from revox.over_it").await, turns);
        // Once more: nothing is done, and nothing is said to be wrong.
        partition(pool).await.unwrap();
        assert_eq!(description(pool).await, before);
        account.assert_equal().await;
        assert!(account.verify().await.is_equal());

        // New rows, calls that move on, calls that go: by incremental passes and a full one.
        for campaign in 0..2 {
            account.simulator.edit(|account| account.append_rows(campaign, 30)).unwrap();
            for row in 0..150 {
                for _ in 0..=row % 7 {
                    account.simulator.edit(|account| account.advance_call(campaign, row)).unwrap();
                }
            }
            account.simulator.edit(|account| account.replace_call(campaign, 1)).unwrap();
            account.simulator.edit(|account| account.delete_row(campaign, 0)).unwrap();
        }
        account.complete_pass(&passing()).await;
        account.complete_pass(&full()).await;
        account.assert_equal().await;
        assert!(account.verify().await.is_equal());
        assert!(account.count("select count(*) from revox.transcript_turns").await > turns);
        assert!(account.mirror.store.as_ref().unwrap().missing_shares().await.unwrap().is_empty());

        // What later migrations do to a table.
        execute(
            pool,
            "alter table revox.transcript_turns add column spoken_at timestamptz;
             comment on column revox.transcript_turns.spoken_at is 'When it was said.';
             create index transcript_turns_by_time on revox.transcript_turns (spoken_at);
             select revox_sync.promote_extra('revox.transcript_turns', '{spoken_at}', 'spoken_at', 'turn.spoken_at')",
        )
        .await;
        account.complete_pass(&full()).await;
        account.assert_equal().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_into_partitions_is_whole() {
    let account = account(Flavour::Newer(NewerApi::default())).await;
    partition(&account.pool).await.unwrap();
    account.complete_pass(&full()).await;
    account.assert_equal().await;
    assert!(account.verify().await.is_equal());
    assert_eq!(account.count("select count(distinct tableoid) from revox.transcript_turns").await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_carried_over_is_named_and_nothing_is_changed() {
    let account = account(Flavour::Older(OlderApi::default())).await;
    let pool = &account.pool;
    account.complete_pass(&full()).await;
    execute(pool, "create materialized view revox.summary as select count(*) from revox.transcript_turns")
        .await;
    let before = description(pool).await;
    let error = partition(pool).await.unwrap_err().to_string();
    assert!(error.contains("revox.summary"), "{error}");
    assert_eq!(description(pool).await, before);
    assert_eq!(
        account.count("select count(*) from pg_namespace where nspname = 'revox_partitions'").await,
        0
    );
    execute(pool, "drop materialized view revox.summary").await;
    partition(pool).await.unwrap();
}
