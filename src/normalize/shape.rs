//! What the API documents of fields that have no column: what is not as documented is drift there, too.
//!
//! Owns: telling it. Leaves to the modules of the records: which fields there are.

use super::notes::{Notes, Path};
use super::values::read_number;
use crate::wire::{self, Kind, Object, read_string};

/// A field that has no column, and what is known of it.
pub(super) type Known = (&'static str, Shape);

/// What is known of a value. Null may stand anywhere.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Text,
    /// A text that is one of few.
    OneOf(&'static [&'static str]),
    Number,
    Boolean,
    List(&'static Shape),
    Object(&'static [Known]),
}

impl Shape {
    /// Notes what of the value is not so. `path` is where it stands.
    pub(super) fn check(self, json: &str, path: &Path<'_>, notes: &mut Notes) {
        let kind = Kind::of(json);
        let expected = match (self, kind) {
            (_, Kind::Null)
            | (Self::Text, Kind::String)
            | (Self::Number, Kind::Number)
            | (Self::Boolean, Kind::Boolean) => return,
            (Self::OneOf(known), Kind::String) => {
                return notes.value(path, read_string(json).as_deref(), known);
            }
            (Self::List(item), Kind::Array) => return check_items(*item, json, path, notes),
            (Self::Object(known), Kind::Object) => return check_members(known, json, path, notes),
            // Numbers are taken as text elsewhere, too.
            (Self::Number, Kind::String) if read_number(json, wire::float).is_some() => return,
            (Self::Text | Self::OneOf(_), _) => "text",
            (Self::Number, _) => "a number",
            (Self::Boolean, _) => "a boolean",
            (Self::List(_), _) => "a list",
            (Self::Object(_), _) => "an object",
        };
        notes.drift(path, format!("{}, not {expected}", kind.as_str()));
    }
}

fn check_items(item: Shape, json: &str, path: &Path<'_>, notes: &mut Notes) {
    for (index, json) in wire::read_list(json).unwrap_or_default().into_iter().enumerate() {
        let path = match path {
            Path::Field(parent, key) => Path::Item(parent, key, index),
            other => *other,
        };
        item.check(json, &path, notes);
    }
}

fn check_members(known: &[Known], json: &str, path: &Path<'_>, notes: &mut Notes) {
    for member in Object::read(json).unwrap_or_default().into_leftovers() {
        let path = Path::Field(path, &member.key);
        match known.iter().find(|(name, _)| *name == member.key) {
            Some((_, shape)) => shape.check(member.json, &path, notes),
            None => notes.drift(&path, Kind::of(member.json).as_str().to_owned()),
        }
    }
}

/// A member of the organization.
pub(super) const MEMBER: Shape = Shape::Object(&[
    ("email", Shape::Text),
    ("first_name", Shape::Text),
    ("id", Shape::Text),
    ("last_name", Shape::Text),
]);
