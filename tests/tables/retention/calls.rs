//! Calls as a whole: they go with all that hangs on them once they are over and past their time, and the contacts stay.

use super::desk::{CUT, Desk, days, flavours};
use crate::support::account::{full, passing};
use chrono::{DateTime, Utc};
use revox_mirror::simulator::{Flavour, NewerApi};
use revox_mirror::upkeep::Kept;
use serde_json::Value;
use std::collections::BTreeSet;

const MONTH: Kept =
    Kept { transcripts: None, recording_urls: None, calls: Some(std::time::Duration::from_hours(720)) };

fn moment(value: &Value) -> Option<DateTime<Utc>> {
    value.as_str()?.parse().ok()
}

/// Whether a call of the API is over and past its time.
fn is_past(call: &Value) -> bool {
    let attempts = call["call_attempts"].as_array().into_iter().flatten();
    let last = attempts
        .filter_map(|attempt| moment(&attempt["ended_at"]).or_else(|| moment(&attempt["started_at"])))
        .max();
    let at = last.or_else(|| moment(&call["updated_at"])).or_else(|| moment(&call["created_at"]));
    let is_over =
        ["completed", "cancelled", "errored"].contains(&call["status"].as_str().unwrap_or_default());
    is_over && at.is_some_and(|at| at < CUT.parse::<DateTime<Utc>>().unwrap())
}

impl Desk {
    /// The calls that are there are those of the API that are not past their time, and no contact is missing.
    async fn assert_calls_that_are_not_past(&self) {
        let rows = self.rows();
        let calls = rows.iter().map(|row| &row["call"]).filter(|call| call.is_object() && !is_past(call));
        let expected: BTreeSet<String> = calls.map(|call| call["id"].as_str().unwrap().to_owned()).collect();
        let held: Vec<String> = sqlx::query_scalar("select id from revox.calls where _deleted_at is null")
            .fetch_all(&self.account.pool)
            .await
            .unwrap();
        assert!(!expected.is_empty() && expected.len() < rows.len());
        assert_eq!(held.into_iter().collect::<BTreeSet<_>>(), expected);
        let contacts = self.count("select count(*) from revox.campaign_rows where _deleted_at is null").await;
        assert_eq!(contacts, i64::try_from(rows.len()).unwrap());
        for (table, column) in [
            ("revox.call_attempts", "call_id"),
            ("revox.campaign_rows", "call_id"),
            ("revox.call_status_history", "call_id"),
        ] {
            let strays = format!(
                "select count(*) from {table} t
                 where t.{column} is not null and not exists (select from revox.calls c where c.id = t.{column})"
            );
            assert_eq!(self.count(&strays).await, 0, "{table}");
        }
        for table in ["transcript_turns", "post_call_transcript_turns", "speech_events", "sms_messages"] {
            let strays = format!(
                "select count(*) from revox.{table} t
                 where not exists (select from revox.call_attempts a where a.id = t.call_attempt_id)"
            );
            assert_eq!(self.count(&strays).await, 0, "{table}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_over_go_after_their_time_and_the_contacts_stay() {
    for flavour in flavours() {
        let desk = Desk::new(flavour, 60).await;
        desk.store().keep_call_statuses(true).await.unwrap();
        let forever = desk.retaining(Kept::default()).await;
        desk.account.complete_pass(&passing()).await;
        desk.look_after(&forever).await;
        let month = desk.retaining(MONTH).await;
        desk.assert_verified().await;
        desk.look_after(&month).await;
        desk.assert_calls_that_are_not_past().await;
        let waiting =
            "select count(*) from revox_sync.row_states s join revox.campaign_rows r on r.id = s.row_id
             where r.call_id is null and s.unsettled_since is not null";
        assert_eq!(desk.count(waiting).await, 0);
        desk.assert_full_pass_writes_nothing().await;
        desk.assert_verified().await;
        // Read anew, whatever is known of them.
        desk.account.complete_pass(&passing()).await;
        let forgotten = "with forgotten as (update revox_sync.row_states set hash = null returning 1)
             select count(*) from forgotten";
        assert!(desk.count(forgotten).await > 100);
        desk.account.complete_pass(&full()).await;
        desk.assert_calls_that_are_not_past().await;
        assert_eq!(desk.count(waiting).await, 0);
        desk.assert_verified().await;

        let forever = desk.retaining_instead(&month, Kept::default()).await;
        desk.account.complete_pass(&passing()).await;
        desk.look_after(&forever).await;
        desk.account.assert_equal().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_past_are_not_stored_in_the_first_place() {
    for flavour in flavours() {
        let desk = Desk::new(flavour, 60).await;
        let month = desk.retaining(MONTH).await;
        desk.account.complete_pass(&passing()).await;
        desk.assert_calls_that_are_not_past().await;
        desk.look_after(&month).await;
        desk.assert_full_pass_writes_nothing().await;
        desk.assert_verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_went_costs_no_full_walk_when_it_changes_and_comes_back_when_it_is_tried_again() {
    let desk = Desk::new(Flavour::Newer(NewerApi::default()), 60).await;
    let month = desk.retaining(MONTH).await;
    desk.account.complete_pass(&passing()).await;
    desk.look_after(&month).await;
    desk.account.complete_pass(&passing()).await;
    let place = (0..60).find(|place| is_past(&desk.rows()[*place]["call"])).unwrap();
    for _ in 0..2 {
        desk.account.simulator.edit(|account| account.edit_metadata(0, place).unwrap());
        assert!(is_past(&desk.rows()[place]["call"]));
        desk.account.simulator.reset_requests();
        desk.account.complete_pass(&passing()).await;
        assert_eq!(desk.account.simulator.requests().count("GET /campaigns/{id}/rows"), 0);
    }
    desk.assert_calls_that_are_not_past().await;
    desk.assert_verified().await;

    let mut row = desk.rows()[place].clone();
    let mut attempt = row["call"]["call_attempts"][0].clone();
    attempt["id"] = "tried-again".into();
    attempt["started_at"] = "2026-03-28T10:00:00Z".into();
    attempt["ended_at"] = "2026-03-28T10:05:00Z".into();
    row["call"]["call_attempts"].as_array_mut().unwrap().insert(0, attempt);
    desk.account.simulator.edit(|account| account.set_raw_row(0, place, row.to_string()).unwrap());
    desk.account.complete_pass(&full()).await;
    desk.look_after(&month).await;
    let attempts = desk.count("select count(*) from revox.call_attempts where id = 'tried-again'").await;
    assert_eq!(attempts, 1);
    desk.assert_verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_api_shows_no_more_goes_too() {
    for flavour in flavours() {
        let desk = Desk::new(flavour, 60).await;
        desk.account.complete_pass(&passing()).await;
        let rows = desk.rows();
        let with_attempts = |count: usize, place: usize| {
            let attempts = rows[place]["call"]["call_attempts"].as_array();
            attempts.is_some_and(|attempts| attempts.len() > count) && is_past(&rows[place]["call"])
        };
        let tried_twice = (0..60).find(|place| with_attempts(1, *place)).unwrap();
        let gone = (0..60).rev().find(|place| with_attempts(0, *place)).unwrap();
        assert!(tried_twice < gone);
        desk.account.simulator.edit(|account| {
            account.delete_row(0, gone).unwrap();
            account.delete_attempt(0, tried_twice).unwrap();
        });
        desk.account.complete_pass(&full()).await;
        let tombstoned = "select count(*) from revox.call_attempts where _deleted_at is not null";
        let said = "select count(*) from (
                 select call_attempt_id from revox.transcript_turns
                 union all select call_attempt_id from revox.post_call_transcript_turns
             ) t join revox.call_attempts a on a.id = t.call_attempt_id where a._deleted_at is not null";
        assert!(desk.count(tombstoned).await >= 2);
        desk.count(
            "with said as (
                 insert into revox.transcript_turns (call_attempt_id, turn_index, role)
                 select id, 900, 'user' from revox.call_attempts where _deleted_at is not null returning 1)
             select count(*) from said",
        )
        .await;
        assert!(desk.count(said).await >= 2);
        let month = desk.retaining(Kept { transcripts: Some(days(30)), ..Kept::default() }).await;
        desk.look_after(&month).await;
        assert_eq!(desk.count(said).await, 0);
        assert!(desk.count(tombstoned).await >= 2);
        let month = desk.retaining_instead(&month, MONTH).await;
        desk.look_after(&month).await;
        assert_eq!(desk.count(tombstoned).await, 0);
        assert_eq!(desk.count("select count(*) from revox.calls where _deleted_at is not null").await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_over_only_after_its_time_goes_with_the_pass_that_finds_it_so() {
    for flavour in flavours() {
        let desk = Desk::new(flavour, 60).await;
        let place = (0..60).find(|place| is_past(&desk.rows()[*place]["call"])).unwrap();
        let mut row = desk.rows()[place].clone();
        row["call"]["status"] = "calling".into();
        let id = row["call"]["id"].as_str().unwrap().to_owned();
        desk.account.simulator.edit(|account| account.set_raw_row(0, place, row.to_string()).unwrap());
        let month = desk.retaining(MONTH).await;
        desk.account.complete_pass(&passing()).await;
        desk.look_after(&month).await;
        let held = format!("select count(*) from revox.calls where id = '{id}'");
        assert_eq!(desk.count(&held).await, 1);
        desk.assert_verified().await;
        desk.account.simulator.edit(|account| account.mend_row(0, place).unwrap());
        desk.account.complete_pass(&full()).await;
        assert_eq!(desk.count(&held).await, 0);
        desk.assert_calls_that_are_not_past().await;
        desk.assert_verified().await;
    }
}
