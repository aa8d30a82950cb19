//! Edits between and during requests, and that the counts stay true to the rows.

use super::client::{Client, each, len};
use revox_mirror::simulator::{Account, Flavour, NewerApi, OlderApi, Options, ShownTotal, Simulator};
use serde_json::{Value, json};
use std::time::Duration;

/// The campaign at `place`, as the list shows it.
fn campaign(account: &Account, place: usize) -> Value {
    serde_json::from_str(&account.campaign_truth(place).unwrap()).unwrap()
}

fn rows(account: &Account, place: usize) -> Vec<Value> {
    account.truth(place).unwrap().iter().map(|row| serde_json::from_str(row).unwrap()).collect()
}

/// Counts the rows of the campaign at `place` by hand and compares.
fn check_stats(account: &Account, place: usize, newer: bool) {
    let (mut expected, statuses) = (json!({}), rows(account, place));
    let mut count = |key: &str| expected[key] = (expected[key].as_u64().unwrap_or(0) + 1).into();
    for row in &statuses {
        count("total");
        count(match (row["call"]["status"].as_str(), newer) {
            (None | Some("not_launched"), true) => "not_launched",
            (Some("cancelled"), true) => "skipped",
            (None | Some("initializing" | "queued_for_calling"), _) => "pending",
            (Some("calling" | "post_processing"), _) => "calling",
            (Some("scheduled" | "paused"), _) => "retry",
            (Some("completed"), _) => "completed",
            (Some("errored" | "cancelled"), _) => "failed",
            other => panic!("{other:?}"),
        });
    }
    let shown = &campaign(account, place)["row_stats"];
    for (key, shown) in shown.as_object().unwrap() {
        assert_eq!(shown.as_u64(), Some(expected[key].as_u64().unwrap_or(0)), "{key}");
    }
}

/// An account of either API after some edits, handed to `check` after each.
async fn after_each_edit(newer: bool, mut check: impl FnMut(&Account)) {
    let flavour =
        if newer { Flavour::Newer(NewerApi::default()) } else { Flavour::Older(OlderApi::default()) };
    let simulator = Simulator::start(Options { flavour, rows: 60, ..Options::default() }).await.unwrap();
    let edits: &[fn(&mut Account)] = &[
        |account| account.append_rows(0, 3).unwrap(),
        |account| account.insert_row(0, 7).unwrap(),
        |account| account.delete_row(0, 2).unwrap(),
        |account| account.replace_call(0, 4).unwrap(),
        |account| account.remove_call(0, 5).unwrap(),
        |account| assert_eq!(account.advance_calls(0, 9).unwrap(), 9),
        |account| account.advance_call(0, 62).unwrap(),
        |account| account.share_call((0, 1), (0, 6)).unwrap(),
        |account| account.move_call((0, 1), (0, 8)).unwrap(),
        |account| account.share_attempt((0, 0), (0, 4)).unwrap(),
        |account| account.delete_attempt(0, 4).unwrap(),
        |account| account.edit_input_data(0, 3).unwrap(),
        |account| account.edit_metadata(0, 4).unwrap(),
        |account| account.touch(0).unwrap(),
        |account| (0..30).for_each(|_| account.tick().unwrap()),
    ];
    for edit in edits {
        simulator.edit(|account| {
            edit(account);
            check(account);
        });
    }
}

#[tokio::test]
async fn row_stats_count_the_rows_after_every_edit() {
    for newer in [false, true] {
        after_each_edit(newer, |account| {
            (0..3).for_each(|place| check_stats(account, place, newer));
        })
        .await;
    }
}

#[tokio::test]
async fn every_edit_moves_the_fingerprint_and_some_row_or_none() {
    let mut last = (String::new(), Vec::new());
    let mut unchanged = 0;
    after_each_edit(false, |account| {
        let now = (campaign(account, 0)["updated_at"].to_string(), account.truth(0).unwrap());
        assert!(now.0 > last.0, "{now:?}");
        unchanged += usize::from(now.1 == last.1);
        last = now;
    })
    .await;
    assert_eq!(unchanged, 1, "only a touch changes no row");
}

#[tokio::test]
async fn rows_stay_in_the_order_of_their_index() {
    after_each_edit(false, |account| {
        let indexes: Vec<u64> =
            rows(account, 0).iter().map(|row| row["row_index"].as_u64().unwrap()).collect();
        assert!(indexes.is_sorted_by(|a, b| a < b), "{indexes:?}");
    })
    .await;
}

#[tokio::test]
async fn calls_list_their_newest_attempt_first_and_repeat_it() {
    for newer in [false, true] {
        after_each_edit(newer, |account| {
            for row in rows(account, 1) {
                let call = &row["call"];
                assert_eq!(call["call_attempts"][0], call["last_call_attempt"]);
                assert_eq!(call["calls_count"], call["call_attempts"].as_array().unwrap().len());
                let starts: Vec<String> =
                    each(&call["call_attempts"], "started_at").iter().map(ToString::to_string).collect();
                assert!(starts.is_sorted_by(|a, b| a >= b), "{starts:?}");
            }
        })
        .await;
    }
}

#[tokio::test]
async fn calls_are_shared_and_move_between_rows_and_campaigns() {
    let simulator = Simulator::start(Options { rows: 20, ..Options::default() }).await.unwrap();
    simulator.edit(|account| {
        let call = account.call_id(0, 0).unwrap().unwrap();
        account.share_call((0, 0), (1, 3)).unwrap();
        assert_eq!(account.call_id(1, 3).unwrap().as_ref(), Some(&call));
        assert_eq!(rows(account, 0)[0]["call"], rows(account, 1)[3]["call"]);
        account.move_call((0, 0), (0, 9)).unwrap();
        assert_eq!(account.call_id(0, 0).unwrap(), None);
        assert_eq!(account.call_id(0, 9).unwrap(), Some(call));
        account.share_attempt((0, 9), (1, 5)).unwrap();
        let (one, other) = (&rows(account, 0)[9]["call"], &rows(account, 1)[5]["call"]);
        assert_eq!(one["call_attempts"][0], *other["call_attempts"].as_array().unwrap().last().unwrap());
    });
}

#[tokio::test]
async fn the_same_edits_make_the_same_account() {
    let mut histories = [Vec::new(), Vec::new()];
    for history in &mut histories {
        after_each_edit(true, |account| history.push(account.truth(0).unwrap())).await;
    }
    let [first, second] = histories;
    assert!(first == second);
}

#[tokio::test]
async fn a_fingerprint_can_stand_still_while_rows_change() {
    let simulator = Simulator::start(Options { rows: 20, ..Options::default() }).await.unwrap();
    simulator.edit(|account| {
        let (before, rows_before) = (campaign(account, 0), account.truth(0).unwrap());
        account.freeze_fingerprint(0).unwrap();
        account.advance_calls(0, 5).unwrap();
        assert_eq!(campaign(account, 0), before);
        assert_ne!(account.truth(0).unwrap(), rows_before);
        account.thaw_fingerprint(0).unwrap();
        assert_ne!(campaign(account, 0)["row_stats"], before["row_stats"]);

        let before = campaign(account, 0);
        account.quietly(|account| account.edit_input_data(0, 1)).unwrap();
        assert_eq!(campaign(account, 0), before);
        account.edit_input_data(0, 1).unwrap();
        assert_ne!(campaign(account, 0), before);
    });
}

#[tokio::test]
async fn late_results_arrive_when_they_are_delivered() {
    let simulator = Simulator::start(Options { rows: 30, ..Options::default() }).await.unwrap();
    simulator.edit(|account| {
        account.set_late_analysis(true);
        while account.advance_calls(0, 30).unwrap() > 0 {}
        assert_eq!(campaign(account, 0)["status"], "completed");
        let waiting = |account: &Account| {
            let rows = rows(account, 0);
            let newest = rows.iter().map(|row| &row["call"]["last_call_attempt"]);
            newest.filter(|it| it["status"] == "completed" && it["recording_url"].is_null()).count()
        };
        let (all, fingerprint) = (waiting(account), campaign(account, 0));
        assert!(all > 1);
        assert_eq!(account.deliver_analysis(0, 1).unwrap(), 1);
        assert_eq!(waiting(account), all - 1);
        assert!(account.deliver_analysis(0, usize::MAX).unwrap() >= all - 1);
        assert_eq!(waiting(account), 0);
        assert_eq!(campaign(account, 0), fingerprint);
    });
}

#[tokio::test]
async fn an_edited_prompt_shows_in_every_call_of_the_assistant() {
    let simulator = Simulator::start(Options { rows: 40, ..Options::default() }).await.unwrap();
    simulator.edit(|account| {
        account.edit_assistant_prompt(1).unwrap();
        let id = campaign(account, 1)["assistant_id"].clone();
        let prompts: Vec<Value> = rows(account, 1)
            .iter()
            .filter(|row| row["call"]["assistant"]["id"] == id)
            .map(|row| row["call"]["assistant"]["prompt"].clone())
            .collect();
        assert!(prompts.len() > 20 && prompts.iter().all(|it| it.as_str().unwrap().ends_with("bref.")));
    });
}

#[tokio::test]
async fn campaigns_come_go_and_hide() {
    let client = Client::older(OlderApi::default()).await;
    let listed = async || client.json("/campaigns").await["campaigns"].as_array().unwrap().len();
    let added = client.simulator.edit(|account| account.add_campaign(4));
    assert_eq!((listed().await, client.simulator.truth(&added).unwrap().len()), (4, 4));
    client.simulator.edit(|account| account.list_campaign(&added, false)).unwrap();
    assert_eq!((listed().await, client.status(&format!("/campaigns/{added}")).await), (3, 200));
    client.simulator.edit(|account| account.delete_campaign(&added)).unwrap();
    assert_eq!(client.status(&format!("/campaigns/{added}")).await, 404);
    assert!(client.simulator.truth(&added).is_err());
    client.simulator.edit(|account| account.set_raw_campaign(0, Some("17".to_owned()))).unwrap();
    assert_eq!(client.json("/campaigns").await["campaigns"][0], 17);
    client.simulator.edit(|account| account.set_organization_id("org_other"));
    assert_eq!(client.json("/users/me").await["user"]["organization_id"], "org_other");
    assert_eq!(client.json("/campaigns").await["campaigns"][1]["organization_id"], "org_other");
}

#[tokio::test]
async fn anything_can_stand_in_place_of_a_row_or_a_total() {
    let client = Client::older(OlderApi::default()).await;
    client.simulator.edit(|account| account.set_raw_row(0, 1, r#"{"id":1e400,"x":"\ud800"}"#)).unwrap();
    let text = client.get(&format!("/campaigns/{}/rows?page=1&page_size=3", client.id(0))).await.unwrap();
    assert!(text.text().await.unwrap().contains(r#"},{"id":1e400,"x":"\ud800"},{"#));
    client.simulator.edit(|account| account.mend_row(0, 1)).unwrap();
    for (total, shown) in
        [(Some(ShownTotal::Absent), json!(null)), (Some(ShownTotal::Number(9)), json!(9)), (None, json!(25))]
    {
        client.simulator.edit(|account| account.override_total(0, total)).unwrap();
        assert_eq!(client.page(0, "page=1&page_size=3").await["total"], shown);
    }
}

#[tokio::test]
async fn a_hook_edits_the_account_before_the_nth_page() {
    let client = Client::older(OlderApi::default()).await;
    client.simulator.on_request(|number, path, account| {
        if number == 2 {
            assert!(path.contains("page=2"), "{path}");
            account.delete_row(0, 0).unwrap();
        }
    });
    let first = client.page(0, "page=1&page_size=10").await;
    let second = client.page(0, "page=2&page_size=10").await;
    assert_eq!((&first["total"], &second["total"]), (&json!(25), &json!(24)));
    let ids = client.simulator.edit(|account| account.row_ids(0)).unwrap();
    assert_eq!(second["rows"][0]["id"], ids[10]);
}

#[tokio::test]
async fn one_account_speaks_both_apis() {
    let client = Client::older(OlderApi::default()).await;
    let older = client.page(0, "page=1&page_size=25").await;
    client.simulator.set_flavour(Flavour::Newer(NewerApi::default()));
    let newer = client.page(0, "").await;
    assert_eq!(each(&older["rows"], "id"), each(&newer["rows"], "id"));
    assert!(
        older["rows"][0]["call"]["updated_at"].is_null()
            && newer["rows"][0]["call"]["updated_at"].is_string()
    );
    client.simulator.set_flavour(Flavour::Older(OlderApi::default()));
    assert_eq!(len(&client.page(0, "page=2&page_size=20").await), 5);
}

#[tokio::test]
async fn an_account_lives_on_its_own() {
    let client = Client::older(OlderApi::default()).await;
    let before = client.simulator.truth(0).unwrap();
    client.simulator.live(Duration::from_millis(5));
    let change = async {
        while client.simulator.truth(0).unwrap() == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), change).await.unwrap();
}
