//! An answer before it is sent: a status, headers and a document.

use super::document::Document;
use super::json::Json;
use axum::body::Body;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;

/// An answer. Its content is JSON unless a fault says otherwise.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) document: Document,
}

impl Answer {
    /// 200 with JSON.
    pub(super) fn ok(document: impl Into<Document>) -> Self {
        Self::new(StatusCode::OK, "application/json; charset=utf-8", document)
    }

    /// An error, said in JSON.
    pub(super) fn error(status: StatusCode, message: &str) -> Self {
        let mut json = Json::new(false);
        json.object(|json| {
            json.field("error", status.canonical_reason().unwrap_or("Error"));
            json.field("message", message);
        });
        Self::new(status, "application/json; charset=utf-8", json.into_text())
    }

    /// A page for people, as proxies and load balancers send it.
    pub(super) fn html(status: StatusCode) -> Self {
        let page =
            "<!DOCTYPE html>\n<html><head><title>Please wait</title></head><body>Down.</body></html>\n";
        Self::new(status, "text/html; charset=utf-8", page.to_owned())
    }

    /// 200 with nothing.
    pub(super) fn empty() -> Self {
        Self::ok(Document::default())
    }

    /// With a header more; a value that no header can hold is left out.
    pub(super) fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// The answer in gzip.
    pub(super) fn compressed(mut self, signature: &str) -> Self {
        let bytes = std::mem::take(&mut self.document).into_bytes(signature);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let packed = encoder.write_all(&bytes).and_then(|()| encoder.finish()).unwrap_or_default();
        self.document = Document::from(packed);
        self.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        self
    }

    /// The answer as the server sends it, `signature` in the places that differ on every read.
    pub(super) fn into_response(self, signature: String) -> Response {
        let length = self.document.len();
        let body = self.document.into_body(signature);
        let mut response = respond(self.status, self.headers, body);
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
        response
    }

    fn new(status: StatusCode, content_type: &'static str, document: impl Into<Document>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { status, headers, document: document.into() }
    }
}

/// A response of these parts.
pub(super) fn respond(status: StatusCode, headers: HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
