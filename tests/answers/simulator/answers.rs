//! What the simulator answers, for every option.

use super::client::{Client, each, len};
use revox_mirror::clock::Clock;
use revox_mirror::simulator::{
    CampaignDetail, Flavour, NewerApi, Numbers, OlderApi, Options, Simulator, UnknownParameters,
};
use serde_json::{Value, json};

async fn rows_of(options: Options) -> Vec<Vec<String>> {
    let simulator = Simulator::start(options).await.unwrap();
    let ids = simulator.campaign_ids();
    ids.iter().map(|id| simulator.truth(id).unwrap()).collect()
}

#[tokio::test]
async fn a_seed_makes_one_account() {
    for flavour in [Flavour::Older(OlderApi::default()), Flavour::Newer(NewerApi::default())] {
        let options = Options { flavour, rows: 40, ..Options::default() };
        let first = rows_of(options.clone()).await;
        assert_eq!(first, rows_of(options.clone()).await);
        assert_ne!(first, rows_of(Options { seed: 2, ..options }).await);
    }
}

#[tokio::test]
async fn all_pages_together_are_the_truth() {
    let client = Client::older(OlderApi::default()).await;
    let mut rows = Vec::new();
    for page in 1..=4 {
        let answer = client.page(0, &format!("page={page}&page_size=7")).await;
        assert_eq!(
            (&answer["page"], &answer["page_size"], &answer["total"]),
            (&json!(page), &json!(7), &json!(25))
        );
        rows.extend(answer["rows"].as_array().unwrap().clone());
    }
    assert_eq!(len(&client.page(0, "page=5&page_size=7").await), 0);
    let truth = client.simulator.truth(0).unwrap();
    let truth: Vec<Value> = truth.iter().map(|row| serde_json::from_str(row).unwrap()).collect();
    assert_eq!(without_signatures(&json!(rows)), without_signatures(&json!(truth)));
}

/// The value with the query strings of recordings cut off.
fn without_signatures(value: &Value) -> String {
    let text = value.to_string();
    let parts = text.split("&X-Signature=").enumerate();
    parts.map(|(at, part)| if at == 0 { part } else { &part[16..] }).collect()
}

#[tokio::test]
async fn recordings_are_signed_afresh_unless_told_otherwise() {
    for fresh_signatures in [true, false] {
        let client = Client::of(Options { fresh_signatures, rows: 25, ..Options::default() }).await;
        let (one, two) =
            (client.page(0, "page=1&page_size=25").await, client.page(0, "page=1&page_size=25").await);
        assert_eq!(one == two, !fresh_signatures);
        assert_eq!(without_signatures(&one), without_signatures(&two));
    }
}

#[tokio::test]
async fn the_newer_api_gives_all_rows_and_takes_no_parameters() {
    let client = Client::newer(NewerApi::default()).await;
    let path = format!("/campaigns/{}/rows", client.id(0));
    assert_eq!(len(&client.json(&path).await), 25);
    assert_eq!(len(&client.json(&format!("{path}?page=1&page_size=2")).await), 25);
    let refusing = NewerApi { unknown_parameters: UnknownParameters::Refused400, ..NewerApi::default() };
    let refusing = Client::newer(refusing).await;
    assert_eq!(refusing.status(&path).await, 200);
    assert_eq!(refusing.status(&format!("{path}?page=1")).await, 400);
}

#[tokio::test]
async fn the_search_pages_sorts_and_filters() {
    let client = Client::newer(NewerApi { search_max_page_size: 30, ..NewerApi::default() }).await;
    let ask = |page: u64, extra: Value| {
        let mut body = json!({"page": page, "page_size": 30, "sort_by": "updated_at"});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    let (_, first) = client.search(ask(1, json!({}))).await;
    let (_, second) = client.search(ask(2, json!({}))).await;
    let times =
        |page: &Value| each(&page["calls"], "updated_at").iter().map(ToString::to_string).collect::<Vec<_>>();
    let newest_first = [times(&first), times(&second)].concat();
    assert!(newest_first.len() > 30 && newest_first.is_sorted_by(|a, b| a >= b));
    let (_, ascending) = client.search(ask(1, json!({"sort_direction": "asc"}))).await;
    assert!(times(&ascending).is_sorted());
    let filters = json!({"campaign_ids": [client.id(0)], "statuses": ["completed"]});
    let (_, filtered) = client.search(ask(1, filters)).await;
    let calls = filtered["calls"].as_array().unwrap();
    assert!(!calls.is_empty() && calls.iter().all(|call| call["campaign"]["id"] == client.id(0)));
    assert!(calls.iter().all(|call| call["status"] == "completed"));
    let (_, inbound) = client.search(ask(1, json!({"directions": ["inbound"]}))).await;
    assert_eq!(inbound["total_count"], 2);
    assert!(inbound["calls"][0]["campaign"].is_null());
    for wrong in [json!({}), json!({"page": 0, "page_size": 5}), json!({"page": 1, "page_size": 31})] {
        assert_eq!(client.search(wrong.clone()).await.0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn only_the_key_gets_in_and_unknown_paths_are_not_found() {
    let client = Client::older(OlderApi::default()).await;
    for headers in [&[][..], &[("authorization", "Bearer wrong")], &[("authorization", "demo-key")]] {
        let response = client.get_with("/campaigns", headers).await;
        assert_eq!(response.status(), 401);
        assert!(response.text().await.unwrap().starts_with('{'));
    }
    for path in ["/campaigns/nobody", "/campaigns/nobody/rows?page=1&page_size=5", "/elsewhere", "/"] {
        assert_eq!(client.status(path).await, 404, "{path}");
    }
    assert_eq!(client.search(json!({})).await.0, 404);
    client.simulator.edit(|account| account.set_api_key("another"));
    assert_eq!(client.status("/campaigns").await, 401);
}

#[tokio::test]
async fn numbers_details_and_dates_follow_the_options() {
    let clock = Clock::from_fn(|| "2031-05-04T03:02:01Z".parse().unwrap());
    let options = Options { numbers: Numbers::Floats, rows: 5, clock: Some(clock), ..Options::default() };
    let client = Client::of(Options { campaign_detail: CampaignDetail::Bare, ..options }).await;
    let response = client.get(&format!("/campaigns/{}/rows?page=1&page_size=3", client.id(0))).await.unwrap();
    assert_eq!(response.headers()["date"], "Sun, 04 May 2031 03:02:01 GMT");
    let text = response.text().await.unwrap();
    assert!(
        text.starts_with(r#"{"page":1.0,"page_size":3.0,"rows":[{"#) && text.ends_with(r#"],"total":5.0}"#)
    );
    assert!(text.contains(r#""row_index":1.0"#) && text.contains("2031-0"));
    let list = client.json("/campaigns").await;
    assert!(list["campaigns"][0]["row_stats"].is_null() && list["campaigns"][0]["assistant"].is_null());
    assert!(list["campaigns"][0]["assistant_id"].is_string());
}

#[tokio::test]
async fn gzip_is_used_only_when_it_is_wanted_on_both_sides() {
    for (gzip, accepted, used) in [(true, "br, gzip", true), (true, "br", false), (false, "gzip", false)] {
        let client = Client::of(Options { gzip, rows: 1, ..Options::default() }).await;
        let headers = [("authorization", "Bearer demo-key"), ("accept-encoding", accepted)];
        let response = client.get_with("/campaigns", &headers).await;
        assert_eq!(response.headers().contains_key("content-encoding"), used, "{gzip} {accepted}");
        let bytes = response.bytes().await.unwrap();
        assert_eq!(bytes.starts_with(&[0x1f, 0x8b]), used);
    }
}

#[tokio::test]
async fn rows_of_answered_calls_are_of_a_real_size() {
    let client = Client::of(Options { rows: 300, ..Options::default() }).await;
    let rows = client.simulator.truth(1).unwrap();
    let mean = rows.iter().map(String::len).sum::<usize>() / rows.len();
    assert!((7_000..12_000).contains(&mean), "{mean} bytes a row");
}

#[tokio::test]
async fn requests_are_counted_and_kept() {
    let client = Client::older(OlderApi::default()).await;
    client.json("/campaigns").await;
    client.page(0, "page=1&page_size=5").await;
    client.page(1, "page=2&page_size=5").await;
    client.status("/elsewhere").await;
    let requests = client.simulator.requests();
    assert_eq!((requests.total, requests.most_at_once), (4, 1));
    assert_eq!(requests.count("GET /campaigns/{id}/rows"), 2);
    assert_eq!(requests.count("GET /campaigns"), 1);
    assert_eq!(requests.recent[2], format!("GET /api/campaigns/{}/rows?page=2&page_size=5", client.id(1)));
    client.simulator.reset_requests();
    assert_eq!(client.simulator.requests().total, 0);
}
