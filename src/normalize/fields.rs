//! Takes an object's fields by name, as the types that columns have.
//!
//! Owns: what happens to a value that a column cannot hold (the column is null, the value goes to `_extra`, drift
//! says so), and to fields without a column (they go to `_extra`). Leaves to the modules of the records: which
//! fields there are.

mod lists;

use super::notes::{Notes, Path};
use super::shape::Known;
use super::time::time;
use super::values::{IdFault, read_boolean, read_id, read_number, read_phone_number, read_texts, read_word};
use super::{jsonb, secrets};
use crate::records::{Field, JsonText, Time};
use crate::wire::{self, Kind, Object, read_string};

pub(super) use lists::Position;

/// What a field that is not there means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// The answer cannot show it: the column keeps its value.
    Absent,
    /// The answer shows the whole object, and there is no such thing.
    Null,
}

/// An object that is being read, and what becomes of its `_extra`.
pub(super) struct Fields<'a, 'n> {
    object: Object<'a>,
    path: Path<'n>,
    missing: Missing,
    /// Whether the answer shows the object; else it stands for one that is missing or null.
    is_shown: bool,
    extra: String,
    pub(super) notes: &'n mut Notes,
}

impl<'a, 'n> Fields<'a, 'n> {
    /// The outermost object.
    pub(super) fn new(object: Object<'a>, notes: &'n mut Notes) -> Self {
        Self::at(Path::Root, object, notes)
    }

    fn at(path: Path<'n>, object: Object<'a>, notes: &'n mut Notes) -> Self {
        Self { object, path, missing: Missing::Absent, is_shown: true, extra: String::new(), notes }
    }

    /// The object's own id, which is the key of what it becomes.
    pub(super) fn own_id(&mut self) -> Result<String, IdFault> {
        read_id(self.object.take("id").unwrap_or_default())
    }

    /// Another object's id; digits are taken as text.
    pub(super) fn id(&mut self, key: &'static str) -> Field<String> {
        self.read(key, "an id", |json| read_id(json).ok())
    }

    /// An id of another system's, which may be a URL.
    pub(super) fn reference(&mut self, key: &'static str) -> Field<String> {
        self.read(key, "an id", |json| Some(secrets::scrub_text(read_id(json).ok()?.into()).into_owned()))
    }

    /// Text of any length.
    pub(super) fn text(&mut self, key: &'static str) -> Field<String> {
        self.read(key, "text", |json| Some(secrets::scrub_text(read_string(json)?).into_owned()))
    }

    /// Text of a column that may be indexed.
    pub(super) fn word(&mut self, key: &'static str) -> Field<String> {
        self.read(key, "a short text", |json| Some(secrets::scrub_text(read_word(json)?).into_owned()))
    }

    /// A URL by which somebody is called.
    pub(super) fn url(&mut self, key: &'static str) -> Field<String> {
        self.read(key, "text", |json| Some(secrets::strip_url(&read_string(json)?).into_owned()))
    }

    /// A URL that does not lead anywhere without its signature.
    pub(super) fn signed_url(&mut self, key: &'static str) -> Field<String> {
        self.read(key, "text", |json| Some(secrets::url_without_user(&read_string(json)?).into_owned()))
    }

    /// A word that is one of few. Another one is data, too, and drift.
    pub(super) fn one_of(&mut self, key: &'static str, known: &[&str]) -> Field<String> {
        let word = self.word(key);
        if let Field::Value(word) = &word {
            self.notes.value(&Path::Field(&self.path, key), Some(word), known);
        }
        word
    }

    /// A phone number; digits are taken as text.
    pub(super) fn phone_number(&mut self, key: &'static str) -> Field<String> {
        self.read(key, "a phone number", read_phone_number)
    }

    /// An integer, however it is written.
    pub(super) fn integer(&mut self, key: &'static str) -> Field<i64> {
        self.read(key, "an integer", |json| read_number(json, wire::integer))
    }

    /// A finite number, however it is written.
    pub(super) fn float(&mut self, key: &'static str) -> Field<f64> {
        self.read(key, "a number", |json| read_number(json, wire::float))
    }

    /// True or false, as such or as text.
    pub(super) fn boolean(&mut self, key: &'static str) -> Field<bool> {
        self.read(key, "a boolean", read_boolean)
    }

    /// A moment, however it is written.
    pub(super) fn time(&mut self, key: &'static str) -> Field<Time> {
        self.read(key, "a time", time)
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, key: &'static str) -> Field<Vec<String>> {
        self.read(key, "a list of text", read_texts)
    }

    /// Texts that are each one of few. Others are data, too, and drift.
    pub(super) fn some_of(&mut self, key: &'static str, known: &[&str]) -> Field<Vec<String>> {
        let texts = self.texts(key);
        for (index, text) in texts.value().into_iter().flatten().enumerate() {
            self.notes.value(&Path::Item(&self.path, key, index), Some(text), known);
        }
        texts
    }

    /// JSON of any shape, without secrets. Of another kind than these it is drift.
    pub(super) fn json(&mut self, key: &'static str, kinds: &[Kind]) -> Field<JsonText> {
        match self.object.take(key) {
            None => self.missing(),
            Some("null") => Field::Null,
            Some(json) => match jsonb::check(json) {
                Ok(()) => {
                    let kind = Kind::of(json);
                    if !kinds.contains(&kind) {
                        let expected = kinds.first().map_or("known", |kind| kind.with_article());
                        let kind = format!("{}, not {expected}", kind.as_str());
                        self.notes.drift(&Path::Field(&self.path, key), kind);
                    }
                    Field::Value(JsonText(secrets::scrub_column(json)))
                }
                Err(reason) => {
                    self.notes.reject(&Path::Field(&self.path, key), reason, json);
                    Field::Null
                }
            },
        }
    }

    /// The JSON text of a field, which then is neither a column nor extra.
    pub(super) fn raw(&mut self, key: &'static str) -> Option<&'a str> {
        self.object.take(key).filter(|json| *json != "null")
    }

    /// The JSON text of a field, which is still to be read; `None` for null.
    pub(super) fn peek(&self, key: &'static str) -> Option<&'a str> {
        self.object.get(key).filter(|json| *json != "null")
    }

    /// Takes the field if it is null.
    pub(super) fn take_null(&mut self, key: &'static str) -> bool {
        self.object.get(key) == Some("null") && self.object.take(key).is_some()
    }

    /// The id of an object of which nothing else is of interest; null when it has none.
    pub(super) fn id_within(&mut self, key: &'static str) -> Field<String> {
        match self.object.take(key) {
            None => self.missing(),
            Some(json) => {
                let id = self.object.pick_part(json, ["id"]).and_then(|[id]| id);
                id.and_then(|id| read_id(id).ok()).into()
            }
        }
    }

    /// The id of an object that is a record read elsewhere. One that has none becomes a reject here.
    pub(super) fn id_or_reject(&mut self, key: &'static str) -> Field<String> {
        let json = match self.object.take(key) {
            None => return self.missing(),
            Some("null") => return Field::Null,
            Some(json) => json,
        };
        let picked = self.object.pick_part(json, ["id"]);
        let reason = match picked.map(|[id]| read_id(id.unwrap_or_default())) {
            Some(Ok(id)) => return Field::Value(id),
            Some(Err(fault)) => fault.to_string(),
            None => format!("it is {}, not an object", Kind::of(json).with_article()),
        };
        self.notes.reject(&Path::Field(&self.path, key), reason, json);
        Field::Absent
    }

    /// What a field that is not there means here.
    pub(super) fn missing<T>(&self) -> Field<T> {
        match self.missing {
            Missing::Absent => Field::Absent,
            Missing::Null => Field::Null,
        }
    }

    /// Whether the answer shows this object.
    pub(super) fn is_shown(&self) -> bool {
        self.is_shown
    }

    /// An object whose fields are columns of this one. `read` is called in any case: where the object is missing,
    /// so are its fields, and where it is null, they are null. What else it holds goes to this one's extra.
    pub(super) fn nested<R>(
        &mut self,
        key: &'static str,
        known: &[Known],
        missing: Missing,
        read: impl FnOnce(&mut Fields<'_, '_>) -> R,
    ) -> R {
        let (object, missing) = match self.object.take(key) {
            None => (None, self.missing),
            Some("null") => (None, Missing::Null),
            Some(json) => {
                let object = self.object.read_part(json);
                if object.is_none() {
                    self.keep_unreadable(key, json, "an object");
                }
                let missing = if object.is_some() { missing } else { Missing::Null };
                (object, missing)
            }
        };
        let path = Path::Field(&self.path, key);
        let is_shown = object.is_some();
        let inner = Fields::at(path, object.unwrap_or_default(), self.notes);
        let mut inner = Fields { missing, is_shown, ..inner };
        let result = read(&mut inner);
        if let Some(JsonText(extra)) = inner.finish(known) {
            append(&mut self.extra, key, &extra);
        }
        result
    }

    /// An object that is a record of its own, and has its own extra.
    pub(super) fn child<R>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Fields<'_, '_>) -> R,
    ) -> Field<R> {
        let json = match self.object.take(key) {
            None => return self.missing(),
            Some("null") => return Field::Null,
            Some(json) => json,
        };
        let Some(object) = self.object.read_part(json) else {
            self.keep_unreadable(key, json, "an object");
            return Field::Null;
        };
        let path = Path::Field(&self.path, key);
        Field::Value(read(&mut Fields::at(path, object, self.notes)))
    }

    /// Like [`child`](Self::child), for an object that cannot be kept as extra: it becomes a reject.
    pub(super) fn child_or_reject<R>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Fields<'_, '_>) -> Result<R, IdFault>,
    ) -> Field<R> {
        let json = match self.object.take(key) {
            None | Some("null") => return Field::Null,
            Some(json) => json,
        };
        let path = Path::Field(&self.path, key);
        let Some(object) = self.object.read_part(json) else {
            self.notes.reject(&path, format!("it is {}, not an object", Kind::of(json).with_article()), json);
            return Field::Absent;
        };
        match read(&mut Fields::at(path, object, self.notes)) {
            Ok(record) => Field::Value(record),
            Err(fault) => {
                self.notes.reject(&path, fault.to_string(), json);
                Field::Absent
            }
        }
    }

    /// What is left goes to `_extra`; it is drift where it is not as `known`. The fields are used up by it.
    pub(super) fn finish(&mut self, known: &[Known]) -> Option<JsonText> {
        for left in std::mem::take(&mut self.object).into_leftovers() {
            let path = Path::Field(&self.path, &left.key);
            if left.is_duplicate {
                self.notes.drift(&path, "duplicate key".to_owned());
                continue;
            }
            match known.iter().find(|(name, _)| *name == left.key) {
                Some((_, shape)) => shape.check(left.json, &path, self.notes),
                None => self.notes.drift(&path, Kind::of(left.json).as_str().to_owned()),
            }
            self.keep(&left.key, left.json);
        }
        if self.extra.is_empty() {
            return None;
        }
        let mut extra = std::mem::take(&mut self.extra);
        extra.push('}');
        Some(JsonText(extra))
    }

    fn read<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Field<T> {
        match self.object.take(key) {
            None => self.missing(),
            Some("null") => Field::Null,
            Some(json) => {
                let value = read(json);
                if value.is_none() {
                    self.keep_unreadable(key, json, expected);
                }
                value.into()
            }
        }
    }

    fn keep_unreadable(&mut self, key: &'static str, json: &str, expected: &str) {
        let kind = format!("{}, not {expected}", Kind::of(json).as_str());
        self.notes.drift(&Path::Field(&self.path, key), kind);
        self.keep(key, json);
    }

    /// Keeps a value as extra, without secrets.
    fn keep(&mut self, key: &str, json: &str) {
        if json == "null" {
            return;
        }
        let json = secrets::scrub_member(key, json);
        match jsonb::check(&json) {
            Ok(()) => append(&mut self.extra, key, &json),
            Err(reason) => self.notes.reject(&Path::Field(&self.path, key), reason, &json),
        }
    }
}

impl<T> From<Field<T>> for Option<T> {
    /// The value of a part's field: a part is replaced as a whole, so that missing is null.
    fn from(field: Field<T>) -> Self {
        match field {
            Field::Value(value) => Some(value),
            Field::Absent | Field::Null => None,
        }
    }
}

/// Adds a member to an object's text that is still open.
fn append(object: &mut String, key: &str, json: &str) {
    object.push(if object.is_empty() { '{' } else { ',' });
    object.push_str(&jsonb::quote(key));
    object.push(':');
    object.push_str(json);
}
