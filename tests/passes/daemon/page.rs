//! The status page in a real browser.

use super::admin::address_of;
use super::small;
use crate::support::browser::Browser;
use crate::support::running::until;
use crate::support::setting::Setting;
use revox_mirror::clock::Clock;
use revox_mirror::simulator::{Fault, FaultKind, Options};
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_sees_a_pass_move_and_a_failing_campaign_named_with_what_to_do() {
    // Calls of the last days, so that the charts show something.
    let options = Options { clock: Some(Clock::system()), ..small(3, 3000) };
    let mut setting = Setting::new(options).await;
    setting.set("REVOX_MIRROR__API__MAX_TRIES", "1");
    setting.set("REVOX_MIRROR__SYNC__BATCH_ROWS", "100");
    let ids = setting.simulator.campaign_ids();
    setting.simulator.inject(Fault::new(FaultKind::Status(500)).on_path(format!("{}/rows", ids[1])));
    let slow = Fault::new(FaultKind::Slow(Duration::from_millis(1200)));
    setting.simulator.inject(slow.on_path(format!("{}/rows", ids[0])));
    let browser = Browser::start().await;
    browser.resize(1200, 900).await;
    let daemon = setting.daemon(&[("REVOX_MIRROR__ADMIN__LISTEN", "127.0.0.1:0")]);
    let address = address_of(&daemon).await;
    browser.open(&format!("http://{address}/")).await;
    browser.run("window.isTheSamePage = true").await;

    // The pass moves, and the page with it, also where somebody has clicked.
    let bar = format!("tr[data-campaign='{}'] progress", ids[0]);
    browser.until(&format!("return (document.querySelector({bar:?})?.value ?? 0) > 0")).await;
    browser.click("#campaigns tbody td").await;
    let is_there = "return document.activeElement.matches('#campaigns .scroll')";
    assert_eq!(browser.run(is_there).await, json!(true), "a click leads into the region that scrolls");
    let before = browser.run(&format!("return document.querySelector({bar:?})?.value ?? 1e9")).await;
    browser.until(&format!("return (document.querySelector({bar:?})?.value ?? 0) > {before}")).await;

    assert_eq!(browser.run(is_there).await, json!(true), "and what moves leaves it there");

    // The failing one is named, with what to do.
    browser
        .until(&format!(
            "const text = document.getElementById('troubles').innerText;
             return text.includes({:?}) && text.includes('What to do:')",
            ids[1]
        ))
        .await;
    assert_eq!(browser.run("return window.isTheSamePage").await, json!(true), "nothing was reloaded");

    let counted = |part: &str| {
        format!("return document.querySelectorAll('#{part} tbody tr, #{part} svg rect').length > 0")
    };
    for part in ["days", "results"] {
        browser.until(&counted(part)).await;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("status-page");
    std::fs::create_dir_all(&folder).unwrap();
    for (scheme, ground) in [("light", "rgb(246, 247, 249)"), ("dark", "rgb(17, 22, 29)")] {
        browser.prefer(scheme).await;
        let found = browser.run("return getComputedStyle(document.body).backgroundColor").await;
        assert_eq!(found, json!(ground), "{scheme}");
        std::fs::write(folder.join(format!("{scheme}.png")), browser.picture().await).unwrap();
    }
    // On a phone nothing but tables in their own region is wider than the screen.
    browser.resize(360, 740).await;
    browser.until("return document.documentElement.scrollWidth <= 360").await;
    std::fs::write(folder.join("phone.png"), browser.picture().await).unwrap();

    // For whoever listens to the page rather than sees it.
    for (what, script) in [
        ("one main part", "return document.querySelectorAll('main').length === 1"),
        (
            "every table says what it is",
            "return [...document.querySelectorAll('table')].every(it => it.caption)",
        ),
        ("every heading cell its scope", "return [...document.querySelectorAll('th')].every(it => it.scope)"),
        (
            "every picture has words or is decoration",
            "return [...document.querySelectorAll('svg')].every(it => it.querySelector('title') || it.ariaHidden)",
        ),
        ("progress is named", "return [...document.querySelectorAll('progress')].every(it => it.ariaLabel)"),
        (
            "ids are unique",
            "const ids = [...document.querySelectorAll('[id]')].map(it => it.id); return new Set(ids).size === ids.length",
        ),
    ] {
        assert_eq!(browser.run(script).await, json!(true), "{what}");
    }
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:?}");

    // The connection breaks, which is said, and goes on.
    daemon.stop().await;
    browser.until("return !document.getElementById('lost').hidden").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_pages_are_watched_at_once_than_there_is_room_for_and_the_next_one_waits_for_its_turn() {
    let setting = Setting::new(small(1, 5)).await;
    let daemon = setting.daemon(&[("REVOX_MIRROR__ADMIN__LISTEN", "127.0.0.1:0")]);
    let address = address_of(&daemon).await;
    let mut viewers = Vec::new();
    for _ in 0..32 {
        let mut viewer = TcpStream::connect(&address).await.unwrap();
        let request = format!("GET /events HTTP/1.1\r\nHost: {address}\r\n\r\n");
        viewer.write_all(request.as_bytes()).await.unwrap();
        let mut head = [0; 15];
        viewer.read_exact(&mut head).await.unwrap();
        assert_eq!(&head, b"HTTP/1.1 200 OK");
        viewers.push(viewer);
    }
    let answer = crate::support::http::get(&address, "/events").await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(crate::support::http::get(&address, "/").await.status, 200, "the page itself is shown");
    let browser = Browser::start().await;
    browser.open(&format!("http://{address}/")).await;
    browser.until("return !document.getElementById('lost').hidden").await;
    drop(viewers);
    browser.until("return document.getElementById('lost').hidden").await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_text_and_the_password_stands_nowhere() {
    let mut setting = Setting::new(small(1, 5)).await;
    setting.set("DATABASE_URL", &with_password(setting.database().url()));
    let daemon = setting.daemon(&[("REVOX_MIRROR__ADMIN__LISTEN", "127.0.0.1:0")]);
    let address = address_of(&daemon).await;
    setting.until_equal().await;
    setting.execute("update revox.campaigns set name = '<script>alert(1)</script>'").await;
    until("the name is shown as text", async || {
        let page = crate::support::http::get(&address, "/").await.body;
        assert!(!page.contains("<script>alert"), "{page}");
        assert!(!page.contains("secret-word"), "{page}");
        page.contains("&lt;script&gt;alert(1)") && page.contains("psql postgres://")
    })
    .await;
    daemon.stop().await;
}

/// The server of the tests lets everybody in, or knows the user by this very password.
fn with_password(url: &str) -> String {
    let mut url = url::Url::parse(url).unwrap();
    if url.password().is_none() {
        url.set_password(Some("secret-word")).unwrap();
    }
    url.to_string()
}
