//! Lists that are missing, null or malformed: no evidence that anything was removed.

use super::spoilt::{Spoilt, flavours, reject};
use serde_json::{Value, json};

/// What is live below one call.
const LIVE_BELOW: &str = "select count(*) || ' attempts, ' ||
        coalesce(sum((select count(*) from revox.transcript_turns t where t.call_attempt_id = a.id)), 0) || ' turns'
     from revox.call_attempts a
     where a.call_id = $1 and a._deleted_at is null";

/// What holds the list of this name in a row.
fn owner<'a>(row: &'a mut Value, key: &str) -> &'a mut Value {
    if key == "transcript" { &mut row["call"]["call_attempts"][0] } else { &mut row["call"] }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_cannot_be_read_removes_nothing() {
    for flavour in flavours() {
        let spoilt = Spoilt::new(flavour).await;
        spoilt.complete_pass().await;
        let place = spoilt.talkative(50);
        let whole = spoilt.shown(place);
        let call = whole["call"]["id"].as_str().unwrap().to_owned();
        let before = spoilt.text(LIVE_BELOW, &call).await.unwrap();
        assert!(!before.starts_with('0') && !before.ends_with(" 0 turns"), "{before}");
        let bad =
            [json!(null), json!("none"), json!({}), json!(7), json!([null]), json!([[]]), json!(["x", 1])];
        for list in &bad {
            for key in ["call_attempts", "transcript"] {
                let mut row = whole.clone();
                owner(&mut row, key)[key] = list.clone();
                spoilt.set_text(place, row.to_string());
                spoilt.complete_pass().await;
                assert_eq!(spoilt.text(LIVE_BELOW, &call).await.unwrap(), before, "{key}: {list}");
                let rejected = !list.is_null();
                assert_eq!(!spoilt.rejects().await.is_empty(), rejected, "{key}: {list}");
            }
        }
        // A list that is missing.
        for key in ["call_attempts", "transcript"] {
            let mut row = whole.clone();
            owner(&mut row, key).as_object_mut().unwrap().remove(key);
            spoilt.set_text(place, row.to_string());
            spoilt.complete_pass().await;
            assert_eq!(spoilt.text(LIVE_BELOW, &call).await.unwrap(), before, "without {key}");
        }
        assert_eq!(spoilt.tombstones().await, 0);
        // A list that was read, and is empty, is evidence.
        let mut row = whole.clone();
        row["call"]["call_attempts"] = json!([]);
        spoilt.set_text(place, row.to_string());
        spoilt.complete_pass().await;
        assert_eq!(spoilt.text(LIVE_BELOW, &call).await.unwrap(), "0 attempts, 0 turns");
        spoilt.mend_all().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_item_leaves_the_others_of_its_list() {
    for flavour in flavours() {
        let spoilt = Spoilt::new(flavour).await;
        spoilt.set(
            7,
            r#""call":{"id":"c","call_attempts":[{"id":"newest"},{"status":"error"},"x",{"id":"oldest",
               "transcript":[{"role":"user","content":"one"},null,{"role":"user","content":"three"}],
               "sms_log":[{"id":"s","message_body":"hello"},{"message_body":"no id"}],
               "speech_events":[{"id":"e","speaker":"user"},7],"email_log":"none"}]}"#,
        );
        spoilt.complete_pass().await;
        let id = spoilt.ids[7].as_str();
        let mut expected = [
            reject(id, "call.call_attempts[1]", "it has no id that can be read"),
            reject(id, "call.call_attempts[2]", "it is not an object"),
            reject(id, "call.call_attempts[3].email_log", "it is a string, not a list"),
            reject(id, "call.call_attempts[3].sms_log[1]", "it has no id that can be read"),
            reject(id, "call.call_attempts[3].speech_events[1]", "it is not an object"),
            reject(id, "call.call_attempts[3].transcript[1]", "it is not an object"),
        ];
        expected.sort();
        assert_eq!(spoilt.rejects().await, expected);
        let numbers = "select string_agg(id || ' ' || attempt_number, ', ' order by attempt_number)
                       from revox.call_attempts where call_id = $1";
        assert_eq!(spoilt.text(numbers, "c").await.as_deref(), Some("oldest 1, newest 4"));
        let turns = "select string_agg(turn_index || ' ' || content, ', ' order by turn_index)
                     from revox.transcript_turns where call_attempt_id = $1";
        assert_eq!(spoilt.text(turns, "oldest").await.as_deref(), Some("0 one, 2 three"));
        let messages = "select message_body from revox.sms_messages where call_attempt_id = $1";
        assert_eq!(spoilt.text(messages, "oldest").await.as_deref(), Some("hello"));
        let events = "select speaker from revox.speech_events where call_attempt_id = $1";
        assert_eq!(spoilt.text(events, "oldest").await.as_deref(), Some("user"));
        spoilt.mend_all().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_twice_in_one_list_lands_once_and_the_last_wins() {
    for flavour in flavours() {
        let spoilt = Spoilt::new(flavour).await;
        spoilt.set(
            7,
            r#""call":{"id":"c","call_attempts":[{"id":"a","result":"first"},{"id":"a","result":"last",
               "speech_events":[{"id":"e","speaker":"first"},{"id":"e","speaker":"last"}],
               "sms_log":[{"id":"s","message_body":"first"},{"id":"s","message_body":"last"}],
               "email_log":[{"id":"m","subject":"first"},{"id":"m","subject":"last"}]}]}"#,
        );
        for _ in 0..2 {
            spoilt.complete_pass().await;
            assert_eq!(spoilt.rejects().await, []);
            for statement in [
                "select string_agg(result, ' ') from revox.call_attempts where id = $1",
                "select string_agg(speaker, ' ') from revox.speech_events where call_attempt_id = $1",
                "select string_agg(message_body, ' ') from revox.sms_messages where call_attempt_id = $1",
                "select string_agg(subject, ' ') from revox.email_messages where call_attempt_id = $1",
            ] {
                assert_eq!(spoilt.text(statement, "a").await.as_deref(), Some("last"), "{statement}");
            }
        }
        spoilt.mend_all().await;
    }
}
