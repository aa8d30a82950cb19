//! What keeping the views up to date costs, who does it, and what it survives.

use super::counting::Counter;
use super::rows::{ALL_PENDING, account, columns, contact, execute, lines, pass, set, the_view, views};
use crate::support::account::passing;
use crate::support::setting::Setting;
use revox_mirror::simulator::Options;
use revox_mirror::store::{Store, StoreOptions};
use revox_mirror::sync::PassOptions;
use serde_json::json;
use std::time::Duration;

/// Counts every change of a definition in the database.
const WATCH: &str = "create table public.changes (tag text);
                     create function public.note_change() returns event_trigger language plpgsql as $$
                     begin insert into public.changes values (tg_tag); end $$;
                     create event trigger note_changes on ddl_command_end execute function public.note_change()";

const PENDING: &str = "select count(*)::text from revox_sync.typed_pending";

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_brings_no_new_key_changes_no_definition_and_one_that_finds_nothing_looks_at_no_row() {
    let account = account(2, 3).await;
    account.simulator.edit(|account| account.edit_input_data(1, 0).unwrap());
    pass(&account).await;
    execute(&account, WATCH).await;
    let refreshed = "select owner_id || ' ' || refreshed_at from revox_sync.typed_views where kind = 'campaign' order by 1";
    let before = lines(&account, refreshed).await;
    assert_eq!(before.len(), 2);

    account.complete_pass(&PassOptions { full: true, ..passing() }).await;
    assert_eq!(lines(&account, refreshed).await, before, "nothing was due");

    account.simulator.edit(|account| account.edit_input_data(1, 0).unwrap());
    pass(&account).await;
    let after = lines(&account, refreshed).await;
    assert_eq!(after.iter().filter(|line| before.contains(line)).count(), 1, "one campaign's alone");
    assert_eq!(lines(&account, "select tag from public.changes").await, [] as [&str; 0]);
    assert_eq!(lines(&account, PENDING).await, ["0"]);

    set(&account, 1, &[contact(0, &json!({"never seen": 1}))]);
    pass(&account).await;
    let changes =
        "select tag || ' ' || count(*) from public.changes where tag not like 'COMMENT' group by tag";
    assert_eq!(lines(&account, changes).await, ["CREATE VIEW 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn refreshing_costs_one_statement_when_nothing_changed_and_as_many_for_a_hundred_rows_as_for_one() {
    let mut account = account(1, 150).await;
    let (counter, url) = Counter::before(account.database.mirror_url()).await;
    let options = StoreOptions { url: url.into(), max_connections: 4, lease_ttl: Duration::from_mins(30) };
    account.mirror.store = Some(Store::open(&options).await.unwrap().0);
    let contacts: Vec<String> = (0..150).map(|row| contact(row, &json!({"first_name": "x"}))).collect();
    set(&account, 0, &contacts);
    pass(&account).await;
    // What a pass costs after so many contacts have changed, with views and without.
    let mut cost = async |views: bool, rows: usize, key: Option<&str>| {
        account.mirror.settings.views_per_campaign = views;
        let contacts = (0..rows).map(|row| match key {
            Some(key) => contact(row, &json!({key: "x"})),
            None => contact(row, &json!({"first_name": format!("{row} {rows} {views}")})),
        });
        set(&account, 0, &contacts.collect::<Vec<_>>());
        counter.take();
        pass(&account).await;
        counter.take()
    };
    let idle = (cost(false, 0, None).await, cost(true, 0, None).await);
    assert_eq!(idle.1 - idle.0, 1, "{idle:?}");
    for rows in [1, 100] {
        let (without, with) = (cost(false, rows, None).await, cost(true, rows, None).await);
        assert_eq!(with - without, 15, "{rows} rows: {without}, {with}");
    }
    let with = cost(true, 1, Some("a key of its own")).await;
    let without = cost(false, 1, Some("first_name")).await;
    assert_eq!(with - without, 20, "{without}, {with}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_and_not_looked_at_is_looked_at_by_the_next_pass() {
    let mut account = account(1, 2).await;
    pass(&account).await;
    account.mirror.settings.views_per_campaign = false;
    set(&account, 0, &[contact(0, &json!({"late key": "there"}))]);
    pass(&account).await;
    assert_eq!(lines(&account, PENDING).await, ["1"], "as if killed in between");
    assert!(!columns(&account).await.contains(&"late_key text".to_owned()));

    account.mirror.settings.views_per_campaign = true;
    pass(&account).await;
    assert!(columns(&account).await.contains(&"late_key text".to_owned()));
    assert_eq!(lines(&account, PENDING).await, ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_cannot_be_changed_stays_and_fails_no_pass_and_one_that_was_dropped_is_made_again() {
    let account = account(1, 2).await;
    set(&account, 0, &[contact(0, &json!({"a": "1"}))]);
    pass(&account).await;
    let view = the_view(&account).await;
    execute(&account, &format!("alter view {view} rename column a to mine")).await;
    set(&account, 0, &[contact(0, &json!({"a": "1", "new key": "2"}))]);
    pass(&account).await;
    let trouble = "select trouble from revox_sync.typed_views where kind = 'campaign'";
    assert!(lines(&account, trouble).await[0].contains("cannot change name of view column"), "{view}");
    assert_eq!(lines(&account, PENDING).await, ["1"], "it is tried again");
    assert!(columns(&account).await.contains(&"mine text".to_owned()));
    assert_eq!(lines(&account, &format!("select count(*)::text from {view}")).await, ["2"]);

    execute(&account, &format!("drop view {view}")).await;
    pass(&account).await;
    assert_eq!(the_view(&account).await, view);
    assert_eq!(lines(&account, trouble).await, ["null"]);
    assert!(columns(&account).await.contains(&"new_key text".to_owned()));
    assert_eq!(lines(&account, PENDING).await, ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_that_is_gone_keeps_its_view_which_is_empty() {
    let account = account(5, 2).await;
    pass(&account).await;
    let before = views(&account).await;
    let ids = lines(&account, "select id from revox.campaigns order by id").await;
    account.simulator.edit(|account| account.delete_campaign(ids[0].as_str()).unwrap());
    // Gone in two passes.
    pass(&account).await;
    pass(&account).await;
    let dead = "select v.view_name from revox_sync.typed_views v
                join revox.campaigns c on c.id = v.owner_id where c._deleted_at is not null";
    let dead = lines(&account, dead).await;
    assert_eq!(dead.len(), 1);
    assert_eq!(views(&account).await, before);
    let count = format!("select count(*)::text from revox_campaigns.\"{}\"", dead[0]);
    assert_eq!(lines(&account, &count).await, ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_that_another_process_works_on_is_left_to_it() {
    let account = account(1, 2).await;
    pass(&account).await;
    execute(&account, ALL_PENDING).await;
    execute(
        &account,
        "update revox_sync.leases
         set holder = 'elsewhere/1/1/x', expires_at = now() + interval '1 hour', renewed_at = now()
         where scope like 'campaign:%'",
    )
    .await;
    account.pass(&PassOptions { lease_wait: Duration::ZERO, ..passing() }).await.unwrap();
    assert_eq!(lines(&account, PENDING).await, ["2"]);
    execute(&account, "update revox_sync.leases set expires_at = now() where scope like 'campaign:%'").await;
    pass(&account).await;
    assert_eq!(lines(&account, PENDING).await, ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn run_once_and_the_daemon_make_views_unless_they_are_told_not_to() {
    let views = "select count(*) from pg_class where relnamespace = to_regnamespace('revox_campaigns')";
    let mut setting = Setting::new(Options { campaigns: 2, rows: 3, turns: 1, ..Options::default() }).await;
    setting.set("REVOX_MIRROR__VIEWS__PER_CAMPAIGN", "false");
    setting.run(&[]).await.exits(0);
    assert_eq!(setting.count(views).await, 0);
    setting.set("REVOX_MIRROR__VIEWS__PER_CAMPAIGN", "true");
    let run = setting.run(&[]).await;
    run.exits(0);
    assert_eq!(setting.count(views).await, 2);
    assert!(run.err.contains("a campaign's view was made"), "{}", run.err);

    setting.execute("drop schema revox_campaigns cascade; create schema revox_campaigns").await;
    let daemon = setting.daemon(&[]);
    setting.until_count(views, 2).await;
    daemon.stop().await;
}
