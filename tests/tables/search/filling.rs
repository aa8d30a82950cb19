//! The filling: what is new, changed or gone is taken up, by one process at a time, and can be stopped anywhere.

use super::desk::{Desk, language};
use revox_mirror::store::{Holder, IndexCounts};
use revox_mirror::upkeep::fulltext;
use tokio_util::sync::CancellationToken;

/// Attempts of a campaign `c`, in one statement, each of which says its number.
async fn attempts(desk: &Desk, from: usize, to: usize) {
    desk.execute(&format!(
        "insert into revox.campaigns (id, _first_seen_at, _synced_at) values ('c', now(), now()) on conflict do nothing;
         insert into revox.calls (id, campaign_id, _first_seen_at, _synced_at)
         select 'a' || n, 'c', now(), now() from generate_series({from}, {to}) n;
         insert into revox.call_attempts (id, call_id, _first_seen_at, _synced_at)
         select 'a' || n, 'a' || n, now(), now() from generate_series({from}, {to}) n;
         insert into revox.transcript_turns (call_attempt_id, turn_index, role, content)
         select 'a' || n, 0, 'user', 'number n' || n || ' speaking' from generate_series({from}, {to}) n"
    ))
    .await;
}

async fn words(desk: &Desk) -> i64 {
    desk.count("select count(*) from revox.transcript_words").await
}

async fn marks(desk: &Desk) -> i64 {
    desk.count("select count(*) from revox_sync.search_marks").await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_new_changed_gone_or_back_is_taken_up_and_nothing_else_is_read() {
    let desk = Desk::new().await;
    let simple = language("simple");
    desk.attempt("c", "a", &["hello old world"]).await;
    desk.attempt("c", "b", &["hello"]).await;
    assert_eq!(desk.fill(&simple).await.read, 2);
    assert_eq!(desk.found_in("hello").await, ["a", "b"]);

    // What a pass does to `a`, the words that find it afterwards and before, and how many transcripts are read for it.
    let touched = "update revox.call_attempts set _synced_at = clock_timestamp() where id = 'a';";
    for (case, change, finds, lost, read) in [
        (
            "a turn changed",
            "update revox.transcript_turns set content = 'new words' where call_attempt_id = 'a';",
            "new",
            "old",
            1,
        ),
        (
            "a better transcript came",
            "insert into revox.post_call_transcript_turns (call_attempt_id, turn_index, role, content) values ('a', 3, 'user', 'better');",
            "better",
            "new",
            1,
        ),
        (
            "it is empty",
            "update revox.post_call_transcript_turns set content = '' where call_attempt_id = 'a';",
            "new",
            "better",
            1,
        ),
        (
            "its turns are gone",
            "delete from revox.transcript_turns where call_attempt_id = 'a';",
            "",
            "new",
            0,
        ),
        (
            "they are back",
            "insert into revox.transcript_turns (call_attempt_id, turn_index, role, content) values ('a', 0, 'user', 'again');",
            "again",
            "new",
            1,
        ),
        (
            "the attempt is gone",
            "update revox.call_attempts set _deleted_at = now() where id = 'a';",
            "",
            "again",
            0,
        ),
        (
            "it is back",
            "update revox.call_attempts set _deleted_at = null where id = 'a';",
            "again",
            "new",
            1,
        ),
        (
            "something else of it changed",
            "update revox.call_attempts set status = 'error' where id = 'a';",
            "again",
            "new",
            1,
        ),
    ] {
        desk.execute(&format!("begin; {change} {touched} commit;")).await;
        assert_eq!(desk.fill(&simple).await.read, read, "{case}");
        let expected = if finds.is_empty() { vec![] } else { vec!["a"] };
        if finds.is_empty() {
            assert_eq!(words(&desk).await, 1, "{case}");
        } else {
            assert_eq!(desk.found_in(finds).await, expected, "{case}");
        }
        assert_eq!(desk.found_in(lost).await, [""; 0], "{case}");
        assert_eq!(marks(&desk).await, 0, "{case}");
    }
    desk.execute("delete from revox.call_attempts").await;
    assert_eq!(words(&desk).await, 0, "words go with their attempt");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_is_gone_is_not_found_even_before_the_next_filling() {
    let desk = Desk::new().await;
    desk.attempt("c", "a", &["hello"]).await;
    desk.fill(&language("simple")).await;
    desk.execute("update revox.call_attempts set _deleted_at = now(), _synced_at = clock_timestamp()").await;
    assert_eq!(words(&desk).await, 1);
    assert_eq!(desk.found_in("hello").await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_set_back_hides_nothing() {
    let desk = Desk::new().await;
    attempts(&desk, 1, 3).await;
    desk.fill(&language("simple")).await;
    for time in ["2001-01-01", "epoch", "2100-01-01"] {
        desk.execute(&format!(
            "begin;
             update revox.transcript_turns set content = content || ' more' where call_attempt_id = 'a2';
             update revox.call_attempts set _synced_at = '{time}' where id = 'a2';
             commit"
        ))
        .await;
        assert_eq!(desk.fill(&language("simple")).await.read, 1, "{time}");
        assert_eq!(desk.found_in("more").await, ["a2"], "{time}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_there_is_nothing_to_do_no_lease_is_taken() {
    let desk = Desk::new().await;
    let epoch = "select coalesce(max(epoch), 0) from revox_sync.leases where scope = 'search'";
    attempts(&desk, 1, 3).await;
    desk.fill(&language("simple")).await;
    assert_eq!(desk.count(epoch).await, 1);
    assert_eq!(desk.fill(&language("simple")).await, IndexCounts::default());
    assert_eq!(desk.count(epoch).await, 1);
    attempts(&desk, 4, 4).await;
    assert_eq!(desk.fill(&language("simple")).await.read, 1);
    assert_eq!(desk.count(epoch).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_attempts_of_a_mark_are_found_by_the_index() {
    let desk = Desk::new().await;
    attempts(&desk, 1, 20_000).await;
    desk.execute("update revox.call_attempts set _synced_at = clock_timestamp() where id = 'a7'; analyze")
        .await;
    let plan: Vec<String> = sqlx::query_scalar(
        "explain select id from revox.call_attempts
         where _synced_at = (select max(synced_at) from revox_sync.search_marks) and id > '' order by id limit 10000",
    )
    .fetch_all(&desk.pool)
    .await
    .unwrap();
    let plan = plan.join("\n");
    assert!(plan.contains("call_attempts_by_sync"), "{plan}");
    assert!(!plan.contains("Seq Scan on call_attempts"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filling_that_is_stopped_goes_on_where_it_was() {
    let desk = Desk::new().await;
    attempts(&desk, 1, 250).await;
    let simple = language("simple");
    let stop = CancellationToken::new();
    // What is written moves on by a hundred at a time: the first hundred stops it.
    desk.execute(
        "create function revox_sync.tell() returns trigger language plpgsql as $$
         begin
             perform pg_notify('read', '');
             return null;
         end $$;
         create trigger tell after insert on revox.transcript_words for each statement execute function revox_sync.tell()",
    )
    .await;
    let mut listener = sqlx::postgres::PgListener::connect_with(&desk.pool).await.unwrap();
    listener.listen("read").await.unwrap();
    // The second hundred waits for this line until the filling was told to stop.
    let mut holding = desk.pool.begin().await.unwrap();
    sqlx::query(
        "insert into revox.transcript_words (call_attempt_id, source, language, words, is_cut, attempt_synced_at)
         select max(id), 'live', 'none', '', false, 'epoch' from (select id from revox.call_attempts order by id limit 101) as first",
    )
    .execute(&mut *holding)
    .await
    .unwrap();
    let (ended, ()) = tokio::join!(fulltext::fill(&desk.store, Some(&simple), &stop), async {
        listener.recv().await.unwrap();
        stop.cancel();
        holding.rollback().await.unwrap();
    });
    let read = ended.unwrap().read;
    assert!((100..=200).contains(&read), "{read}");
    assert_eq!(words(&desk).await, i64::try_from(read).unwrap());
    assert!(marks(&desk).await > 0);

    assert_eq!(
        fulltext::fill(&desk.store, Some(&simple), &stop).await.unwrap().read,
        0,
        "it is still stopped"
    );
    assert_eq!(desk.fill(&simple).await.read, 250 - read, "what was read is not read again");
    assert_eq!((words(&desk).await, marks(&desk).await), (250, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_fillings_do_not_do_the_same_work() {
    let desk = Desk::new().await;
    attempts(&desk, 1, 500).await;
    let (simple, stop) = (language("simple"), CancellationToken::new());
    let held = desk.store.take_lease("search", &Holder::this_process()).await.unwrap().unwrap();
    assert_eq!(desk.fill(&simple).await.read, 0, "another process is at it");
    assert_eq!(words(&desk).await, 0);
    desk.store.release_lease(&held).await.unwrap();

    let fill = || fulltext::fill(&desk.store, Some(&simple), &stop);
    let (one, two, three) = tokio::join!(fill(), fill(), fill());
    let read = one.unwrap().read + two.unwrap().read + three.unwrap().read;
    assert_eq!(read, 500, "each transcript once");
    desk.fill(&simple).await;
    assert_eq!((words(&desk).await, marks(&desk).await), (500, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_lost_its_lease_commits_nothing() {
    let desk = Desk::new().await;
    attempts(&desk, 1, 3).await;
    let lease = desk.store.take_lease("search", &Holder::this_process()).await.unwrap().unwrap();
    desk.execute("update revox_sync.leases set epoch = epoch + 1, holder = 'another'").await;
    let ids = ["a1".to_owned()];
    let lost = desk.store.index_transcripts(&lease, &ids, &language("simple"), 100).await;
    assert!(lost.is_err());
    assert!(desk.store.forget_marks(&lease, &[1]).await.is_err());
    assert!(desk.store.forget_words(&lease, 1).await.is_err());
    assert!(desk.store.mark_all_transcripts(&lease, &language("french")).await.is_err());
    assert_eq!(words(&desk).await, 0);
    assert_eq!(marks(&desk).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transcript_that_cannot_be_read_in_time_is_read_in_part_and_holds_up_no_other() {
    let desk = Desk::new().await;
    attempts(&desk, 1, 150).await;
    // Two of them fail whenever more of them is read than the test allows.
    desk.execute(
        "alter function revox_sync.read_transcript rename to read_any_transcript;
         create function revox_sync.read_transcript(attempt text, language text, most integer, out source text, out words tsvector, out is_cut boolean)
         language plpgsql stable as $$
         begin
             if attempt = 'a17' and most > 5000 or attempt = 'a88' and most > 0 then
                 raise exception 'canceling statement due to statement timeout' using errcode = '57014';
             end if;
             select t.source, t.words, t.is_cut into source, words, is_cut
             from revox_sync.read_any_transcript(attempt, language, most) t;
         end $$",
    )
    .await;
    assert_eq!(desk.fill(&language("simple")).await.read, 150);
    assert_eq!(marks(&desk).await, 0);
    assert_eq!(desk.found_in("n17 or n88 or n150").await, ["a150", "a17"]);
    assert_eq!(
        desk.count("select count(*) from revox.transcript_words where is_cut and call_attempt_id = 'a88'")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_are_the_same_leave_the_index_alone() {
    let desk = Desk::new().await;
    let long: Vec<String> = (0..3_000).map(|number| format!("word{number}")).collect();
    desk.attempt("c", "a", &[&long.join(" ")]).await;
    desk.fill(&language("simple")).await;
    desk.execute("select gin_clean_pending_list('revox.transcript_words_by_word')").await;
    let size = "select pg_relation_size('revox.transcript_words_by_word')";
    let before = desk.count(size).await;
    for _ in 0..5 {
        desk.execute("update revox.call_attempts set _synced_at = clock_timestamp()").await;
        assert_eq!(desk.fill(&language("simple")).await.read, 1);
    }
    assert_eq!(desk.count(size).await, before);
}
