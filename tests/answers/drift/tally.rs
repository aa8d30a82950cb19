//! The tally of what is not known: where, how often, in what; small whatever comes; and no error.

use crate::support::account::{Account, full, passing};
use revox_mirror::simulator::{Flavour, NewerApi, OlderApi, Options};

type Line = (String, String, String, i64, String, String);

async fn account(flavour: Flavour) -> (Account, Vec<String>) {
    let options = Options { flavour, campaigns: 1, rows: 150, turns: 1, ..Options::default() };
    let account = Account::new(options).await;
    let ids = account.simulator.edit(|account| account.row_ids(0)).unwrap();
    (account, ids)
}

async fn lines(account: &Account) -> Vec<Line> {
    sqlx::query_as(
        "select path, kind, sample_type, count, first_seen_in, last_seen_in from revox_sync.drift order by 1, 2",
    )
    .fetch_all(&account.pool)
    .await
    .unwrap()
}

fn line(path: &str, kind: &str, sample_type: &str, count: i64, seen_in: (&str, &str)) -> Line {
    (path.into(), kind.into(), sample_type.into(), count, seen_in.0.into(), seen_in.1.into())
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_types_and_values_are_counted_with_what_they_were_seen_in_and_are_no_error() {
    for flavour in [Flavour::Older(OlderApi::default()), Flavour::Newer(NewerApi::default())] {
        let is_paged = matches!(flavour, Flavour::Older(_));
        let (account, ids) = account(flavour).await;
        let set = |place: usize, members: &str| {
            let row = format!(r#"{{"id":"{}",{members}}}"#, ids[place]);
            account.simulator.edit(|account| account.set_raw_row(0, place, row)).unwrap();
        };
        set(3, r#""mood":{"password":"hush"},"call":{"id":"c3","status":"hibernating"}"#);
        set(4, r#""mood":1,"call":{"id":"c4","status":"hibernating","created_at":{}}"#);
        set(
            140,
            r#""mood":{},"call":{"id":"c140","status":"dreaming","call_attempts":[{"id":"a140","result":"cat"}],
               "assistant":{"id":"n140","stt_model":"ear-9","updated_at":"2026-01-01T00:00:00Z"}}"#,
        );
        account.complete_pass(&full()).await;
        let (third, fourth, last) = (ids[3].as_str(), ids[4].as_str(), ids[140].as_str());
        let value = |value: &str| format!("string, not a known value: {value}");
        let mut expected = vec![
            line("assistant.stt_model", &value("ear-9"), "string", 1, ("n140", "n140")),
            line("call.call_attempts[].result", &value("cat"), "string", 1, (last, last)),
            line("call.created_at", "object, not a time", "object", 1, (fourth, fourth)),
            line("call.status", &value("dreaming"), "string", 1, (last, last)),
            line("call.status", &value("hibernating"), "string", 2, (third, fourth)),
            line("mood", "number", "number", 1, (fourth, fourth)),
            line("mood", "object", "object", 2, (third, last)),
        ];
        assert_eq!(lines(&account).await, expected);
        assert_eq!(account.count("select count(*) from revox_sync.rejects").await, 0);
        let statuses = "select count(*) from revox.calls where status in ('hibernating', 'dreaming')";
        assert_eq!(account.count(statuses).await, 3, "a value is data");
        let moods = "select count(*) from revox.campaign_rows where _extra ? 'mood'";
        assert_eq!(account.count(moods).await, 3);

        // Seen again elsewhere: the first place stays, the last moves on, and so do their times. Where there are pages, the first
        // one was written before the last, which has an object of that name, too.
        let earlier = "select count(*) from revox_sync.drift where first_seen_at < last_seen_at";
        let moved = i64::from(is_paged);
        assert_eq!(account.count(earlier).await, moved);
        set(5, r#""mood":[],"call":{"id":"c5","status":"hibernating"}"#);
        account.complete_pass(&full()).await;
        let fifth = ids[5].as_str();
        // An assistant is read once in each pass.
        expected[0].3 = 2;
        expected[4] = line("call.status", &value("hibernating"), "string", 3, (third, fifth));
        expected.insert(5, line("mood", "array", "array", 1, (fifth, fifth)));
        assert_eq!(lines(&account).await, expected);
        assert_eq!(account.count(earlier).await, moved + 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_values_without_end_fill_neither_the_table_nor_the_place_of_others() {
    let (account, ids) = account(Flavour::Newer(NewerApi::default())).await;
    let keys = |place: usize| -> String {
        let keys: Vec<_> =
            (0..100).map(|index| format!(r#""{:08x}":{index}"#, place * 1000 + index)).collect();
        keys.join(",")
    };
    for (place, id) in ids.iter().enumerate().take(150) {
        let contact = keys(place);
        let row = format!(
            r#"{{"id":"{id}","call":{{"id":"c{place}","status":"s-{place}","contact":{{{contact}}}}}}}"#
        );
        account.simulator.edit(|account| account.set_raw_row(0, place, row)).unwrap();
    }
    account.complete_pass(&full()).await;
    let contacts = "select count(*) from revox_sync.drift where path like 'call.contact.%'";
    assert_eq!(account.count(contacts).await, 100);
    let statuses = "select count(*) from revox_sync.drift where path = 'call.status'";
    assert_eq!(account.count(statuses).await, 100);
    assert_eq!(account.count("select count(*) from revox_sync.drift").await, 201);
    assert_eq!(account.count("select sum(count)::bigint from revox_sync.drift").await, 150 * 101);
    let others =
        "select count(*) from revox_sync.drift where path = '(others)' and first_seen_in is not null";
    assert_eq!(account.count(others).await, 1);
    // What comes after that still has a line of its own.
    let row = format!(r#"{{"id":"{}","later":true}}"#, ids[0]);
    account.simulator.edit(|account| account.set_raw_row(0, 0, row)).unwrap();
    account.complete_pass(&passing()).await;
    assert_eq!(account.count("select count(*) from revox_sync.drift where path = 'later'").await, 1);

    // A table that is full takes no more lines; the lines it has go on counting.
    sqlx::query(
        "insert into revox_sync.drift (path, kind, first_seen_at, last_seen_at)
         select 'x' || i || '.y', 'null', now(), now() from generate_series(1, 2000) i",
    )
    .execute(&account.pool)
    .await
    .unwrap();
    let row = format!(r#"{{"id":"{}","later":true,"too_late":1}}"#, ids[1]);
    account.simulator.edit(|account| account.set_raw_row(0, 1, row)).unwrap();
    account.complete_pass(&passing()).await;
    assert_eq!(account.count("select count(*) from revox_sync.drift").await, 2202);
    assert_eq!(account.count("select count from revox_sync.drift where path = 'later'").await, 2);
}
