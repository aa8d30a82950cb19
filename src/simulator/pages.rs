//! The rows of a campaign: in pages and filtered on the older API, all at once on the newer one.

use super::account::Account;
use super::answer::Answer;
use super::campaign::{Campaign, Row, ShownTotal};
use super::document::Document;
use super::json::Json;
use super::options::{
    Echo, Filters, Flavour, OlderApi, Oversize, PageZero, SeveralStatuses, UnknownParameters,
};
use super::render::Look;
use super::spoil::Twist;
use super::texts::people::Person;
use axum::http::StatusCode;

/// Query parameters, in order.
pub(super) type Query = Vec<(String, String)>;

/// `GET /campaigns/{id}/rows`.
pub(super) fn rows(account: &Account, campaign: &Campaign, query: &Query, twist: Option<Twist>) -> Answer {
    let other = account.campaigns.iter().find(|it| it.id != campaign.id);
    let campaign = match (twist, other) {
        (Some(Twist::WrongCampaign), Some(other)) => other,
        _ => campaign,
    };
    match account.options.flavour {
        Flavour::Older(api) => match Asked::read(query, &api) {
            Ok(asked) => asked.page_of(account, campaign, &api, twist),
            Err(refusal) => bad_request(refusal),
        },
        Flavour::Newer(api)
            if api.unknown_parameters == UnknownParameters::Refused400 && !query.is_empty() =>
        {
            bad_request("this endpoint takes no parameters")
        }
        Flavour::Newer(_) => {
            let rows: &[Row] = if matches!(twist, Some(Twist::EmptyRows)) { &[] } else { &campaign.rows };
            let mut document = Document::default();
            document.fixed(r#"{"rows":["#);
            write_rows(account, &mut document, rows.iter());
            document.fixed("]}");
            Answer::ok(document)
        }
    }
}

fn bad_request(message: &str) -> Answer {
    Answer::error(StatusCode::BAD_REQUEST, message)
}

fn write_rows<'a>(account: &Account, document: &mut Document, rows: impl Iterator<Item = &'a Row>) {
    for (at, row) in rows.enumerate() {
        if at > 0 {
            document.fixed(",");
        }
        account.write_row(document, row);
    }
}

/// What a request of the older API asks for.
#[derive(Debug)]
struct Asked<'a> {
    page: usize,
    page_size: usize,
    /// Any of these; all if empty.
    statuses: Vec<&'a str>,
    result: Option<&'a str>,
    query: Option<&'a str>,
}

impl<'a> Asked<'a> {
    fn read(query: &'a Query, api: &OlderApi) -> Result<Self, &'static str> {
        let last =
            |name: &str| query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let mut asked = Self {
            page: last("page").and_then(whole_number).ok_or("page is required and a whole number")?,
            page_size: last("page_size")
                .and_then(whole_number)
                .filter(|size| *size > 0)
                .ok_or("page_size is required and a positive whole number")?,
            statuses: Vec::new(),
            result: last("result").filter(|result| *result != "all"),
            query: last("query").filter(|text| !text.is_empty()),
        };
        let statuses = last("statuses").filter(|statuses| !statuses.is_empty());
        match (api.filters, api.several_statuses) {
            (Filters::Refused, _) if statuses.or(last("result")).or(last("query")).is_some() => {
                return Err("filters are not supported");
            }
            (Filters::Refused | Filters::Ignored, _) => {
                asked.result = None;
                asked.query = None;
            }
            (Filters::Honoured, SeveralStatuses::Comma) => {
                asked.statuses = statuses.into_iter().flat_map(|it| it.split(',')).collect();
            }
            (Filters::Honoured, SeveralStatuses::Repeated) => {
                asked.statuses = query
                    .iter()
                    .filter(|(key, _)| key == "statuses")
                    .map(|(_, value)| value.as_str())
                    .collect();
            }
            (Filters::Honoured, SeveralStatuses::Never) => asked.statuses = statuses.into_iter().collect(),
        }
        Ok(asked)
    }

    fn page_of(
        &self,
        account: &Account,
        campaign: &Campaign,
        api: &OlderApi,
        twist: Option<Twist>,
    ) -> Answer {
        let largest = usize::try_from(api.max_page_size).unwrap_or(usize::MAX);
        let page_size = self.page_size.min(largest);
        if page_size < self.page_size && api.oversize == Oversize::Refuse400 {
            return bad_request("page_size is too large");
        }
        let first = usize::from(api.first_page > 0);
        let page = self.page.max(first);
        let mut none = matches!(twist, Some(Twist::EmptyRows));
        if page > self.page {
            match api.page_zero {
                PageZero::Refuse400 => return bad_request("page starts from 1"),
                PageZero::EmptyRows => none = true,
                PageZero::ClampToFirst => {}
            }
        }
        let echoed = match (api.echo, api.page_zero) {
            (Echo::Asked, _) => (self.page, self.page_size),
            (Echo::Effective, PageZero::EmptyRows) => (self.page, page_size),
            (Echo::Effective, _) => (page, page_size),
        };
        let shown = match (twist, page - first) {
            (Some(Twist::SamePage), _) => 0,
            (Some(Twist::RepeatPage), 0) => 1,
            (Some(Twist::RepeatPage), page) => page - 1,
            (_, page) => page,
        };
        let start = if none { usize::MAX } else { shown.saturating_mul(page_size) };

        let backwards = matches!(twist, Some(Twist::Backwards));
        let (count, rows) = self.select(account, &campaign.rows, (start, page_size), backwards);
        let total = match (twist, campaign.total) {
            (Some(Twist::WrongTotal(delta)), _) => Some(count.saturating_add_signed(delta)),
            (_, None) => Some(count),
            (_, Some(ShownTotal::Number(total))) => Some(total),
            (_, Some(ShownTotal::Absent)) => None,
        };
        Answer::ok(page_document(account, echoed, &rows, total))
    }

    /// How many rows pass the filters, and the `page_size` of them from `start` on, from one end or the other.
    fn select<'b>(
        &self,
        account: &Account,
        rows: &'b [Row],
        (start, page_size): (usize, usize),
        backwards: bool,
    ) -> (usize, Vec<&'b Row>) {
        if !backwards && self.statuses.is_empty() && self.result.is_none() && self.query.is_none() {
            return (rows.len(), rows.iter().skip(start).take(page_size).collect());
        }
        let mut matching: Vec<&Row> = rows.iter().filter(|row| self.matches(account, row)).collect();
        if backwards {
            matching.reverse();
        }
        (matching.len(), matching.into_iter().skip(start).take(page_size).collect())
    }

    fn matches(&self, account: &Account, row: &Row) -> bool {
        let call = row.call.and_then(|call| account.calls.get(call));
        let status = call.map(|call| call.status.shown(false));
        let result = call.and_then(|call| call.attempts.first()).and_then(|newest| newest.stage.result());
        (self.statuses.is_empty() || status.is_some_and(|status| self.statuses.contains(&status)))
            && self.result.is_none_or(|wanted| result.unwrap_or("none") == wanted)
            && self.query.is_none_or(|text| mentions(row, text))
    }
}

/// Whether a row's number or the name of its person contains `text`.
fn mentions(row: &Row, text: &str) -> bool {
    let person = Person::of(row.person);
    let text = text.to_lowercase();
    [row.phone_number.as_str(), person.first_name, person.last_name]
        .iter()
        .any(|it| it.to_lowercase().contains(&text))
}

/// A whole number as clients of a JavaScript server write it: `2`, or `2.0`.
fn whole_number(text: &str) -> Option<usize> {
    text.strip_suffix(".0").unwrap_or(text).parse().ok()
}

fn page_document(
    account: &Account,
    (page, page_size): (usize, usize),
    rows: &[&Row],
    total: Option<usize>,
) -> Document {
    let Look { floats, .. } = account.look();
    let mut document = Document::default();
    let mut json = Json::new(floats);
    json.raw("{");
    json.count_field("page", page);
    json.count_field("page_size", page_size);
    json.key("rows");
    json.raw("[");
    document.own(json.take());
    write_rows(account, &mut document, rows.iter().copied());
    json.raw("]");
    if let Some(total) = total {
        json.count_field("total", total);
    }
    json.raw("}");
    document.own(json.into_text());
    document
}
