//! The queries of `docs/search.md`: each runs, and what is to be fast uses its index.

use super::desk::{Desk, language};
use crate::support::announce;

/// In order.
pub(crate) fn documented_queries() -> Vec<String> {
    let text = include_str!("../../../docs/search.md");
    text.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_query_runs_and_folds_accents_as_it_says() {
    let desk = Desk::new().await;
    desk.attempt("c", "a", &["J'ai reçu les factures"]).await;
    desk.fill(&language("french")).await;
    assert_eq!(desk.found_in("recu").await, [""; 0]);
    let has_unaccent =
        desk.count("select count(*) from pg_available_extensions where name = 'unaccent'").await == 1;
    let queries = documented_queries();
    assert!(queries.len() >= 10, "{}", queries.len());
    for query in queries {
        if has_unaccent || !query.contains("unaccent") {
            desk.execute(&query).await;
        }
    }
    if !has_unaccent {
        return announce("this Postgres has no unaccent: how accents are folded was not tried");
    }
    assert_eq!(desk.fill(&language("public.french_unaccent")).await.read, 1);
    for words in ["recu", "reçu", "facture"] {
        assert_eq!(desk.found_in(words).await, ["a"], "{words}");
    }
    let (_, _, sentence) = desk.search("recu").await.remove(0);
    assert_eq!(sentence, "J'ai **reçu** les factures");
}
