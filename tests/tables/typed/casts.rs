//! The functions that make a column out of a JSON value: none of them ever fails.

use super::rows::{account, lines};
use crate::support::account::Account;
use sqlx::AssertSqlSafe;

/// A JSON value, and what it is as a number, a truth value, a day and a moment.
type Case = (&'static str, [Option<&'static str>; 4]);

const CASES: &[Case] = &[
    ("1.5", [Some("1.5"), None, None, None]),
    ("9007199254740993", [Some("9007199254740993"), None, None, None]),
    ("\"12\"", [Some("12"), None, None, None]),
    ("\" -3.5e2 \"", [Some("-350"), None, None, None]),
    ("\"1e999\"", [None; 4]),
    ("\"NaN\"", [None; 4]),
    ("\"Infinity\"", [None; 4]),
    ("\"1,5\"", [None; 4]),
    ("\"\u{a0}1\"", [None; 4]),
    ("\"٢٠٢٦\"", [None; 4]),
    ("true", [None, Some("true"), None, None]),
    ("\"False\"", [None, Some("false"), None, None]),
    ("\"yes\"", [None; 4]),
    ("null", [None; 4]),
    ("\"\"", [None; 4]),
    ("{}", [None; 4]),
    ("[1]", [None; 4]),
    ("\"2026-03-12\"", [None, None, Some("2026-03-12"), Some("2026-03-12 00:00:00")]),
    ("\"2026-02-29\"", [None; 4]),
    ("\"2026-13-01\"", [None; 4]),
    ("\"0000-01-01\"", [None; 4]),
    ("\"٢٠٢٦-٠٣-١٢\"", [None; 4]),
    ("\"2026-03-12T10:00\"", [None, None, Some("2026-03-12"), Some("2026-03-12 10:00:00")]),
    ("\"2026-03-12T25:00\"", [None; 4]),
    ("\"2026-03-12T10:00:60Z\"", [None; 4]),
    ("\"2026-03-12T10:00+99\"", [None; 4]),
    ("\"2026-03-12T10:00-0330\"", [None, None, Some("2026-03-12"), Some("2026-03-12 13:30:00")]),
    (
        "\"2024-02-29T23:59:59.9999999+05:30\"",
        [None, None, Some("2024-02-29"), Some("2024-02-29 18:29:59.999999")],
    ),
    ("\"9999-12-31T23:59:59-15:00\"", [None, None, Some("9999-12-31"), Some("10000-01-01 14:59:59")]),
];

const CASTS: [(&str, &str); 4] = [
    ("numeric", "revox.as_numeric($1::jsonb)::text"),
    ("boolean", "revox.as_boolean($1::jsonb)::text"),
    ("date", "revox.as_date($1::jsonb)::text"),
    ("timestamptz", "(revox.as_timestamptz($1::jsonb) at time zone 'UTC')::text"),
];

async fn ask(account: &Account, expression: &str, json: &str) -> Option<String> {
    sqlx::query_scalar(AssertSqlSafe(format!("select {expression}")))
        .bind(json)
        .fetch_one(&account.pool)
        .await
        .unwrap_or_else(|error| panic!("{expression} of {json}: {error}"))
}

#[tokio::test]
async fn a_value_that_fits_is_cast_and_one_that_does_not_is_null_and_a_misfit() {
    let account = account(0, 0).await;
    for (json, expected) in CASES {
        for ((name, cast), expected) in CASTS.into_iter().zip(expected) {
            assert_eq!(ask(&account, cast, json).await.as_deref(), *expected, "{json} as {name}");
            let is_nothing = matches!(*json, "null" | "\"\"");
            let misfit = format!("revox_sync.is_misfit($1::jsonb, '{name}')::text");
            let is_misfit = (expected.is_none() && !is_nothing).to_string();
            assert_eq!(ask(&account, &misfit, json).await, Some(is_misfit), "{json} as {name}");
        }
    }
}

#[tokio::test]
async fn no_cast_fails_on_any_text_that_is_nearly_a_value() {
    let account = account(0, 0).await;
    // Every text that comes of a good one by another letter, a letter less, or a letter more.
    let broken = lines(
        &account,
        "with good (text) as (
             values ('2024-02-29T23:59:59.999999+05:30'), ('2026-03-12 10:00Z'), ('-12.5e-3'), ('true')
         ), letters (letter) as (
             select unnest(array['', '0', '9', '-', '+', '.', ':', 'e', 'Z', ' ', E'\\n', chr(160), chr(1633), '''', '\"'])
         ), texts as (
             select distinct left(g.text, p.place - 1) || l.letter || substr(g.text, p.place + w.width) as text
             from good g
             cross join letters l
             cross join lateral generate_series(1, length(g.text) + 1) as p (place)
             cross join generate_series(0, 2) as w (width)
         )
         select count(*)::text || ' ' || (count(n) > 0 and count(b) > 0 and count(d) > 0 and count(t) > 0)::text
         from (
             select revox.as_numeric(to_jsonb(text)) n, revox.as_boolean(to_jsonb(text)) b,
                    revox.as_date(to_jsonb(text)) d, revox.as_timestamptz(to_jsonb(text)) t
             from texts
         ) cast_texts",
    )
    .await;
    let (texts, all_types) = broken[0].split_once(' ').unwrap();
    assert!(texts.parse::<u32>().unwrap() > 1_000 && all_types == "true", "{broken:?}");
}

#[tokio::test]
async fn casts_may_stand_in_indexes_and_run_in_parallel() {
    let account = account(0, 0).await;
    let casts = lines(
        &account,
        "select p.proname || ' ' || p.provolatile::text || p.proparallel::text || p.proisstrict::text
         from pg_proc p
         where p.pronamespace = 'revox'::regnamespace and p.proname like 'as\\_%'
         order by 1",
    )
    .await;
    assert_eq!(casts, ["as_boolean istrue", "as_date istrue", "as_numeric istrue", "as_timestamptz istrue"]);
}
