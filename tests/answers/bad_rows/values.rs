//! Values that no column can hold: they are null there, kept in `_extra`, and noted as drift.

use super::spoilt::{ROWS, Spoilt, flavours};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn what_postgres_cannot_hold_lands_with_a_replacement_character() {
    for flavour in flavours() {
        let spoilt = Spoilt::new(flavour).await;
        let before = spoilt.drift().await;
        spoilt.set(
            3,
            r#""phone_number":"+33\u0000","input_data":{"k\u0000ey":"a\u0000b","deep":[{"x":["\u0000",{"\u0000":"\ud83d"}]}]},
               "call":{"id":"zero\u0000call","status":"\udc00done","metadata":{"\ud800":"😀\ud83d\ude00"},
               "call_attempts":[{"id":"zero-attempt","transcript":[{"role":"user","content":"one\u0000two\ud83dthree"}]}]}"#,
        );
        spoilt.set(120, r#""a\u0000b":"\u0000","input_data":"\ud800""#);
        spoilt.complete_pass().await;
        assert_eq!(before, []);
        assert_eq!(spoilt.rejects().await, []);
        let row = spoilt.row(3).await;
        assert_eq!(row["phone_number"], "+33\u{fffd}");
        let deep = json!([{"x": ["\u{fffd}", {"\u{fffd}": "\u{fffd}"}]}]);
        assert_eq!(row["input_data"], json!({"k\u{fffd}ey": "a\u{fffd}b", "deep": deep}));
        assert_eq!(row["call_id"], "zero\u{fffd}call");
        let call = spoilt.line("calls", "zero\u{fffd}call").await;
        assert_eq!(call["status"], "\u{fffd}done");
        assert_eq!(call["metadata"], json!({"\u{fffd}": "😀😀"}), "a pair of surrogates is no lone one");
        let content = spoilt
            .text("select content from revox.transcript_turns where call_attempt_id = $1", "zero-attempt")
            .await;
        assert_eq!(content.as_deref(), Some("one\u{fffd}two\u{fffd}three"));
        let row = spoilt.row(120).await;
        assert_eq!(row["_extra"], json!({"a\u{fffd}b": "\u{fffd}"}));
        assert_eq!(row["input_data"], "\u{fffd}");
        let replaced = spoilt
            .account
            .count("select (evidence->>'replaced_strings')::bigint from revox_sync.runs order by id limit 1")
            .await;
        assert_eq!(replaced, 13, "they are counted");
        spoilt.mend_all().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_written_with_escapes_is_the_key_and_its_assistant_lands() {
    for flavour in flavours() {
        let spoilt = Spoilt::new(flavour).await;
        spoilt.set(
            3,
            r#""phone\u005fnumber":"+331","zero\u0000":1,"c\u0061ll":{"\u0069d":"escaped","odd\u0000key":true,
               "\u0061ssistant":{"id":"only-here","name":"Nina","updated_at":"2026-01-01T00:00:00Z"}}"#,
        );
        spoilt.set(
            4,
            r#""call":{"id":"plain","odd\u0000key":1,"assistant":{"id":"only-there","name":"Otto"}}"#,
        );
        spoilt.complete_pass().await;
        assert_eq!(spoilt.rejects().await, []);
        assert_eq!(spoilt.row(3).await["phone_number"], "+331");
        for (call, assistant, name) in [("escaped", "only-here", "Nina"), ("plain", "only-there", "Otto")] {
            assert_eq!(spoilt.line("calls", call).await["assistant_id"], assistant);
            assert_eq!(spoilt.line("assistants", assistant).await["name"], name);
        }
        spoilt.mend_all().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn times_of_every_shape_land_or_are_kept() {
    let moment = "2024-05-06T07:08:09+00:00";
    let spoilt = Spoilt::new(flavours()[0]).await;
    let good = [
        r#""2024-05-06T07:08:09Z""#,
        r#""2024-05-06 09:08:09+02""#,
        "1714979289",
        "1714979289000",
        "1714979289.0",
        r#""1714979289""#,
        r#""1714979289000""#,
    ];
    let bad = [
        ("{}", "object, not a time"),
        ("[]", "array, not a time"),
        (r#""soon""#, "string, not a time"),
        (r#""""#, "string, not a time"),
        ("true", "boolean, not a time"),
        ("1e400", "number, not a time"),
        (r#""2024-13-45T99:00:00Z""#, "string, not a time"),
        ("9223372036854775807", "number, not a time"),
    ];
    let call = |place: usize, time: &str| {
        let attempt = format!(r#"{{"id":"attempt {place}","started_at":{time},"ended_at":{time}}}"#);
        let call = format!(r#"{{"id":"call {place}","created_at":{time},"call_attempts":[{attempt}]}}"#);
        spoilt.set(place, &format!(r#""phone_number":"+33","call":{call}"#));
    };
    for (place, time) in good.iter().enumerate() {
        call(place, time);
    }
    for (place, (time, _)) in (100..).zip(bad) {
        call(place, time);
    }
    spoilt.complete_pass().await;
    assert_eq!(spoilt.rejects().await, []);
    for (place, time) in good.iter().enumerate() {
        let call = spoilt.line("calls", &format!("call {place}")).await;
        assert_eq!((&call["created_at"], &call["_extra"]), (&json!(moment), &Value::Null), "{time}");
        assert_eq!(spoilt.line("call_attempts", &format!("attempt {place}")).await["ended_at"], moment);
    }
    let drift = spoilt.drift().await;
    for (place, (time, kind)) in (100..).zip(bad) {
        let (id, attempt) = (format!("call {place}"), format!("attempt {place}"));
        assert!(spoilt.columns("calls", &id).await["created_at"].is_null(), "{time}");
        assert_ne!(spoilt.kept("calls", &id, "created_at").await, "nothing", "{time}");
        assert!(spoilt.columns("call_attempts", &attempt).await["ended_at"].is_null(), "{time}");
        assert_ne!(spoilt.kept("call_attempts", &attempt, "ended_at").await, "nothing", "{time}");
        assert!(drift.contains(&("call.created_at".to_owned(), kind.to_owned())), "{time}: {drift:?}");
    }
    assert_eq!(spoilt.live_rows().await, i64::try_from(ROWS).unwrap());
    spoilt.mend_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_of_every_shape_land_or_are_kept_digit_for_digit() {
    for flavour in flavours() {
        let spoilt = Spoilt::new(flavour).await;
        // What is written, what the column holds, what is kept beside it.
        let cases = [
            ("3", Some(3), None),
            ("3.0", Some(3), None),
            (r#""3""#, Some(3), None),
            (r#"" 4 ""#, Some(4), None),
            ("-7", Some(-7), None),
            ("1e2", Some(100), None),
            ("2.5", None, Some("2.5")),
            ("-0.5", None, Some("-0.5")),
            ("1e400", None, Some("1e400")),
            ("9223372036854775808", None, Some("9223372036854775808")),
            (r#""NaN""#, None, Some("NaN")),
            (r#""Infinity""#, None, Some("Infinity")),
            (r#""""#, None, Some("")),
            ("[1]", None, Some("[1]")),
            ("true", None, Some("true")),
        ];
        for (place, (number, ..)) in cases.iter().enumerate() {
            let call = format!(r#"{{"id":"call {place}","calls_count":{number}}}"#);
            let members = format!(r#""row_index":{number},"call":{call}"#);
            spoilt.set(place, &members);
        }
        spoilt.complete_pass().await;
        assert_eq!(spoilt.rejects().await, []);
        for (place, (number, column, kept)) in cases.iter().enumerate() {
            let id = spoilt.ids[place].as_str();
            assert_eq!(spoilt.columns("campaign_rows", id).await["row_index"], json!(column), "{number}");
            let count = spoilt.columns("calls", &format!("call {place}")).await["calls_count"].clone();
            assert_eq!(count, json!(column), "{number}");
            let expected = match kept {
                Some("1e400") => format!("1{}", "0".repeat(400)),
                other => other.unwrap_or("nothing").to_owned(),
            };
            assert_eq!(spoilt.kept("campaign_rows", id, "row_index").await, expected, "{number}");
        }
        spoilt.mend_all().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_states_are_data_and_unknown_fields_are_kept() {
    for flavour in flavours() {
        let spoilt = Spoilt::new(flavour).await;
        spoilt.set(
            9,
            r#""row_index":9,"mood":{"is":["good",1.50]},"call":{"id":"c","status":"on_the_moon","direction":"sideways",
               "shoe_size":43,"call_attempts":[{"id":"a","result":"parrot","status":"levitating","weather":"fair",
               "transcript":[{"role":"ghost","content":"boo","volume":11}]}]}"#,
        );
        spoilt.complete_pass().await;
        assert_eq!(spoilt.rejects().await, []);
        let row = spoilt.row(9).await;
        assert_eq!(
            (&row["row_index"], &row["_extra"]),
            (&json!(9), &json!({"mood": {"is": ["good", 1.50]}}))
        );
        let call = spoilt.line("calls", "c").await;
        assert_eq!((&call["status"], &call["direction"]), (&json!("on_the_moon"), &json!("sideways")));
        assert_eq!(call["_extra"], json!({"shoe_size": 43}));
        let attempt = spoilt.line("call_attempts", "a").await;
        assert_eq!((&attempt["result"], &attempt["status"]), (&json!("parrot"), &json!("levitating")));
        assert_eq!(attempt["_extra"], json!({"weather": "fair"}));
        let turn = "select role || ': ' || content || ' ' || _extra::text from revox.transcript_turns
                    where call_attempt_id = $1";
        assert_eq!(spoilt.text(turn, "a").await.as_deref(), Some(r#"ghost: boo {"volume": 11}"#));
        let kind = |path: &str, kind: &str| (path.to_owned(), kind.to_owned());
        let value = |path: &str, value: &str| kind(path, &format!("string, not a known value: {value}"));
        let expected = [
            value("call.call_attempts[].result", "parrot"),
            value("call.call_attempts[].status", "levitating"),
            value("call.call_attempts[].transcript[].role", "ghost"),
            kind("call.call_attempts[].transcript[].volume", "number"),
            kind("call.call_attempts[].weather", "string"),
            value("call.direction", "sideways"),
            kind("call.shoe_size", "number"),
            value("call.status", "on_the_moon"),
            kind("mood", "object"),
        ];
        assert_eq!(spoilt.drift().await, expected);
        spoilt.mend_all().await;
    }
}
