//! Writes JSON by hand, field by field, in the order and with the number format of the simulated API.

use chrono::{DateTime, SecondsFormat, Utc};
use std::fmt::Write as _;

/// How many characters a slot has.
pub(super) const SLOT_WIDTH: usize = 16;

/// JSON text under construction.
#[derive(Debug)]
pub(super) struct Json {
    text: String,
    floats: bool,
    slots: Vec<usize>,
}

impl Json {
    /// An empty text; with `floats`, counts are written as `3.0`.
    pub(super) fn new(floats: bool) -> Self {
        Self { text: String::new(), floats, slots: Vec::new() }
    }

    /// The text so far.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// The text so far, and where its slots begin.
    pub(super) fn into_text_and_slots(self) -> (String, Vec<usize>) {
        (self.text, self.slots)
    }

    /// Takes away the text so far, which has no slot. What is written next is the document's next part.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Appends [`SLOT_WIDTH`] zeros that each answer may overwrite with digits of its own.
    pub(super) fn slot(&mut self) {
        self.slots.push(self.text.len());
        self.text.extend(std::iter::repeat_n('0', SLOT_WIDTH));
    }

    /// Appends text as it is.
    pub(super) fn raw(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// `{...}`
    pub(super) fn object(&mut self, fill: impl FnOnce(&mut Self)) {
        self.separate();
        self.text.push('{');
        fill(self);
        self.text.push('}');
    }

    /// `"key":{...}`
    pub(super) fn object_field(&mut self, key: &str, fill: impl FnOnce(&mut Self)) {
        self.key(key);
        self.object(fill);
    }

    /// `"key":[...]`, an item at a time.
    pub(super) fn list_field<T>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        self.key(key);
        self.text.push('[');
        for item in items {
            write(self, item);
        }
        self.text.push(']');
    }

    /// `"key":["...",...]`
    pub(super) fn strings_field(&mut self, key: &str, items: &[&str]) {
        self.list_field(key, items, |json, item| json.item(*item));
    }

    /// `"key":`
    pub(super) fn key(&mut self, key: &str) {
        self.separate();
        quote(&mut self.text, key);
        self.text.push(':');
    }

    /// `"key":value`
    pub(super) fn field(&mut self, key: &str, value: impl Scalar) {
        self.key(key);
        value.write(&mut self.text);
    }

    /// A count, which the API declares as a float.
    pub(super) fn count_field(&mut self, key: &str, count: usize) {
        self.key(key);
        write!(self.text, "{count}").expect("a String takes all text");
        if self.floats {
            self.text.push_str(".0");
        }
    }

    /// An item of a list.
    pub(super) fn item(&mut self, value: impl Scalar) {
        self.separate();
        value.write(&mut self.text);
    }

    /// Writes the comma before the next key or item, unless it is the first of its object or list.
    /// (No finished value ends in one of these characters.)
    fn separate(&mut self) {
        if !matches!(self.text.as_bytes().last(), None | Some(b'{' | b'[' | b':' | b',')) {
            self.text.push(',');
        }
    }
}

/// A value without parts.
pub(super) trait Scalar {
    fn write(self, text: &mut String);
}

impl Scalar for &str {
    fn write(self, text: &mut String) {
        quote(text, self);
    }
}

impl Scalar for &String {
    fn write(self, text: &mut String) {
        quote(text, self);
    }
}

impl Scalar for String {
    fn write(self, text: &mut String) {
        quote(text, &self);
    }
}

impl Scalar for bool {
    fn write(self, text: &mut String) {
        text.push_str(if self { "true" } else { "false" });
    }
}

impl Scalar for u64 {
    fn write(self, text: &mut String) {
        write!(text, "{self}").expect("a String takes all text");
    }
}

impl Scalar for usize {
    fn write(self, text: &mut String) {
        write!(text, "{self}").expect("a String takes all text");
    }
}

impl Scalar for f64 {
    fn write(self, text: &mut String) {
        write!(text, "{self}").expect("a String takes all text");
    }
}

impl Scalar for DateTime<Utc> {
    fn write(self, text: &mut String) {
        quote(text, &self.to_rfc3339_opts(SecondsFormat::Millis, true));
    }
}

impl<T: Scalar> Scalar for Option<T> {
    fn write(self, text: &mut String) {
        match self {
            Some(value) => value.write(text),
            None => text.push_str("null"),
        }
    }
}

/// `null`.
pub(super) const NULL: Option<bool> = None;

/// Appends `value` as a JSON string.
fn quote(text: &mut String, value: &str) {
    text.push('"');
    let mut rest = value;
    while let Some(at) = rest.find(|c: char| matches!(c, '"' | '\\' | '\0'..='\x1f')) {
        let (plain, special) = rest.split_at(at);
        text.push_str(plain);
        let mut letters = special.chars();
        match letters.next() {
            Some('"') => text.push_str("\\\""),
            Some('\\') => text.push_str("\\\\"),
            Some('\n') => text.push_str("\\n"),
            Some('\r') => text.push_str("\\r"),
            Some('\t') => text.push_str("\\t"),
            Some(control) => write!(text, "\\u{:04x}", u32::from(control)).expect("a String takes all text"),
            None => {}
        }
        rest = letters.as_str();
    }
    text.push_str(rest);
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_read_back_as_they_were() {
        for text in ["", "plain", "\"quoted\" \\ back\nline\r\t\u{0}\u{1f}", "é 👩‍👩‍👧 שלום 你好", "\\", "\""]
        {
            let mut json = Json::new(false);
            json.item(text);
            assert_eq!(serde_json::from_str::<String>(&json.into_text()).unwrap(), text);
        }
    }

    #[test]
    fn commas_stand_between_parts_only() {
        let mut json = Json::new(true);
        json.object(|json| {
            json.field("a{", ":[");
            json.object_field("b", |_| {});
            json.list_field("c", [1_u64, 2], Json::item);
            json.list_field("d", [(), ()], |json, ()| {
                json.object(|json| json.count_field("n", 3));
            });
            json.field("e", NULL);
        });
        assert_eq!(json.into_text(), r#"{"a{":":[","b":{},"c":[1,2],"d":[{"n":3.0},{"n":3.0}],"e":null}"#);
    }
}
