//! What is kept of a value that may hold secrets, and what must not be.
//!
//! Which names are those of secrets is the mirror's business, so that one that was taken out is good in any place. The
//! secrets that the API is known to have must be gone.

use super::json::{Json, Members};

/// What stands in place of a secret.
const SCRUBBED: &str = "[scrubbed]";

/// What of URLs is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Urls {
    /// In `_extra`: nothing behind `?`.
    Stripped,
    /// In columns: whatever is no secret.
    Cleaned,
}

/// Where a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Plain,
    /// The list of a tool's headers or parameters, or one of them.
    SentAlong,
}

/// Whether `_extra` holds these members, which have no column.
pub(super) fn is_extra_held(members: &Members, stored: &Json) -> bool {
    match stored {
        Json::Null => members.values().all(|value| *value == Json::Unstorable),
        Json::Object(stored) => {
            !stored.is_empty() && are_members_held(members, stored, Within::Plain, Urls::Stripped)
        }
        _ => false,
    }
}

/// Whether a column of free form holds this.
pub(super) fn is_kept_in_column(shown: &Json, stored: &Json) -> bool {
    is_kept(shown, stored, Within::Plain, Urls::Cleaned)
}

/// Whether a column of text holds this.
pub(super) fn is_text_kept(shown: &str, stored: &str) -> bool {
    is_string_kept(shown, stored, Urls::Cleaned)
}

fn are_members_held(shown: &Members, stored: &Members, within: Within, urls: Urls) -> bool {
    let is_known = |key: &String| shown.contains_key(key);
    stored.keys().all(is_known)
        && shown.iter().all(|(key, value)| match stored.get(key) {
            None => *value == Json::Unstorable,
            Some(stored) => {
                let is_secret = key == "api_key" || within == Within::SentAlong && key == "value";
                if is_secret && !matches!(value, Json::Null | Json::Boolean(_)) {
                    return stored.as_text() == Some(SCRUBBED);
                }
                let sent_along = ["headers", "query_params"].contains(&key.as_str());
                is_kept(value, stored, if sent_along { Within::SentAlong } else { Within::Plain }, urls)
            }
        })
}

fn is_kept(shown: &Json, stored: &Json, within: Within, urls: Urls) -> bool {
    if stored.as_text() == Some(SCRUBBED) {
        return *shown != Json::Null;
    }
    match (shown, stored) {
        (Json::Unstorable, _) => true,
        (Json::String(text), Json::String(stored)) => is_string_kept(text, stored, urls),
        (Json::List(shown), Json::List(stored)) => {
            shown.len() == stored.len()
                && shown.iter().zip(stored).all(|(shown, stored)| is_kept(shown, stored, within, urls))
        }
        (Json::Object(shown), Json::Object(stored)) => are_members_held(shown, stored, within, urls),
        _ => shown.is_same(stored),
    }
}

fn is_string_kept(shown: &str, stored: &str, urls: Urls) -> bool {
    if matches!(shown.trim_ascii_start().bytes().next(), Some(b'{' | b'[')) {
        return match (Json::parse(shown), Json::parse(stored)) {
            (Some(shown), Some(stored)) => is_kept(&shown, &stored, Within::Plain, urls),
            _ => shown == stored || is_same_but_for_gaps(shown, stored),
        };
    }
    match urls {
        Urls::Stripped if is_url(shown) => stored == without_secrets(shown),
        Urls::Cleaned if is_url(shown) && !shown.trim().contains(char::is_whitespace) => {
            is_url_kept(shown, stored)
        }
        _ => shown == stored,
    }
}

/// Whether a broken text is the same but for what stands in the places that were scrubbed.
fn is_same_but_for_gaps(shown: &str, stored: &str) -> bool {
    let gap = format!("\"{SCRUBBED}\"");
    let mut pieces = stored.split(&gap);
    let Some(mut rest) = pieces.next().and_then(|first| shown.strip_prefix(first)) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        let Some((_, behind)) = rest.split_once(piece) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

/// Whether a URL is kept without user information, and with parameters that are all of its own, in their order.
fn is_url_kept(shown: &str, stored: &str) -> bool {
    let shown = without_user(shown);
    let (address, pairs) = url_parts(&shown);
    let (stored_address, stored_pairs) = url_parts(stored);
    let mut left = pairs.iter();
    address == stored_address && stored_pairs.iter().all(|pair| left.any(|own| own == pair))
}

fn url_parts(url: &str) -> (&str, Vec<&str>) {
    let address = url.split(['?', '#']).next().unwrap_or_default();
    let rest = url.get(address.len()..).unwrap_or_default();
    (address, rest.split(['?', '#', '&', ';']).filter(|pair| !pair.is_empty()).collect())
}

/// Whether a text begins with a scheme and `://`.
fn is_url(text: &str) -> bool {
    let scheme = text.trim_start().split_once("://").map_or("", |(scheme, _)| scheme);
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
}

/// A URL without `user:password@`.
pub(super) fn without_user(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    let host_at = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, behind) = rest.split_at(host_at);
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}{host}{behind}")
}

/// A URL without what may let somebody in: `user:password@`, everything behind `?`, and a fragment with values.
pub(super) fn without_secrets(url: &str) -> String {
    let url = without_user(url);
    let (address, fragment) = match url.split_once('#') {
        Some((address, fragment)) => (address, fragment.split('?').next()),
        None => (url.as_str(), None),
    };
    let address = address.split('?').next().unwrap_or_default();
    match fragment {
        Some(fragment) if !fragment.contains('=') => format!("{address}#{fragment}"),
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        Json::parse(text).unwrap()
    }

    #[test]
    fn a_column_of_free_form_is_kept_but_for_secrets() {
        let cases = [
            (r#"{"a":1.0}"#, r#"{"a":1.0}"#, true),
            (r#"{"a":1}"#, r#"{"a":2}"#, false),
            (r#"{"a":1}"#, "null", false),
            (r#"{"token":"t"}"#, r#"{"token":"[scrubbed]"}"#, true),
            (r#"{"api_key":"t"}"#, r#"{"api_key":"t"}"#, false),
            (r#"{"api_key":false}"#, r#"{"api_key":false}"#, true),
            (r#"{"u":"https://h/x?id=1&token=2"}"#, r#"{"u":"https://h/x?id=1"}"#, true),
            (r#"{"u":"https://h/x?id=1"}"#, r#"{"u":"https://h/x?id=2"}"#, false),
            (r#"{"u":"https://p@h/x"}"#, r#"{"u":"https://p@h/x"}"#, false),
            (r#"{"u":"wss://p@h/x"}"#, r#"{"u":"wss://h/x"}"#, true),
            (r#""{\"token\":\"t\",\"a\":1}""#, r#""{\"token\":\"[scrubbed]\",\"a\":1}""#, true),
            (r#""{\"api_key\":\"t\"}""#, r#""{\"api_key\":\"t\"}""#, false),
        ];
        for (shown, stored, expected) in cases {
            assert_eq!(is_kept_in_column(&json(shown), &json(stored)), expected, "{shown} {stored}");
        }
    }

    #[test]
    fn a_text_is_kept_but_for_secrets() {
        let cases = [
            ("see https://h/x?token=1", "see https://h/x?token=1", true),
            ("see https://h/x?token=1", "see https://h/x", false),
            ("https://h/x?token=1#part", "https://h/x#part", true),
            ("https://h/x#part", "https://h/y#part", false),
            (r#"{"token":"t","a":"b"#, r#"{"token":"[scrubbed]","a":"b"#, true),
            (r#"{"token":"t","a":"b"#, r#"{"token":"[scrubbed]","a":"c"#, false),
            ("[laughs] yes", "[laughs] yes", true),
            ("[laughs] yes", "[laughs] no", false),
        ];
        for (shown, stored, expected) in cases {
            assert_eq!(is_text_kept(shown, stored), expected, "{shown} {stored}");
        }
    }
}
