//! Takes out of JSON text what no Postgres text can hold: U+0000 and lone surrogates, written as escapes.
//!
//! Owns: finding them in values and keys at any depth, and putting U+FFFD in their place. Everything else that
//! stands in the text stays as it is, byte for byte.

use super::scan::{part, string_end};
use memchr::{memchr, memchr_iter};
use std::borrow::Cow;

/// The text without what cannot be stored, and in how many strings and keys something was replaced.
pub(super) fn repair(json: &str) -> (Cow<'_, str>, u64) {
    if !is_suspicious(json) {
        return (Cow::Borrowed(json), 0);
    }
    let mut repaired = String::with_capacity(json.len());
    let mut replaced = 0;
    let mut position = 0;
    while let Some(distance) = memchr(b'"', part(json, position..json.len()).as_bytes()) {
        let open = position + distance;
        repaired.push_str(part(json, position..open));
        position = string_end(json, open);
        let literal = part(json, open..position);
        match repair_string(literal) {
            Some(text) => {
                repaired.push_str(&text);
                replaced += 1;
            }
            None => repaired.push_str(literal),
        }
    }
    if replaced == 0 {
        return (Cow::Borrowed(json), 0);
    }
    repaired.push_str(part(json, position..json.len()));
    (Cow::Owned(repaired), replaced)
}

/// Whether an escape of U+0000 or of a surrogate, lone or not, may be in the text.
fn is_suspicious(json: &str) -> bool {
    memchr_iter(b'\\', json.as_bytes()).any(|at| {
        let escape = part(json, at + 1..at + 6).as_bytes();
        escape == b"u0000"
            || matches!(escape, [b'u', b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..])
    })
}

/// The string's literal with U+FFFD where something had to go; `None` when nothing had to.
fn repair_string(literal: &str) -> Option<String> {
    let mut repaired = String::new();
    let mut copied = 0;
    let mut position = 0;
    while let Some(distance) = memchr(b'\\', part(literal, position..literal.len()).as_bytes()) {
        let at = position + distance;
        position = at + 2;
        let Some(unit) = escaped_unit(literal, at) else {
            continue;
        };
        position = at + 6;
        match unit {
            0xD800..=0xDBFF if matches!(escaped_unit(literal, position), Some(0xDC00..=0xDFFF)) => {
                position += 6;
            }
            0 | 0xD800..=0xDFFF => {
                repaired.push_str(part(literal, copied..at));
                repaired.push(char::REPLACEMENT_CHARACTER);
                copied = position;
            }
            _ => {}
        }
    }
    if copied == 0 {
        return None;
    }
    repaired.push_str(part(literal, copied..literal.len()));
    Some(repaired)
}

/// The UTF-16 unit of an escape (`\u` and four hexadecimal digits) that stands at a place.
fn escaped_unit(literal: &str, at: usize) -> Option<u16> {
    let digits = part(literal, at..at + 6).strip_prefix(r"\u")?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests;
