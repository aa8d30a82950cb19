//! The package for dbt: its sources are the tables and views of the database, with the database's own words.

use super::catalog::{Column, Relation, migrated, relations};
use super::generated::{hold, read};
use std::fmt::Write as _;

/// Keys of views, which the database does not know.
const KEYS_OF_VIEWS: &[(&str, &[&str])] =
    &[("call_settlement", &["call_id"]), ("sync_freshness", &["campaign_id"])];

/// A string of YAML, which takes those of JSON.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn key(relation: &Relation) -> Vec<&str> {
    let of_view = KEYS_OF_VIEWS.iter().find(|(name, _)| *name == relation.name);
    of_view.map_or_else(|| relation.key(), |(_, key)| key.to_vec())
}

fn write_column(text: &mut String, relation: &Relation, column: &Column) {
    let key = key(relation);
    let is_key = key.contains(&column.name.as_str());
    let _ = write!(
        text,
        "          - name: {}\n            description: {}\n            data_type: {}\n",
        column.name,
        quoted(&column.comment),
        quoted(&column.kind)
    );
    let mut tests = String::new();
    if is_key && key.len() == 1 {
        tests.push_str("              - unique\n");
    }
    if is_key || column.is_obliged {
        tests.push_str("              - not_null\n");
    }
    if let Some(parent) = &column.parent {
        let _ = write!(
            tests,
            "              - relationships:\n                  arguments:\n                    \
             to: source('revox', '{parent}')\n                    field: id\n"
        );
    }
    if !tests.is_empty() {
        let _ = write!(text, "            data_tests:\n{tests}");
    }
}

fn sources(relations: &[Relation]) -> String {
    let mut text = String::from(
        "# Made from the database's own catalog and comments: UPDATE_DOCUMENTS=1 cargo test --test tables ready::\n\
         version: 2\n\n\
         sources:\n  - name: revox\n    \
         description: \"The mirrored account: campaigns, their rows (the contacts), calls, call attempts and transcripts.\"\n    \
         schema: \"{{ var('revox_schema', 'revox') }}\"\n    \
         tables:\n",
    );
    for relation in relations {
        let _ = write!(
            text,
            "      - name: {}\n        description: {}\n",
            relation.name,
            quoted(&relation.comment)
        );
        if relation.name == "sync_freshness" {
            text.push_str(
                "        config:\n          loaded_at_field: complete_through\n          freshness:\n            \
                 warn_after: {count: 1, period: hour}\n            error_after: {count: 24, period: hour}\n",
            );
        }
        let key = key(relation);
        if key.len() > 1 {
            let _ = write!(
                text,
                "        data_tests:\n          - revox_mirror.unique_together:\n              arguments:\n                \
                 columns: [{}]\n",
                key.join(", ")
            );
        }
        text.push_str("        columns:\n");
        for column in &relation.columns {
            write_column(&mut text, relation, column);
        }
    }
    text
}

#[tokio::test]
async fn the_sources_of_dbt_are_the_tables_and_views_with_their_comments_and_keys() {
    let (_database, pool) = migrated().await;
    let relations = relations(&pool).await;
    for (view, key) in KEYS_OF_VIEWS {
        let found = relations.iter().find(|relation| relation.name == *view).unwrap();
        assert!(key.iter().all(|key| found.columns.iter().any(|column| column.name == *key)), "{view}");
    }
    for table in relations.iter().filter(|relation| !relation.is_view) {
        assert!(!table.key().is_empty(), "{}", table.name);
    }
    hold("integrations/dbt/models/sources.yml", &sources(&relations));
}

#[test]
fn the_package_has_what_its_sources_ask_for() {
    assert!(read("integrations/dbt/dbt_project.yml").contains("name: revox_mirror\n"));
    assert!(
        read("integrations/dbt/macros/unique_together.sql").contains("test unique_together(model, columns)")
    );
    let sources = read("integrations/dbt/models/sources.yml");
    assert!(sources.contains("- revox_mirror.unique_together:"));
}
