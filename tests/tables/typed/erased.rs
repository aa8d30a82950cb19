//! What an erasure leaves of the views' own bookkeeping.

use super::rows::called;
use crate::support::program;
use crate::support::setting::Setting;
use revox_mirror::simulator::Options;
use serde_json::{Value, json};
use std::io::Write;

#[tokio::test(flavor = "multi_thread")]
async fn misfits_are_counted_anew_after_an_erasure_and_no_id_of_what_was_erased_stays() {
    let mut setting = Setting::new(Options { campaigns: 1, rows: 3, turns: 1, ..Options::default() }).await;
    let mut key = tempfile::NamedTempFile::new().unwrap();
    writeln!(key, "{}", "k".repeat(64)).unwrap();
    setting.set("REVOX_MIRROR__PRIVACY__KEY_FILE", key.path().to_str().unwrap());
    let fields = json!([{"name": "score", "type": "number"}]);
    let asks = json!({"id": "assistant-1", "name": "Asks", "updated_at": "2026-03-01T00:00:00Z", "structured_output_config": fields});
    let row = |place: usize, age: Value, score: Value| {
        called(place, &json!({"age": age}), &[json!({"score": score})], &asks)
    };
    let put = |rows: [String; 2]| {
        setting.simulator.edit(|account| {
            for (place, row) in rows.into_iter().enumerate() {
                account.set_raw_row(0, place, row).unwrap();
            }
        });
    };
    put([row(0, json!(1), json!(1)), row(1, json!(2), json!(2))]);
    setting.run(&[]).await.exits(0);
    put([row(0, json!("old"), json!("high")), row(1, json!("young"), json!("low"))]);
    setting.run(&[]).await.exits(0);
    let campaign = "select coalesce(sum(misfits), 0)::bigint from revox_sync.typed_misfit_counts
                    where kind = 'campaign' and column_name in ('age', 'score')";
    let assistant = "select coalesce(sum(misfits), 0)::bigint from revox_sync.typed_misfit_counts
                     where kind = 'assistant' and column_name = 'score'";
    assert!(setting.count(campaign).await >= 2, "contacts and findings of both");
    let before = setting.count(campaign).await;
    assert_eq!(setting.count(assistant).await, 2);
    // Something of the person waits to be looked at, too.
    setting
        .execute(
            "insert into revox_sync.typed_pending (kind, owner_id, line_id)
             values ('assistant', 'assistant-1', 'call-0'), ('campaign', 'anything', 'row-0')",
        )
        .await;

    let environment: Vec<(&str, &str)> =
        setting.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    program::run(&["erase", "--call", "call-0"], &environment).await.exits(0);
    assert_eq!(setting.count(campaign).await, before / 2, "at once");
    assert_eq!(setting.count(assistant).await, 1);
    let left = "select (select count(*) from revox_sync.typed_misfits where line_id in ('row-0', 'call-0'))
                     + (select count(*) from revox_sync.typed_pending where line_id in ('row-0', 'call-0'))";
    assert_eq!(setting.count(left).await, 0);
    setting.run(&["--full"]).await.exits(0);
    assert_eq!(setting.count(campaign).await, before / 2, "nor does it come back");
    assert_eq!(setting.count(left).await, 0);
}
