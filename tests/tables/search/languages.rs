//! The languages in which transcripts are read: a change has them read anew, a campaign may have its own.

use super::desk::{Desk, language};
use revox_mirror::store::Languages;
use revox_mirror::upkeep::fulltext;
use tokio_util::sync::CancellationToken;

const SAID: &[&str] = &["Nous avons reçu vos factures", "Je voulais des remboursements"];

/// How many lines are in each language.
async fn lines(desk: &Desk) -> Vec<(String, i64)> {
    sqlx::query_as("select language, count(*) from revox.transcript_words group by 1 order by 1")
        .fetch_all(&desk.pool)
        .await
        .unwrap()
}

fn counts(expected: &[(&str, i64)]) -> Vec<(String, i64)> {
    expected.iter().map(|(language, count)| ((*language).to_owned(), *count)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_language_has_every_transcript_read_anew_and_a_campaign_may_have_its_own() {
    let desk = Desk::new().await;
    desk.attempt("one", "a", SAID).await;
    desk.attempt("one", "b", SAID).await;
    desk.attempt("two", "c", SAID).await;
    assert_eq!(desk.fill(&language("simple")).await.read, 3);
    assert_eq!(lines(&desk).await, counts(&[("simple", 3)]));
    assert_eq!(desk.found_in("facture").await, [""; 0]);

    assert_eq!(desk.fill(&language("french")).await.read, 3);
    assert_eq!(lines(&desk).await, counts(&[("french", 3)]));
    assert_eq!(desk.found_in("facture remboursement").await, ["a", "b", "c"]);
    assert_eq!(desk.fill(&language("french")).await.read, 0);

    // Only the campaign whose language is another one is read.
    let own = |id: &str, language: &str| [(id.to_owned(), language.to_owned())].into();
    let mixed = Languages { campaigns: own("two", "simple"), ..language("french") };
    assert_eq!(desk.fill(&mixed).await.read, 1);
    assert_eq!(lines(&desk).await, counts(&[("french", 2), ("simple", 1)]));
    assert_eq!(desk.found_in("facture").await, ["a", "b"]);
    assert_eq!(desk.found_in("factures").await, ["a", "b", "c"], "each language is asked in its own way");

    // A call that goes over to another campaign is read in that one's language.
    desk.execute("update revox.calls set campaign_id = 'two' where id = 'b'").await;
    assert_eq!(desk.fill(&mixed).await.read, 1);
    assert_eq!(lines(&desk).await, counts(&[("french", 1), ("simple", 2)]));
    desk.execute("update revox.calls set status = 'completed'").await;
    assert_eq!(
        desk.count("select count(*) from revox_sync.search_marks").await,
        0,
        "one that stays marks nothing"
    );

    let swapped = Languages { campaigns: own("two", "french"), ..language("simple") };
    assert_eq!(desk.fill(&swapped).await.read, 3);
    assert_eq!(lines(&desk).await, counts(&[("french", 2), ("simple", 1)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn turned_off_it_is_emptied_and_turned_on_again_it_is_filled() {
    let desk = Desk::new().await;
    let stop = CancellationToken::new();
    let epoch = "select coalesce(max(epoch), 0) from revox_sync.leases where scope = 'search'";
    desk.attempt("c", "a", SAID).await;
    desk.fill(&language("simple")).await;
    desk.attempt("c", "b", SAID).await;
    fulltext::fill(&desk.store, None, &stop).await.unwrap();
    assert_eq!(lines(&desk).await, []);
    assert_eq!(desk.count("select count(*) from revox_sync.search_marks").await, 0);
    assert_eq!(desk.found_in("factures").await, [""; 0]);
    let before = desk.count(epoch).await;
    fulltext::fill(&desk.store, None, &stop).await.unwrap();
    assert_eq!(desk.count(epoch).await, before, "there was nothing to do");

    // Marks do not pile up while it is off.
    desk.attempt("c", "d", SAID).await;
    fulltext::fill(&desk.store, None, &stop).await.unwrap();
    assert_eq!(desk.count("select count(*) from revox_sync.search_marks").await, 0);

    assert_eq!(desk.fill(&language("simple")).await.read, 3);
    assert_eq!(desk.found_in("factures").await, ["a", "b", "d"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_resolved_as_postgres_would_and_one_that_is_not_there_is_none() {
    let desk = Desk::new().await;
    desk.execute(
        "create schema elsewhere;
         create text search configuration public.own (copy = french);
         create text search configuration elsewhere.own_too (copy = french)",
    )
    .await;
    let names = [
        "simple",
        "french",
        "pg_catalog.french",
        "own",
        "public.own",
        "elsewhere.own_too",
        "own_too",
        "klingon",
        "no.such",
    ];
    let found = desk.store.resolve_languages(&names.map(str::to_owned)).await.unwrap();
    let expected = [
        ("simple", Some("simple")),
        ("french", Some("french")),
        ("pg_catalog.french", Some("french")),
        ("own", Some("public.own")),
        ("public.own", Some("public.own")),
        ("elsewhere.own_too", Some("elsewhere.own_too")),
        ("own_too", None),
        ("klingon", None),
        ("no.such", None),
    ];
    let expected = expected.map(|(name, found)| (name.to_owned(), found.map(str::to_owned)));
    assert_eq!(found, expected.into());
    assert!(desk.store.known_languages().await.unwrap().contains(&"french".to_owned()));

    desk.attempt("c", "a", SAID).await;
    assert_eq!(desk.fill(&language("elsewhere.own_too")).await.read, 1);
    assert_eq!(desk.found_in("facture").await, ["a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_language_that_is_dropped_meanwhile_is_an_error_and_what_was_read_stays() {
    let desk = Desk::new().await;
    desk.execute("create text search configuration public.own (copy = simple)").await;
    desk.attempt("c", "a", SAID).await;
    desk.fill(&language("public.own")).await;
    desk.attempt("c", "b", SAID).await;
    desk.execute("drop text search configuration public.own").await;
    let error = fulltext::fill(&desk.store, Some(&language("public.own")), &CancellationToken::new())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("public.own"), "{error}");
    assert_eq!(desk.found_in("factures").await, [""; 0], "nobody can be asked in it, and nothing fails");
    assert_eq!(desk.fill(&language("simple")).await.read, 2);
    assert_eq!(desk.found_in("factures").await, ["a", "b"]);
}
