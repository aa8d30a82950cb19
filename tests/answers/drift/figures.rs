//! The figures that people ask of `speech_events`, by the query that `docs/schema.md` gives for them; its others run, too.

use crate::support::account::{Account, full};
use revox_mirror::simulator::{Flavour, NewerApi, Options};

fn documented_queries() -> Vec<&'static str> {
    let text = include_str!("../../../docs/schema.md");
    text.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

type Figures = (Option<f64>, Option<f64>, Option<f64>, Option<f64>, i64);

#[tokio::test(flavor = "multi_thread")]
async fn latencies_and_interruptions_are_asked_for_as_documented() {
    let options = Options {
        flavour: Flavour::Newer(NewerApi::default()),
        campaigns: 1,
        rows: 4,
        turns: 1,
        ..Options::default()
    };
    let account = Account::new(options).await;
    let ids = account.simulator.edit(|account| account.row_ids(0)).unwrap();
    let agent = |id: &str, from: u32, to: u32, ttft: f64, ttfb: u32, cut: bool, real: bool| {
        format!(
            r#"{{"id":"{id}","speaker":"agent","is_real_turn":{real},"started_speaking_at_ms":{from},"stopped_speaking_at_ms":{to},
                 "llm_ttft_ms":{ttft},"tts_ttfb_ms":{ttfb},"was_cut":{cut},"stt_transcription_delay_ms":null}}"#
        )
    };
    let user = |id: &str, from: u32, to: u32, delay: u32| {
        format!(
            r#"{{"id":"{id}","speaker":"user","is_real_turn":true,"started_speaking_at_ms":{from},"stopped_speaking_at_ms":{to},
                 "stt_transcription_delay_ms":{delay},"was_cut":null}}"#
        )
    };
    let events = [
        agent("e1", 0, 1000, 300.5, 80, true, true),
        user("e2", 900, 2000, 120),
        agent("e3", 2400, 3000, 310.5, 90, false, true),
        user("e4", 3100, 4000, 140),
        agent("e5", 4100, 4200, 9000.0, 9000, true, false),
        agent("e6", 4800, 5000, 330.5, 100, true, true),
    ];
    let row = format!(
        r#"{{"id":"{}","call":{{"id":"c","call_attempts":[{{"id":"a","speech_events":[{}]}}]}}}}"#,
        ids[0],
        events.join(",")
    );
    account.simulator.edit(|account| account.set_raw_row(0, 0, row)).unwrap();
    account.complete_pass(&full()).await;
    let query = documented_queries().into_iter().find(|query| query.contains("first_token_ms")).unwrap();
    let query = format!(
        "select first_token_ms, first_audio_ms, transcription_delay_ms, response_gap_ms, interruptions
         from ({}) q where call_attempt_id = 'a'",
        query.trim_end().trim_end_matches(';')
    );
    let figures: Figures = sqlx::query_as(sqlx::AssertSqlSafe(query)).fetch_one(&account.pool).await.unwrap();
    assert_eq!(figures, (Some(310.5), Some(90.0), Some(130.0), Some(600.0), 2));

    let queries = documented_queries();
    assert!(queries.len() >= 7, "{}", queries.len());
    for query in queries {
        let run = sqlx::raw_sql(sqlx::AssertSqlSafe(query)).execute(&account.pool).await;
        run.unwrap_or_else(|error| panic!("{error}: {query}"));
    }
}
