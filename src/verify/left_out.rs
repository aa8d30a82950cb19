//! What the operator wants left out of the mirror, taken out of what the API shows before the two are compared.
//!
//! Owns: doing so without the code by which passes do it.

use super::erased::{mark, plain};
use super::json::{Json, Members};
use secrecy::{ExposeSecret, SecretSlice};
use std::collections::HashSet;

/// How phone numbers of people are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NumberForm {
    /// As the API shows them.
    #[default]
    Full,
    /// `#` and a keyed hash.
    Hashed,
    /// Two digits at each end, and half of the keyed hash.
    Masked,
}

/// What is left out, and the key of what is hashed.
#[derive(Debug, Clone, Default)]
pub struct LeftOut {
    /// The content of the operator's key file.
    pub key: Option<SecretSlice<u8>>,
    /// Transcripts, and the texts of speech events.
    pub transcripts: bool,
    /// Addresses of recordings.
    pub recording_urls: bool,
    /// Keys of `input_data`, lower case.
    pub input_keys: Vec<String>,
    /// How phone numbers are written.
    pub phone_numbers: NumberForm,
}

impl LeftOut {
    fn keeps_everything(&self) -> bool {
        !self.transcripts
            && !self.recording_urls
            && self.input_keys.is_empty()
            && self.phone_numbers == NumberForm::Full
    }

    /// Takes it out of a row, whose assistant is not in it.
    pub(super) fn take_from(&self, row: &mut Members) {
        if self.keeps_everything() {
            return;
        }
        let is_digits = |number: &String| number.chars().all(|letter| letter.is_ascii_digit());
        let mut theirs: HashSet<String> = row.get("phone_number").and_then(number).into_iter().collect();
        let mut own: Option<&str> = Some("from_phone_number");
        if let Some(Json::Object(call)) = row.get("call") {
            own = match call.get("direction").and_then(Json::as_text) {
                None | Some("outbound" | "") => Some("from_phone_number"),
                Some("inbound") => Some("to_phone_number"),
                Some(_) => None,
            };
            for key in ["to_phone_number", "from_phone_number"] {
                theirs.extend(call.get(key).filter(|_| own != Some(key)).and_then(number));
            }
        }
        theirs.retain(is_digits);
        if let Some(Json::Object(input)) = row.get_mut("input_data") {
            input.retain(|key, _| !self.input_keys.contains(&key.trim().to_lowercase()));
        }
        for (key, value) in row.iter_mut() {
            match (key.as_str(), value) {
                ("call", Json::Object(call)) => self.take_from_call(call, own, &theirs),
                ("input_data", value) => self.rewrite_numbers(value, &theirs),
                (key, value) => self.take_member(key, value, &theirs),
            }
        }
    }

    fn take_from_call(&self, call: &mut Members, own: Option<&str>, theirs: &HashSet<String>) {
        for (key, value) in call.iter_mut().filter(|(key, _)| own != Some(key.as_str())) {
            self.take_member(key, value, theirs);
        }
        if !self.transcripts {
            return;
        }
        for list in ["call_attempts", "last_call_attempt"] {
            let attempts = match call.get_mut(list) {
                Some(Json::List(attempts)) => attempts.as_mut_slice(),
                Some(attempt @ Json::Object(_)) => std::slice::from_mut(attempt),
                _ => &mut [],
            };
            for attempt in attempts {
                if let Json::Object(attempt) = attempt {
                    empty_lists(attempt);
                }
            }
        }
    }

    /// Takes it out of one attempt alone; numbers stay.
    pub(super) fn take_from_attempt(&self, attempt: &mut Members) {
        for (key, value) in attempt.iter_mut() {
            self.take_member(key, value, &HashSet::new());
        }
        if self.transcripts {
            empty_lists(attempt);
        }
    }

    /// Takes it out of a call without its attempts; numbers stay.
    pub(super) fn take_from_rest(&self, call: &mut Members) {
        let is_rest = |key: &str| !["call_attempts", "last_call_attempt"].contains(&key);
        for (key, value) in call.iter_mut().filter(|(key, _)| is_rest(key)) {
            self.take_member(key, value, &HashSet::new());
        }
    }

    fn take_member(&self, key: &str, value: &mut Json, theirs: &HashSet<String>) {
        let is_said = key.contains("transcript") || key == "llm_system_prompt";
        let goes = self.transcripts && is_said || self.recording_urls && key.contains("recording");
        match value {
            Json::List(_) if goes => *value = Json::List(Vec::new()),
            Json::String(_) | Json::Object(_) if goes => *value = Json::Null,
            Json::String(_) | Json::Number(_) if key == "phone_number" || key.ends_with("_phone_number") => {
                self.rewrite_number(value);
            }
            Json::Object(members) => {
                for (key, value) in members {
                    self.take_member(key, value, theirs);
                }
            }
            Json::List(items) => {
                for item in items {
                    self.take_member("", item, theirs);
                }
            }
            value => self.rewrite_numbers(value, theirs),
        }
    }

    /// Rewrites whatever is one of these numbers, or is called one.
    fn rewrite_numbers(&self, value: &mut Json, theirs: &HashSet<String>) {
        match value {
            Json::Object(members) => {
                for (key, value) in members {
                    let is_scalar = matches!(value, Json::String(_) | Json::Number(_));
                    if is_scalar && (key == "phone_number" || key.ends_with("_phone_number")) {
                        self.rewrite_number(value);
                    } else {
                        self.rewrite_numbers(value, theirs);
                    }
                }
            }
            Json::List(items) => items.iter_mut().for_each(|item| self.rewrite_numbers(item, theirs)),
            value => {
                // Short ones may be anything.
                let is_theirs = |number: &String| number.len() > 5 && theirs.contains(number);
                if number(value).as_ref().is_some_and(is_theirs) {
                    self.rewrite_number(value);
                }
            }
        }
    }

    fn rewrite_number(&self, value: &mut Json) {
        if self.phone_numbers == NumberForm::Full {
            return;
        }
        let Some(bare) = number(value).filter(|_| !matches!(value, Json::String(text) if text.is_empty()))
        else {
            *value = Json::Null;
            return;
        };
        let secret = self.key.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default();
        let key = blake3::derive_key("revox-mirror 2026 phone numbers and ids of people", secret);
        let digits = format!("{:032x}", u128::from_be_bytes(mark(&key, "phone", &bare)));
        *value = Json::String(if self.phone_numbers == NumberForm::Hashed {
            format!("#{digits}")
        } else {
            let letters: Vec<char> = bare.chars().collect();
            let masked: String = match letters.as_slice() {
                [a, b, middle @ .., y, z] if middle.len() > 2 => {
                    [a, b].into_iter().chain(middle.iter().map(|_| &'*')).chain([y, z]).collect()
                }
                all => "*".repeat(all.len()),
            };
            format!("{masked}#{}", digits.get(..16).unwrap_or_default())
        });
    }
}

fn empty_lists(attempt: &mut Members) {
    for parts in ["transcript", "post_call_transcript"] {
        attempt.insert(parts.to_owned(), Json::List(Vec::new()));
    }
}

/// The bare number that a value is, when it can be one.
fn number(value: &Json) -> Option<String> {
    match value {
        Json::String(text) | Json::Number(text) if text.len() <= 512 => Some(plain(text)),
        _ => None,
    }
}
