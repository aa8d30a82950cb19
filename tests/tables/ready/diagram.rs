//! The diagram of `docs/schema.md`, drawn from the database.

use super::catalog::{Column, Relation, migrated, relations};
use super::generated::{between, hold, read};
use std::fmt::Write as _;

/// What a diagram shows of a table: what joins it, what an index finds, and whether it lives.
fn is_shown(column: &Column) -> bool {
    column.is_key || column.parent.is_some() || column.is_indexed || column.name == "_deleted_at"
}

fn draw(relations: &[Relation]) -> String {
    let tables = || relations.iter().filter(|relation| !relation.is_view);
    let mut text = String::from("erDiagram\n");
    for table in tables() {
        for column in &table.columns {
            let Some(parent) = &column.parent else { continue };
            let of_parent = if column.is_obliged { "||" } else { "|o" };
            // A child whose whole key is its parent's has one line at most.
            let of_child = if table.key() == [column.name.as_str()] { "o|" } else { "o{" };
            let _ =
                writeln!(text, "    {parent} {of_parent}--{of_child} {} : \"{}\"", table.name, column.name);
        }
    }
    for table in tables() {
        let _ = writeln!(text, "\n    {} {{", table.name);
        for column in table.columns.iter().filter(|column| is_shown(column)) {
            let keys: Vec<&str> = [(column.is_key, "PK"), (column.parent.is_some(), "FK")]
                .into_iter()
                .filter_map(|(is, word)| is.then_some(word))
                .collect();
            let words =
                [column.kind.replace("double precision", "double"), column.name.clone(), keys.join(", ")];
            let _ = writeln!(text, "        {}", words.join(" ").trim_end());
        }
        text.push_str("    }\n");
    }
    text
}

#[tokio::test]
async fn the_diagram_shows_the_tables_keys_and_joins_that_the_database_has() {
    let (_database, pool) = migrated().await;
    let relations = relations(&pool).await;
    let drawn = draw(&relations);
    for relation in relations.iter().filter(|relation| !relation.is_view) {
        assert!(drawn.contains(&format!("\n    {} {{\n", relation.name)), "{} is not drawn", relation.name);
    }
    assert!(drawn.contains("calls ||--o{ call_status_history : \"call_id\""), "{drawn}");
    assert!(drawn.contains("        text call_attempt_id PK, FK\n"), "{drawn}");
    let page = read("docs/schema.md");
    hold("docs/schema.md", &between(&page, "```mermaid\n", "```\n", &drawn));
}
