//! The folder for Grafana: every query of every panel is asked, as Grafana would ask it, and the files hold no password.

use super::generated::read;
use crate::support::account::{Account, full};
use revox_mirror::simulator::{Flavour, NewerApi, Options};
use serde_json::Value;
use sqlx::AssertSqlSafe;
use std::collections::BTreeSet;

const DASHBOARDS: [&str; 3] = ["calls", "conversations", "mirror"];

fn dashboard(name: &str) -> Value {
    serde_json::from_str(&read(&format!("integrations/grafana/dashboards/{name}.json"))).unwrap()
}

/// What stands in the brackets after each `macro(`, replaced by what `make` makes of it.
fn expand(sql: &str, macro_name: &str, make: impl Fn(&str) -> String) -> String {
    let opening = format!("{macro_name}(");
    let mut parts = sql.split(&opening);
    let mut expanded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (inner, rest) = part.split_once(')').unwrap();
        expanded += &make(inner);
        expanded += rest;
    }
    expanded
}

/// The query as Grafana sends it, over a time that all of the account lies in.
fn as_sent(sql: &str) -> String {
    let sql = expand(sql, "$__timeFilter", |column| {
        format!("{column} between '2001-01-01T00:00:00Z' and '2101-01-01T00:00:00Z'")
    });
    let sql = expand(&sql, "$__timeGroup", |inner| {
        let (column, interval) = inner.split_once(", ").unwrap();
        assert_eq!(interval, "$__interval");
        format!("floor(extract(epoch from {column})/3600)*3600")
    });
    let sql = sql.replace("$campaign", "select id from revox.campaigns");
    assert!(!sql.contains('$'), "nothing is left to expand: {sql}");
    sql
}

#[test]
fn macros_are_expanded_as_grafana_does() {
    let sent =
        as_sent("select $__timeGroup(a.b, $__interval) from c where $__timeFilter(d) and e in ($campaign)");
    assert_eq!(
        sent,
        "select floor(extract(epoch from a.b)/3600)*3600 from c where d between '2001-01-01T00:00:00Z' and \
         '2101-01-01T00:00:00Z' and e in (select id from revox.campaigns)"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_panel_of_every_dashboard_asks_something_that_the_mirror_answers() {
    let options = Options {
        campaigns: 3,
        rows: 60,
        flavour: Flavour::Newer(NewerApi::default()),
        ..Options::default()
    };
    let account = Account::new(options).await;
    account.complete_pass(&full()).await;
    let mut asked = 0;
    for name in DASHBOARDS {
        let dashboard = dashboard(name);
        let mut queries: Vec<(String, String)> = Vec::new();
        for panel in dashboard["panels"].as_array().unwrap() {
            let title = panel["title"].as_str().unwrap();
            for target in panel["targets"].as_array().unwrap() {
                queries.push((title.to_owned(), target["rawSql"].as_str().unwrap().to_owned()));
            }
        }
        for variable in dashboard["templating"]["list"].as_array().unwrap() {
            queries.push(("a variable".to_owned(), variable["query"].as_str().unwrap().to_owned()));
        }
        for (title, sql) in queries {
            let lines: i64 =
                sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from ({}) q", as_sent(&sql))))
                    .fetch_one(&account.pool)
                    .await
                    .unwrap_or_else(|error| panic!("{name}, {title}: {error}\n{sql}"));
            assert!(lines > 0, "{name}, {title}: a filled mirror has something to show\n{sql}");
            asked += 1;
        }
    }
    assert!(asked >= 20, "{asked}");
}

#[test]
fn dashboards_are_whole_and_name_the_data_source_that_is_provisioned() {
    let source = read("integrations/grafana/provisioning/datasources/revox.yaml");
    assert!(source.contains("uid: revox-mirror\n"));
    let mut uids = BTreeSet::new();
    for name in DASHBOARDS {
        let dashboard = dashboard(name);
        assert!(uids.insert(dashboard["uid"].as_str().unwrap().to_owned()), "{name}");
        let panels = dashboard["panels"].as_array().unwrap();
        let ids: BTreeSet<i64> = panels.iter().map(|panel| panel["id"].as_i64().unwrap()).collect();
        assert_eq!(ids.len(), panels.len(), "{name}");
        for panel in panels {
            assert_eq!(panel["datasource"]["uid"], "revox-mirror", "{name}: {}", panel["title"]);
            let place = &panel["gridPos"];
            assert!(place["x"].as_u64().unwrap() + place["w"].as_u64().unwrap() <= 24, "{name}");
        }
    }
}

#[test]
fn no_password_stands_in_a_file() {
    let source = read("integrations/grafana/provisioning/datasources/revox.yaml");
    let values: Vec<&str> = source
        .lines()
        .filter_map(|line| line.trim().split_once(": "))
        .filter(|(key, _)| ["url", "user", "password", "database"].contains(key))
        .map(|(_, value)| value)
        .collect();
    assert_eq!(values.len(), 4);
    assert!(
        values.iter().all(|value| value.starts_with("${REVOX_DATABASE_") && value.ends_with('}')),
        "{values:?}"
    );
    let compose = read("docker-compose.yml");
    assert!(compose.contains("./integrations/grafana/provisioning:/etc/grafana/provisioning:ro"));
    assert!(compose.contains("GF_SECURITY_ADMIN_PASSWORD__FILE: /run/secrets/grafana_password"));
}
