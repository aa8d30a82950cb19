//! Where the objects and lists of a row end, found once: whoever reads one level of it then steps over what lies within.
//!
//! Owns: reading objects and lists by what `scan` has found. Without an index `object` reads the same, and looks at each byte once a
//! level.

use super::object::{Member, Object, read_string};
use super::scan::{Span, scan};
use memchr::memchr2;
use std::borrow::Cow;

/// Where each object and list of a text begins, in the order of their beginnings.
#[derive(Debug, Clone, Default)]
pub struct Index {
    spans: Vec<Span>,
}

impl Index {
    /// Of a text that is one JSON value; of any other nothing is known.
    #[must_use]
    pub fn of(json: &str) -> Self {
        Self::at_the_head_of(json.as_bytes()).map(|(index, _)| index).unwrap_or_default()
    }

    /// Of the value that UTF-8 begins with, and where that ends; none where there is no value, or not all of it.
    pub(super) fn at_the_head_of(text: &[u8]) -> Option<(Self, usize)> {
        scan(text).map(|(spans, end)| (Self { spans }, end))
    }

    /// The object or list that begins there; none where none is known to.
    fn span_at(&self, start: usize) -> Option<Span> {
        let start = u32::try_from(start).ok()?;
        let place = self.spans.binary_search_by_key(&start, |span| span.start).ok()?;
        self.spans.get(place).copied()
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
        let mut reader = Reader::begin(self, json, b'{')?;
        let mut members = Vec::with_capacity(reader.most_items());
        while let Some(key) = reader.next(b'}')? {
            // A key that no text can be stays as it is written, and is like no other.
            let key = read_string(key).unwrap_or(Cow::Borrowed(key));
            reader.step_over(b':')?;
            members.push(Member::new(key, reader.value()?));
        }
        Some(Object::indexed(members, self))
    }

    /// The values of some keys of an object that is part of the text; of a key that stands twice the last one.
    pub(crate) fn pick<const N: usize>(self, json: &'a str, keys: [&str; N]) -> Option<[Option<&'a str>; N]> {
        let mut values = [None; N];
        let mut reader = Reader::begin(self, json, b'{')?;
        while let Some(key) = reader.next(b'}')? {
            reader.step_over(b':')?;
            let value = reader.value()?;
            let key = read_string(key);
            for (wanted, found) in keys.iter().zip(&mut values) {
                if key.as_deref() == Some(*wanted) {
                    *found = Some(value);
                }
            }
        }
        Some(values)
    }

    /// Reads a list that is part of the text.
    pub(super) fn list(self, json: &'a str) -> Option<Vec<&'a str>> {
        let mut reader = Reader::begin(self, json, b'[')?;
        let mut items = Vec::with_capacity(reader.most_items());
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
    commas: u32,
}

impl<'a> Reader<'a> {
    fn begin(source: Indexed<'a>, json: &'a str, open: u8) -> Option<Self> {
        let start = source.place_of(json)?;
        let mut reader = Self { source, json, start, at: 0, is_first: true, commas: 0 };
        reader.skip_space();
        reader.commas = source.index.span_at(start + reader.at).map_or(0, |span| span.commas);
        reader.step_over(open)?;
        Some(reader)
    }

    /// There are no more than this: a text without commas may hold one, or none.
    fn most_items(&self) -> usize {
        usize::try_from(self.commas).map_or(1, |commas| commas + 1)
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
            b'{' | b'[' => {
                begin + usize::try_from(self.source.index.span_at(self.start + begin)?.length).ok()?
            }
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
            let json = indexed.get(key).expect("the same");
            assert_eq!(indexed.list_part(json), super::super::object::read_list(json));
            let picked = indexed.pick_part(json, keys);
            assert_eq!(picked, Object::read(json).map(|object| keys.map(|key| object.get(key))), "{json}");
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
