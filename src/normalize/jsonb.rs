//! What `jsonb` can hold, and a text that equal JSON has in common.
//!
//! Owns: the limits of `jsonb` (depth, the size of a number) and the canonical form. U+0000 and surrogates are
//! `repair`'s business, and are gone already.

use super::MAX_DEPTH;
use super::scan::string_end;
use crate::wire::{Kind, Object, float, integer, read_list, read_string};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Digits before or behind the point that a Postgres number has for certain (the limits are 131,072 and 16,383).
const MAX_NUMBER_DIGITS: usize = 16_000;

/// Levels into which canonical text is sorted; what lies deeper keeps its form.
const MAX_CANONICAL_DEPTH: usize = 64;

/// Whether `jsonb` takes this JSON for certain; if not, why, as a sentence.
pub(super) fn check(json: &str) -> Result<(), String> {
    let bytes = json.as_bytes();
    let mut depth = 0_usize;
    let mut position = 0;
    while let Some(byte) = bytes.get(position) {
        match byte {
            b'"' => {
                position = string_end(json, position);
                continue;
            }
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(format!("it nests deeper than {MAX_DEPTH} levels"));
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'-' | b'0'..=b'9' => {
                let rest = bytes.get(position..).unwrap_or_default();
                let length = rest.iter().take_while(|byte| is_in_number(**byte)).count();
                if !is_storable_number(rest.get(..length).unwrap_or_default()) {
                    return Err("it holds a number that is too large or too fine for the database".to_owned());
                }
                position += length;
                continue;
            }
            _ => {}
        }
        position += 1;
    }
    Ok(())
}

fn is_in_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

fn is_storable_number(number: &[u8]) -> bool {
    let (mantissa, exponent) = match number.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => (number.get(..at), number.get(at + 1..)),
        None => (Some(number), None),
    };
    let shift = match exponent {
        Some(exponent) => std::str::from_utf8(exponent).ok().and_then(|text| text.parse::<i32>().ok()),
        None => Some(0),
    };
    let digits = mantissa.map_or(0, <[u8]>::len);
    let shift = shift.and_then(|shift| usize::try_from(shift.unsigned_abs()).ok());
    shift.and_then(|shift| digits.checked_add(shift)).is_some_and(|size| size <= MAX_NUMBER_DIGITS)
}

/// The JSON in the form that all equal JSON has: keys sorted, the last of equal keys, no white space, numbers and
/// strings written in one way.
pub(super) fn canonical(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    write_canonical(json, MAX_CANONICAL_DEPTH, &mut text);
    text
}

fn write_canonical(json: &str, levels: usize, text: &mut String) {
    if levels == 0 {
        text.push_str(json);
        return;
    }
    match Kind::of(json) {
        Kind::Object => {
            let members = Object::read(json).map(Object::into_leftovers).unwrap_or_default();
            let members: BTreeMap<Cow<'_, str>, &str> =
                members.into_iter().map(|member| (member.key, member.json)).collect();
            text.push('{');
            for (index, (key, json)) in members.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                text.push_str(&quote(&key));
                text.push(':');
                write_canonical(json, levels - 1, text);
            }
            text.push('}');
        }
        Kind::Array => {
            text.push('[');
            for (index, json) in read_list(json).unwrap_or_default().into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_canonical(json, levels - 1, text);
            }
            text.push(']');
        }
        Kind::String => match read_string(json) {
            Some(string) => text.push_str(&quote(&string)),
            None => text.push_str(json),
        },
        Kind::Number => {
            let written = match (integer(json), float(json)) {
                (Some(integer), _) => write!(text, "{integer}"),
                (None, Some(float)) => write!(text, "{float:?}"),
                (None, None) => write!(text, "{json}"),
            };
            debug_assert!(written.is_ok(), "writing to a string does not fail");
        }
        Kind::Boolean | Kind::Null => text.push_str(json.trim()),
    }
}

/// The text as a JSON string.
pub(super) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_jsonb_cannot_hold_is_found() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let cases = [
            (nested(MAX_DEPTH), true),
            (nested(MAX_DEPTH + 1), false),
            (format!("[{0},{0}]", nested(MAX_DEPTH - 1)), true),
            (format!("\"{}\"", "[{".repeat(1000)), true),
            (format!(r#""\"{}""#, "[".repeat(1000)), true),
            ("1e400".to_owned(), true),
            ("-1.5E-400".to_owned(), true),
            ("1e999999".to_owned(), false),
            ("[1e-20000]".to_owned(), false),
            (r#"{"a":1e99999999999999999999}"#.to_owned(), false),
            (format!("{{\"a\":{}}}", "9".repeat(20_000)), false),
            ("\"1e999999\"".to_owned(), true),
            ("[true,false,null]".to_owned(), true),
        ];
        for (json, fits) in cases {
            assert_eq!(check(&json).is_ok(), fits, "{}", json.chars().take(80).collect::<String>());
        }
    }

    #[test]
    fn equal_json_has_one_canonical_text() {
        let cases = [
            (r#" { "b" : 1.0 , "a" : [ "\u00e9" , null ] } "#, r#"{"a":["é",null],"b":1}"#),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
            ("1.50", "1.5"),
            ("1e400", "1e400"),
            (r#""a\/b""#, r#""a/b""#),
            ("true", "true"),
        ];
        for (json, expected) in cases {
            assert_eq!(canonical(json), expected, "{json}");
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(canonical(&deep), deep);
    }
}
