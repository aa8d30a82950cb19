//! The admin server of a running daemon: who is told what, and hints that lead to a look.

use super::{finish, small};
use crate::support::http::{get, send};
use crate::support::running::{BOUND, Running, until};
use crate::support::setting::Setting;
use revox_mirror::simulator::{Fault, FaultKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One look a year: what is seen sooner came by a hint.
const YEARLY: (&str, &str) = ("REVOX_MIRROR__SCHEDULE__CRON", "0 0 0 1 1 *");
const ANYWHERE: (&str, &str) = ("REVOX_MIRROR__ADMIN__LISTEN", "127.0.0.1:0");

/// Where a daemon's server is.
pub(crate) async fn address_of(daemon: &Running) -> String {
    let words = "the status page is at this address";
    daemon.says(words).await;
    let log = daemon.log();
    let line = log.lines().find(|line| line.contains(words)).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    line["address"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_with_the_secret_leads_to_a_look_and_its_body_to_nothing_else() {
    let setting = Setting::new(small(2, 20)).await;
    finish(&setting.simulator, 2);
    let ids = setting.simulator.campaign_ids();
    let secret = "a-hook-secret-of-ours";
    let daemon = setting.daemon(&[YEARLY, ANYWHERE, ("REVOX_MIRROR__ADMIN__HOOK_SECRET", secret)]);
    let address = address_of(&daemon).await;
    setting.until_equal().await;
    let lists = setting.list_requests();

    setting.simulator.edit(|account| account.append_rows(0, 3).unwrap());
    let hook = format!("/hooks/{secret}");
    for (path, status) in [("/hooks/another-secret-of-ours", 404), ("/hooks/", 404), ("/hooks", 404)] {
        assert_eq!(send(&address, "POST", path, &[], "").await.status, status, "{path}");
    }
    assert_eq!(get(&address, &hook).await.status, 405);
    let body = format!("{{\"campaign_id\":{:?},\"rows\":[{{\"id\":\"marker-in-a-body\"}}]}}", ids[0]);
    assert_eq!(send(&address, "POST", &hook, &[], &body).await.status, 202);
    setting.until_equal().await;
    assert_eq!(setting.list_requests(), lists, "a hint at one campaign asks for that one alone");

    setting.simulator.edit(|account| account.append_rows(1, 3).unwrap());
    assert_eq!(send(&address, "POST", &hook, &[], "whatever").await.status, 202);
    setting.until_equal().await;
    assert_eq!(setting.list_requests(), lists + 1);
    let long = "x".repeat(70_000);
    assert_eq!(send(&address, "POST", &hook, &[], &long).await.status, 413);
    // More hints than there is room for are no trouble.
    let hints = (0..150).map(|_| send(&address, "POST", &hook, &[], ""));
    for answer in futures::future::join_all(hints).await {
        assert_eq!(answer.status, 202);
    }
    let run = daemon.stop().await;
    assert!(!run.err.contains("marker-in-a-body") && !run.err.contains(secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_is_shown_anything() {
    let setting = Setting::new(small(1, 5)).await;
    let token = "a-token-that-is-long-enough";
    let open = setting.daemon(&[ANYWHERE]);
    let closed = setting
        .daemon(&[("REVOX_MIRROR__ADMIN__LISTEN", "0.0.0.0:0"), ("REVOX_MIRROR__ADMIN__TOKEN", token)]);
    let (open_at, closed_at) =
        (address_of(&open).await, address_of(&closed).await.replace("0.0.0.0", "127.0.0.1"));
    let bearer = format!("Bearer {token}");
    // any:a-token-that-is-long-enough
    let basic = "Basic YW55OmEtdG9rZW4tdGhhdC1pcy1sb25nLWVub3VnaA==";
    for path in ["/", "/metrics", "/page.css", "/page.js"] {
        assert_eq!(get(&open_at, path).await.status, 200, "{path}");
        assert_eq!(send(&open_at, "GET", path, &[("Host", "evil.example")], "").await.status, 403, "{path}");
        let refused = get(&closed_at, path).await;
        assert_eq!(refused.status, 401, "{path}");
        assert!(refused.head.contains("www-authenticate: basic"), "{}", refused.head);
        for authorization in [bearer.as_str(), basic] {
            let headers = [("Authorization", authorization), ("Host", "mirror.example")];
            assert_eq!(send(&closed_at, "GET", path, &headers, "").await.status, 200, "{path}");
        }
    }
    assert_eq!(get(&closed_at, "/events").await.status, 401);
    assert_eq!(get(&closed_at, "/livez").await.status, 200);
    assert!(matches!(get(&closed_at, "/readyz").await.status, 200 | 503));
    assert_eq!(send(&open_at, "POST", "/", &[], "").await.status, 405);
    assert_eq!(get(&open_at, "/nothing").await.status, 404);
    let page = get(&open_at, "/").await;
    assert!(page.head.contains("content-security-policy: default-src 'none'"), "{}", page.head);
    assert!(page.head.contains("x-content-type-options: nosniff"));
    // Without a token nobody listens to the network.
    let refused = setting.daemon(&[("REVOX_MIRROR__ADMIN__LISTEN", "0.0.0.0:0")]).ended().await;
    refused.exits(2).says("admin.listen").says("admin.token");
    // A taken address is a warning.
    let third = setting.daemon(&[("REVOX_MIRROR__ADMIN__LISTEN", &open_at)]);
    third.says("there is no status page").await;
    third.says("the daemon runs").await;
    for daemon in [open, closed, third] {
        let run = daemon.stop().await;
        assert!(!run.err.contains(token));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_once_it_is_fresh_and_says_why_it_is_not() {
    let mut setting = Setting::new(small(1, 20)).await;
    setting.set("REVOX_MIRROR__API__MAX_TRIES", "1");
    setting.simulator.inject(Fault::new(FaultKind::Status(401)));
    let daemon = setting.daemon(&[ANYWHERE, ("REVOX_MIRROR__ADMIN__READY_MAX_AGE", "1h")]);
    let address = address_of(&daemon).await;
    daemon.says("the account is parked until somebody acts").await;
    let answer = get(&address, "/readyz").await;
    assert_eq!(answer.status, 503);
    assert!(
        answer.body.contains("account default is parked: the campaign list cannot be read"),
        "{}",
        answer.body
    );
    let page = get(&address, "/").await.body;
    assert!(page.contains("Somebody has to act: account default is parked"), "{page}");
    assert!(page.contains("What to do: check the account"), "{page}");
    let listen = [("REVOX_MIRROR__ADMIN__LISTEN", address.as_str())];
    crate::support::program::run(&["ready"], &listen).await.exits(1).says("is parked");
    setting.simulator.clear_faults();
    daemon.signal(nix::sys::signal::Signal::SIGHUP);
    until("it is ready", async || get(&address, "/readyz").await.status == 200).await;
    setting.until_equal().await;
    for arguments in [&["ready"][..], &["ready", "--live"]] {
        crate::support::program::run(arguments, &listen).await.exits(0);
    }
    // To know whether it lives takes no token, and so none is read.
    let no_token = [listen[0], ("REVOX_MIRROR__ADMIN__TOKEN_FILE", "/nonexistent/token")];
    crate::support::program::run(&["ready", "--live"], &no_token).await.exits(0).says("alive");
    crate::support::program::run(&["ready"], &no_token).await.exits(2).says("admin.token_file");
    let metrics = get(&address, "/metrics").await.body;
    let id = &setting.simulator.campaign_ids()[0];
    for text in [
        "revox_mirror_api_requests_total{code=\"401\"} ".to_owned(),
        "revox_mirror_database_up 1".to_owned(),
        format!("revox_mirror_freshness_seconds{{campaign_id=\"{id}\"}} "),
        "revox_mirror_rows_total{change=\"inserted\"} 20".to_owned(),
    ] {
        assert!(metrics.contains(&text), "{text} is not in\n{metrics}");
    }
    setting.execute("update revox_sync.checkpoints set complete_through = now() - interval '2 hours'").await;
    // The next look makes it fresh again, so the state between is judged by the page's own function in its tests.
    setting.execute("alter table revox_sync._sqlx_migrations rename to aside").await;
    until("the schema is wrong", async || {
        let answer = get(&address, "/readyz").await;
        answer.status == 503 && answer.body.contains("the schema is not up to date")
    })
    .await;
    assert_eq!(get(&address, "/livez").await.status, 200);
    assert!(get(&address, "/metrics").await.body.contains("revox_mirror_database_up 0"));
    setting.execute("alter table revox_sync.aside rename to _sqlx_migrations").await;
    daemon.stop().await;
    crate::support::program::run(&["ready"], &listen).await.exits(1).says("no daemon answers at");
    crate::support::program::run(&["ready"], &[("REVOX_MIRROR__ADMIN__LISTEN", "")]).await.exits(2);
}

/// A connection on which these bytes were sent.
async fn began(address: &str, bytes: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    stream
}

/// What comes until the other side closes.
async fn rest(mut stream: TcpStream) -> String {
    let mut text = String::new();
    let read = tokio::time::timeout(BOUND, stream.read_to_string(&mut text)).await;
    // A connection that is reset is closed as well.
    let _ = read.expect("the connection is closed");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_dawdle_are_cut_off_and_keep_nobody_out() {
    let setting = Setting::new(small(1, 5)).await;
    let daemon = setting.daemon(&[ANYWHERE, ("REVOX_MIRROR__ADMIN__HOOK_SECRET", "a-hook-secret-of-ours")]);
    let address = address_of(&daemon).await;
    // Of a body whose hook is unknown nothing is waited for.
    let unknown = format!("POST /hooks/unknown HTTP/1.1\r\nHost: {address}\r\nContent-Length: 60000\r\n\r\n");
    let mut stream = began(&address, &unknown).await;
    let mut head = [0; 22];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 404 Not Found");
    let slow = unknown.replace("unknown", "a-hook-secret-of-ours");
    let (half_a_head, half_a_body) =
        (began(&address, "GET / HTTP/1.1\r\nHo").await, began(&address, &slow).await);
    // More of them than there may be connections.
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(TcpStream::connect(&address).await.unwrap());
    }
    until("somebody who asks is answered", async || {
        let asked = tokio::time::timeout(std::time::Duration::from_secs(20), get(&address, "/livez"));
        asked.await.is_ok_and(|answer| answer.status == 200)
    })
    .await;
    let answer = rest(half_a_head).await;
    assert!(answer.is_empty() || answer.contains(" 408 "), "{answer}");
    assert!(rest(half_a_body).await.starts_with("HTTP/1.1 408 "));
    drop(silent);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_grows_old_is_said_and_then_the_list() {
    let setting = Setting::new(small(1, 5)).await;
    finish(&setting.simulator, 1);
    let daemon = setting.daemon(&[YEARLY, ANYWHERE, ("REVOX_MIRROR__ADMIN__READY_MAX_AGE", "1s")]);
    let address = address_of(&daemon).await;
    setting.until_equal().await;
    setting.execute("update revox_sync.accounts set listed_at = now() + interval '1 hour'").await;
    until("the copy is too old", async || {
        let answer = get(&address, "/readyz").await;
        answer.status == 503 && answer.body.contains("1 campaign is staler than 1 s; the stalest, ")
    })
    .await;
    setting.execute("update revox_sync.accounts set listed_at = now() - interval '1 hour'").await;
    until("the list is too old", async || {
        get(&address, "/readyz").await.body.contains("the list of account default was read 60 min ago")
    })
    .await;
    let page = get(&address, "/").await.body;
    assert!(
        page.contains("The campaign is stale") && page.contains("rows come in pages (older API)"),
        "{page}"
    );
    daemon.stop().await;
}
