//! Asks a simulator, and reads its answers as JSON.

use reqwest::redirect::Policy;
use reqwest::{Response, Result, StatusCode};
use revox_mirror::simulator::{Flavour, NewerApi, OlderApi, Options, Simulator};
use serde_json::Value;
use std::time::Duration;

/// A client of one simulator.
pub(crate) struct Client {
    pub(crate) simulator: Simulator,
    http: reqwest::Client,
}

impl Client {
    pub(crate) async fn of(options: Options) -> Self {
        // A second installation fails, and the first one will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .no_gzip()
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        Self { simulator: Simulator::start(options).await.unwrap(), http }
    }

    /// A client of the older API, with few rows.
    pub(crate) async fn older(api: OlderApi) -> Self {
        Self::of(Options { flavour: Flavour::Older(api), rows: 25, ..Options::default() }).await
    }

    /// A client of the newer API, with few rows.
    pub(crate) async fn newer(api: NewerApi) -> Self {
        Self::of(Options { flavour: Flavour::Newer(api), rows: 25, ..Options::default() }).await
    }

    /// The id of the campaign at `place`.
    pub(crate) fn id(&self, place: usize) -> String {
        self.simulator.campaign_ids()[place].clone()
    }

    /// `GET path` with the right key, whatever comes of it.
    pub(crate) async fn get(&self, path: &str) -> Result<Response> {
        self.http.get(self.url(path)).bearer_auth("demo-key").send().await
    }

    /// `GET path` with headers and without a key.
    pub(crate) async fn get_with(&self, path: &str, headers: &[(&'static str, &str)]) -> Response {
        let request = self.http.get(self.url(path));
        headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value))
            .send()
            .await
            .unwrap()
    }

    /// The status of `GET path`.
    pub(crate) async fn status(&self, path: &str) -> u16 {
        self.get(path).await.unwrap().status().as_u16()
    }

    /// The JSON of `GET path`, which succeeds.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
    }

    /// A page of the rows of the campaign at `place`, with a query behind it.
    pub(crate) async fn page(&self, place: usize, query: &str) -> Value {
        self.json(&format!("/campaigns/{}/rows?{query}", self.id(place))).await
    }

    /// `POST /call/search`.
    pub(crate) async fn search(&self, body: Value) -> (u16, Value) {
        let request = self.http.post(self.url("/call/search")).bearer_auth("demo-key").json(&body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.simulator.base_url())
    }
}

/// The field `key` of each of the objects in `list`.
pub(crate) fn each<'a>(list: &'a Value, key: &str) -> Vec<&'a Value> {
    list.as_array().unwrap().iter().map(|item| &item[key]).collect()
}

/// The number of rows of a page.
pub(crate) fn len(page: &Value) -> usize {
    page["rows"].as_array().unwrap().len()
}
