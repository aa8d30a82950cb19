//! What is sent, and what is taken for an answer.

use super::server::{KEY, NO_ROWS, Reply, Server, answer, bytes_of, good};
use revox_mirror::api::{ApiError, Client, ClientOptions, PageQuery};

/// A hundred thousand spaces.
const GZIP_BOMB: &str = concat!(
    "1f8b0800000000000203edc13101000000c2a02aeb9fd21a1e4001000000000000000000000000000000000000000000",
    "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
    "00000000000000000000000000000000000000000000000000000000af062df079caa0860100",
);

#[tokio::test]
async fn a_request_is_what_the_api_wants_it_to_be() {
    let server = Server::with_replies(vec![good()]).await;
    let page = PageQuery { page: 2, page_size: 50, ..PageQuery::default() };
    server.client().fetch_rows("c/1", Some(page), usize::MAX).await.unwrap();
    let head = server.heads().remove(0).to_lowercase();
    assert!(head.starts_with("get /api/campaigns/c%2f1/rows?page=2&page_size=50 http/1.1\r\n"), "{head}");
    for line in [
        format!("authorization: bearer {KEY}"),
        "accept: application/json".to_owned(),
        format!("user-agent: revox-mirror/{}", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{line} is not in {head}");
    }
    for encoding in ["gzip", "br", "zstd"] {
        assert!(head.contains(encoding), "{encoding} is not in {head}");
    }
}

#[tokio::test]
async fn rows_are_asked_for_without_parameters_when_there_is_no_page() {
    let server = Server::with_replies(vec![good()]).await;
    server.client().fetch_rows("c1", None, usize::MAX).await.unwrap();
    assert!(server.heads()[0].starts_with("GET /api/campaigns/c1/rows HTTP/1.1\r\n"));
}

#[tokio::test]
async fn an_answer_carries_the_apis_own_time() {
    let date = ("date", "Tue, 24 Nov 2026 10:00:00 GMT");
    let server = Server::with_replies(vec![answer(200, &[date], NO_ROWS)]).await;
    let answer = server.client().fetch_rows("c1", None, usize::MAX).await.unwrap();
    assert_eq!(answer.date.unwrap().to_rfc3339(), "2026-11-24T10:00:00+00:00");
    assert!(answer.body.rows.is_empty());
}

#[tokio::test]
async fn compressed_answers_are_unpacked() {
    for (encoding, hex) in [
        ("gzip", "1f8b0800000000000203ab562aca2f2f56b28a8ead050050f414eb0b000000"),
        ("br", "0b05807b22726f7773223a5b5d7d03"),
        ("zstd", "28b52ffd200b5900007b22726f7773223a5b5d7d"),
    ] {
        let reply = answer(200, &[("content-encoding", encoding)], &bytes_of(hex));
        let server = Server::with_replies(vec![reply]).await;
        let client = server.client();
        let page = client
            .fetch_rows("c1", None, usize::MAX)
            .await
            .unwrap_or_else(|error| panic!("{encoding}: {error}"));
        assert!(page.body.rows.is_empty(), "{encoding}");
        assert_eq!(client.cost().bytes, NO_ROWS.len() as u64, "{encoding}");
    }
}

#[tokio::test]
async fn an_answer_beyond_the_cap_is_not_read_to_its_end_and_not_tried_again() {
    let cap = 10_000;
    let spaces = vec![b' '; cap + 1];
    let mut chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    chunked.extend_from_slice(format!("{:x}\r\n", spaces.len()).as_bytes());
    chunked.extend_from_slice(&spaces);
    chunked.extend_from_slice(b"\r\n0\r\n\r\n");
    for (name, reply) in [
        ("announced", answer(200, &[], &spaces)),
        ("chunked", chunked),
        ("packed", answer(200, &[("content-encoding", "gzip")], &bytes_of(GZIP_BOMB))),
    ] {
        let server = Server::with_replies(vec![reply]).await;
        let options = ClientOptions { max_answer_bytes: cap, ..server.options() };
        let client = Client::new(options).unwrap();
        let error = client.fetch_rows("c1", None, usize::MAX).await.unwrap_err();
        assert!(matches!(error, ApiError::TooLarge { max_bytes } if max_bytes == cap), "{name}: {error:?}");
        assert_eq!(server.count(), 1, "{name}");
        assert!(client.cost().bytes < 100_000, "{name}");
    }
}

#[tokio::test]
async fn an_answer_of_just_the_cap_is_read() {
    let server = Server::with_replies(vec![good()]).await;
    let options = ClientOptions { max_answer_bytes: NO_ROWS.len(), ..server.options() };
    Client::new(options).unwrap().fetch_rows("c1", None, usize::MAX).await.unwrap();
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_key_stays() {
    for status in [301, 302, 303, 307, 308] {
        let other = Server::with_replies(vec![good()]).await;
        let target = format!("http://{}/elsewhere?token=t", other.address);
        let server = Server::with_replies(vec![answer(status, &[("location", &target)], b"")]).await;
        let error = server.client().fetch_rows("c1", None, usize::MAX).await.unwrap_err();
        match &error {
            ApiError::Redirected { status: told, host: Some(host) } => {
                assert_eq!((*told, host.as_str()), (status, "127.0.0.1"));
            }
            other => panic!("{status}: {other:?}"),
        }
        assert_eq!((server.count(), other.count()), (1, 0), "{status}");
    }
}

#[tokio::test]
async fn localhost_is_this_machine() {
    let server = Server::with_replies(vec![good()]).await;
    let base_url = format!("http://localhost:{}/api", server.address.port());
    let options = ClientOptions { base_url, ..server.options() };
    Client::new(options).unwrap().fetch_rows("c1", None, usize::MAX).await.unwrap();
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_before_anything_is_sent() {
    let server = Server::start(|_, _| Reply::Bytes(good())).await;
    let good = server.options();
    let cases = [
        ClientOptions { base_url: "http://192.0.2.1/api".to_owned(), ..good.clone() },
        ClientOptions { base_url: format!("http://user:pw@{}", server.address), ..good.clone() },
        ClientOptions { api_key: "".into(), ..good.clone() },
        ClientOptions { api_key: "two\r\nlines".into(), ..good.clone() },
        ClientOptions { max_concurrent_requests: 0, ..good.clone() },
        ClientOptions { requests_per_second: Some(0.0), ..good.clone() },
        ClientOptions { requests_per_second: Some(f64::NAN), ..good.clone() },
        ClientOptions { max_tries: 0, ..good.clone() },
    ];
    for options in cases {
        let error = Client::new(options).unwrap_err();
        assert!(error.is_configuration(), "{error:?}");
        assert!(error.hint().is_some());
    }
    let error = Client::new(good).unwrap().fetch_campaign("..").await.unwrap_err();
    assert!(matches!(error, ApiError::UnaskableId), "{error:?}");
    assert_eq!(server.count(), 0);
}
