//! What was said and recorded: it goes with its time, stays away, and comes back only when it is wanted again.

use super::desk::{CUT, Desk, NOW, days, flavours};
use crate::support::account::{full, passing};
use revox_mirror::upkeep::Kept;
use serde_json::{Value, json};

const MONTH: Kept =
    Kept { transcripts: Some(std::time::Duration::from_hours(720)), recording_urls: None, calls: None };

/// A field that has no column, in an attempt of each age.
fn plant_extras(desk: &Desk) {
    for place in [0, 1, 2, 3, 4, 5, 6, 7] {
        let mut row: Value = serde_json::from_str(&desk.account.simulator.truth(0).unwrap()[place]).unwrap();
        let Some(attempts) = row["call"]["call_attempts"].as_array_mut() else { continue };
        for attempt in attempts {
            attempt["raw_transcript"] = json!({ "text": "Zébulon-Quartz" });
            attempt["mood"] = json!("calm");
        }
        desk.account.simulator.edit(|account| account.set_raw_row(0, place, row.to_string()).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_past_its_time_goes_and_the_rest_stays_and_nothing_is_written_again() {
    for flavour in flavours() {
        let desk = Desk::new(flavour, 60).await;
        if !flavour.is_newer() {
            // Of the newer API the search would show the calls without them.
            plant_extras(&desk);
        }
        let forever = desk.retaining(Kept::default()).await;
        desk.account.complete_pass(&passing()).await;
        desk.look_after(&forever).await;
        desk.assert_parts_since(None, None).await;
        let kept = Kept { recording_urls: Some(days(30)), ..MONTH };
        let month = desk.retaining(kept).await;
        // The times have moved, and nothing has gone yet.
        desk.assert_verified().await;
        desk.look_after(&month).await;
        desk.assert_parts_since(Some(CUT), Some(CUT)).await;
        let attempts = desk.attempts();
        let old =
            attempts.values().filter(|it| it.at < CUT.parse::<chrono::DateTime<chrono::Utc>>().unwrap());
        assert!(old.clone().any(|it| it.turns > 0) && old.count() < attempts.len(), "some are past");
        let planted = "select count(*) from revox.call_attempts where _extra::text like '%Quartz%'
            and coalesce(ended_at, started_at) < '2026-02-27T00:00:00Z'";
        assert_eq!(desk.count(planted).await, 0);
        let kept = desk.count("select count(*) from revox.call_attempts where _extra ? 'mood'").await;
        assert_eq!(kept > 0, !flavour.is_newer());
        desk.assert_full_pass_writes_nothing().await;
        desk.assert_verified().await;
        desk.look_after(&month).await;
        desk.assert_full_pass_writes_nothing().await;
        // Somebody brings an old one back by hand: verify says so, and only that.
        desk.count(
            "with back as (
                 insert into revox.transcript_turns (call_attempt_id, turn_index, role)
                 select id, 0, 'user' from revox.call_attempts
                 where ended_at < '2026-02-27T00:00:00Z' and _deleted_at is null order by id limit 1 returning 1)
             select count(*) from back",
        )
        .await;
        assert!(!desk.account.verify().await.is_equal());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_past_its_time_is_not_stored_in_the_first_place_and_a_changed_row_does_not_bring_it() {
    for flavour in flavours() {
        let desk = Desk::new(flavour, 60).await;
        let month = desk.retaining(MONTH).await;
        desk.account.complete_pass(&passing()).await;
        desk.assert_parts_since(Some(CUT), None).await;
        desk.look_after(&month).await;
        desk.assert_full_pass_writes_nothing().await;
        let old: Vec<usize> = (0..60)
            .filter(|place| {
                let row = &desk.rows()[*place];
                row["call"]["call_attempts"][0]["ended_at"].as_str().is_some_and(|at| at < CUT)
            })
            .collect();
        desk.account.simulator.edit(|account| {
            for place in &old {
                account.edit_metadata(0, *place).unwrap();
            }
        });
        assert!(old.len() > 3);
        desk.account.complete_pass(&passing()).await;
        desk.assert_parts_since(Some(CUT), None).await;
        desk.account.complete_pass(&full()).await;
        desk.assert_parts_since(Some(CUT), None).await;
        desk.assert_verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_day_moves_on_and_a_longer_time_brings_back_what_the_api_still_shows() {
    for flavour in flavours() {
        let desk = Desk::new(flavour, 60).await;
        let month = desk.retaining(MONTH).await;
        desk.account.complete_pass(&passing()).await;
        desk.look_after(&month).await;
        desk.hands.set("2026-03-30T23:59:59Z");
        desk.look_after(&month).await;
        desk.assert_parts_since(Some("2026-02-28T00:00:00Z"), None).await;
        desk.assert_full_pass_writes_nothing().await;
        desk.assert_verified().await;
        // A clock that is set back brings nothing back.
        desk.hands.set(NOW);
        desk.look_after(&month).await;
        desk.account.complete_pass(&passing()).await;
        desk.assert_parts_since(Some("2026-02-28T00:00:00Z"), None).await;

        let longer =
            desk.retaining_instead(&month, Kept { transcripts: Some(days(33)), ..Kept::default() }).await;
        desk.account.complete_pass(&passing()).await;
        desk.look_after(&longer).await;
        desk.assert_parts_since(Some("2026-02-24T00:00:00Z"), None).await;
        desk.assert_full_pass_writes_nothing().await;
        desk.assert_verified().await;

        let forever = desk.retaining_instead(&longer, Kept::default()).await;
        desk.account.complete_pass(&passing()).await;
        desk.look_after(&forever).await;
        desk.assert_parts_since(None, None).await;
        desk.account.assert_equal().await;
        desk.assert_full_pass_writes_nothing().await;
    }
}
