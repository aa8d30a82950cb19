//! What cannot land: it is in `revox_sync.rejects` until it can, and what had landed before stays alive.

use super::spoilt::{ROWS, Spoilt, flavours, reject};
use revox_mirror::plan::Outcome;

const NOT_AN_OBJECT: &str = "it is not an object";
const NO_ID: &str = "it has no id that can be read";

fn rows(count: usize) -> i64 {
    i64::try_from(count).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_no_object_or_has_no_id_is_rejected_by_its_place() {
    for flavour in flavours() {
        let spoilt = Spoilt::new(flavour).await;
        let bad = [
            (3, "\"text\"", NOT_AN_OBJECT),
            (4, "17", NOT_AN_OBJECT),
            (5, "null", NOT_AN_OBJECT),
            (6, "[]", NOT_AN_OBJECT),
            (7, "true", NOT_AN_OBJECT),
            (8, "1e400", NOT_AN_OBJECT),
            (9, "{}", NO_ID),
            (99, r#"{"id":null,"phone_number":"+33"}"#, NO_ID),
            (100, r#"{"id":""}"#, NO_ID),
            (229, r#"{"id":{},"call":{"id":"of no row"}}"#, NO_ID),
        ];
        for (place, text, _) in bad {
            spoilt.set_text(place, text);
        }
        let report = spoilt.complete_pass().await;
        assert_eq!((report.rows.rejected, report.rows.rejected_new), (10, 10));
        let mut expected: Vec<_> =
            bad.iter().map(|(place, _, reason)| reject(&format!("#{place}"), "", reason)).collect();
        expected.sort();
        assert_eq!(spoilt.rejects().await, expected);
        for (place, text, _) in bad {
            let payload = "select payload from revox_sync.rejects where row_key = $1";
            assert_eq!(spoilt.text(payload, &format!("#{place}")).await.as_deref(), Some(text));
        }
        assert_eq!(spoilt.live_rows().await, rows(ROWS - 10), "the other rows of the pages land");

        // One of them is mended while the others stay as they are.
        spoilt.mend(4);
        let report = spoilt.complete_pass().await;
        assert_eq!((report.rows.rejected, report.rows.rejected_new), (9, 0), "they are known by now");
        expected.retain(|(row_key, ..)| row_key != "#4");
        assert_eq!(spoilt.rejects().await, expected);
        assert_eq!(spoilt.live_rows().await, rows(ROWS - 9));
        spoilt.mend_all().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_row_has_no_id_nothing_is_tombstoned() {
    for flavour in flavours() {
        let spoilt = Spoilt::new(flavour).await;
        spoilt.complete_pass().await;
        spoilt.account.simulator.edit(|account| account.delete_row(0, 150)).unwrap();
        // It may be the row that was there, or the one that is gone.
        spoilt.set_text(20, r#"{"phone_number":"+33"}"#);
        spoilt.complete_pass().await;
        assert_eq!(spoilt.tombstones().await, 0);
        assert_eq!(spoilt.live_rows().await, rows(ROWS));
        spoilt.mend(20);
        spoilt.complete_pass().await;
        assert_eq!(spoilt.live_rows().await, rows(ROWS - 1));
        assert_eq!(spoilt.rejects().await, []);
        spoilt.account.assert_equal().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_had_landed_stays_alive_when_it_turns_bad() {
    for flavour in flavours() {
        let spoilt = Spoilt::new(flavour).await;
        spoilt.complete_pass().await;
        let place = spoilt.talkative(50);
        let before = spoilt.shown(place);
        let call = before["call"]["id"].as_str().unwrap();
        let attempt = before["call"]["call_attempts"][0]["id"].as_str().unwrap();
        let known = spoilt.line("calls", call).await;
        let id = spoilt.ids[place].as_str();
        for (bad, reason) in [
            (r#""a call""#, "it is a string, not an object"),
            ("[]", "it is an array, not an object"),
            ("1e400", "it is a number, not an object"),
            (r#"{"status":"completed"}"#, NO_ID),
            (r#"{"id":{},"call_attempts":[]}"#, NO_ID),
        ] {
            spoilt.set(place, &format!(r#""row_index":{place},"phone_number":"+33","call":{bad}"#));
            let report = spoilt.complete_pass().await;
            assert_eq!((report.rows.rejected, report.rows.rejected_new), (1, 1), "{bad}");
            assert_eq!(spoilt.rejects().await, [reject(id, "call", reason)], "{bad}");
            let row = spoilt.row(place).await;
            assert_eq!((&row["phone_number"], &row["call_id"]), (&"+33".into(), &call.into()), "{bad}");
            assert_eq!(spoilt.line("calls", call).await, known, "{bad}");
            assert!(spoilt.line("call_attempts", attempt).await["_deleted_at"].is_null(), "{bad}");
        }
        let report = spoilt.complete_pass().await;
        assert_eq!((report.rows.rejected, report.rows.rejected_new), (1, 0), "seen again, not new");
        let times = "select times::text from revox_sync.rejects where row_key = $1";
        assert_eq!(spoilt.text(times, id).await.as_deref(), Some("2"));
        assert_eq!(spoilt.tombstones().await, 0);
        spoilt.mend_all().await;
        assert_eq!(spoilt.tombstones().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partial_walk_counts_its_rejects_once() {
    let spoilt = Spoilt::new(flavours()[0]).await;
    spoilt.set_text(3, "17");
    spoilt.set_text(5, format!(r#"{{"id":"{}"}}"#, spoilt.ids[4]));
    for new in [1, 0] {
        let report = spoilt.pass().await;
        assert_eq!(report.outcome, Outcome::Partial);
        assert_eq!((report.rows.rejected, report.rows.rejected_new), (1, new));
    }
    spoilt.mend_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assistant_that_cannot_land_is_rejected_and_its_call_lands() {
    for flavour in flavours() {
        let spoilt = Spoilt::new(flavour).await;
        let bad = [
            (3, r#""Nina""#, "it is a string, not an object"),
            (4, r#"{"name":"Nina"}"#, NO_ID),
            (5, r#"{"id":{},"name":"Otto"}"#, NO_ID),
        ];
        for (place, assistant, _) in bad {
            let call = format!(r#"{{"id":"call {place}","status":"queued","assistant":{assistant}}}"#);
            spoilt.set(place, &format!(r#""call":{call}"#));
        }
        for new in [3, 0] {
            let report = spoilt.complete_pass().await;
            assert_eq!((report.rows.rejected, report.rows.rejected_new), (3, new));
            let mut expected: Vec<_> = bad
                .iter()
                .map(|(place, _, reason)| reject(&spoilt.ids[*place], "call.assistant", reason))
                .collect();
            expected.sort();
            assert_eq!(spoilt.rejects().await, expected);
            assert_eq!(spoilt.line("calls", "call 4").await["status"], "queued");
        }
        spoilt.mend_all().await;
    }
}
