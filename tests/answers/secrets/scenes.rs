//! What happens to the mirror while it is listened to: passes good and bad, every question, a daemon that is watched.

use super::between::{Between, Trouble};
use super::heard::Heard;
use crate::support::http::send;
use crate::support::program;
use crate::support::running::until;
use crate::support::setting::Setting;
use revox_mirror::simulator::{Flavour, Options};
use serde_json::Value;
use sqlx::Row;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const KEY: &str = "rvx-key-marker-7f31";
const PASSWORD: &str = "password-marker-90c2";
const TOKEN: &str = "admin-token-marker-3e55";
const HOOK: &str = "hook-secret-marker-a1d0";

/// The mirror's own secrets.
pub(crate) const OWN_SECRETS: [(&str, &str); 4] = [
    (KEY, "the API key"),
    (PASSWORD, "the database's password"),
    (TOKEN, "the admin server's token"),
    (HOOK, "the hooks' secret"),
];

/// The account as its own role in the database, with a password.
pub(crate) struct Scenes {
    setting: Setting,
    between: Between,
    heard: Heard,
    role: String,
}

/// What was heard, and how often a secret was sent in which place.
pub(crate) struct Ended {
    pub(crate) heard: Heard,
    pub(crate) places: BTreeMap<String, u64>,
}

impl Scenes {
    pub(crate) async fn new(flavour: Flavour) -> Self {
        let api_key = KEY.to_owned();
        let options =
            Options { flavour, api_key, campaigns: 2, rows: 14, turns: 12, seed: 3, ..Options::default() };
        let mut setting = Setting::new(options).await;
        let between = Between::start(&setting.simulator.base_url()).await;
        let role = setting.log_in_with(PASSWORD).await;
        setting.set("REVOX_BASE_URL", &between.base_url());
        setting.set("REVOX_MIRROR__LOG__LEVEL", "trace");
        setting.set("REVOX_MIRROR__API__MAX_TRIES", "2");
        Self { setting, between, heard: Heard::default(), role }
    }

    /// Spoils a row in each way in which a piece of it cannot land.
    fn spoil_rows(&self) {
        let truth = self.setting.simulator.truth(0).unwrap();
        let with_call: Vec<(usize, Value)> = truth
            .iter()
            .enumerate()
            .map(|(place, row)| (place, serde_json::from_str::<Value>(row).unwrap()))
            .filter(|(_, row)| row["call"]["call_attempts"].as_array().is_some_and(|it| !it.is_empty()))
            .collect();
        let spoilings: [fn(&mut Value); 7] = [
            |row| row["id"] = Value::Null,
            |row| row["call"]["id"] = Value::Null,
            |row| row["call"] = serde_json::json!([row["call"]]),
            |row| row["call"]["assistant"]["id"] = serde_json::json!({}),
            |row| row["call"]["call_attempts"][0]["id"] = serde_json::json!(""),
            |row| row["call"]["llm_model"] = serde_json::json!([row["call"]["llm_model"]]),
            |row| *row = serde_json::json!([row, "https://ada:lovelace@h.example/?q=1"]),
        ];
        assert!(with_call.len() > spoilings.len());
        for ((place, mut row), spoil) in with_call.into_iter().zip(spoilings) {
            spoil(&mut row);
            self.setting.simulator.edit(|account| account.set_raw_row(0, place, row.to_string())).unwrap();
        }
    }

    async fn run(&mut self, arguments: &[&str]) -> program::Run {
        let environment: Vec<(&str, &str)> =
            self.setting.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let run = program::run(arguments, &environment).await;
        assert!(!run.out.is_empty() || !run.err.is_empty(), "{arguments:?} says nothing");
        self.heard.add_run(&arguments.join(" "), &run);
        run
    }

    async fn exits(&mut self, code: i32, arguments: &[&str]) {
        let run = self.run(arguments).await;
        let warnings: Vec<&str> = run.err.lines().filter(|line| !line.contains("DEBUG")).collect();
        assert_eq!(run.code, Some(code), "{arguments:?}: {}{}", run.out, warnings.join("\n"));
    }

    async fn fails(&mut self, arguments: &[&str], why: &str) {
        assert_ne!(self.run(arguments).await.code, Some(0), "{arguments:?}: {why}");
    }

    /// Passes that succeed: everything, nothing, changes, everything again with a log for people.
    pub(crate) async fn passes(&mut self) {
        self.exits(0, &["run", "--once"]).await;
        self.exits(0, &["run", "--once"]).await;
        self.spoil_rows();
        self.setting.simulator.edit(|account| {
            account.edit_metadata(1, 2).unwrap();
            account.replace_call(1, 3).unwrap();
        });
        self.exits(3, &["run", "--once"]).await;
        self.setting.set("REVOX_MIRROR__LOG__FORMAT", "text");
        self.exits(0, &["run", "--once", "--full"]).await;
        let count = async |statement| self.setting.count(statement).await;
        assert!(count("select count(*) from revox_sync.rejects").await >= 5);
        assert!(count("select count(*) from revox_sync.drift").await >= 50);
        assert!(count("select count(*) from revox.calls where metadata::text like '%[scrubbed]%'").await > 5);
    }

    /// A boolean says of every call and every assistant whether its model has a key.
    pub(crate) async fn keys_are_told(&self) {
        let expected = self.between.planted(|planted| planted.keys.clone());
        for table in ["calls", "assistants"] {
            let statement =
                format!("select id, has_llm_api_key from revox.{table} where _deleted_at is null");
            let lines =
                sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_all(&self.setting.pool).await.unwrap();
            let mut seen = [0, 0];
            for line in lines {
                let (id, told): (String, Option<bool>) = (line.get(0), line.get(1));
                let Some(has_key) = expected.get(&(table, id.clone())) else { continue };
                // Of a model that is no object nothing is known.
                if told.is_some() {
                    assert_eq!(told, Some(*has_key), "{table} {id}");
                    seen[usize::from(*has_key)] += 1;
                }
            }
            assert!(seen.iter().all(|seen| *seen > 0), "{table}: {seen:?} without and with a key");
        }
    }

    /// Every other command; a mirror without secrets is equal to an API with them.
    pub(crate) async fn questions(&mut self) {
        for arguments in [
            &["check"][..],
            &["migrate"],
            &["status"],
            &["status", "--json"],
            &["verify"],
            &["run", "--once", "--full", "--dry-run"],
        ] {
            let format = if arguments == ["verify"] { "json" } else { "text" };
            self.setting.set("REVOX_MIRROR__LOG__FORMAT", format);
            self.exits(0, arguments).await;
        }
        self.setting.execute("update revox.calls set metadata = '{}' where metadata is not null").await;
        self.exits(3, &["verify"]).await;
    }

    /// Passes that fail, each in its own way.
    pub(crate) async fn failing_passes(&mut self) {
        let everywhere = [Trouble::Echo(401), Trouble::Echo(500), Trouble::Redirect];
        let of_rows = [
            Trouble::Echo(400),
            Trouble::Echo(403),
            Trouble::Echo(429),
            Trouble::Malformed,
            Trouble::BrokenOff,
            Trouble::Html,
            Trouble::AnotherShape,
        ];
        let troubles = everywhere.iter().map(|trouble| (*trouble, "/api/"));
        let troubles = troubles.chain(of_rows.iter().map(|trouble| (*trouble, "/rows")));
        for (number, (trouble, part)) in troubles.enumerate() {
            self.setting.set("REVOX_MIRROR__LOG__FORMAT", ["json", "text"][number % 2]);
            self.between.set_trouble(Some((trouble, part)));
            self.fails(&["run", "--once", "--full"], &format!("{trouble:?}")).await;
            if number < 2 {
                self.fails(&["check"], &format!("{trouble:?}")).await;
                self.fails(&["verify"], &format!("{trouble:?}")).await;
            }
            self.exits(0, &["status"]).await;
        }
        self.between.set_trouble(None);
        // A statement that fails in the middle of the work: the server quotes the line.
        self.setting
            .execute("alter table revox.calls add constraint none check (status is null) not valid")
            .await;
        self.setting.simulator.edit(|account| account.edit_metadata(1, 4)).unwrap();
        self.fails(&["run", "--once", "--full"], "the server quotes a line").await;
        self.setting.execute("alter table revox.calls drop constraint none").await;
        self.exits(0, &["run", "--once", "--full"]).await;
    }

    /// A daemon, its server's answers to everybody, and trouble that it shows.
    pub(crate) async fn daemon(&mut self) {
        self.setting.set("REVOX_MIRROR__LOG__FORMAT", "json");
        let variables = [
            ("REVOX_MIRROR__ADMIN__LISTEN", "127.0.0.1:0"),
            ("REVOX_MIRROR__ADMIN__TOKEN", TOKEN),
            ("REVOX_MIRROR__ADMIN__HOOK_SECRET", HOOK),
        ];
        let environment = self.setting.environment.clone();
        let daemon = self.setting.daemon(&variables);
        let words = "the status page is at this address";
        daemon.says(words).await;
        let log = daemon.log();
        let line: Value =
            serde_json::from_str(log.lines().find(|line| line.contains(words)).unwrap()).unwrap();
        let address = line["address"].as_str().unwrap().to_owned();
        self.setting
            .until_count("select least(count(*), 1) from revox_sync.runs where trigger = 'schedule'", 1)
            .await;
        self.watch(&address, "in good order").await;
        for (trouble, code) in [(Trouble::Echo(500), "code=\"500\""), (Trouble::Echo(401), "code=\"401\"")] {
            self.between.set_trouble(Some((trouble, "/api/")));
            until("the trouble is seen", async || self.get(&address, "/metrics").await.contains(code)).await;
            let hook =
                send(&address, "POST", &format!("/hooks/{HOOK}"), &[], "{\"api_key\":\"hush7c41\"}").await;
            assert_eq!(hook.status, 202);
            self.heard.add("a hook", format!("{}{}", hook.head, hook.body));
            self.watch(&address, "in trouble").await;
        }
        let unknown = send(&address, "POST", &format!("/hooks/{HOOK}x"), &[], "").await;
        assert_eq!(unknown.status, 404);
        let wrong = [("Authorization", "Bearer hush7c41-is-not-the-token")];
        assert_eq!(send(&address, "GET", "/", &wrong, "").await.status, 401);
        let mut asking: Vec<(&str, &str)> =
            environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        asking.extend([("REVOX_MIRROR__ADMIN__LISTEN", address.as_str()), variables[1]]);
        self.heard.add_run("ready", &program::run(&["ready"], &asking).await);
        self.heard.add_database(&self.setting.pool).await;
        self.between.set_trouble(None);
        self.heard.add_run("the daemon", &daemon.stop().await);
    }

    async fn get(&self, address: &str, path: &str) -> String {
        let bearer = format!("Bearer {TOKEN}");
        let answer = send(address, "GET", path, &[("Authorization", &bearer)], "").await;
        assert!(matches!(answer.status, 200 | 503), "{path}: {}", answer.status);
        format!("{}{}", answer.head, answer.body)
    }

    /// Adds what the server shows.
    async fn watch(&mut self, address: &str, when: &str) {
        for path in ["/", "/metrics", "/readyz", "/livez"] {
            let shown = self.get(address, path).await;
            self.heard.add(format!("{path} {when}"), shown);
        }
        let events = first_event(address).await;
        self.heard.add(format!("the events {when}"), events);
    }

    /// Adds what is kept, and what the outside says of wrong settings.
    pub(crate) async fn end(mut self) -> Ended {
        super::settings::wrong_ones(&mut self.heard, &self.setting, PASSWORD).await;
        self.heard.add_database(&self.setting.pool).await;
        let role = &self.role;
        self.setting.execute(&format!("drop owned by {role}; drop role {role}")).await;
        let places = self.between.planted(|planted| planted.places.clone());
        Ended { heard: self.heard, places }
    }
}

/// The first event of the page, which holds all its parts.
async fn first_event(address: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("GET /events HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut read = Vec::new();
    let whole = async {
        while !String::from_utf8_lossy(&read).contains("\n\n") {
            assert!(stream.read_buf(&mut read).await.unwrap() > 0);
        }
    };
    tokio::time::timeout(Duration::from_secs(30), whole).await.expect("an event in time");
    String::from_utf8_lossy(&read).into_owned()
}
