//! Single values as the types that columns have, when they can be read as such.
//!
//! Owns: what is an id, a short text, a number, a boolean, a list of text. Leaves to `fields`: what happens to the
//! values that are none.

use super::repair::repair;
use super::{MAX_ID_BYTES, MAX_WORD_BYTES};
use crate::wire::{self, Kind, read_string};
use std::borrow::Cow;

/// Why an object is nothing that can be stored: it has no key.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub(super) enum IdFault {
    #[error("it has no id that can be read")]
    Unreadable,
    #[error("its id is longer than {MAX_ID_BYTES} bytes")]
    TooLong,
}

/// The id that a JSON value is, as a key: a string, or a number's digits.
pub(super) fn read_id(json: &str) -> Result<String, IdFault> {
    let id = match Kind::of(json) {
        Kind::Number => json.to_owned(),
        _ => read_string(&repair(json).0).ok_or(IdFault::Unreadable)?.into_owned(),
    };
    match id.len() {
        0 => Err(IdFault::Unreadable),
        1..=MAX_ID_BYTES => Ok(id),
        _ => Err(IdFault::TooLong),
    }
}

/// Text that can be part of an index.
pub(super) fn read_word(json: &str) -> Option<Cow<'_, str>> {
    read_string(json).filter(|text| text.len() <= MAX_WORD_BYTES)
}

/// A number, as such or as text.
pub(super) fn read_number<T>(json: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
    match Kind::of(json) {
        Kind::Number => read(json),
        _ => read(read_string(json)?.trim()),
    }
}

/// A phone number: a short text, or a number's digits.
pub(super) fn read_phone_number(json: &str) -> Option<String> {
    match Kind::of(json) {
        Kind::Number => (json.len() <= MAX_WORD_BYTES).then(|| json.to_owned()),
        _ => Some(read_word(json)?.into_owned()),
    }
}

/// True or false, as such or as text.
pub(super) fn read_boolean(json: &str) -> Option<bool> {
    let text = match Kind::of(json) {
        Kind::Boolean => Cow::Borrowed(json),
        _ => read_string(json)?,
    };
    let text = text.trim();
    let is_false = || text.eq_ignore_ascii_case("false").then_some(false);
    text.eq_ignore_ascii_case("true").then_some(true).or_else(is_false)
}

/// A list of texts.
pub(super) fn read_texts(json: &str) -> Option<Vec<String>> {
    let items = wire::read_list(json)?;
    items.into_iter().map(|item| Some(read_string(item)?.into_owned())).collect()
}
