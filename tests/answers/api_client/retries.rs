//! Which answers are asked for again, and when that ends.

use super::server::{NO_ROWS, Server, answer, bytes_of, good};
use revox_mirror::api::{ApiError, Client, ClientOptions, Cost};
use std::time::Duration;

#[tokio::test]
async fn a_status_that_passes_is_tried_again() {
    for status in [408, 409, 429, 500, 502, 503, 504, 599] {
        let server = Server::with_replies(vec![answer(status, &[], b"oops"), good()]).await;
        let client = server.client();
        client.fetch_rows("c1", None, usize::MAX).await.unwrap_or_else(|error| panic!("{status}: {error}"));
        assert_eq!(client.cost(), Cost { requests: 2, retries: 1, bytes: NO_ROWS.len() as u64 }, "{status}");
        assert_eq!(server.count(), 2, "{status}");
    }
}

#[tokio::test]
async fn a_status_that_lasts_is_told_at_once() {
    type Check = fn(&ApiError) -> bool;
    let cases: [(u16, Check); 9] = [
        (400, ApiError::is_bad_request),
        (422, ApiError::is_bad_request),
        (401, ApiError::is_refused),
        (403, ApiError::is_refused),
        (404, ApiError::is_not_found),
        (402, |error| matches!(error, ApiError::UnexpectedStatus { status: 402 })),
        (410, |error| matches!(error, ApiError::UnexpectedStatus { status: 410 })),
        (206, |error| matches!(error, ApiError::UnexpectedStatus { status: 206 })),
        (304, |error| matches!(error, ApiError::Redirected { status: 304, host: None })),
    ];
    for (status, is_expected) in cases {
        let server = Server::with_replies(vec![answer(status, &[], b"")]).await;
        let error = server.client().fetch_rows("c1", None, usize::MAX).await.unwrap_err();
        assert!(is_expected(&error), "{status}: {error:?}");
        assert!(error.hint().is_some());
        assert_eq!(server.count(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_request_ends_with_its_last_try() {
    let server = Server::with_replies(vec![answer(500, &[], b""), answer(503, &[], b"")]).await;
    let client = server.client();
    let error = client.fetch_rows("c1", None, usize::MAX).await.unwrap_err();
    assert!(matches!(error, ApiError::Unavailable { status: 503 }), "{error:?}");
    assert_eq!(client.cost(), Cost { requests: 3, retries: 2, bytes: 0 });
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn an_answer_that_is_not_whole_is_tried_again_and_never_an_empty_page() {
    let gzip_cut = bytes_of("1f8b0800000000000203ab562aca2f");
    let cases = [
        ("nothing at all", Vec::new()),
        ("half a head", b"HTTP/1.1 200 OK\r\ncontent-le".to_vec()),
        ("not HTTP", b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        ("shorter than announced", b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"rows\":[]}".to_vec()),
        (
            "cut between chunks",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nb\r\n{\"rows\":[]}\r\n".to_vec(),
        ),
        ("cut within gzip", answer(200, &[("content-encoding", "gzip")], &gzip_cut)),
        ("not the announced gzip", answer(200, &[("content-encoding", "gzip")], NO_ROWS)),
        ("empty", answer(200, &[], b"")),
        ("no content", b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_vec()),
        ("HTML", answer(200, &[("content-type", "text/html")], b"<!doctype html><p>Sign in</p>")),
        ("half JSON", answer(200, &[], br#"{"rows":["#)),
        ("another shape", answer(200, &[], br#"{"data":[]}"#)),
    ];
    for (name, reply) in cases {
        let server = Server::with_replies(vec![reply.clone(), good()]).await;
        let client = server.client();
        client.fetch_rows("c1", None, usize::MAX).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(client.cost().requests, 2, "{name}");

        let server = Server::with_replies(vec![reply]).await;
        let error = server.client().fetch_rows("c1", None, usize::MAX).await.unwrap_err();
        let is_named = matches!(error, ApiError::BrokenOff { .. } | ApiError::Malformed { .. });
        assert!(is_named, "{name}: {error:?}");
        assert_eq!(server.count(), 3, "{name}");
    }
}

#[tokio::test]
async fn a_long_answer_that_is_malformed_is_tried_again_too() {
    let long = format!(r#"{{"rows":[],"filler":"{}"}}"#, "x".repeat(200_000));
    let half = &long.as_bytes()[..150_000];
    let replies = vec![answer(200, &[], half), answer(200, &[], long.as_bytes())];
    let server = Server::with_replies(replies).await;
    let client = server.client();
    client.fetch_rows("c1", None, usize::MAX).await.unwrap();
    let bytes = (half.len() + long.len()) as u64;
    assert_eq!(client.cost(), Cost { requests: 2, retries: 1, bytes });
}

#[tokio::test]
async fn a_pause_that_the_budget_cannot_hold_ends_the_request_at_once_and_is_named() {
    let date = ("date", "Tue, 24 Nov 2026 10:00:00 GMT");
    let cases = [
        (429, vec![("retry-after", "90.5")], 90_500),
        (429, vec![("retry-after-ms", "61001")], 61_001),
        (429, vec![("retry-after", "Tue, 24 Nov 2026 10:02:00 GMT"), date], 120_000),
        (503, vec![("retry-after", "120")], 120_000),
    ];
    for (status, headers, expected_ms) in cases {
        let server = Server::with_replies(vec![answer(status, &headers, b""), good()]).await;
        let error = server.client().fetch_rows("c1", None, usize::MAX).await.unwrap_err();
        let expected = Duration::from_millis(expected_ms);
        assert!(
            matches!(error, ApiError::RateLimited { retry_after: Some(pause) } if pause == expected),
            "{headers:?}: {error:?}"
        );
        assert_eq!(server.count(), 1, "{headers:?}");
    }
}

#[tokio::test]
async fn a_pause_within_the_budget_is_made_and_the_request_goes_on() {
    for header in [("retry-after-ms", "2"), ("retry-after", "0.002"), ("retry-after", "0")] {
        let server = Server::with_replies(vec![answer(429, &[header], b""), good()]).await;
        server.client().fetch_rows("c1", None, usize::MAX).await.unwrap();
        assert_eq!(server.count(), 2, "{header:?}");
    }
}

#[tokio::test]
async fn the_backoff_ends_with_the_budget() {
    let server = Server::with_replies(vec![answer(503, &[], b"")]).await;
    let options = ClientOptions {
        retry_budget: Duration::ZERO,
        max_tries: 1_000_000,
        backoff_base: Duration::from_hours(1),
        ..server.options()
    };
    let error = Client::new(options).unwrap().fetch_rows("c1", None, usize::MAX).await.unwrap_err();
    assert!(matches!(error, ApiError::Unavailable { status: 503 }), "{error:?}");
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn the_api_may_ask_for_a_try_or_forbid_it() {
    for (status, advice, expected_count) in
        [(400, "true", 2), (404, "true", 2), (503, "false", 1), (429, "false", 1), (301, "true", 1)]
    {
        let server =
            Server::with_replies(vec![answer(status, &[("x-should-retry", advice)], b""), good()]).await;
        let outcome = server.client().fetch_rows("c1", None, usize::MAX).await;
        assert_eq!(outcome.is_ok(), expected_count == 2, "{status} {advice}");
        assert_eq!(server.count(), expected_count, "{status} {advice}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable_after_every_try() {
    let server = Server::with_replies(vec![good()]).await;
    let vacant = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let options = ClientOptions { base_url: format!("http://{vacant}"), ..server.options() };
    let client = Client::new(options).unwrap();
    let error = client.fetch_rows("c1", None, usize::MAX).await.unwrap_err();
    assert!(matches!(error, ApiError::Unreachable { .. }), "{error:?}");
    assert_eq!(client.cost(), Cost { requests: 3, retries: 2, bytes: 0 });
}
