//! Where the objects and lists of a row end, found once: whoever reads one level of it then steps over what lies within.
//!
//! Owns: the scan, and reading objects and lists by it. The text is known to be JSON, since whoever split the answer has checked
//! it; of a text that is none something may be read or nothing, and nothing worse happens. Without an index `object` reads the
//! same, and looks at each byte once a level.

use super::object::{Member, Object, read_string};
use memchr::memchr2;
use std::borrow::Cow;

/// Where each object and list of a text begins, and how long it is, in the order of their beginnings.
#[derive(Debug, Clone, Default)]
pub struct Index {
    spans: Vec<(u32, u32)>,
}

impl Index {
    /// Scans a text.
    #[must_use]
    pub fn of(json: &str) -> Self {
        let mut spans: Vec<(u32, u32)> = Vec::with_capacity(64);
        if u32::try_from(json.len()).is_err() {
            return Self::default();
        }
        let bytes = json.as_bytes();
        let mut open: Vec<usize> = Vec::with_capacity(8);
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' => {
                    at = string_end(bytes, at);
                    continue;
                }
                b'{' | b'[' => {
                    open.push(spans.len());
                    spans.push((u32::try_from(at).unwrap_or(u32::MAX), 0));
                }
                b'}' | b']' => {
                    if let Some((start, length)) = open.pop().and_then(|slot| spans.get_mut(slot)) {
                        *length = u32::try_from(at + 1).unwrap_or(u32::MAX) - *start;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        Self { spans }
    }

    /// The length of the object or list that begins there; none where none is known to.
    fn length_at(&self, start: usize) -> Option<usize> {
        let start = u32::try_from(start).ok()?;
        let place = self.spans.binary_search_by_key(&start, |span| span.0).ok()?;
        let (_, length) = self.spans.get(place)?;
        (*length > 0).then_some(usize::try_from(*length).ok()?)
    }
}

/// A text with its index. What is read from it are parts of the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Indexed<'a> {
    text: &'a str,
    index: &'a Index,
}

impl<'a> Indexed<'a> {
    pub(crate) fn new(text: &'a str, index: &'a Index) -> Self {
        Self { text, index }
    }

    /// The text as an object; none when it is none.
    pub(crate) fn root(self) -> Option<Object<'a>> {
        self.object(self.text)
    }

    /// Whether something is part of the text.
    pub(super) fn holds(self, json: &str) -> bool {
        self.place_of(json).is_some()
    }

    /// Where a part of the text begins in it.
    fn place_of(self, json: &str) -> Option<usize> {
        let start = json.as_ptr().addr().checked_sub(self.text.as_ptr().addr())?;
        (start + json.len() <= self.text.len()).then_some(start)
    }

    /// Reads an object that is part of the text.
    pub(super) fn object(self, json: &'a str) -> Option<Object<'a>> {
        let mut members = Vec::with_capacity(16);
        let mut reader = Reader::begin(self, json, b'{')?;
        while let Some(key) = reader.next(b'}')? {
            // A key that no text can be stays as it is written, and is like no other.
            let key = read_string(key).unwrap_or(Cow::Borrowed(key));
            reader.step_over(b':')?;
            members.push(Member::new(key, reader.value()?));
        }
        Some(Object::indexed(members, self))
    }

    /// Reads a list that is part of the text.
    pub(super) fn list(self, json: &'a str) -> Option<Vec<&'a str>> {
        let mut items = Vec::new();
        let mut reader = Reader::begin(self, json, b'[')?;
        while let Some(item) = reader.next(b']')? {
            items.push(item);
        }
        Some(items)
    }
}

/// Goes over the values of one object or list.
struct Reader<'a> {
    source: Indexed<'a>,
    json: &'a str,
    /// Where `json` begins in the text.
    start: usize,
    at: usize,
    is_first: bool,
}

impl<'a> Reader<'a> {
    fn begin(source: Indexed<'a>, json: &'a str, open: u8) -> Option<Self> {
        let start = source.place_of(json)?;
        let mut reader = Self { source, json, start, at: 0, is_first: true };
        reader.step_over(open)?;
        Some(reader)
    }

    /// The next key or item; `Some(None)` behind the last, none when the text is otherwise than it should be.
    #[expect(clippy::option_option, reason = "an end is no mistake")]
    fn next(&mut self, close: u8) -> Option<Option<&'a str>> {
        self.skip_space();
        if self.byte() == Some(close) {
            return Some(None);
        }
        if !std::mem::replace(&mut self.is_first, false) {
            self.step_over(b',')?;
        }
        self.value().map(Some)
    }

    fn value(&mut self) -> Option<&'a str> {
        self.skip_space();
        let begin = self.at;
        self.at = match self.byte()? {
            b'"' => string_end(self.json.as_bytes(), begin),
            b'{' | b'[' => begin + self.source.index.length_at(self.start + begin)?,
            _ => {
                let rest = self.json.as_bytes().get(begin..)?;
                let ends =
                    |byte: &u8| matches!(byte, b',' | b'}' | b']' | b':' | b' ' | b'\n' | b'\r' | b'\t');
                begin + rest.iter().position(ends).filter(|length| *length > 0)?
            }
        };
        self.json.get(begin..self.at)
    }

    fn step_over(&mut self, expected: u8) -> Option<()> {
        self.skip_space();
        let is_there = self.byte() == Some(expected);
        self.at += usize::from(is_there);
        is_there.then_some(())
    }

    fn skip_space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn byte(&self) -> Option<u8> {
        self.json.as_bytes().get(self.at).copied()
    }
}

/// Where the string ends that opens at `open`: behind its closing quote, or at the end of a text that breaks off.
fn string_end(bytes: &[u8], open: usize) -> usize {
    let mut at = open + 1;
    while let Some(distance) = memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        at += distance;
        if bytes.get(at) == Some(&b'"') {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_by_an_index_is_what_is_read_without() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let texts = [
            r#" { "a" : 1e400 , "b\u0041":"x\"}\\", "c": [ {"d":[]} , "]" ,-0.5 , null ] , "e":{"f":{}} } "#
                .to_owned(),
            "{}".to_owned(),
            r#"{"a":[]}"#.to_owned(),
            format!(r#"{{"deep":{deep},"a":true}}"#),
            r#"{"a":1,"a":{"b":2},"a":[3]}"#.to_owned(),
        ];
        for text in &texts {
            let index = Index::of(text);
            assert_same(Object::read(text), Indexed::new(text, &index).root(), 3);
        }
    }

    fn assert_same(plain: Option<Object<'_>>, indexed: Option<Object<'_>>, levels: usize) {
        let (Some(plain), Some(indexed)) = (plain, indexed) else { panic!("both are objects") };
        let keys = ["a", "bA", "c", "e", "f", "deep"];
        for key in keys {
            assert_eq!(plain.get(key), indexed.get(key), "{key}");
            let Some(json) = plain.get(key) else { continue };
            let (inner, by_index) =
                (Object::read(json), indexed.read_part(indexed.get(key).expect("the same")));
            assert_eq!(inner.is_some(), by_index.is_some(), "{json}");
            if inner.is_some() && levels > 0 {
                assert_same(inner, by_index, levels - 1);
            }
            let items = indexed.read_items(indexed.get(key).expect("the same"));
            let plain_items = super::super::object::read_items(json);
            assert_eq!(
                items.map(|items| items.iter().map(Option::is_some).collect::<Vec<_>>()),
                plain_items.map(|items| items.iter().map(Option::is_some).collect::<Vec<_>>())
            );
        }
        let left = |object: Object<'_>| {
            let left = object.into_leftovers();
            left.iter().map(|left| (left.key.to_string(), left.json.to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(left(plain), left(indexed));
    }

    #[test]
    fn of_a_text_that_is_no_object_nothing_is_read() {
        for text in ["", "null", "[]", "{", "{]", r#"{"a"}"#, r#"{"a":}"#, r#"{"a":1"#, r#"{"a":[1}"#, "x{}"]
        {
            let index = Index::of(text);
            assert!(Indexed::new(text, &index).root().is_none(), "{text}");
        }
    }

    #[test]
    fn a_key_that_is_no_text_is_like_no_other() {
        let text = r#"{"\ud800":1,"id":"x"}"#;
        let index = Index::of(text);
        let object = Indexed::new(text, &index).root().expect("an object");
        assert_eq!(object.get("id"), Some(r#""x""#));
    }

    #[test]
    fn what_is_no_part_of_the_text_is_not_read_by_its_index() {
        let (text, other) = (r#"{"a":{"b":1}}"#.to_owned(), r#"{"b":1}"#.to_owned());
        let index = Index::of(&text);
        let object = Indexed::new(&text, &index).root().expect("an object");
        assert_eq!(object.read_part(&other).and_then(|object| object.get("b")), Some("1"));
    }
}
