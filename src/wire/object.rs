//! One level of JSON: an object as pairs of key and untouched text, a list as untouched texts, a string.
//!
//! Owns: reading a level without looking into what it holds, whatever that is. Leaves to `normalize`: which
//! keys there are and what they mean. Texts that were read here are valid JSON, so nothing here checks twice.

use super::index::Indexed;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The type of a JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    /// The type of the value that `json` holds, told by its first character.
    pub(crate) fn of(json: &str) -> Self {
        Self::of_byte(json.trim_start().as_bytes().first())
    }

    /// The type of a value that begins with this byte.
    pub(crate) fn of_byte(first: Option<&u8>) -> Self {
        match first {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b'"') => Self::String,
            Some(b't' | b'f') => Self::Boolean,
            Some(b'-' | b'0'..=b'9') => Self::Number,
            _ => Self::Null,
        }
    }

    /// The type's name with its article: `a string`.
    pub(crate) fn with_article(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }

    /// The type's name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

/// An object, read one level deep. Members stand in their order; of a key that stands twice the last one counts.
#[derive(Debug, Default)]
pub(crate) struct Object<'a> {
    members: Vec<Member<'a>>,
    /// The text that it is part of, when that has an index.
    source: Option<Indexed<'a>>,
}

#[derive(Debug)]
pub(super) struct Member<'a> {
    key: Cow<'a, str>,
    json: &'a str,
    taken: bool,
}

/// A member that nobody asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Leftover<'a> {
    pub(crate) key: Cow<'a, str>,
    pub(crate) json: &'a str,
    /// Its key was asked for, and a later member of the same name was given.
    pub(crate) is_duplicate: bool,
}

impl<'a> Member<'a> {
    pub(super) fn new(key: Cow<'a, str>, json: &'a str) -> Self {
        Self { key, json, taken: false }
    }
}

impl<'a> Object<'a> {
    pub(super) fn indexed(members: Vec<Member<'a>>, source: Indexed<'a>) -> Self {
        Self { members, source: Some(source) }
    }

    /// Reads an object that is the value of one of this one's members; `None` when it is none.
    pub(crate) fn read_part(&self, json: &'a str) -> Option<Object<'a>> {
        match self.source {
            Some(source) if source.holds(json) => source.object(json),
            _ => Object::read(json),
        }
    }

    /// Some values of an object that is the value of one of this one's members, without the others; `None` when it is none.
    pub(crate) fn pick_part<const N: usize>(
        &self,
        json: &'a str,
        keys: [&str; N],
    ) -> Option<[Option<&'a str>; N]> {
        match self.source {
            Some(source) if source.holds(json) => source.pick(json, keys),
            _ => Object::read(json).map(|object| keys.map(|key| object.get(key))),
        }
    }

    /// The texts of the items of a list that is the value of one of its members; `None` when it is no list.
    pub(crate) fn list_part(&self, json: &'a str) -> Option<Vec<&'a str>> {
        match self.source {
            Some(source) if source.holds(json) => source.list(json),
            _ => read_list(json),
        }
    }

    /// Reads an object; `None` when `json` is none.
    pub(crate) fn read(json: &'a str) -> Option<Self> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let object = ObjectSeed.deserialize(&mut deserializer).ok()?;
        deserializer.end().ok()?;
        Some(object)
    }

    /// The value of a key, as it is before it is taken.
    pub(crate) fn get(&self, key: &str) -> Option<&'a str> {
        let member = self.members.iter().rfind(|member| !member.taken && member.key == key)?;
        Some(member.json)
    }

    /// Takes the value of a key out of the object.
    pub(crate) fn take(&mut self, key: &str) -> Option<&'a str> {
        let member = self.members.iter_mut().rfind(|member| !member.taken && member.key == key)?;
        member.taken = true;
        Some(member.json)
    }

    /// The members in their order, as they are left. Those that were taken are not among them.
    pub(crate) fn into_leftovers(self) -> Vec<Leftover<'a>> {
        if self.members.iter().all(|member| member.taken) {
            return Vec::new();
        }
        let (taken, left): (Vec<_>, Vec<_>) = self.members.into_iter().partition(|member| member.taken);
        left.into_iter()
            .map(|member| Leftover {
                is_duplicate: taken.iter().any(|other| other.key == member.key),
                key: member.key,
                json: member.json,
            })
            .collect()
    }
}

/// The texts of a list's items; `None` when `json` is no list.
pub(crate) fn read_list(json: &str) -> Option<Vec<&str>> {
    read_whole(json, ListSeed)
}

/// The text of a JSON string; `None` when `json` is none, or holds what no text can (a lone surrogate).
pub(crate) fn read_string(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str(json).ok().map(Cow::Owned)
}

fn read_whole<'a, S: DeserializeSeed<'a>>(json: &'a str, seed: S) -> Option<S::Value> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let value = seed.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(value)
}

/// The text of a value, whatever it is.
#[derive(Clone, Copy)]
struct TextSeed;

impl<'de> DeserializeSeed<'de> for TextSeed {
    type Value = &'de str;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        <&RawValue as serde::Deserialize>::deserialize(deserializer).map(RawValue::get)
    }
}

/// An object, one level deep.
#[derive(Clone, Copy)]
struct ObjectSeed;

impl<'de> DeserializeSeed<'de> for ObjectSeed {
    type Value = Object<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ObjectSeed {
    type Value = Object<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(16);
        while let Some(key) = map.next_key::<&RawValue>()? {
            let key = read_string(key.get()).ok_or_else(|| A::Error::custom("a key that is no text"))?;
            let json = map.next_value_seed(TextSeed)?;
            members.push(Member::new(key, json));
        }
        Ok(Object { members, source: None })
    }
}

/// A list's items, as texts.
struct ListSeed;

impl<'de> DeserializeSeed<'de> for ListSeed {
    type Value = Vec<&'de str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ListSeed {
    type Value = Vec<&'de str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(TextSeed)? {
            items.push(item);
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_untouched_whatever_they_hold() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let json = format!(r#" {{ "a" : 1e400 , "b\u0041":"\ud800", "c": {deep}, "d":{{"e":[1, 2]}} }} "#);
        let mut object = Object::read(&json).expect("an object");
        assert_eq!(object.take("a"), Some("1e400"));
        assert_eq!(object.take("bA"), Some(r#""\ud800""#));
        assert_eq!(object.take("c"), Some(deep.as_str()));
        assert_eq!(object.take("d"), Some(r#"{"e":[1, 2]}"#));
        assert_eq!(object.take("d"), None);
        assert_eq!(object.into_leftovers(), []);
    }

    #[test]
    fn of_a_key_that_stands_twice_the_last_one_counts() {
        let mut object = Object::read(r#"{"a":1,"b":2,"a":3,"c":4}"#).expect("an object");
        assert_eq!(object.take("a"), Some("3"));
        let left = object.into_leftovers();
        let left: Vec<_> =
            left.iter().map(|left| (left.key.as_ref(), left.json, left.is_duplicate)).collect();
        assert_eq!(left, [("a", "1", true), ("b", "2", false), ("c", "4", false)]);
    }

    #[test]
    fn what_is_no_object_is_not_read() {
        for json in ["", "null", "[]", "1e400", r#""{}""#, "{", "{}}", r#"{"a":}"#, r#"{"\ud800":1}"#] {
            assert!(Object::read(json).is_none(), "{json}");
        }
    }

    #[test]
    fn lists_are_read_whatever_they_hold() {
        assert_eq!(
            read_list(r#"[1e400, {"a":[]}, "x",null]"#),
            Some(vec!["1e400", r#"{"a":[]}"#, r#""x""#, "null"])
        );
        assert_eq!(read_list("{}"), None);
        assert_eq!(read_list("null"), None);
    }

    #[test]
    fn strings_are_unescaped() {
        assert_eq!(read_string(r#""plain""#).as_deref(), Some("plain"));
        assert!(matches!(read_string(r#""plain""#), Some(Cow::Borrowed(_))));
        assert_eq!(read_string(r#""a\"\\\/\u00e9\ud83d\ude00""#).as_deref(), Some("a\"\\/é😀"));
        for json in [r#""\ud800""#, "12", "null", r#"["a"]"#, "\""] {
            assert_eq!(read_string(json), None, "{json}");
        }
    }
}
