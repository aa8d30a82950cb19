//! An id that stands twice: the campaign is partial, the last one read wins, and nothing is there twice.

use super::spoilt::{ROWS, Spoilt, flavours};
use revox_mirror::plan::Outcome;
use revox_mirror::simulator::{Flavour, OlderApi};

/// Two rows of one id, at these places.
async fn twice(flavour: Flavour, first: usize, second: usize) {
    let spoilt = Spoilt::new(flavour).await;
    spoilt.complete_pass().await;
    let member = |which: &str| {
        format!(
            r#""phone_number":"{which}","call":{{"id":"the call","status":"{which}",
               "call_attempts":[{{"id":"the attempt","transcript":[{{"content":"{which}"}}]}}]}}"#
        )
    };
    spoilt.set(first, &member("first"));
    spoilt.set_text(second, format!(r#"{{"id":"{}",{}}}"#, spoilt.ids[first], member("last")));
    // What is known after one pass must not make the next one pass over the row that wins.
    for round in 0..3 {
        let report = spoilt.pass().await;
        assert_eq!(report.outcome, Outcome::Partial, "a row is missing, for all that anybody can tell");
        assert!(report.note.unwrap().contains("229 distinct rows were seen of 230"));
        assert_eq!(spoilt.row(first).await["phone_number"], "last", "round {round}");
        assert_eq!(spoilt.line("calls", "the call").await["status"], "last", "round {round}");
        let content =
            "select string_agg(content, ' ') from revox.transcript_turns where call_attempt_id = $1";
        assert_eq!(spoilt.text(content, "the attempt").await.as_deref(), Some("last"), "round {round}");
    }
    // The row whose place was taken is not taken for gone.
    assert_eq!(spoilt.live_rows().await, i64::try_from(ROWS).unwrap());
    assert_eq!(spoilt.tombstones().await, 0);
    assert_eq!(spoilt.rejects().await, []);
    spoilt.mend_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_twice_on_one_page_lands_once() {
    for flavour in flavours() {
        twice(flavour, 10, 11).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_on_two_pages_lands_once() {
    twice(Flavour::Older(OlderApi::default()), 10, 225).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_in_two_batches_lands_once() {
    for flavour in flavours() {
        let mut spoilt = Spoilt::new(flavour).await;
        spoilt.account.mirror.settings.batch_rows = 100;
        spoilt.complete_pass().await;
        spoilt.set(10, r#""phone_number":"first""#);
        spoilt.set_text(225, format!(r#"{{"id":"{}","phone_number":"last"}}"#, spoilt.ids[10]));
        for round in 0..3 {
            assert_eq!(spoilt.pass().await.outcome, Outcome::Partial);
            assert_eq!(spoilt.row(10).await["phone_number"], "last", "round {round}");
        }
        spoilt.mend_all().await;
    }
}
