//! Phone numbers by their beginning and by their last digits: the documented queries use the indexes, on a table of
//! 50,000 lines, whatever the database's collation.

use super::desk::{Desk, language};
use super::documented::documented_queries;
use sqlx::AssertSqlSafe;

async fn plan(desk: &Desk, query: &str) -> String {
    let lines: Vec<String> =
        sqlx::query_scalar(AssertSqlSafe(format!("explain {query}"))).fetch_all(&desk.pool).await.unwrap();
    lines.join("\n")
}

/// Lines of each table, with numbers of ten digits.
async fn fifty_thousand_lines(desk: &Desk) {
    desk.execute(
        "insert into revox.campaigns (id, _first_seen_at, _synced_at) values ('c', now(), now());
         create temporary table numbers as
         select 'x' || n as id, '+336' || lpad((n::bigint * 7919 % 100000000)::text, 8, '0') as number
         from generate_series(1, 50000) n;
         insert into revox.calls (id, campaign_id, to_phone_number, created_at, _first_seen_at, _synced_at)
         select id, 'c', number, now(), now(), now() from numbers;
         insert into revox.campaign_rows (id, campaign_id, call_id, phone_number, _first_seen_at, _synced_at)
         select id, 'c', id, number, now(), now() from numbers;
         insert into revox.call_attempts (id, call_id, phone_number, started_at, _first_seen_at, _synced_at)
         select id, id, number, now(), now(), now() from numbers;
         drop table numbers;
         analyze",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_queries_use_the_indexes() {
    let desk = Desk::new().await;
    fifty_thousand_lines(&desk).await;
    let mut tried = 0;
    for query in documented_queries()
        .iter()
        .filter(|query| query.contains("phone_number like") || query.contains("reverse("))
    {
        let (table, column) = if query.contains("revox.campaign_rows") {
            ("campaign_rows", "phone_number")
        } else if query.contains("revox.calls") {
            ("calls", "to_phone_number")
        } else {
            ("call_attempts", "phone_number")
        };
        let end = if query.contains("reverse(") { "_end" } else { "" };
        let plan = plan(&desk, query).await;
        let index = format!("{table}_by_{column}{end}");
        assert!(
            plan.contains(&format!(" {index} ")) || plan.contains(&format!(" {index}\n")),
            "{index}: {plan}"
        );
        assert!(!plan.contains("Seq Scan"), "{query} {plan}");
        tried += 1;
    }
    assert_eq!(tried, 6);
    for table in [
        "campaign_rows where phone_number",
        "calls where to_phone_number",
        "call_attempts where phone_number",
    ] {
        let plan = plan(&desk, &format!("select id from revox.{table} = '+33612345678'")).await;
        assert!(plan.contains("Index") && !plan.contains("Seq Scan"), "a whole number, too: {plan}");
    }
    let ends = desk
        .count("select count(*) from revox.calls where reverse(to_phone_number) like reverse('%5678')")
        .await;
    assert_eq!(
        ends,
        desk.count("select count(*) from revox.calls where right(to_phone_number, 4) = '5678'").await
    );
    assert!(ends > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_uses_the_index_of_words_and_reads_no_turn_but_those_of_its_hits() {
    let desk = Desk::new().await;
    fifty_thousand_lines(&desk).await;
    desk.execute(
        "insert into revox.transcript_turns (call_attempt_id, turn_index, role, content)
         select id, 0, 'user', 'number w' || id || ' speaking of ' || right(id, 1) || ' things' from revox.call_attempts;
         insert into revox.transcript_words
         select call_attempt_id, 'live', 'simple', to_tsvector('simple', content), false, now() from revox.transcript_turns;
         analyze",
    )
    .await;
    assert_eq!(desk.found_in("wx77").await, ["x77"]);
    // What the function does is planned within it.
    desk.execute(
        "create function pg_temp_plan() returns setof text language plpgsql as $$
         begin
             return query execute 'explain ' || replace(replace(replace((
                 select p.prosrc from pg_proc p where p.proname = 'search_transcripts'
             ), 'search_transcripts.words', '''wx77'''), 'search_transcripts.campaign', 'null::text'), 'search_transcripts.conversations', '100');
         end $$",
    )
    .await;
    let lines: Vec<String> =
        sqlx::query_scalar("select * from pg_temp_plan()").fetch_all(&desk.pool).await.unwrap();
    let plan = lines.join("\n");
    for index in [
        "transcript_words_by_word",
        "transcript_words_by_language",
        "transcript_turns_pk",
        "call_attempts_pk",
        "calls_pk",
    ] {
        assert!(plan.contains(index), "{index}: {plan}");
    }
    for table in ["transcript_words", "transcript_turns", "call_attempts", "calls"] {
        assert!(!plan.contains(&format!("Seq Scan on {table}")), "{table}: {plan}");
    }
    // That the filling is up to date, and which transcripts are cut, is found by indexes, too.
    desk.fill(&language("simple")).await;
    let cut = plan_of_cut(&desk).await;
    assert!(cut.contains("transcript_words_cut"), "{cut}");
}

async fn plan_of_cut(desk: &Desk) -> String {
    let query = documented_queries().into_iter().find(|query| query.contains("where w.is_cut")).unwrap();
    plan(desk, &query).await
}
