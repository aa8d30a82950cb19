//! The newer API's search over all calls of the account.

use super::account::Account;
use super::answer::Answer;
use super::call::Call;
use super::document::Document;
use super::json::Json;
use super::options::{NewerApi, Oversize, SearchSort, SearchTies, SearchTotal};
use super::spoil::Twist;
use axum::http::StatusCode;
use serde_json::Value;
use std::collections::HashSet;

/// `POST /call/search`. Every call that ever was is found, on a row or not, but for those of deleted campaigns.
/// `request`: its number.
pub(super) fn search(
    account: &Account,
    api: &NewerApi,
    body: &[u8],
    (request, twist): (u64, Option<Twist>),
) -> Answer {
    match Asked::read(body, api) {
        Ok(asked) => asked.answer(account, api, request, twist),
        Err(refusal) => Answer::error(StatusCode::BAD_REQUEST, refusal),
    }
}

/// What a search asks for.
#[derive(Debug)]
struct Asked {
    body: Value,
    offset: usize,
    page_size: usize,
    by_update: bool,
    ascending: bool,
}

impl Asked {
    fn read(body: &[u8], api: &NewerApi) -> Result<Self, &'static str> {
        let body: Value = serde_json::from_slice(body).map_err(|_| "the body must be JSON")?;
        let number = |key| body.get(key).and_then(Value::as_u64);
        let page = number("page").ok_or("page is required and an integer")?;
        let largest = u64::from(api.search_max_page_size);
        let page_size = number("page_size")
            .filter(|size| *size > 0 && (*size <= largest || api.search_oversize == Oversize::Clamp))
            .ok_or("page_size is required, positive and not too large")?
            .min(largest);
        let before = page.checked_sub(api.search_first_page.into()).ok_or("there is no such page")?;
        for unsupported in ["outcomes", "assignee_ids"] {
            if !strings(&body, unsupported).is_empty() {
                return Err("the simulator does not filter by outcomes and assignees");
            }
        }
        let text = |key| body.get(key).and_then(Value::as_str);
        let by_update = match text("sort_by") {
            None | Some("created_at") => false,
            Some("updated_at") if api.search_sort == SearchSort::Refused400 => {
                return Err("sort_by must be created_at");
            }
            Some("updated_at") => api.search_sort == SearchSort::Honoured,
            Some(_) => return Err("sort_by must be created_at or updated_at"),
        };
        let ascending = match text("sort_direction") {
            None | Some("desc") => false,
            Some("asc") => true,
            Some(_) => return Err("sort_direction must be asc or desc"),
        };
        Ok(Self {
            offset: usize::try_from(before.saturating_mul(page_size)).unwrap_or(usize::MAX),
            page_size: usize::try_from(page_size).unwrap_or(usize::MAX),
            by_update,
            ascending,
            body,
        })
    }

    fn answer(&self, account: &Account, api: &NewerApi, request: u64, twist: Option<Twist>) -> Answer {
        let campaigns: HashSet<&str> =
            account.campaigns.iter().map(|campaign| campaign.id.as_str()).collect();
        let lives =
            |call: &&Call| call.campaign.as_ref().is_none_or(|(id, _)| campaigns.contains(id.as_str()));
        let is_shown = |call: &&Call| account.left_out.as_ref() != Some(&call.id);
        let mut found: Vec<&Call> = account
            .calls
            .iter()
            .filter(lives)
            .filter(is_shown)
            .filter(|call| self.matches(account, call))
            .collect();
        found.sort_by_key(|call| (if self.by_update { call.updated_at } else { call.created_at }, &call.id));
        if !self.ascending {
            found.reverse();
        }
        if api.search_ties == SearchTies::Turning {
            for tied in found.chunk_by_mut(|one, other| one.updated_at == other.updated_at) {
                let turns = usize::try_from(request).unwrap_or(0) % tied.len();
                tied.rotate_left(turns);
            }
        }
        if matches!(twist, Some(Twist::Backwards)) {
            found.reverse();
        }
        let page_size = if matches!(twist, Some(Twist::EmptyRows)) { 0 } else { self.page_size };
        let page: Vec<&Call> = found.iter().skip(self.offset).take(page_size).copied().collect();
        let mut document = Document::default();
        document.fixed(r#"{"calls":["#);
        for (at, call) in page.iter().enumerate() {
            if at > 0 {
                document.fixed(",");
            }
            account.write_call(&mut document, call);
        }
        let mut json = Json::new(account.look().floats);
        json.raw("]");
        match (api.search_total, twist) {
            (SearchTotal::Absent, _) => {}
            (SearchTotal::OfPage, _) => json.count_field("total_count", page.len()),
            (SearchTotal::True, Some(Twist::WrongTotal(delta))) => {
                json.count_field("total_count", found.len().saturating_add_signed(delta));
            }
            (SearchTotal::True, _) => json.count_field("total_count", found.len()),
        }
        json.raw("}");
        document.own(json.into_text());
        Answer::ok(document)
    }

    fn matches(&self, account: &Account, call: &Call) -> bool {
        let assistant = call.assistant.and_then(|assistant| account.assistants.get(assistant));
        let result = call.attempts.first().and_then(|newest| newest.stage.result()).unwrap_or("none");
        let text = |key| self.body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        self.allows("call_ids", Some(&call.id))
            && self.allows("campaign_ids", call.campaign.as_ref().map(|(id, _)| id.as_str()))
            && self.allows("assistant_ids", assistant.map(|assistant| assistant.id.as_str()))
            && self.allows("statuses", Some(call.status.shown(true)))
            && self.allows("directions", Some(if call.inbound { "inbound" } else { "outbound" }))
            && self.allows("from_phone_numbers", Some(&call.from_phone_number))
            && self.allows("results", Some(result))
            && text("to_phone_number").is_none_or(|number| call.to_phone_number == number)
            && text("query").is_none_or(|part| {
                call.to_phone_number.contains(part) || call.from_phone_number.contains(part)
            })
    }

    /// Whether the list `key` of the request names the value; an empty list names all.
    fn allows(&self, key: &str, value: Option<&str>) -> bool {
        let wanted = strings(&self.body, key);
        wanted.is_empty() || value.is_some_and(|value| wanted.contains(&value))
    }
}

fn strings<'a>(body: &'a Value, key: &str) -> Vec<&'a str> {
    body.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}
