//! How many requests go at once, and what they cost.

use super::server::{NO_ROWS, Reply, Server, answer, good};
use futures::future::join_all;
use revox_mirror::api::{Allowance, ApiError, Client, ClientOptions, Cost};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

fn allowance(concurrent_requests: usize) -> Allowance {
    Allowance { concurrent_requests, requests_per_second: None }
}

#[tokio::test]
async fn clones_together_never_send_more_at_once_than_is_allowed() {
    let release = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&release);
    let server = Server::start(move |_, _| Reply::Held(Arc::clone(&held), good())).await;
    let options = ClientOptions { max_concurrent_requests: 4, ..server.options() };
    let client = Client::new(options).unwrap();
    let requests: Vec<_> = (0..40)
        .map(|_| {
            let client = client.with_own_cost();
            tokio::spawn(async move { client.fetch_rows("c1", None, usize::MAX).await })
        })
        .collect();
    server.wait_for(4).await;
    release.add_permits(40);
    for outcome in join_all(requests).await {
        outcome.unwrap().unwrap();
    }
    assert_eq!((server.peak(), server.count()), (4, 40));
}

#[tokio::test]
async fn a_429_slows_everyone_down_and_good_answers_bring_the_pace_back() {
    let server = Server::with_replies(vec![answer(429, &[("retry-after-ms", "1")], b""), good()]).await;
    let client = server.client();
    let other = client.with_own_cost();
    assert_eq!(other.allowance(), allowance(8));
    client.fetch_rows("c1", None, usize::MAX).await.unwrap();
    assert_eq!(other.allowance(), allowance(4));
    let mut seen = vec![4];
    for _ in 0..100 {
        other.fetch_rows("c1", None, usize::MAX).await.unwrap();
        let now = client.allowance().concurrent_requests;
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
    assert_eq!(seen, [4, 5, 6, 7, 8]);
}

#[tokio::test]
async fn other_troubles_slow_nobody_down() {
    let server = Server::with_replies(vec![answer(503, &[], b""), good()]).await;
    let client = server.client();
    client.fetch_rows("c1", None, usize::MAX).await.unwrap();
    assert_eq!(client.allowance(), allowance(8));
}

#[tokio::test]
async fn while_the_api_wants_to_be_left_alone_nobody_asks() {
    let server = Server::with_replies(vec![answer(429, &[("retry-after", "600")], b""), good()]).await;
    let client = server.client();
    client.fetch_rows("c1", None, usize::MAX).await.unwrap_err();
    let other = client.with_own_cost();
    let error = other.fetch_campaigns().await.unwrap_err();
    assert!(
        matches!(error, ApiError::RateLimited { retry_after: Some(pause) } if pause <= Duration::from_mins(10)),
        "{error:?}"
    );
    assert_eq!(other.cost(), Cost::default());
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_request_that_is_given_up_holds_up_nobody() {
    let never = Arc::new(Semaphore::new(0));
    let server = Server::start(move |index, _| match index {
        0 => Reply::Held(Arc::clone(&never), good()),
        _ => Reply::Bytes(good()),
    })
    .await;
    let options = ClientOptions { max_concurrent_requests: 1, ..server.options() };
    let client = Client::new(options).unwrap();
    let stuck = client.clone();
    let stuck = tokio::spawn(async move { stuck.fetch_rows("c1", None, usize::MAX).await });
    server.wait_for(1).await;
    stuck.abort();
    assert!(stuck.await.unwrap_err().is_cancelled());
    client.fetch_rows("c1", None, usize::MAX).await.unwrap();
    assert_eq!(client.cost().requests, 2);
}

#[tokio::test]
async fn a_try_without_an_answer_ends_and_is_counted() {
    let never = Arc::new(Semaphore::new(0));
    let server = Server::start(move |_, _| Reply::Held(Arc::clone(&never), good())).await;
    let total_timeout = Duration::from_millis(30);
    let client = Client::new(ClientOptions { total_timeout, ..server.options() }).unwrap();
    let error = client.fetch_rows("c1", None, usize::MAX).await.unwrap_err();
    assert!(matches!(error, ApiError::TimedOut { after } if after == total_timeout), "{error:?}");
    assert_eq!(client.cost(), Cost { requests: 3, retries: 2, bytes: 0 });
}

#[tokio::test]
async fn what_a_campaign_costs_counts_for_its_pass_too() {
    let server = Server::with_replies(vec![answer(500, &[], b""), good()]).await;
    let pass = server.client();
    let (first, second) = (pass.with_own_cost(), pass.with_own_cost());
    first.fetch_rows("c1", None, usize::MAX).await.unwrap();
    second.fetch_rows("c2", None, usize::MAX).await.unwrap();
    second.clone().fetch_rows("c2", None, usize::MAX).await.unwrap();
    pass.fetch_rows("c3", None, usize::MAX).await.unwrap();
    let bytes = NO_ROWS.len() as u64;
    assert_eq!(first.cost(), Cost { requests: 2, retries: 1, bytes });
    assert_eq!(second.cost(), Cost { requests: 2, retries: 0, bytes: 2 * bytes });
    assert_eq!(pass.cost(), Cost { requests: 5, retries: 1, bytes: 4 * bytes });
}
