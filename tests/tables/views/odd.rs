//! Lines made by hand, for what an account shows rarely: nothing called, nothing known, nothing ended, everything gone.

use crate::support::account::Account;
use revox_mirror::plan::is_final;
use revox_mirror::simulator::Options;
use sqlx::{AssertSqlSafe, PgPool};

/// `busy` holds everything odd, `empty` has no row, `gone` and all that it holds are gone.
const LINES: &str = "
    insert into revox.assistants (id, name, _first_seen_at, _synced_at)
    values ('asked', 'Ann', now(), now()), ('idle', 'Ida', now(), now());
    insert into revox.campaigns (id, name, status, _first_seen_at, _synced_at, _deleted_at)
    values ('busy', 'Busy', 'dreaming', now(), now(), null), ('empty', null, null, now(), now(), null),
           ('gone', 'Gone', 'running', now(), now(), now());
    insert into revox.calls (id, campaign_id, assistant_id, direction, status, to_phone_number, from_phone_number,
                             _first_seen_at, _synced_at, _deleted_at)
    values ('untried', 'busy', 'asked', null, null, null, null, now(), now(), null),
           ('lasting', 'busy', 'asked', 'outbound', 'hibernating', '+81312345678', '+33100000000', now(), now(), null),
           ('inbound', 'busy', 'asked', 'inbound', 'completed', '+33100000000', '+12125551234', now(), now(), null),
           ('replaced', 'busy', 'asked', null, 'completed', null, null, now(), now(), now()),
           ('of gone', 'gone', 'asked', null, 'completed', null, null, now(), now(), null);
    insert into revox.campaign_rows (id, campaign_id, row_index, phone_number, call_id, _first_seen_at, _synced_at,
                                     _deleted_at)
    values ('1', 'busy', 1, '+1', 'untried', now(), now(), null), ('2', 'busy', 2, '+2', 'lasting', now(), now(), null),
           ('3', 'busy', 3, '+3', 'lasting', now(), now(), null), ('4', 'busy', null, null, null, now(), now(), null),
           ('5', 'busy', 5, '+5', 'inbound', now(), now(), now()), ('6', 'gone', 1, '+6', 'of gone', now(), now(), null),
           ('7', 'busy', 7, '+7', 'replaced', now(), now(), null);
    insert into revox.call_attempts (id, call_id, attempt_number, phone_number, status, result, started_at, answered_at,
                                     ended_at, _first_seen_at, _synced_at, _deleted_at)
    values ('first', 'lasting', 1, 'withheld', 'error', null, '2026-03-01T23:30Z', null, '2026-03-01T23:30:20Z',
            now(), now(), null),
           ('second', 'lasting', 2, '+81312345678', 'ongoing', null, '2026-03-01T23:30Z', '2026-03-01T23:30:05Z', null,
            now(), now(), null),
           ('third', 'lasting', 3, '+81312345678', 'queued', null, null, null, null, now(), now(), null),
           ('odd', 'inbound', 1, '+12125551234', 'completed', 'a parrot', '2026-03-01T23:30Z', '2026-03-01T23:30:05Z',
            '2026-03-01T23:30:15Z', now(), now(), null),
           ('dropped', 'lasting', 4, null, null, 'human', now(), now(), now(), now(), now(), now()),
           ('of replaced', 'replaced', 1, null, null, 'human', now(), now(), now(), now(), now(), null),
           ('of of gone', 'of gone', 1, null, null, 'human', now(), now(), now(), now(), now(), null);
    insert into revox.transcript_turns (call_attempt_id, turn_index, role, content, tool_name)
    values ('second', 0, null, E' two\\twords\\n', null), ('second', 1, 'user', '', null), ('second', 2, 'tool', null, null),
           ('second', 3, 'oracle', null, 'look'), ('of replaced', 0, 'tool', '', 'end_call');
    insert into revox.post_call_transcript_turns (call_attempt_id, turn_index, role, content)
    values ('odd', 0, 'user', 'polly');
    insert into revox.speech_events (call_attempt_id, id, speaker, started_speaking_at_ms, llm_ttft_ms)
    values ('second', 'e', 'agent', null, null), ('of of gone', 'e', 'agent', 1, 1);";

async fn odd() -> Account {
    let account = Account::new(Options { campaigns: 0, rows: 0, ..Options::default() }).await;
    sqlx::raw_sql(LINES).execute(&account.pool).await.unwrap();
    account
}

/// The lines of a query, each as a JSON array without spaces.
async fn lines(pool: &PgPool, columns: &str, rest: &str) -> Vec<String> {
    let statement = format!("select replace(json_build_array({columns})::text, ', ', ',') from revox.{rest}");
    sqlx::query_scalar(AssertSqlSafe(statement)).fetch_all(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_without_attempts_attempts_without_an_end_and_unknown_words_are_counted_for_what_they_are() {
    let account = odd().await;
    let pool = &account.pool;
    let columns = "call_id, rows, row_id, phone_number, status, final_result, attempts, is_answered,
                   is_answered_by_human, ring_seconds, talk_seconds, is_final, is_settled";
    assert_eq!(
        lines(pool, columns, "call_facts order by call_id").await,
        [
            r#"["inbound",0,null,"+12125551234","completed","a parrot",1,true,false,5,10,true,false]"#,
            r#"["lasting",2,"2","+81312345678","hibernating",null,3,true,false,25,0,false,false]"#,
            r#"["untried",1,"1","+1",null,null,0,false,false,0,0,false,false]"#,
        ]
    );
    let columns =
        "call_attempt_id, result, is_answered, ring_seconds, talk_seconds, time_zone, time_zone_source,
                   weekday, hour";
    assert_eq!(
        lines(pool, columns, "attempt_facts order by call_attempt_id").await,
        [
            r#"["first",null,false,20,null,"UTC","reporting",7,23]"#,
            r#"["odd","a parrot",true,5,10,"America/New_York","number",7,18]"#,
            r#"["second",null,true,5,null,"Asia/Tokyo","number",1,8]"#,
            r#"["third",null,false,null,null,"Asia/Tokyo","number",null,null]"#,
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_call_counts_for_both_rows_of_the_funnel_and_nothing_is_divided_by_zero() {
    let account = odd().await;
    let pool = &account.pool;
    let columns = "campaign_id, status, rows, called, answered, answered_by_human, completed, open, called_rate, answer_rate,
                   human_rate, completion_rate";
    assert_eq!(
        lines(pool, columns, "campaign_funnel order by campaign_id").await,
        [
            // The replaced call is gone, though its row still shows it.
            r#"["busy","dreaming",5,2,2,0,0,5,0.4000,1.0000,0.0000,0.0000]"#,
            r#"["empty",null,0,0,0,0,0,0,null,null,null,null]"#,
        ]
    );
    let columns = "assistant_id, calls, called, open, attempts, conversations, talk_seconds, talk_seconds_median, answer_rate,
                   interested_rate, hang_up_rate";
    assert_eq!(
        lines(pool, columns, "assistant_scorecard order by assistant_id").await,
        [r#"["asked",3,2,2,4,0,10,null,1.0000,null,null]"#, r#"["idle",0,0,0,0,0,0,null,null,null,null]"#]
    );
    // An attempt that has not started belongs to no day.
    assert_eq!(
        lines(pool, "campaign_id, day, attempts, calls, answer_rate, talk_seconds", "daily_activity").await,
        [r#"["busy","2026-03-01",3,2,0.6667,10]"#]
    );
    assert_eq!(
        lines(pool, "weekday, hour, time_zone_source, attempts", "hourly_answer_rate order by 1").await,
        [r#"[1,8,"number",1]"#, r#"[7,18,"number",1]"#, r#"[7,23,"reporting",1]"#]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_of_unknown_roles_and_empty_ones_are_shown_and_do_not_speak_last() {
    let account = odd().await;
    let pool = &account.pool;
    let columns = "call_attempt_id, source, transcript, turns, user_turns, tool_turns, user_words, last_role";
    assert_eq!(
        lines(pool, columns, "transcripts order by call_attempt_id").await,
        [
            r#"["first",null,null,0,0,0,0,null]"#,
            r#"["odd","post_call","user: polly",1,1,0,1,"user"]"#,
            r#"["second","live","unknown:  two\twords\n\nuser: \ntool: \noracle: [look]",4,1,1,0,null]"#,
            r#"["third",null,null,0,0,0,0,null]"#,
        ]
    );
    assert_eq!(
        lines(pool, "call_attempt_id, turn_index, tool_name", "tool_calls order by turn_index").await,
        [r#"["second",2,null]"#, r#"["second",3,"look"]"#]
    );
    assert_eq!(
        lines(
            pool,
            "assistant_id, llm_model_name, replies, interrupted, first_token_ms_p50",
            "voice_latency"
        )
        .await,
        [r#"["asked",null,1,0,null]"#]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_views_and_the_plan_agree_on_which_calls_are_over() {
    let account = odd().await;
    for status in
        [Some("paused"), Some("completed"), Some("cancelled"), Some("errored"), Some("of tomorrow"), None]
    {
        sqlx::query("update revox.calls set status = $1 where id = 'untried'")
            .bind(status)
            .execute(&account.pool)
            .await
            .unwrap();
        let (call, open): (bool, i64) = sqlx::query_as(
            "select f.is_final, (select open from revox.campaign_funnel where campaign_id = 'busy')
             from revox.call_facts f where f.call_id = 'untried'",
        )
        .fetch_one(&account.pool)
        .await
        .unwrap();
        assert_eq!(call, is_final(status), "{status:?}");
        assert_eq!(open, if is_final(status) { 4 } else { 5 }, "{status:?}");
    }
}
