//! Keeps other parties' credentials out of what is stored without a column of its own.
//!
//! Owns: which keys name a credential, what a URL gives away, and taking both out of JSON text at any depth. The
//! rest of the text stays as it is: numbers keep their digits, members their order. It works on text that is no
//! JSON too, as far as it looks like JSON.

use super::jsonb::quote;
use super::scan::{part, skip_space, string_end};
use crate::wire::read_string;
use std::borrow::Cow;

/// What stands in place of a credential.
const SCRUBBED: &str = "\"[scrubbed]\"";

/// The JSON text without credentials.
pub(super) fn scrub(json: &str) -> String {
    Scrubber::new(json, None).run()
}

/// The JSON text of the value that stands under `key`, without credentials.
pub(super) fn scrub_member(key: &str, json: &str) -> String {
    if json == "null" {
        return json.to_owned();
    }
    if is_credential(key) {
        return SCRUBBED.to_owned();
    }
    Scrubber::new(json, Some(Place::under(key))).run()
}

/// The URL without user information and query string, and without a fragment that looks like one.
pub(super) fn scrub_url(url: &str) -> Cow<'_, str> {
    let (scheme, rest) = match url.find("://") {
        Some(at) => url.split_at(at + 3),
        None => ("", url),
    };
    let authority_end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let host = rest.get(..authority_end).and_then(|authority| authority.rfind('@')).map_or(0, |at| at + 1);
    let (address, fragment) = rest.split_at(rest.find('#').unwrap_or(rest.len()));
    let address = address.split('?').next().unwrap_or_default();
    let fragment = fragment.split('?').next().filter(|fragment| !fragment.contains('=')).unwrap_or_default();
    if address.len() + fragment.len() == rest.len() && host == 0 {
        return Cow::Borrowed(url);
    }
    Cow::Owned(format!("{scheme}{}{fragment}", address.get(host..).unwrap_or_default()))
}

/// Whether a member of this name holds a credential, going by the words that its name is made of.
fn is_credential(key: &str) -> bool {
    const ANYWHERE: [&str; 20] = [
        "apikey",
        "accesskey",
        "privatekey",
        "secretkey",
        "sessionkey",
        "signingkey",
        "encryptionkey",
        "authkey",
        "accesstoken",
        "refreshtoken",
        "sessiontoken",
        "authtoken",
        "password",
        "passwd",
        "passphrase",
        "authorization",
        "credential",
        "bearer",
        "signature",
        "connectionstring",
    ];
    const WORDS: [&str; 12] = [
        "secret",
        "secrets",
        "token",
        "auth",
        "oauth",
        "authentication",
        "pwd",
        "jwt",
        "cookie",
        "cookies",
        "otp",
        "hmac",
    ];
    const ENDINGS: [&str; 4] = ["secret", "token", "cookie", "cookies"];
    // A word behind or before a credential's that makes it a count, or a kind.
    const HARMLESS: [&str; 14] = [
        "count", "counts", "limit", "max", "min", "usage", "used", "total", "budget", "number", "type",
        "method", "mode", "per",
    ];

    let words = words(key);
    let joined = words.concat();
    if ANYWHERE.iter().any(|name| joined.contains(name)) {
        return true;
    }
    let is_named = words.iter().any(|word| WORDS.contains(&word.as_str()))
        || ENDINGS.iter().any(|ending| joined.ends_with(ending));
    is_named && !words.iter().any(|word| HARMLESS.contains(&word.as_str()))
}

/// Whether a member of this name is a list or an object of what is sent along with a request.
fn holds_credentials(key: &str) -> bool {
    let joined = words(key).concat();
    ["headers", "header", "queryparams", "queryparameters", "querystring"]
        .iter()
        .any(|end| joined.ends_with(end))
}

/// A name's words in lower case: `apiKey`, `API-Key` and `api_key` are `api` and `key`.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut characters = name.chars().peekable();
    let mut previous = ' ';
    while let Some(character) = characters.next() {
        // `aB` begins a word at B, and so does `ABc`.
        let next_is_lower = characters.peek().is_some_and(|next| next.is_lowercase());
        let begins = character.is_uppercase() && (!previous.is_uppercase() || next_is_lower);
        if (begins || !character.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        }
        previous = character;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Where in the JSON the scrubber is.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Within headers or query parameters.
    holds_credentials: bool,
    /// In a list, or in an object that is an item of one: there `value` holds the credential, else every member.
    is_in_list: bool,
}

impl Place {
    /// The value that stands under a key.
    fn under(key: &str) -> Self {
        Self { holds_credentials: holds_credentials(key), is_in_list: false }
    }

    /// Whether the member of this name is a credential here.
    fn hides(self, key: &str) -> bool {
        is_credential(key)
            || self.holds_credentials
                && (!self.is_in_list || ["value", "values"].contains(&key.to_lowercase().as_str()))
    }
}

/// Copies a text token by token. What is open is kept on the heap, so that no depth is too much, and a string
/// before a colon is a key wherever it stands, so that no text is too broken.
struct Scrubber<'a> {
    text: &'a str,
    clean: String,
    position: usize,
    /// The container that is open, and those around it.
    place: Place,
    around: Vec<Place>,
    /// What the key says of the value that comes next; `None` for a value without a key.
    next: Option<Place>,
}

impl<'a> Scrubber<'a> {
    fn new(text: &'a str, next: Option<Place>) -> Self {
        let clean = String::with_capacity(text.len());
        Self { text, clean, position: 0, place: Place::default(), around: Vec::new(), next }
    }

    fn run(mut self) -> String {
        while let Some(byte) = self.text.as_bytes().get(self.position) {
            match byte {
                b'{' | b'[' => {
                    self.around.push(self.place);
                    self.place = self.next.take().unwrap_or(self.place);
                    self.place.is_in_list |= *byte == b'[';
                    self.copy_to(self.position + 1);
                }
                b'}' | b']' => {
                    self.place = self.around.pop().unwrap_or_default();
                    self.next = None;
                    self.copy_to(self.position + 1);
                }
                b'"' => {
                    let end = string_end(self.text, self.position);
                    let colon = skip_space(self.text, end);
                    if self.text.as_bytes().get(colon) == Some(&b':') {
                        self.key(end, skip_space(self.text, colon + 1));
                    } else {
                        self.string(end);
                    }
                }
                _ => self.bare(),
            }
        }
        self.clean
    }

    fn copy_to(&mut self, end: usize) {
        self.clean.push_str(part(self.text, self.position..end));
        self.position = end;
    }

    /// A key that ends at `end` and whose value begins at `value`.
    fn key(&mut self, end: usize, value: usize) {
        let literal = part(self.text, self.position..end);
        let key = read_string(literal).unwrap_or(Cow::Borrowed(literal));
        self.copy_to(value);
        let is_hidden =
            self.place.hides(&key) && !part(self.text, value..self.text.len()).starts_with("null");
        if is_hidden {
            self.clean.push_str(SCRUBBED);
            // Sought for what is hidden alone: for every key it would take the square of the depth.
            self.position = value_end(self.text, value);
        } else {
            self.next = Some(Place::under(&key));
        }
    }

    /// A string that is a value and ends at `end`.
    fn string(&mut self, end: usize) {
        if self.next.take().unwrap_or(self.place).holds_credentials {
            self.clean.push_str(SCRUBBED);
            self.position = end;
            return;
        }
        let literal = part(self.text, self.position..end);
        match read_string(literal) {
            Some(string) if is_url(&string) => {
                match scrub_url(&string) {
                    Cow::Owned(url) => self.clean.push_str(&quote(&url)),
                    Cow::Borrowed(_) => self.clean.push_str(literal),
                }
                self.position = end;
            }
            _ => self.copy_to(end),
        }
    }

    /// Everything up to the next string or bracket: numbers, literals, commas, white space; in broken text, words.
    fn bare(&mut self) {
        let rest = part(self.text, self.position..self.text.len());
        let length = rest.find(['{', '}', '[', ']', '"']).unwrap_or(rest.len());
        let bare = part(rest, 0..length);
        if !bare.trim_ascii().is_empty() {
            self.next = None;
        }
        if bare.contains("://") {
            for word in bare.split_inclusive(char::is_whitespace) {
                let space = part(word, word.trim_end().len()..word.len());
                let word = word.trim_end();
                self.clean.push_str(&if is_url(word) { scrub_url(word) } else { Cow::Borrowed(word) });
                self.clean.push_str(space);
            }
            self.position += length;
        } else {
            self.copy_to(self.position + length);
        }
    }
}

fn is_url(text: &str) -> bool {
    let text = text.trim_start().as_bytes();
    ["http://", "https://"].iter().any(|scheme| {
        text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()))
    })
}

/// Where the value ends that begins at `start`.
fn value_end(text: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    let mut position = start;
    while let Some(byte) = text.as_bytes().get(position) {
        match byte {
            b'"' => {
                position = string_end(text, position);
                if depth == 0 {
                    return position;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth <= 1 => return position + depth,
            b'}' | b']' => depth -= 1,
            b',' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => return position,
            _ => {}
        }
        position += 1;
    }
    text.len()
}

#[cfg(test)]
mod tests;
