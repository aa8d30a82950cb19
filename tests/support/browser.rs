//! A real Chromium, driven by its driver over the W3C's `WebDriver` protocol.

use super::http;
use super::running::BOUND;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A browser with one window, ended when it is dropped.
pub(crate) struct Browser {
    address: String,
    session: String,
    driver: Child,
    /// Removed with this value.
    profile: tempfile::TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Its driver may be gone before it, so that what is left of it is looked for by its profile.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let profile = self.profile.path().as_os_str().as_encoded_bytes();
        for _ in 0..50 {
            let left = processes_naming(profile);
            if left.is_empty() {
                break;
            }
            for process in left {
                let _ = nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGKILL);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Processes whose command line has these bytes.
fn processes_naming(bytes: &[u8]) -> Vec<nix::unistd::Pid> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if line.windows(bytes.len()).any(|window| window == bytes) {
            found.push(nix::unistd::Pid::from_raw(process));
        }
    }
    found
}

impl Browser {
    /// Starts it. Fails where there is none: what it shows is a promise like any other.
    pub(crate) async fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let profile = tempfile::tempdir().unwrap();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .env("HOME", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts (Debian: apt-get install chromium chromium-driver)");
        let mut browser =
            Self { address: format!("127.0.0.1:{port}"), session: String::new(), driver, profile };
        let deadline = tokio::time::Instant::now() + BOUND;
        while tokio::net::TcpStream::connect(&browser.address).await.is_err() {
            assert!(tokio::time::Instant::now() < deadline, "chromedriver does not listen");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let data = browser.profile.path().join("data");
        let arguments = [
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            format!("--user-data-dir={}", data.display()),
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let session = browser.ask("POST", "/session", &wanted).await;
        session["sessionId"].as_str().expect("a session").clone_into(&mut browser.session);
        browser
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if method == "GET" { String::new() } else { body.to_string() };
        let (status, value) = self.ask_once(method, path, &body).await;
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    async fn ask_once(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let answer =
            http::send(&self.address, method, path, &[("Content-Type", "application/json")], body).await;
        let json: Value = serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{}", answer.body));
        (answer.status, json["value"].clone())
    }

    async fn command(&self, method: &str, path: &str, body: Value) -> Value {
        self.ask(method, &format!("/session/{}/{path}", self.session), &body).await
    }

    pub(crate) async fn open(&self, url: &str) {
        self.command("POST", "url", json!({ "url": url })).await;
    }

    /// What a function's body returns.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.command("POST", "execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// Clicks on the first element that a selector finds, as a person does: when the page has drawn it anew meanwhile, on that.
    pub(crate) async fn click(&self, selector: &str) {
        let wanted = json!({ "using": "css selector", "value": selector });
        let deadline = tokio::time::Instant::now() + BOUND;
        loop {
            let element = self.command("POST", "element", wanted.clone()).await;
            let id = element.as_object().and_then(|ids| ids.values().next()?.as_str()).expect("an element");
            let path = format!("/session/{}/element/{id}/click", self.session);
            let (status, value) = self.ask_once("POST", &path, "{}").await;
            if status == 200 {
                return;
            }
            assert_eq!(value["error"], "stale element reference", "{selector}: {value}");
            assert!(tokio::time::Instant::now() < deadline, "{selector} never stands still");
        }
    }

    /// Waits until a function's body returns true.
    pub(crate) async fn until(&self, script: &str) {
        let deadline = tokio::time::Instant::now() + BOUND;
        while self.run(script).await != json!(true) {
            let page = self.run("return document.body.innerText").await;
            assert!(tokio::time::Instant::now() < deadline, "{script} is not true of:\n{page}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Another size of the screen.
    pub(crate) async fn resize(&self, width: u32, height: u32) {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.chrome("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// `light` or `dark`.
    pub(crate) async fn prefer(&self, scheme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.chrome("Emulation.setEmulatedMedia", features).await;
    }

    async fn chrome(&self, command: &str, parameters: Value) -> Value {
        self.command("POST", "goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    /// A picture of the whole page, as PNG.
    pub(crate) async fn picture(&self) -> Vec<u8> {
        use base64::Engine;
        let shot = self.chrome("Page.captureScreenshot", json!({ "captureBeyondViewport": true })).await;
        base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().expect("a picture")).unwrap()
    }

    /// What the browser has complained of: errors of scripts, and what the page's policy has refused.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let lines = self.command("POST", "se/log", json!({ "type": "browser" })).await;
        let of_level = |line: &Value| matches!(line["level"].as_str(), Some("SEVERE" | "WARNING"));
        let lines = lines.as_array().cloned().unwrap_or_default();
        lines.iter().filter(|line| of_level(line)).map(Value::to_string).collect()
    }
}
