//! The sweep: cut off and gone on with, beside passes and `verify`, by one process of several.

use super::desk::{CUT, Desk, NOW, days, flavours};
use crate::support::account::{full, passing};
use crate::support::hands::Hands;
use revox_mirror::store::{Holder, Store, StoreOptions, SweptTable};
use revox_mirror::upkeep::{Kept, Retaining, Upkeep, look_after};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const ALL: Kept = Kept {
    transcripts: Some(Duration::from_hours(720)),
    recording_urls: Some(Duration::from_hours(720)),
    calls: None,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_is_cut_off_is_gone_on_with_and_verify_has_nothing_to_say_meanwhile() {
    for flavour in flavours() {
        for kept in [ALL, Kept { calls: Some(days(30)), ..ALL }] {
            let desk = Desk::new(flavour, 60).await;
            desk.account.complete_pass(&passing()).await;
            let month = desk.retaining(kept).await;
            let store = desk.store();
            let cutoffs = store.load_retention().await.unwrap().retention.cutoffs;
            // A part of it, as a process does that ends in between.
            let lease = store.take_lease("retention", &Holder::this_process()).await.unwrap().unwrap();
            for table in [SweptTable::Calls, SweptTable::CallAttempts] {
                let ids = store.ids_to_sweep(table, "", 1_000).await.unwrap();
                let past = store.find_past(table, &ids, &cutoffs).await.unwrap();
                let (first, rest) = past.split_at(past.len() / 2);
                store.sweep(&lease, table, first, &cutoffs, desk.hands.now()).await.unwrap();
                assert_eq!(store.find_past(table, &ids, &cutoffs).await.unwrap(), rest);
            }
            desk.assert_verified().await;
            // While another one has the lease nothing is done twice.
            desk.look_after(&month).await;
            assert!(!store.load_retention().await.unwrap().is_swept);
            store.release_lease(&lease).await.unwrap();
            let stop = CancellationToken::new();
            stop.cancel();
            let upkeep = Upkeep { retention: Some(month.clone()), ..Upkeep::default() };
            assert!(look_after(store, &upkeep, &stop).await);
            assert!(!store.load_retention().await.unwrap().is_swept);
            desk.account.complete_pass(&full()).await;
            desk.assert_verified().await;
            desk.look_after(&month).await;
            assert!(store.load_retention().await.unwrap().is_swept);
            if kept.calls.is_none() {
                desk.assert_parts_since(Some(CUT), Some(CUT)).await;
            }
            desk.assert_full_pass_writes_nothing().await;
            desk.assert_verified().await;
        }
    }
}

/// Moves the times and removes what is past them, on a runtime of its own.
#[tokio::main(flavor = "current_thread")]
async fn move_and_sweep(url: &str) {
    let options =
        StoreOptions { url: url.to_owned().into(), max_connections: 1, lease_ttl: Duration::from_secs(30) };
    let (store, _) = Store::open(&options).await.unwrap();
    let kept = Kept { calls: Some(days(35)), ..ALL };
    let retaining = Retaining::begin(&store, kept, Hands::at(NOW).clock()).await.unwrap();
    let upkeep = Upkeep { retention: Some(retaining), ..Upkeep::default() };
    assert!(look_after(&store, &upkeep, &CancellationToken::new()).await);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_before_the_times_moved_does_not_come_back_behind_the_sweep() {
    for flavour in flavours() {
        let desk = Desk::new(flavour, 60).await;
        let url = desk.account.database.mirror_url().to_owned();
        let mut is_first = true;
        desk.account.simulator.on_request(move |_, path, _| {
            if path.contains("/rows") && std::mem::take(&mut is_first) {
                let url = url.clone();
                std::thread::spawn(move || move_and_sweep(&url)).join().unwrap();
            }
        });
        desk.account.complete_pass(&passing()).await;
        assert!(desk.store().load_retention().await.unwrap().is_swept);
        let past = "select count(*) from revox.call_attempts a
             where a.ended_at < '2026-02-27T00:00:00Z'
               and (a.recording_url is not null
                    or exists (select from revox.transcript_turns t where t.call_attempt_id = a.id)
                    or exists (select from revox.post_call_transcript_turns t where t.call_attempt_id = a.id))";
        assert_eq!(desk.count(past).await, 0);
        let since = "select count(*) from revox.transcript_turns t join revox.call_attempts a on a.id = t.call_attempt_id
             where a.ended_at >= '2026-02-27T00:00:00Z'";
        assert!(desk.count(since).await > 0);
        assert!(desk.count("select count(*) from revox.campaign_rows where call_id is null").await > 0);
        desk.account.complete_pass(&full()).await;
        desk.assert_verified().await;
        desk.assert_full_pass_writes_nothing().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_processes_that_do_not_agree_the_one_that_keeps_less_holds() {
    let desk = Desk::new(flavours()[0], 60).await;
    let longer = desk.retaining(Kept { transcripts: Some(days(33)), ..Kept::default() }).await;
    desk.account.complete_pass(&passing()).await;
    desk.look_after(&longer).await;
    let month = desk.retaining(Kept { transcripts: Some(days(30)), ..Kept::default() }).await;
    let version = desk.store().load_retention().await.unwrap().retention.version;
    for _ in 0..2 {
        desk.look_after(&longer).await;
        desk.look_after(&month).await;
    }
    desk.account.complete_pass(&passing()).await;
    assert_eq!(desk.store().load_retention().await.unwrap().retention.version, version);
    desk.assert_parts_since(Some(CUT), None).await;
    desk.assert_verified().await;
    // The day moves on for the one that holds alone.
    desk.hands.set("2026-03-30T10:00:00Z");
    desk.look_after(&longer).await;
    desk.assert_parts_since(Some(CUT), None).await;
    desk.look_after(&month).await;
    desk.assert_parts_since(Some("2026-02-28T00:00:00Z"), None).await;
    // Nobody keeps more as long as one of those runs that keep less, whichever was the last.
    let another = desk.retaining(Kept { transcripts: Some(days(30)), ..Kept::default() }).await;
    another.end(desk.store()).await;
    longer.end(desk.store()).await;
    desk.retaining_instead(&month, Kept { transcripts: Some(days(40)), ..Kept::default() }).await;
}
