//! Takes an object's fields by name, as the types that columns have.
//!
//! Owns: what happens to a value that a column cannot hold (the column is null, the value goes to `_extra`, drift
//! says so), and to fields without a column (they go to `_extra`). Leaves to the modules of the records: which
//! fields there are.

use super::notes::{Notes, Path};
use super::time::time;
use super::values::{IdFault, read_boolean, read_id, read_number, read_phone_number, read_texts, read_word};
use super::{jsonb, secrets};
use crate::records::{Field, JsonText, Listed, Time};
use crate::wire::{self, Kind, Object, read_string};

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

    /// Text of any length.
    pub(super) fn text(&mut self, key: &'static str) -> Field<String> {
        self.read(key, "text", |json| Some(read_string(json)?.into_owned()))
    }

    /// Text of a column that may be indexed.
    pub(super) fn word(&mut self, key: &'static str) -> Field<String> {
        self.read(key, "a short text", |json| Some(read_word(json)?.into_owned()))
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

    /// JSON of any shape.
    pub(super) fn json(&mut self, key: &'static str) -> Field<JsonText> {
        match self.object.take(key) {
            None => self.missing(),
            Some("null") => Field::Null,
            Some(json) => match jsonb::check(json) {
                Ok(()) => Field::Value(JsonText(json.to_owned())),
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
                let id = Object::read(json).and_then(|mut object| object.take("id"));
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
        let reason = match Object::read(json).map(|mut object| read_id(object.take("id").unwrap_or_default()))
        {
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
        known: &[&str],
        missing: Missing,
        read: impl FnOnce(&mut Fields<'_, '_>) -> R,
    ) -> R {
        let (object, missing) = match self.object.take(key) {
            None => (None, self.missing),
            Some("null") => (None, Missing::Null),
            Some(json) => {
                let object = Object::read(json);
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
        let Some(object) = Object::read(json) else {
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
        let Some(object) = Object::read(json) else {
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

    /// A list of objects that have ids. One that has none becomes a reject.
    pub(super) fn items<R>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Fields<'_, '_>, Position) -> Result<R, IdFault>,
    ) -> Listed<R> {
        self.list(key, |fields, position| read(fields, position).map(Some), || None)
    }

    /// A list of objects that are told apart by their place. The place of one that becomes a reject stays empty.
    pub(super) fn places<R: Default>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Fields<'_, '_>) -> R,
    ) -> Listed<R> {
        self.list(key, |fields, _| Ok(Some(read(fields))), || Some(R::default()))
    }

    fn list<R>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Fields<'_, '_>, Position) -> Result<Option<R>, IdFault>,
        substitute: impl Fn() -> Option<R>,
    ) -> Listed<R> {
        let json = match self.object.take(key) {
            None | Some("null") => return Listed::Unread,
            Some(json) => json,
        };
        let Some(objects) = wire::read_items(json) else {
            let reason = format!("it is {}, not a list", Kind::of(json).with_article());
            self.notes.reject(&Path::Field(&self.path, key), reason, json);
            return Listed::Unread;
        };

        let count = objects.len();
        let mut items = Vec::with_capacity(count);
        let mut faults = Vec::new();
        for (index, object) in objects.into_iter().enumerate() {
            let path = Path::Item(&self.path, key, index);
            let Some(object) = object else {
                faults.push((index, "it is not an object".to_owned()));
                items.extend(substitute());
                continue;
            };
            match read(&mut Fields::at(path, object, self.notes), Position { index, count }) {
                Ok(item) => items.extend(item),
                Err(fault) => {
                    faults.push((index, fault.to_string()));
                    items.extend(substitute());
                }
            }
        }
        if faults.is_empty() {
            return Listed::Whole(items);
        }
        let texts = wire::read_list(json).unwrap_or_default();
        for (index, reason) in faults {
            let json = texts.get(index).copied().unwrap_or_default();
            self.notes.reject(&Path::Item(&self.path, key, index), reason, json);
        }
        Listed::Partly(items)
    }

    /// What is left goes to `_extra`; it is drift unless it is `known`. The fields are used up by it.
    pub(super) fn finish(&mut self, known: &[&str]) -> Option<JsonText> {
        for left in std::mem::take(&mut self.object).into_leftovers() {
            let path = Path::Field(&self.path, &left.key);
            if left.is_duplicate {
                self.notes.drift(&path, "duplicate key".to_owned());
                continue;
            }
            if !known.contains(&left.key.as_ref()) {
                self.notes.drift(&path, Kind::of(left.json).as_str().to_owned());
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

/// An item's place in its list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    pub(super) index: usize,
    pub(super) count: usize,
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
