//! What faults do to answers.

use super::answer::{Answer, respond};
use super::document::Document;
use super::faults::{Fault, FaultKind, RetryAfter};
use crate::clock::Clock;
use axum::body::Body;
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use std::io;
use std::time::Duration;

/// How a page of rows is made wrong while it is made.
#[derive(Debug, Clone, Copy)]
pub(super) enum Twist {
    WrongTotal(isize),
    EmptyRows,
    RepeatPage,
    Backwards,
    SamePage,
    WrongCampaign,
}

impl Twist {
    /// The twist of a fault, if it is of that kind.
    pub(super) fn of(kind: &FaultKind) -> Option<Self> {
        match kind {
            FaultKind::WrongTotal(delta) => Some(Self::WrongTotal(*delta)),
            FaultKind::EmptyRows => Some(Self::EmptyRows),
            FaultKind::RepeatPage => Some(Self::RepeatPage),
            FaultKind::Backwards => Some(Self::Backwards),
            FaultKind::SamePage => Some(Self::SamePage),
            FaultKind::WrongCampaign => Some(Self::WrongCampaign),
            _ => None,
        }
    }
}

/// The answer that stands in place of the right one, which is never made then.
pub(super) fn instead(fault: &Fault, clock: &Clock) -> Option<Answer> {
    let answer = match &fault.kind {
        FaultKind::Status429(retry_after) => too_many_requests(*retry_after, clock),
        FaultKind::Status503Html => Answer::html(StatusCode::SERVICE_UNAVAILABLE),
        FaultKind::Status(status) => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Answer::error(status, "this went wrong on purpose")
        }
        FaultKind::EmptyBody => Answer::empty(),
        FaultKind::HtmlOk => Answer::html(StatusCode::OK),
        FaultKind::Redirect(to) => {
            Answer::error(StatusCode::FOUND, "look elsewhere").with_header("location", to)
        }
        _ => return None,
    };
    Some(match fault.should_retry {
        Some(retry) => answer.with_header("x-should-retry", if retry { "true" } else { "false" }),
        None => answer,
    })
}

/// The right answer as the fault sends it.
pub(super) fn spoilt(kind: &FaultKind, answer: Answer, signature: String) -> Response {
    let Answer { status, headers, document } = answer;
    let (length, half) = (document.len(), document.len() / 2);
    let again = |document: Document, signature| {
        Answer { status, headers: headers.clone(), document }.into_response(signature)
    };
    match kind {
        FaultKind::MalformedJson => {
            let mut bytes = document.into_bytes(&signature);
            if let Some(byte) = bytes.get_mut(half) {
                // No JSON text holds this byte, within strings or outside.
                *byte = 0x01;
            }
            again(bytes.into(), signature)
        }
        FaultKind::HalfJson => {
            let mut bytes = document.into_bytes(&signature);
            bytes.truncate(half);
            again(bytes.into(), signature)
        }
        FaultKind::Oversized(padding) => {
            let mut bytes = vec![b' '; *padding];
            bytes.extend(document.into_bytes(&signature));
            again(bytes.into(), signature)
        }
        FaultKind::Truncated | FaultKind::TruncatedChunks => {
            let mut bytes = document.into_bytes(&signature);
            bytes.truncate(half);
            let mut response = respond(status, headers, cut_off(bytes));
            if matches!(kind, FaultKind::Truncated) {
                response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
            }
            response
        }
        _ => again(document, signature),
    }
}

fn too_many_requests(retry_after: RetryAfter, clock: &Clock) -> Answer {
    let answer = Answer::error(StatusCode::TOO_MANY_REQUESTS, "slow down");
    match retry_after {
        RetryAfter::Unsaid => answer,
        RetryAfter::Seconds(seconds) => answer.with_header("retry-after", &seconds.to_string()),
        RetryAfter::Milliseconds(ms) => answer.with_header("retry-after-ms", &ms.to_string()),
        RetryAfter::Date(after) => {
            let now = clock.now();
            answer
                .with_header("date", &httpdate::fmt_http_date(now.into()))
                .with_header("retry-after", &httpdate::fmt_http_date((now + after).into()))
        }
    }
}

/// A body that breaks off after `bytes`.
fn cut_off(bytes: Vec<u8>) -> Body {
    let sent = futures::stream::once(async move { Ok(Bytes::from(bytes)) });
    let broken = futures::stream::once(async {
        // Time for what was sent to leave, so that the other side has read the half before the line breaks.
        tokio::time::sleep(Duration::from_millis(5)).await;
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    });
    Body::from_stream(futures::StreamExt::chain(sent, broken))
}
