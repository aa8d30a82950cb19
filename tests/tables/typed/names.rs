//! What views are called.

use super::rows::{ALL_PENDING, account, execute, lines, pass, pretend, views};
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn campaigns_of_one_name_have_views_of_their_own_and_keep_them_when_they_are_renamed() {
    let account = account(3, 1).await;
    pass(&account).await;
    // As if they had come with these names and nearly one id.
    execute(&account, "drop schema revox_campaigns cascade; create schema revox_campaigns").await;
    execute(&account, "delete from revox_sync.typed_views").await;
    pretend(&account, "name", "Relance devis").await;
    let ids = lines(&account, "select left(lower(id), 8) from revox.campaigns order by id").await;
    // One of the names is somebody else's already.
    let taken = format!("relance_devis_{}", ids[0].replace(['-', '_'], "_"));
    execute(&account, &format!("create table revox_campaigns.\"{taken}\" (mine integer)")).await;
    pass(&account).await;
    let first = views(&account).await;
    assert_eq!(first.len(), 3, "{first:?}");
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 3);
    assert!(first.iter().all(|name| name.starts_with("relance_devis_") && *name != taken), "{first:?}");
    assert!(first.contains(&format!("{taken}_2")), "{first:?}");

    let of =
        "select owner_id || ' ' || view_name from revox_sync.typed_views where kind = 'campaign' order by 1";
    let before = lines(&account, of).await;
    pretend(&account, "name", "Renamed").await;
    execute(&account, ALL_PENDING).await;
    pass(&account).await;
    assert_eq!(lines(&account, of).await, before);
    assert_eq!(views(&account).await, first);
    let mine = "select count(*)::text from information_schema.columns where column_name = 'mine'";
    assert_eq!(lines(&account, mine).await, ["1"], "somebody else's table stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_and_names_in_other_scripts_are_names_and_nothing_else() {
    for (name, expected) in [
        ("x\"; drop schema revox cascade; --", "x_drop_schema_revox_cascade_"),
        ("'); delete from revox.campaigns; select ('", "delete_from_revox_campaigns_select_"),
        ("Измерение", "измерение_"),
        ("東京・大阪", "東京_大阪_"),
        ("🧊", "campaign_"),
        ("%I %s \\", "i_s_"),
        ("table", "table_"),
    ] {
        let account = account(1, 2).await;
        pretend(&account, "name", name).await;
        pass(&account).await;
        let views = views(&account).await;
        assert_eq!(views.len(), 1, "{name}: {views:?}");
        assert!(views[0].starts_with(expected), "{name}: {views:?}");
        // It needs no quotes.
        let count = format!("select count(*)::text from revox_campaigns.{}", views[0]);
        assert_eq!(lines(&account, &count).await, ["2"], "{name}");
        assert_eq!(lines(&account, "select name from revox.campaigns").await, [name]);
    }
}

#[tokio::test]
async fn every_word_that_postgres_reserves_is_known_to_be_reserved() {
    let account = account(0, 0).await;
    let source = include_str!("../../../src/typed/names.rs");
    let reserved = lines(&account, "select word from pg_get_keywords() where catcode in ('R', 'T')").await;
    assert!(reserved.len() > 80, "{reserved:?}");
    let unknown: Vec<&String> =
        reserved.iter().filter(|word| !source.contains(&format!(" {word} "))).collect();
    assert_eq!(unknown, [] as [&String; 0]);
}
