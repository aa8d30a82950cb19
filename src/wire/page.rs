//! The outermost shape of each answer: a page of rows, a list of campaigns, one campaign, the account.

use super::{Index, Kind, Object, RowSplitter, integer, read_string};
use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use std::ops::Range;

/// An answer that is not what was asked for: truncated, empty, HTML, half JSON, another shape.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("{what}")]
pub struct ShapeError {
    /// What is wrong with the answer, in plain words, without quoting it: `an empty answer`, `an HTML page`.
    pub what: String,
}

impl ShapeError {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }
}

/// An answer of `GET /campaigns/{id}/rows`, split into its rows. Cheap to move; the bytes are shared.
#[derive(Debug, Clone)]
pub struct RowsPage {
    /// The answer, valid UTF-8.
    pub body: Bytes,
    /// Where each row's JSON stands in `body`, in order.
    pub rows: Vec<Range<usize>>,
    /// Where each row's objects and lists end, in order, unless they were taken.
    pub indexes: Vec<Index>,
    /// `total`, when the answer has it (the paged API). One that is no count (negative, a fraction) is none.
    pub total: Option<u64>,
    /// `page`, when the answer has it.
    pub page: Option<u64>,
    /// `page_size`, when the answer has it.
    pub page_size: Option<u64>,
    /// Sequences of bytes that were not UTF-8 and were replaced by U+FFFD.
    pub replaced: u64,
    /// Whether there are more rows than were asked for, and perhaps more than were read.
    pub is_cut: bool,
}

impl RowsPage {
    /// Splits an answer. Numbers may be floats or strings of digits; unknown keys are passed over; `rows` must
    /// be there and be a list.
    pub fn split(body: &[u8]) -> Result<Self, ShapeError> {
        let mut splitter = RowSplitter::default();
        splitter.push(body)?;
        splitter.finish()
    }

    /// The JSON text of row `index` of this page.
    pub fn row(&self, index: usize) -> Option<&str> {
        let range = self.rows.get(index)?.clone();
        std::str::from_utf8(self.body.get(range)?).ok()
    }
}

/// An answer of `GET /campaigns`, split into its campaigns; also `GET /campaigns/{id}` as a list of one.
#[derive(Debug, Clone)]
pub struct CampaignList {
    /// The answer, valid UTF-8.
    pub body: Bytes,
    /// Where each campaign's JSON stands in `body`, in order.
    pub campaigns: Vec<Range<usize>>,
}

impl CampaignList {
    /// Splits `{"campaigns": [...]}`.
    pub fn split(body: Bytes) -> Result<Self, ShapeError> {
        let (body, _) = into_utf8(body);
        let text = as_text(&body);
        let campaigns = Envelope::read(text, "campaigns")?.items(text)?;
        Ok(Self { body, campaigns })
    }

    /// Reads `{"campaign": {...}}`.
    pub fn split_one(body: Bytes) -> Result<Self, ShapeError> {
        let (body, _) = into_utf8(body);
        let text = as_text(&body);
        let envelope = Envelope::read(text, "")?;
        let campaign = envelope.object("campaign")?;
        let campaigns = vec![span_in(text, campaign)];
        Ok(Self { body, campaigns })
    }

    /// The JSON text of campaign `index`.
    pub fn campaign(&self, index: usize) -> Option<&str> {
        let range = self.campaigns.get(index)?.clone();
        std::str::from_utf8(self.body.get(range)?).ok()
    }
}

/// An answer of `POST /call/search`, split into its calls.
#[derive(Debug, Clone)]
pub struct CallsPage {
    /// The answer, valid UTF-8.
    pub body: Bytes,
    /// Where each call's JSON stands in `body`, in order.
    pub calls: Vec<Range<usize>>,
    /// `total_count`, when it is a count.
    pub total: Option<u64>,
}

impl CallsPage {
    /// Splits `{"calls": [...], "total_count": 3}`.
    pub fn split(body: Bytes) -> Result<Self, ShapeError> {
        let (body, _) = into_utf8(body);
        let text = as_text(&body);
        let envelope = Envelope::read(text, "calls")?;
        let calls = envelope.items(text)?;
        let total = envelope.member("total_count").and_then(count);
        Ok(Self { body, calls, total })
    }

    /// The JSON text of call `index` of this page.
    pub fn call(&self, index: usize) -> Option<&str> {
        let range = self.calls.get(index)?.clone();
        std::str::from_utf8(self.body.get(range)?).ok()
    }
}

/// The `organization_id` of an answer of `GET /users/me`, which is `{"user": {...}}`.
pub fn organization_id(body: &[u8]) -> Result<Option<String>, ShapeError> {
    let text = String::from_utf8_lossy(body);
    let envelope = Envelope::read(&text, "")?;
    let user = envelope.object("user")?;
    let id = Object::read(user).and_then(|mut user| user.take("organization_id"));
    Ok(id.and_then(|id| match Kind::of(id) {
        Kind::Number => Some(id.to_owned()),
        _ => read_string(id).filter(|id| !id.is_empty()).map(String::from),
    }))
}

/// The body as valid UTF-8, and how many sequences had to be replaced for it.
pub(super) fn into_utf8(body: Bytes) -> (Bytes, u64) {
    if simdutf8::basic::from_utf8(&body).is_ok() {
        return (body, 0);
    }
    let mut text = String::with_capacity(body.len());
    let mut replaced = 0;
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
            replaced += 1;
        }
    }
    (Bytes::from(text), replaced)
}

/// Makes what stands behind `start` valid UTF-8; how many sequences had to be replaced for it.
pub(super) fn into_utf8_in_place(bytes: &mut Vec<u8>, start: usize) -> u64 {
    if simdutf8::basic::from_utf8(bytes.get(start..).unwrap_or_default()).is_ok() {
        return 0;
    }
    let (text, replaced) = into_utf8(Bytes::from(bytes.split_off(start)));
    bytes.extend_from_slice(&text);
    replaced
}

/// The text of a body that [`into_utf8`] made.
fn as_text(body: &Bytes) -> &str {
    simdutf8::basic::from_utf8(body).unwrap_or_default()
}

/// Where `part` stands in `whole`, of which it is a slice.
fn span_in(whole: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
    start..start + part.len()
}

/// A count, written as an integer, as a float or as a string of digits.
pub(super) fn count(json: &str) -> Option<u64> {
    let value = match Kind::of(json) {
        Kind::Number => integer(json),
        _ => integer(read_string(json)?.trim()),
    };
    u64::try_from(value?).ok()
}

/// An answer's outermost object, its list split into items on the way: one look at each byte.
pub(super) struct Envelope<'a> {
    list_name: &'static str,
    list: Option<ListShape<'a>>,
    members: Vec<(&'a str, &'a str)>,
}

enum ListShape<'a> {
    Items(Vec<&'a str>),
    Other(Kind),
}

impl<'a> Envelope<'a> {
    pub(super) fn read(text: &'a str, list_name: &'static str) -> Result<Self, ShapeError> {
        let json = text.trim_start_matches('\u{feff}').trim_start();
        match json.as_bytes().first() {
            None => return Err(ShapeError::new("an empty answer")),
            Some(b'<') => return Err(ShapeError::new("an HTML page")),
            Some(b'{') => {}
            Some(_) => {
                return Err(match serde_json::from_str::<&RawValue>(json) {
                    Ok(_) => {
                        ShapeError::new(format!("JSON of type {}, not an object", Kind::of(json).as_str()))
                    }
                    Err(_) => ShapeError::new("no JSON"),
                });
            }
        }
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let envelope = EnvelopeSeed { list_name }.deserialize(&mut deserializer).map_err(|error| {
            ShapeError::new(if error.is_eof() { "JSON that breaks off" } else { "JSON with a mistake in it" })
        })?;
        deserializer.end().map_err(|_| ShapeError::new("JSON with something after its end"))?;
        Ok(envelope)
    }

    /// The last member of that name.
    pub(super) fn member(&self, name: &str) -> Option<&'a str> {
        let member = self
            .members
            .iter()
            .rfind(|(key, _)| key.strip_prefix('"').and_then(|key| key.strip_suffix('"')) == Some(name));
        member.map(|(_, json)| *json)
    }

    /// The last member of that name, which must be an object.
    fn object(&self, name: &str) -> Result<&'a str, ShapeError> {
        let json = self.member(name).ok_or_else(|| ShapeError::new(format!("an object without `{name}`")))?;
        match Kind::of(json) {
            Kind::Object => Ok(json),
            kind => Err(ShapeError::new(format!("`{name}` of type {}, not an object", kind.as_str()))),
        }
    }

    /// Where the list's items stand in `text`.
    pub(super) fn items(&self, text: &str) -> Result<Vec<Range<usize>>, ShapeError> {
        let name = self.list_name;
        match &self.list {
            Some(ListShape::Items(items)) => Ok(items.iter().map(|item| span_in(text, item)).collect()),
            Some(ListShape::Other(kind)) => {
                Err(ShapeError::new(format!("`{name}` of type {}, not a list", kind.as_str())))
            }
            None => Err(ShapeError::new(format!("an object without `{name}`"))),
        }
    }
}

struct EnvelopeSeed {
    list_name: &'static str,
}

impl<'de> DeserializeSeed<'de> for EnvelopeSeed {
    type Value = Envelope<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for EnvelopeSeed {
    type Value = Envelope<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut envelope = Envelope { list_name: self.list_name, list: None, members: Vec::new() };
        let list_key = format!("\"{}\"", self.list_name);
        while let Some(key) = map.next_key::<&RawValue>()? {
            if key.get() == list_key {
                envelope.list = Some(map.next_value_seed(ListSeed)?);
            } else {
                envelope.members.push((key.get(), map.next_value::<&RawValue>()?.get()));
            }
        }
        Ok(envelope)
    }
}

struct ListSeed;

impl<'de> DeserializeSeed<'de> for ListSeed {
    type Value = ListShape<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ListSeed {
    type Value = ListShape<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<&RawValue>()? {
            items.push(item.get());
        }
        Ok(ListShape::Items(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<&RawValue, IgnoredAny>()?.is_some() {}
        Ok(ListShape::Other(Kind::Object))
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(ListShape::Other(Kind::String))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(ListShape::Other(Kind::Number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(ListShape::Other(Kind::Number))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(ListShape::Other(Kind::Number))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(ListShape::Other(Kind::Boolean))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(ListShape::Other(Kind::Null))
    }
}

#[cfg(test)]
mod tests;
