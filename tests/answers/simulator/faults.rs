//! Every fault on demand, and the start and end of a simulator.

use super::client::{Client, each, len};
use revox_mirror::simulator::{Fault, FaultKind, NewerApi, OlderApi, RetryAfter};
use serde_json::Value;
use std::time::Duration;

/// A client whose next request meets this fault.
async fn client_with(kind: FaultKind) -> Client {
    let client = Client::older(OlderApi::default()).await;
    client.simulator.inject(Fault::new(kind).times(1));
    client
}

/// The path of the second page of the first campaign, in pages of 10.
fn second_page(client: &Client) -> String {
    format!("/campaigns/{}/rows?page=2&page_size=10", client.id(0))
}

#[tokio::test]
async fn a_429_says_when_to_come_back_in_every_way() {
    for (retry_after, header, value) in [
        (RetryAfter::Unsaid, "retry-after", None),
        (RetryAfter::Seconds(3), "retry-after", Some("3")),
        (RetryAfter::Milliseconds(250), "retry-after-ms", Some("250")),
    ] {
        let client = client_with(FaultKind::Status429(retry_after)).await;
        let response = client.get("/campaigns").await.unwrap();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers().get(header).map(|it| it.to_str().unwrap()), value);
    }
    let client = client_with(FaultKind::Status429(RetryAfter::Date(Duration::from_secs(90)))).await;
    let response = client.get("/campaigns").await.unwrap();
    let date = |name| httpdate::parse_http_date(response.headers()[name].to_str().unwrap()).unwrap();
    assert_eq!(date("retry-after").duration_since(date("date")).unwrap(), Duration::from_secs(90));
    assert_eq!(client.status("/campaigns").await, 200);
    assert_eq!(client.simulator.requests().faults, 1);
}

#[tokio::test]
async fn a_status_can_be_asked_for() {
    for status in [400, 401, 403, 404, 408, 409, 500, 502] {
        let client = client_with(FaultKind::Status(status)).await;
        let response = client.get("/campaigns").await.unwrap();
        assert_eq!(response.status().as_u16(), status);
        assert!(serde_json::from_str::<Value>(&response.text().await.unwrap()).is_ok());
    }
    let client = Client::older(OlderApi::default()).await;
    client.simulator.inject(Fault::new(FaultKind::Status(400)).should_retry(true));
    assert_eq!(client.get("/campaigns").await.unwrap().headers()["x-should-retry"], "true");
}

#[tokio::test]
async fn pages_for_people_stand_in_for_json() {
    for (kind, status) in [(FaultKind::Status503Html, 503), (FaultKind::HtmlOk, 200)] {
        let client = client_with(kind).await;
        let response = client.get(&second_page(&client)).await.unwrap();
        assert_eq!(response.status().as_u16(), status);
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
        assert!(response.text().await.unwrap().starts_with("<!DOCTYPE html>"));
    }
}

#[tokio::test]
async fn a_connection_can_be_closed_without_an_answer() {
    let client = client_with(FaultKind::Reset).await;
    let error = client.get("/campaigns").await.unwrap_err();
    assert!(error.is_request() && !error.is_timeout() && !error.is_connect(), "{error:?}");
    assert_eq!(client.status("/campaigns").await, 200);
}

#[tokio::test]
async fn an_answer_can_break_off_in_the_middle() {
    for (kind, says_its_length) in [(FaultKind::Truncated, true), (FaultKind::TruncatedChunks, false)] {
        let client = client_with(kind).await;
        let response = client.get(&second_page(&client)).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.content_length().is_some(), says_its_length);
        assert!(response.bytes().await.is_err());
        assert_eq!(len(&client.json(&second_page(&client)).await), 10);
    }
}

#[tokio::test]
async fn bodies_can_be_wrong_and_complete() {
    for kind in [FaultKind::MalformedJson, FaultKind::HalfJson, FaultKind::EmptyBody] {
        let client = client_with(kind.clone()).await;
        let bytes = client.get(&second_page(&client)).await.unwrap().bytes().await.unwrap();
        assert!(serde_json::from_slice::<Value>(&bytes).is_err(), "{kind:?}");
        assert_eq!(bytes.is_empty(), matches!(kind, FaultKind::EmptyBody));
    }
    let client = client_with(FaultKind::Oversized(3_000_000)).await;
    let bytes = client.get(&second_page(&client)).await.unwrap().bytes().await.unwrap();
    assert!(bytes.len() > 3_000_000 && serde_json::from_slice::<Value>(&bytes).is_ok());
}

#[tokio::test]
async fn pages_can_lie() {
    let page = async |kind: FaultKind| {
        let client = client_with(kind).await;
        let lie = client.json(&second_page(&client)).await;
        (lie, client.json(&second_page(&client)).await, client)
    };
    let (lie, truth, _) = page(FaultKind::WrongTotal(-4)).await;
    assert_eq!((&lie["total"], &truth["total"]), (&21.into(), &25.into()));
    let (lie, _, _) = page(FaultKind::EmptyRows).await;
    assert_eq!((len(&lie), &lie["total"]), (0, &25.into()));
    let (lie, truth, client) = page(FaultKind::RepeatPage).await;
    let first = client.page(0, "page=1&page_size=10").await;
    assert_eq!(each(&lie["rows"], "id"), each(&first["rows"], "id"));
    assert_eq!(lie["page"], truth["page"]);
    let (lie, truth, client) = page(FaultKind::WrongCampaign).await;
    let other = client.page(1, "page=2&page_size=10").await;
    assert_eq!(each(&lie["rows"], "id"), each(&other["rows"], "id"));
    assert_ne!(each(&lie["rows"], "id"), each(&truth["rows"], "id"));
}

#[tokio::test]
async fn the_newer_api_lies_too() {
    let client = Client::newer(NewerApi::default()).await;
    let path = format!("/campaigns/{}/rows", client.id(0));
    client.simulator.inject(Fault::new(FaultKind::EmptyRows).on_path("/rows").nth(1));
    client.simulator.inject(Fault::new(FaultKind::WrongCampaign).on_path("/rows").nth(2));
    assert_eq!(len(&client.json(&path).await), 0);
    let other = client.json(&path).await;
    client.simulator.clear_faults();
    assert_ne!(each(&other["rows"], "id"), each(&client.json(&path).await["rows"], "id"));
}

#[tokio::test]
async fn a_redirect_names_another_place() {
    let client = client_with(FaultKind::Redirect("http://127.0.0.1:1/api/campaigns".to_owned())).await;
    let response = client.get("/campaigns").await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["location"]),
        (302, &"http://127.0.0.1:1/api/campaigns".parse().unwrap())
    );
}

#[tokio::test]
async fn a_slow_answer_comes_after_a_quick_one_that_was_asked_later() {
    let client = Client::older(OlderApi::default()).await;
    client.simulator.inject(Fault::new(FaultKind::Slow(Duration::from_millis(400))).on_path("slow").times(1));
    let mut order = Vec::new();
    let order = std::sync::Mutex::new(&mut order);
    let ask = async |name: &'static str| {
        assert_eq!(client.status(&format!("/campaigns?{name}")).await, 200);
        order.lock().unwrap().push(name);
    };
    tokio::join!(ask("slow"), ask("quick"));
    assert_eq!(**order.lock().unwrap(), ["quick", "slow"]);
    assert_eq!(client.simulator.requests().most_at_once, 2);
}

#[tokio::test]
async fn a_stopped_simulator_answers_nobody() {
    let client = Client::older(OlderApi::default()).await;
    client.json("/campaigns").await;
    let address = client.simulator.address();
    client.simulator.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
