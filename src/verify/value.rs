//! Single values: what a column must hold when the API shows this, and whether it does.

use super::json::{Json, Members};
use super::kept::{is_extra_held, is_kept_in_column, is_text_kept, without_secrets, without_user};
use super::number::{integer, number};
use super::time::{moment_of_number, moment_of_text, stored_time_of_day, time_of_day};
use chrono::NaiveTime;

/// An id or a text that is part of an index is no longer than this, in bytes.
const LONGEST_WORD: usize = 512;

/// What a column takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text, or a number's digits.
    Id,
    /// Text that may be part of an index.
    Word,
    /// Text of any length.
    Text,
    /// A short text, or a number's digits.
    Phone,
    /// A whole number that 64 bits hold, as a number or as text.
    Integer,
    /// A finite number, as a number or as text.
    Float,
    /// True or false, as such or as text.
    Boolean,
    /// A moment.
    Moment,
    /// A list of texts.
    Texts,
    /// JSON of any shape.
    Json,
    /// A URL without user information, query string and a fragment with values.
    Url,
    /// A URL whose query string does not count.
    SignedUrl,
    /// Whether there is a value that is not empty; the value itself goes nowhere.
    IsSet,
    /// Known, and kept nowhere.
    Dropped,
}

/// What a column must hold.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Null,
    Text(String),
    SignedUrl(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    /// Microseconds since 1970.
    Moment(i64),
    TimeOfDay(NaiveTime),
    Texts(Vec<String>),
    Json(Json),
    /// `_extra`: what has no column, before secrets are taken out.
    Extra(Members),
}

impl Cell {
    /// What a column of this kind must hold when the API shows the value, which is not null; `None` when it is nothing
    /// that the column can hold.
    pub(super) fn read(kind: Kind, value: &Json) -> Option<Self> {
        let word = || value.as_text().filter(|text| text.len() <= LONGEST_WORD);
        match kind {
            Kind::Id => read_id(value).map(Self::Text),
            Kind::Word => word().map(|text| Self::Text(text.to_owned())),
            Kind::Text => value.as_text().map(|text| Self::Text(text.to_owned())),
            Kind::Url => value.as_text().map(|text| Self::Text(without_secrets(text))),
            Kind::SignedUrl => value.as_text().map(|text| Self::SignedUrl(without_user(text))),
            Kind::Phone => match value {
                Json::Number(digits) if digits.len() <= LONGEST_WORD => Some(Self::Text(digits.clone())),
                _ => word().map(|text| Self::Text(text.to_owned())),
            },
            Kind::Integer => integer(number_text(value)?).map(Self::Integer),
            Kind::Float => number(number_text(value)?).map(Self::Float),
            Kind::Boolean => read_boolean(value).map(Self::Boolean),
            Kind::Moment => match value {
                Json::Number(number) => moment_of_number(number),
                _ => moment_of_text(value.as_text()?),
            }
            .map(Self::Moment),
            Kind::Texts => match value {
                Json::List(items) => {
                    let texts = items.iter().map(|item| item.as_text().map(ToOwned::to_owned));
                    texts.collect::<Option<_>>().map(Self::Texts)
                }
                _ => None,
            },
            Kind::Json => value.is_storable().then(|| Self::Json(value.clone())),
            Kind::IsSet => Some(Self::Boolean(value.as_text() != Some(""))),
            Kind::Dropped => Some(Self::Null),
        }
    }

    /// The time of day that a text column stands for.
    pub(super) fn time_of_day(&self) -> Self {
        match self {
            Self::Text(text) => time_of_day(text).map_or(Self::Null, Self::TimeOfDay),
            _ => Self::Null,
        }
    }

    /// Whether the column holds this, going by what `to_jsonb` says of it.
    pub(super) fn is_held_by(&self, stored: &Json) -> bool {
        match self {
            Self::Null => *stored == Json::Null,
            Self::Text(text) => stored.as_text().is_some_and(|stored| is_text_kept(text, stored)),
            Self::SignedUrl(url) => {
                let lasting = |url: &str| url.split('?').next().map(ToOwned::to_owned);
                stored.as_text().is_some_and(|stored| lasting(stored) == lasting(url))
            }
            Self::Integer(value) => matches!(stored, Json::Number(stored) if integer(stored) == Some(*value)),
            Self::Float(value) => matches!(stored, Json::Number(stored) if number(stored) == Some(*value)),
            Self::Boolean(value) => *stored == Json::Boolean(*value),
            Self::Moment(micros) => stored.as_text().and_then(moment_of_text) == Some(*micros),
            Self::TimeOfDay(time) => stored.as_text().and_then(stored_time_of_day) == Some(*time),
            Self::Texts(texts) => match stored {
                Json::List(stored) => {
                    stored.len() == texts.len()
                        && stored.iter().zip(texts).all(|(stored, text)| stored.as_text() == Some(text))
                }
                _ => false,
            },
            Self::Json(json) => is_kept_in_column(json, stored),
            Self::Extra(members) => is_extra_held(members, stored),
        }
    }
}

/// The key that an id is.
pub(super) fn read_id(value: &Json) -> Option<String> {
    let id = match value {
        Json::Number(digits) => digits,
        _ => value.as_text()?,
    };
    (1..=LONGEST_WORD).contains(&id.len()).then(|| id.to_owned())
}

fn number_text(value: &Json) -> Option<&str> {
    match value {
        Json::Number(text) => Some(text),
        _ => value.as_text().map(str::trim),
    }
}

fn read_boolean(value: &Json) -> Option<bool> {
    match value {
        Json::Boolean(value) => Some(*value),
        _ => match value.as_text()?.trim().to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        Json::parse(text).unwrap()
    }

    #[test]
    fn a_value_is_read_as_its_column_takes_it_or_not_at_all() {
        let text = |text: &str| Some(Cell::Text(text.to_owned()));
        let long = format!("\"{}\"", "x".repeat(513));
        let cases = [
            (Kind::Id, "17", text("17")),
            (Kind::Id, r#""""#, None),
            (Kind::Id, &long, None),
            (Kind::Word, r#""a""#, text("a")),
            (Kind::Word, &long, None),
            (Kind::Text, &long, text(&"x".repeat(513))),
            (Kind::Text, "17", None),
            (Kind::Phone, "33612345678", text("33612345678")),
            (Kind::Integer, "3.0", Some(Cell::Integer(3))),
            (Kind::Integer, r#"" 1e2 ""#, Some(Cell::Integer(100))),
            (Kind::Integer, "3.5", None),
            (Kind::Integer, "9223372036854775808", None),
            (Kind::Float, r#""1.5""#, Some(Cell::Float(1.5))),
            (Kind::Float, "1e400", None),
            (Kind::Boolean, r#"" TRUE ""#, Some(Cell::Boolean(true))),
            (Kind::Boolean, "1", None),
            (Kind::Moment, "{}", None),
            (Kind::Moment, "1714979289", Some(Cell::Moment(1_714_979_289_000_000))),
            (Kind::Texts, r#"["a"]"#, Some(Cell::Texts(vec!["a".to_owned()]))),
            (Kind::Texts, r#"["a",1]"#, None),
            (Kind::Json, "1e20000", None),
            (Kind::IsSet, r#""""#, Some(Cell::Boolean(false))),
            (Kind::IsSet, r#""key""#, Some(Cell::Boolean(true))),
            (Kind::Url, r#""https://u:p@h.example/in?k=1#top""#, text("https://h.example/in#top")),
            (Kind::Url, r#""https://h.example/in#k=1""#, text("https://h.example/in")),
        ];
        for (kind, value, expected) in cases {
            assert_eq!(Cell::read(kind, &json(value)), expected, "{kind:?} {value}");
        }
    }

    #[test]
    fn a_column_holds_a_value_or_it_does_not() {
        let cases = [
            (Cell::Null, "null", true),
            (Cell::Null, "0", false),
            (Cell::Integer(3), "3", true),
            (Cell::Integer(3), "4", false),
            (Cell::Float(0.1), "0.1", true),
            (Cell::Float(0.1), "0.10000001", false),
            (Cell::Moment(1_714_979_289_500_000), r#""2024-05-06T07:08:09.5+00:00""#, true),
            (Cell::Moment(1_714_979_289_500_000), r#""2024-05-06T07:08:09.500001+00:00""#, false),
            (Cell::Moment(1_714_979_289_500_000), r#""infinity""#, false),
            (Cell::SignedUrl("a?s=1".to_owned()), r#""a?s=2""#, true),
            (Cell::SignedUrl("a?s=1".to_owned()), r#""b?s=1""#, false),
            (Cell::Texts(vec!["a".to_owned()]), r#"["a"]"#, true),
            (Cell::Texts(vec!["a".to_owned()]), r#"["a","b"]"#, false),
            (Cell::Json(json("1.10")), "1.1", false),
        ];
        for (cell, stored, expected) in cases {
            assert_eq!(cell.is_held_by(&json(stored)), expected, "{cell:?} {stored}");
        }
    }

    #[test]
    fn what_has_no_column_is_kept_but_for_secrets() {
        let cases = [
            (r"{}", "null", true),
            (r#"{"a":1}"#, "null", false),
            (r#"{"a":1}"#, r#"{"a":1}"#, true),
            (r#"{"a":1}"#, r#"{"a":1,"b":2}"#, false),
            (r#"{"a":1,"b":2}"#, r#"{"a":1}"#, false),
            (r"{}", r"{}", false),
            (r#"{"token":"t"}"#, r#"{"token":"[scrubbed]"}"#, true),
            (r#"{"m":{"api_key":"t"}}"#, r#"{"m":{"api_key":"[scrubbed]"}}"#, true),
            (r#"{"m":{"api_key":"t"}}"#, r#"{"m":{"api_key":"t"}}"#, false),
            (
                r#"{"headers":[{"key":"k","value":"v"}]}"#,
                r#"{"headers":[{"key":"k","value":"[scrubbed]"}]}"#,
                true,
            ),
            (r#"{"headers":[{"key":"k","value":"v"}]}"#, r#"{"headers":[{"key":"k","value":"v"}]}"#, false),
            (r#"{"value":"v"}"#, r#"{"value":"v"}"#, true),
            (r#"{"url":"https://u:p@h/x?t=1"}"#, r#"{"url":"https://h/x"}"#, true),
            (r#"{"url":"https://u:p@h/x?t=1"}"#, r#"{"url":"https://u:p@h/x?t=1"}"#, false),
            (r#"{"a":null}"#, r#"{"a":"[scrubbed]"}"#, false),
        ];
        for (shown, stored, expected) in cases {
            let Json::Object(members) = json(shown) else { panic!("an object") };
            assert_eq!(Cell::Extra(members).is_held_by(&json(stored)), expected, "{shown} {stored}");
        }
    }
}
