//! Keeps other parties' credentials out of everything that is stored, shown or counted.
//!
//! Owns: taking credentials out of JSON text at any depth, out of URLs, and out of text that is one of the two as a
//! whole. Leaves to `names` and `url`: what is a credential. The rest of the text stays as it is: numbers keep their
//! digits, members their order. It works on text that is no JSON too, as far as it looks like JSON.

mod names;
mod url;

use self::names::{holds_credentials, is_credential};
use self::url::{clean, is_url, is_url_alone, strip};
use super::jsonb::quote;
use super::scan::{part, skip_space, string_end};
use crate::wire::{Kind, read_string};
use std::borrow::Cow;

pub(super) use self::url::{strip as strip_url, without_user as url_without_user};

/// What stands in place of a credential.
const SCRUBBED: &str = "\"[scrubbed]\"";

/// The JSON text without credentials, for what has no column: URLs lose their query strings.
pub(super) fn scrub(json: &str) -> String {
    Scrubber::new(json, None, Urls::Stripped).run()
}

/// The JSON text of the value that stands under `key`, without credentials, for what has no column.
pub(super) fn scrub_member(key: &str, json: &str) -> String {
    if is_credential(key) && may_be_secret(json) {
        return SCRUBBED.to_owned();
    }
    Scrubber::new(json, Some(Place::under(key)), Urls::Stripped).run()
}

/// The JSON text of a column of free form, without credentials: URLs lose no more than those.
pub(super) fn scrub_column(json: &str) -> String {
    Scrubber::new(json, None, Urls::Cleaned).run()
}

/// The text of a column without credentials, when it is JSON or a URL as a whole. Prose stays as it is.
pub(super) fn scrub_text(text: Cow<'_, str>) -> Cow<'_, str> {
    let clean = if is_json_text(&text) {
        Cow::Owned(scrub_column(&text))
    } else if is_url_alone(&text) {
        clean(&text)
    } else {
        return text;
    };
    match clean {
        Cow::Owned(clean) if clean != *text => Cow::Owned(clean),
        _ => text,
    }
}

/// Whether a value can hold a secret at all; whether one is set can not.
fn may_be_secret(json: &str) -> bool {
    !matches!(json, "null" | "true" | "false")
}

/// Whether a text begins as an object or a list in JSON does.
fn is_json_text(text: &str) -> bool {
    let mut begin = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
    match (begin.next(), begin.next()) {
        (Some(b'{'), Some(next)) => next == b'"',
        (Some(b'['), Some(next)) => matches!(next, b'{' | b'[' | b'"'),
        _ => false,
    }
}

/// What URLs lose besides user information.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Urls {
    /// Their query strings.
    Stripped,
    /// Parameters that are named like credentials.
    Cleaned,
}

/// Where in the JSON the scrubber is.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the place")]
struct Place {
    /// Within headers or query parameters.
    holds_credentials: bool,
    /// In a list, or in an object that is an item of one: there a member says which header or parameter it is.
    is_in_list: bool,
    /// Under a key that says what a `value` beside it is.
    is_label: bool,
    /// In an object that said that its `value` is a credential.
    is_value_hidden: bool,
    /// Where, in what was written, the object's `value` begins and ends that stood before anything said so.
    value_at: Option<(usize, usize)>,
}

/// Members that say which header, parameter or variable an object is about.
const LABELS: [&str; 5] = ["key", "name", "field", "header", "param"];

/// Members of an item of headers or parameters that hold no credential, besides [`LABELS`], numbers and booleans.
const HARMLESS: [&str; 5] = ["id", "type", "description", "method", "in"];

fn is_value(key: &str) -> bool {
    key.eq_ignore_ascii_case("value") || key.eq_ignore_ascii_case("values")
}

impl Place {
    /// The value that stands under a key.
    fn under(key: &str) -> Self {
        let value_at = is_value(key).then_some((0, 0));
        let is_label = LABELS.contains(&key);
        Self { holds_credentials: holds_credentials(key), is_label, value_at, ..Self::default() }
    }

    /// Whether the member of this name, whose value is of this kind, is a credential here.
    fn hides(self, key: &str, kind: Kind) -> bool {
        if is_credential(key) || self.is_value_hidden && is_value(key) {
            return true;
        }
        let is_told = || LABELS.contains(&key) || HARMLESS.contains(&key) || kind == Kind::Number;
        self.holds_credentials && (!self.is_in_list || is_value(key) || !is_told())
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
    urls: Urls,
}

impl<'a> Scrubber<'a> {
    fn new(text: &'a str, next: Option<Place>, urls: Urls) -> Self {
        let clean = String::with_capacity(text.len());
        Self { text, clean, position: 0, place: Place::default(), around: Vec::new(), next, urls }
    }

    fn run(mut self) -> String {
        while let Some(byte) = self.text.as_bytes().get(self.position) {
            match byte {
                b'{' | b'[' => {
                    self.around.push(self.place);
                    self.place = self.next.take().unwrap_or(self.place);
                    self.place.is_in_list |= *byte == b'[';
                    (self.place.is_value_hidden, self.place.value_at) = (false, None);
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
        let rest = part(self.text, value..self.text.len());
        self.copy_to(value);
        if self.place.hides(&key, Kind::of(rest)) {
            // Sought for what is hidden alone: for every key it would take the square of the depth.
            let end = value_end(self.text, value);
            if may_be_secret(part(self.text, value..end)) {
                self.clean.push_str(SCRUBBED);
                self.position = end;
                return;
            }
        }
        self.next = Some(Place::under(&key));
    }

    /// A string that is a value and ends at `end`.
    fn string(&mut self, end: usize) {
        let next = self.next.take();
        if next.unwrap_or(self.place).holds_credentials {
            self.clean.push_str(SCRUBBED);
            self.position = end;
            return;
        }
        let literal = part(self.text, self.position..end);
        let string = read_string(literal).unwrap_or_default();
        if next.is_some_and(|next| next.is_label) && is_credential(&string) {
            self.place.is_value_hidden = true;
            if let Some((start, end)) = self.place.value_at.take() {
                self.clean.replace_range(start..end, SCRUBBED);
            }
        }
        let start = self.clean.len();
        let clean = if is_json_text(&string) {
            Cow::Owned(Scrubber::new(&string, None, self.urls).run())
        } else {
            self.url(&string)
        };
        match clean {
            Cow::Owned(clean) if clean != *string => self.clean.push_str(&quote(&clean)),
            _ => self.clean.push_str(literal),
        }
        if next.is_some_and(|next| next.value_at.is_some()) {
            self.place.value_at = Some((start, self.clean.len()));
        }
        self.position = end;
    }

    /// The text without what it gives away, when it is a URL.
    fn url<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.urls {
            Urls::Stripped if is_url(text) => strip(text),
            Urls::Cleaned if is_url_alone(text) => clean(text),
            _ => Cow::Borrowed(text),
        }
    }

    /// Everything up to the next string or bracket: numbers, literals, commas, white space; in broken text, words.
    fn bare(&mut self) {
        let rest = part(self.text, self.position..self.text.len());
        let is_structure = |byte: &u8| matches!(byte, b'{' | b'}' | b'[' | b']' | b'"');
        let length = rest.bytes().position(|byte| is_structure(&byte)).unwrap_or(rest.len());
        let bare = part(rest, 0..length);
        if !bare.trim_ascii().is_empty() {
            self.next = None;
        }
        if bare.contains("://") {
            for word in bare.split_inclusive(char::is_whitespace) {
                let space = part(word, word.trim_end().len()..word.len());
                let word = word.trim_end();
                let clean = self.url(word);
                self.clean.push_str(&clean);
                self.clean.push_str(space);
            }
            self.position += length;
        } else {
            self.copy_to(self.position + length);
        }
    }
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
