//! Which of the API's rows are left out, because they are somebody's who was erased.
//!
//! Owns: where in a row a person's number or id stands. A row is left out as a whole, with its call: one that shows an
//! erased number or call says who it was by all the rest of it, too.

use super::Hash;
use super::privacy::{ErasedKind, PrivacyKey};
use super::repair::repair;
use super::values::{read_id, read_phone_number};
use crate::wire::{Object, read_list, read_string};
use std::collections::HashSet;

/// What was erased so far.
#[derive(Debug, Clone, Default)]
pub struct Erased {
    /// How often something was erased: what was read under another count is not written.
    pub count: i64,
    known: Option<(PrivacyKey, HashSet<Hash>)>,
}

/// A row that is left out, by the ids under which the mirror may hold it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ErasedRow {
    /// The row.
    pub row_id: Option<String>,
    /// Its call.
    pub call_id: Option<String>,
    /// The attempts that its call lists.
    pub attempt_ids: Vec<String>,
}

impl Erased {
    /// These hashes, made with this key.
    #[must_use]
    pub fn new(count: i64, key: PrivacyKey, hashes: HashSet<Hash>) -> Self {
        Self { count, known: Some((key, hashes)).filter(|(_, hashes)| !hashes.is_empty()) }
    }

    /// The row, when it is to be left out.
    #[must_use]
    pub fn row(&self, json: &str) -> Option<ErasedRow> {
        self.known.as_ref()?;
        let (json, _) = repair(json);
        let row = Object::read(&json)?;
        let row_id = id_of(&row);
        let call = row.get("call").and_then(Object::read);
        let is_out = self.is(ErasedKind::Row, row_id.as_deref())
            || self.is_phone(&row, "phone_number")
            || call.as_ref().is_some_and(|call| self.is_call_of(call));
        is_out.then(|| ErasedRow {
            row_id,
            call_id: call.as_ref().and_then(id_of),
            attempt_ids: call
                .as_ref()
                .map(|call| attempts_of(call))
                .unwrap_or_default()
                .iter()
                .filter_map(id_of)
                .collect(),
        })
    }

    /// Whether a call that is not part of a row is to be left out.
    #[must_use]
    pub fn is_call(&self, json: &str) -> bool {
        self.known.is_some() && Object::read(&repair(json).0).is_some_and(|call| self.is_call_of(&call))
    }

    fn is_call_of(&self, call: &Object<'_>) -> bool {
        // Who calls is the person when the call came in, and the account's own number otherwise.
        let came_in =
            call.get("direction").and_then(read_string).is_some_and(|direction| direction == "inbound");
        self.is(ErasedKind::Call, id_of(call).as_deref())
            || self.is_phone(call, "to_phone_number")
            || came_in && self.is_phone(call, "from_phone_number")
            || attempts_of(call).iter().any(|attempt| {
                self.is_phone(attempt, "phone_number")
                    || objects(attempt, "sms_log")
                        .iter()
                        .any(|message| self.is_phone(message, "to_phone_number"))
            })
    }

    fn is_phone(&self, object: &Object<'_>, key: &str) -> bool {
        let number = object.get(key).filter(|json| *json != "null").and_then(read_phone_number);
        self.is(ErasedKind::Phone, number.as_deref())
    }

    fn is(&self, kind: ErasedKind, value: Option<&str>) -> bool {
        let (Some((key, hashes)), Some(value)) = (&self.known, value) else { return false };
        hashes.contains(&key.erased(kind, value))
    }
}

fn id_of(object: &Object<'_>) -> Option<String> {
    read_id(object.get("id")?).ok()
}

/// The attempts of a call, with the one that it repeats.
fn attempts_of<'a>(call: &Object<'a>) -> Vec<Object<'a>> {
    let mut attempts = objects(call, "call_attempts");
    attempts.extend(call.get("last_call_attempt").and_then(Object::read));
    attempts
}

fn objects<'a>(object: &Object<'a>, key: &str) -> Vec<Object<'a>> {
    let items = object.get(key).and_then(read_list).unwrap_or_default();
    items.into_iter().filter_map(Object::read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn erased(kind: ErasedKind, value: &str) -> Erased {
        let key = PrivacyKey::new(&[7; 32]);
        let hashes = [key.erased(kind, value)].into();
        Erased::new(1, key, hashes)
    }

    #[test]
    fn a_number_is_found_wherever_a_person_stands() {
        let erased = erased(ErasedKind::Phone, "+33 6 12 34 56 78");
        for (row, is_out) in [
            (r#"{"id":"r","phone_number":"+33612345678"}"#, true),
            (r#"{"id":"r","phone_number":33612345678}"#, true),
            (r#"{"phone_number":"0033612345678"}"#, true),
            (r#"{"id":"r","phone_number":"+33612345679"}"#, false),
            (r#"{"id":"r","phone_number":null}"#, false),
            (r#"{"id":"r","call":{"to_phone_number":"+33612345678"}}"#, true),
            (r#"{"id":"r","call":{"direction":"inbound","from_phone_number":"+33612345678"}}"#, true),
            (r#"{"id":"r","call":{"direction":"outbound","from_phone_number":"+33612345678"}}"#, false),
            (r#"{"id":"r","call":{"from_phone_number":"+33612345678"}}"#, false),
            (r#"{"id":"r","call":{"call_attempts":[{},{"phone_number":"+33612345678"}]}}"#, true),
            (r#"{"id":"r","call":{"last_call_attempt":{"phone_number":"+33612345678"}}}"#, true),
            (
                r#"{"id":"r","call":{"call_attempts":[{"sms_log":[{"to_phone_number":"+33612345678"}]}]}}"#,
                true,
            ),
            (r#"{"id":"r","call":{"assistant":{"transfer_phone_number":"+33612345678"}}}"#, false),
            ("[1]", false),
            ("null", false),
        ] {
            assert_eq!(erased.row(row).is_some(), is_out, "{row}");
        }
    }

    #[test]
    fn ids_are_found_and_told() {
        let row = r#"{"id":"r","call":{"id":7,"call_attempts":[{"id":"a"},{"id":"b"}]}}"#;
        let found = ErasedRow {
            row_id: Some("r".to_owned()),
            call_id: Some("7".to_owned()),
            attempt_ids: vec!["a".to_owned(), "b".to_owned()],
        };
        assert_eq!(erased(ErasedKind::Call, "7").row(row), Some(found.clone()));
        assert_eq!(erased(ErasedKind::Row, "r").row(row), Some(found));
        assert_eq!(erased(ErasedKind::Row, "7").row(row), None);
        assert_eq!(Erased::default().row(row), None);
        assert!(erased(ErasedKind::Call, "7").is_call(r#"{"id":"7"}"#));
        assert!(!erased(ErasedKind::Call, "7").is_call(r#"{"id":"8"}"#));
    }
}
