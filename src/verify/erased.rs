//! Rows of people who were erased: the mirror must not hold them.
//!
//! Owns: knowing them by the hashes that are kept of them, without the code by which passes leave them out.

use super::json::{Json, Members};
use super::value::read_id;
use crate::store::{Store, StoreError};
use std::collections::HashSet;

/// A hash that is kept of somebody.
type Mark = [u8; 16];

/// Who was erased.
#[derive(Debug, Default)]
pub(super) struct Erased {
    key: [u8; 32],
    marks: HashSet<Mark>,
}

impl Erased {
    /// Reads who was erased. `secret`: the content of the operator's key file.
    pub(super) async fn load(store: &Store, secret: Option<&[u8]>) -> Result<Self, StoreError> {
        let erasures = store.load_erasures().await?;
        let Some(check) = erasures.key_check else { return Ok(Self::default()) };
        let secret = secret.ok_or(StoreError::NoPrivacyKey)?;
        let key = blake3::derive_key("revox-mirror 2026 phone numbers and ids of people", secret);
        if mark(&key, "key", "") != check {
            return Err(StoreError::OtherPrivacyKey);
        }
        Ok(Self { key, marks: erasures.hashes })
    }

    /// Whether a row of the API is somebody's who was erased.
    pub(super) fn has_row(&self, row: &Members) -> bool {
        if self.marks.is_empty() {
            return false;
        }
        self.has_id("row", row)
            || self.has_number(row, "phone_number")
            || matches!(row.get("call"), Some(Json::Object(call)) if self.has_call(call))
    }

    fn has_call(&self, call: &Members) -> bool {
        let is_inbound = call.get("direction").and_then(Json::as_text) == Some("inbound");
        let is_attempt_of_somebody = |attempt: &Members| {
            self.has_number(attempt, "phone_number")
                || objects(attempt.get("sms_log")).any(|message| self.has_number(message, "to_phone_number"))
        };
        self.has_id("call", call)
            || self.has_number(call, "to_phone_number")
            || (is_inbound && self.has_number(call, "from_phone_number"))
            || objects(call.get("call_attempts")).any(is_attempt_of_somebody)
            || matches!(call.get("last_call_attempt"), Some(Json::Object(last)) if is_attempt_of_somebody(last))
    }

    fn has_id(&self, kind: &str, object: &Members) -> bool {
        let id = object.get("id").and_then(read_id);
        id.is_some_and(|id| self.marks.contains(&mark(&self.key, kind, &id)))
    }

    fn has_number(&self, object: &Members, key: &str) -> bool {
        let Some(Json::String(number) | Json::Number(number)) = object.get(key) else { return false };
        self.marks.contains(&mark(&self.key, "phone", &plain(number)))
    }
}

fn objects(list: Option<&Json>) -> impl Iterator<Item = &Members> {
    let items = match list {
        Some(Json::List(items)) => items.as_slice(),
        _ => &[],
    };
    items.iter().filter_map(|item| match item {
        Json::Object(members) => Some(members),
        _ => None,
    })
}

/// A number as it is dialled from abroad, without signs.
pub(super) fn plain(number: &str) -> String {
    let dialled = number.split("(0)").collect::<String>();
    let digits: String = dialled.split(|letter: char| !letter.is_ascii_digit()).collect();
    match digits.strip_prefix("00") {
        Some(rest) => rest.to_owned(),
        None if digits.is_empty() => number.trim().to_lowercase(),
        None => digits,
    }
}

pub(super) fn mark(key: &[u8; 32], kind: &str, value: &str) -> Mark {
    let mut mark = Mark::default();
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(format!("{kind}\0{value}").as_bytes()).finalize_xof().fill(&mut mark);
    mark
}
