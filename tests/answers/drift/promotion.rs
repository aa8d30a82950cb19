//! A migration that adds a column for a field which older lines keep in `_extra`.

use crate::support::account::{Account, full};
use revox_mirror::simulator::Options;
use serde_json::{Value, json};

/// As a migration would do it.
async fn promote(account: &Account, table: &str, column: &str, kind: &str, path: &str, drift: &str) -> i64 {
    let statement = format!(
        "alter table revox.{table} add column {column} {kind};
         create temporary table moved as
         select revox_sync.promote_extra('revox.{table}', '{path}', '{column}', '{drift}') as lines;"
    );
    let mut transaction = account.pool.begin().await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut *transaction).await.unwrap();
    let moved = sqlx::query_scalar("select lines from moved").fetch_one(&mut *transaction).await.unwrap();
    sqlx::raw_sql("drop table moved").execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
    moved
}

async fn line(account: &Account, table: &str, id: &str, columns: &str) -> Value {
    let statement = format!("select to_jsonb(t) from (select {columns} from revox.{table} where id = $1) t");
    sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).bind(id).fetch_one(&account.pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_column_takes_what_older_lines_keep_beside_their_columns() {
    let account = Account::new(Options { campaigns: 1, rows: 12, turns: 1, ..Options::default() }).await;
    let ids = account.simulator.edit(|account| account.row_ids(0)).unwrap();
    let members = [
        r#""hold_ms":250"#,
        r#""hold_ms":3.0,"other":{"a":1}"#,
        r#""hold_ms":"long""#,
        r#""hold_ms":1e300"#,
        r#""hold_ms":2.5"#,
        r#""other":{"a":1}"#,
        r#""contact":{"fax":"12","pager":"1"}"#,
        r#""contact":{"fax":"13"}"#,
        r#""contact":{"fax":14}"#,
    ];
    for (place, members) in members.iter().enumerate() {
        let row = format!(r#"{{"id":"{}","call":{{"id":"c{place}",{members}}}}}"#, ids[place]);
        account.simulator.edit(|account| account.set_raw_row(0, place, row)).unwrap();
    }
    account.complete_pass(&full()).await;
    // One of them is gone from the API by now: nothing will ever write it again.
    account.simulator.edit(|account| account.delete_row(0, 0)).unwrap();
    account.complete_pass(&full()).await;
    let gone = "select count(*) from revox.calls where id = 'c0' and _deleted_at is not null";
    assert_eq!(account.count(gone).await, 1);
    let synced = "select md5(string_agg(_synced_at::text, ' ' order by id)) from revox.calls";
    let before: String = sqlx::query_scalar(synced).fetch_one(&account.pool).await.unwrap();

    let moved = promote(&account, "calls", "hold_ms", "bigint", "{hold_ms}", "call.hold_ms").await;
    assert_eq!(moved, 2);
    let cases = [
        ("c0", json!(250), Value::Null),
        ("c1", json!(3), json!({"other": {"a": 1}})),
        ("c2", Value::Null, json!({"hold_ms": "long"})),
        ("c4", Value::Null, json!({"hold_ms": 2.5})),
        ("c5", Value::Null, json!({"other": {"a": 1}})),
    ];
    for (id, hold_ms, extra) in cases {
        let expected = json!({"hold_ms": hold_ms, "_extra": extra});
        assert_eq!(line(&account, "calls", id, "hold_ms, _extra").await, expected, "{id}");
    }
    let out_of_range =
        "select count(*) from revox.calls where id = 'c3' and hold_ms is null and _extra ? 'hold_ms'";
    assert_eq!(account.count(out_of_range).await, 1);
    let drift = |path: &str| {
        let statement = format!("select count(*) from revox_sync.drift where path = '{path}'");
        sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(statement)).fetch_one(&account.pool)
    };
    assert_eq!(drift("call.hold_ms").await.unwrap(), 0, "it is no drift any more");
    assert_eq!(drift("call.other").await.unwrap(), 1);

    let moved = promote(&account, "calls", "contact_fax", "text", "{contact,fax}", "call.contact.fax").await;
    assert_eq!(moved, 2);
    let cases = [
        ("c6", json!("12"), json!({"contact": {"pager": "1"}})),
        ("c7", json!("13"), Value::Null),
        ("c8", Value::Null, json!({"contact": {"fax": 14}})),
    ];
    for (id, fax, extra) in cases {
        let expected = json!({"contact_fax": fax, "_extra": extra});
        assert_eq!(line(&account, "calls", id, "contact_fax, _extra").await, expected, "{id}");
    }
    let after: String = sqlx::query_scalar(synced).fetch_one(&account.pool).await.unwrap();
    assert_eq!(after, before, "nothing has changed in the API, so _synced_at stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_type_of_column_takes_what_it_can_hold_and_nothing_else() {
    let account = Account::new(Options { campaigns: 1, rows: 1, turns: 1, ..Options::default() }).await;
    let values = json!({
        "text": "a", "number": 1.5, "integer": 7, "huge": 1e300, "yes": true, "object": {"a": 1.10}, "list": ["a", "b"],
        "mixed": ["a", 1], "time": "2026-01-02T03:04:05.5+02:00", "local": "2026-01-02 03:04", "now": "now",
        "no_time": "2026-13-45T00:00:00Z",
    });
    let cases = [
        ("text", "text", json!("a")),
        ("text", "number", Value::Null),
        ("double precision", "number", json!(1.5)),
        ("double precision", "text", Value::Null),
        ("bigint", "integer", json!(7)),
        ("bigint", "huge", Value::Null),
        ("bigint", "number", Value::Null),
        ("integer", "integer", json!(7)),
        ("boolean", "yes", json!(true)),
        ("boolean", "text", Value::Null),
        ("jsonb", "object", json!({"a": 1.10})),
        ("text[]", "list", json!(["a", "b"])),
        ("text[]", "mixed", Value::Null),
        ("timestamptz", "time", json!("2026-01-02T01:04:05.5+00:00")),
        ("timestamptz", "local", json!("2026-01-02T03:04:00+00:00")),
        ("timestamptz", "now", Value::Null),
        ("timestamptz", "no_time", Value::Null),
        ("timestamptz", "number", Value::Null),
    ];
    for (index, (kind, field, expected)) in cases.into_iter().enumerate() {
        let id = format!("campaign {index}");
        let column = format!("new_{index}");
        sqlx::query(
            "insert into revox.campaigns (id, _first_seen_at, _synced_at, _extra) values ($1, now(), now(), $2)",
        )
        .bind(&id)
        .bind(json!({ "here": values[field] }))
        .execute(&account.pool)
        .await
        .unwrap();
        let moved = promote(&account, "campaigns", &column, kind, "{here}", "campaign.here").await;
        let line = line(&account, "campaigns", &id, &format!("{column} as new, _extra")).await;
        assert_eq!(line["new"], expected, "{kind} {field}");
        assert_eq!(moved == 1, !expected.is_null(), "{kind} {field}");
        assert_eq!(line["_extra"].is_null(), !expected.is_null(), "{kind} {field}: {line}");
        sqlx::query("delete from revox.campaigns where id = $1")
            .bind(&id)
            .execute(&account.pool)
            .await
            .unwrap();
    }
}
