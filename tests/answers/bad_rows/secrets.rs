//! Other parties' secrets in rows good and bad: they reach no table.

use super::spoilt::{Spoilt, flavours};
use crate::support::leaks::leaks;

/// Stands in for every secret.
const MARKER: &str = "hush-5c1d";

#[tokio::test(flavor = "multi_thread")]
async fn secrets_reach_no_table_whatever_the_row_is_like() {
    let tool = format!(
        r#"{{"name":"crm","url":"https://me:{MARKER}@crm.example/in?key={MARKER}","headers":[{{"name":"X-Key","value":"{MARKER}"}}],
           "query_params":[{{"name":"k","value":"{MARKER}"}}]}}"#
    );
    let model = format!(r#"{{"type":"external","name":"m","api_key":"{MARKER}"}}"#);
    let assistant = format!(
        r#"{{"id":"ASSISTANT","name":"Nina","updated_at":"2026-01-01T00:00:00Z","llm_model":{model},"custom_tools":[{tool}],
           "webhook_url":"https://u:{MARKER}@hooks.example/in?token={MARKER}","precall_lookup_url":"https://{MARKER}@l.example/?q={MARKER}",
           "faq_items":[7,{tool}],"new_thing":{{"apiKey":"{MARKER}","deep":[{tool}]}}}}"#
    );
    let call = |id: &str, named: &str| {
        let assistant = assistant.replace("ASSISTANT", named);
        format!(
            r#"{{{id}"llm_model":{model},"assistant":{assistant},"authorization":"Bearer {MARKER}",
               "call_attempts":[{{"status":"no id","tool":{tool}}},{{"id":"a {named}","sip_headers":{{"x":"{MARKER}"}}}}]}}"#
        )
    };
    for flavour in flavours() {
        let spoilt = Spoilt::new(flavour).await;
        spoilt.set(3, &format!(r#""call":{}"#, call(r#""id":"c3","#, "good")));
        spoilt.set(4, &format!(r#""call":{}"#, call("", "of a call without an id")));
        spoilt.set_text(5, format!(r#"{{"call":{}}}"#, call(r#""id":"c5","#, "of a row without an id")));
        spoilt.set_text(6, format!(r#""https://me:{MARKER}@h.example/?k={MARKER}""#));
        spoilt.set_text(7, format!("[{tool}]"));
        let unreadable = assistant.replace(r#""id":"ASSISTANT""#, r#""id":{}"#);
        spoilt.set(8, &format!(r#""call":{{"id":"c8","assistant":{unreadable}}}"#));
        spoilt.set(9, &format!(r#""call":{{"id":"c9","assistant":[{tool}],"llm_model":[{tool}]}}"#));
        spoilt
            .set(10, &format!(r#""callback_url":"https://me:{MARKER}@h.example/?k={MARKER}","tool":{tool}"#));
        spoilt.complete_pass().await;
        assert_eq!(leaks(&spoilt.account.pool, MARKER).await, Vec::<String>::new());
        assert!(spoilt.rejects().await.len() >= 8, "{:?}", spoilt.rejects().await);
        // It is the secrets that are gone, not what holds them.
        let line = spoilt.line("assistants", "good").await;
        assert_eq!(line["webhook_url"], "https://hooks.example/in");
        assert_eq!(line["has_llm_api_key"], true);
        assert_eq!(line["_extra"]["custom_tools"][0]["headers"][0]["name"], "X-Key");
        assert_eq!(spoilt.complete_pass().await.rows.rejected_new, 0);
    }
}
