//! The questions to the newer API's search over calls, page by page, until what is wanted of it is read.

use super::Mirror;
use crate::api::ApiError;
use crate::normalize::{self, CallOutline};
use crate::plan::{Feed, FeedShown, FeedState};
use crate::records::Time;
use crate::wire::CallsPage;

/// What the search has answered so far.
pub(super) struct Reading {
    pub(super) asked_at: Time,
    pub(super) feed: Feed,
    pub(super) calls: Vec<ShownCall>,
    /// Why nothing came of it, when that is not for the feed to say.
    pub(super) doubt: Option<String>,
}

impl Reading {
    /// Asks for the calls that changed last, down to the watermark.
    pub(super) async fn begin(mirror: &Mirror, held: &FeedState) -> Self {
        let (asked_at, mut feed, mut calls) = (mirror.clock.now(), Feed::new(held), Vec::new());
        let doubt = read_pages(mirror, &mut feed, &mut calls).await;
        Self { asked_at, feed, calls, doubt }
    }
}

/// A call that the search has shown, and its JSON.
pub(super) type ShownCall = (CallOutline, String);

/// Reads pages until there is no question left. Why nothing came of it, when that is not for the feed to say.
pub(super) async fn read_pages(
    mirror: &Mirror,
    feed: &mut Feed,
    calls: &mut Vec<ShownCall>,
) -> Option<String> {
    let mut bytes: usize = calls.iter().map(|(_, json)| json.len()).sum();
    while let Some(ask) = feed.question() {
        let page = match mirror.client.search_calls(ask.page, ask.page_size).await {
            Ok(answer) => answer.body,
            Err(error) if error.is_bad_request() => {
                feed.learn(&FeedShown::Refused(error.to_string()));
                continue;
            }
            Err(error) if is_missing(&error) => {
                feed.learn(&FeedShown::Missing);
                continue;
            }
            Err(error) => return Some(format!("the search failed: {error}")),
        };
        let Some(shown) = outlines(&page) else {
            return Some("the search shows a call whose id cannot be read".to_owned());
        };
        bytes += page.body.len();
        let outlines = shown.iter().map(|(call, _)| (call.id.clone(), call.updated_at)).collect();
        feed.learn(&FeedShown::Page { total: page.total, calls: outlines });
        if bytes > mirror.settings.max_bytes_in_flight && feed.question().is_some() {
            feed.begin_anew("more calls changed than are worth searching for");
        }
        calls.extend(shown);
    }
    None
}

fn is_missing(error: &ApiError) -> bool {
    error.is_not_found() || matches!(error, ApiError::UnexpectedStatus { .. })
}

fn outlines(page: &CallsPage) -> Option<Vec<(CallOutline, String)>> {
    (0..page.calls.len())
        .map(|index| {
            let json = page.call(index)?;
            Some((normalize::call_outline(json)?, json.to_owned()))
        })
        .collect()
}
