//! An object of the API's JSON on its way into the columns of a table.
//!
//! Owns: what becomes of a member that is absent, null or nothing that its column can hold, and of members that have no
//! column.

use super::json::{Json, Members};
use super::tables::{COUNTS, Column, NEWER_ONLY, Table};
use super::value::{Cell, Kind, read_id};
use std::collections::BTreeMap;

/// What columns must hold; a column that the answer does not show is not among them.
pub(super) type Columns = Vec<(&'static str, Cell)>;

/// An object whose members are being taken.
#[derive(Debug, Default)]
pub(super) struct Source {
    members: Members,
    /// What has no column, or cannot be held by it.
    extra: Members,
    /// Whether a piece of it cannot be stored, so that the mirror has to keep it as a reject.
    pub(super) is_rejected: bool,
}

/// An object within another.
pub(super) enum Inner {
    Missing,
    Null,
    Shown(Members),
}

impl Source {
    pub(super) fn new(members: Members) -> Self {
        Self { members, ..Self::default() }
    }

    /// Takes a member.
    pub(super) fn take(&mut self, name: &str) -> Option<Json> {
        self.members.remove(name)
    }

    /// Takes the object's own id; none when it has none that can be a key.
    pub(super) fn take_id(&mut self) -> Option<String> {
        read_id(&self.take("id")?)
    }

    /// Takes a list; none when it is missing, null or no list, which is no evidence of anything.
    pub(super) fn take_list(&mut self, name: &str) -> Option<Vec<Json>> {
        match self.take(name)? {
            Json::List(items) => Some(items),
            Json::Null => None,
            _ => {
                self.is_rejected = true;
                None
            }
        }
    }

    /// Takes an object. One that is none goes to `_extra`, and counts as null.
    pub(super) fn take_object(&mut self, name: &str) -> Inner {
        match self.take(name) {
            None => Inner::Missing,
            Some(Json::Object(members)) => Inner::Shown(members),
            Some(Json::Null) => Inner::Null,
            Some(other) => {
                self.keep(name, other);
                Inner::Null
            }
        }
    }

    /// What the table's columns must hold, `_extra` among them.
    pub(super) fn finish(mut self, table: &Table) -> (Columns, bool) {
        let mut inner: BTreeMap<&str, Inner> = BTreeMap::new();
        let mut columns = Columns::new();
        for column in table.columns {
            let cell = match column.source.split_once('.') {
                None => self.read(column, table),
                Some((object, members)) => {
                    let inner = inner.entry(object).or_insert_with(|| self.take_object(object));
                    let absent_is_kept = object == COUNTS;
                    read_inner(inner, members, column.kind, table.is_entity, absent_is_kept)
                }
            };
            if let Some(cell) = cell.filter(|_| !column.name.is_empty()) {
                columns.push((column.name, cell));
            }
        }
        for (object, inner) in inner {
            if let Inner::Shown(rest) = inner {
                let rest = self.without_nulls(rest);
                if rest.values().all(|value| *value == Json::Unstorable) {
                    self.extra.extend(rest.into_values().map(|value| (object.to_owned(), value)));
                } else {
                    self.extra.insert(object.to_owned(), Json::Object(rest));
                }
            }
        }
        let rest = std::mem::take(&mut self.members);
        let mut extra = self.without_nulls(rest);
        extra.append(&mut self.extra);
        columns.push(("_extra", Cell::Extra(extra)));
        (columns, self.is_rejected)
    }

    fn read(&mut self, column: &Column, table: &Table) -> Option<Cell> {
        let value = match self.take(column.source) {
            None if NEWER_ONLY.contains(&(table.name, column.source)) => return None,
            None => return (!table.is_entity).then_some(Cell::Null),
            Some(Json::Null) => return Some(Cell::Null),
            Some(value) => value,
        };
        let cell = Cell::read(column.kind, &value);
        if cell.is_none() && column.kind == Kind::Json {
            self.is_rejected = true;
        } else if cell.is_none() {
            self.keep(column.source, value);
        }
        Some(cell.unwrap_or(Cell::Null))
    }

    /// Keeps a value that its column cannot hold.
    fn keep(&mut self, name: &str, value: Json) {
        let value = self.storable(value);
        self.extra.insert(name.to_owned(), value);
    }

    /// Members that are kept as extra.
    fn without_nulls(&mut self, members: Members) -> Members {
        let kept = members.into_iter().filter(|(_, value)| *value != Json::Null);
        kept.map(|(key, value)| (key, self.storable(value))).collect()
    }

    /// The value, unless it cannot be stored and so is a reject.
    fn storable(&mut self, value: Json) -> Json {
        if value.is_storable() {
            return value;
        }
        self.is_rejected = true;
        Json::Unstorable
    }
}

fn read_inner(
    inner: &mut Inner,
    members: &str,
    kind: Kind,
    is_entity: bool,
    absent_is_kept: bool,
) -> Option<Cell> {
    let shown = match inner {
        Inner::Missing => return (!is_entity).then_some(Cell::Null),
        Inner::Null => return Some(Cell::Null),
        Inner::Shown(shown) => shown,
    };
    for member in members.split('|') {
        match shown.remove(member) {
            None if absent_is_kept => return None,
            None | Some(Json::Null) => {}
            Some(value) => match Cell::read(kind, &value) {
                Some(cell) => return Some(cell),
                None => {
                    shown.insert(member.to_owned(), value);
                }
            },
        }
    }
    Some(if kind == Kind::IsSet { Cell::Boolean(false) } else { Cell::Null })
}

#[cfg(test)]
mod tests {
    use super::super::tables::{ASSISTANTS, CAMPAIGNS, EMAIL_MESSAGES};
    use super::*;

    fn read(text: &str, table: &Table) -> (BTreeMap<&'static str, Cell>, bool) {
        let Some(Json::Object(members)) = Json::parse(text) else { panic!("an object") };
        let (columns, is_rejected) = Source::new(members).finish(table);
        (columns.into_iter().collect(), is_rejected)
    }

    #[test]
    fn what_is_absent_is_no_news_of_an_entity_and_null_in_a_part() {
        let (entity, _) = read(r#"{"name":null,"voice":{"id":"v"}}"#, &ASSISTANTS);
        assert_eq!(entity.get("name"), Some(&Cell::Null));
        assert_eq!(entity.get("prompt"), None);
        assert_eq!(entity.get("voice_id"), Some(&Cell::Text("v".to_owned())));
        assert_eq!(entity.get("voice_provider"), Some(&Cell::Null), "the whole voice is shown");
        assert_eq!(entity.get("llm_model_type"), None);
        let (part, _) = read("{}", &EMAIL_MESSAGES);
        assert_eq!(part.get("subject"), Some(&Cell::Null));
        let (counts, _) = read(r#"{"row_stats":{"total":1}}"#, &CAMPAIGNS);
        assert_eq!(counts.get("rows_total"), Some(&Cell::Integer(1)));
        assert_eq!(counts.get("rows_skipped"), None, "the older API does not count those");
    }

    #[test]
    fn a_model_s_name_is_the_first_that_has_a_value_and_its_key_goes_nowhere() {
        let (model, _) =
            read(r#"{"llm_model":{"name":7,"model_name":"m","provider":"p","api_key":"k"}}"#, &ASSISTANTS);
        assert_eq!(model.get("llm_model_name"), Some(&Cell::Text("m".to_owned())));
        assert_eq!(model.get("llm_model_provider"), Some(&Cell::Text("p".to_owned())));
        assert_eq!(model.get("has_llm_api_key"), Some(&Cell::Boolean(true)));
        let rest = Json::parse(r#"{"llm_model":{"name":7}}"#);
        assert_eq!(model.get("_extra"), rest.and_then(as_extra).as_ref());
        let (keyless, _) = read(r#"{"llm_model":{}}"#, &ASSISTANTS);
        assert_eq!(keyless.get("has_llm_api_key"), Some(&Cell::Boolean(false)));
    }

    fn as_extra(json: Json) -> Option<Cell> {
        match json {
            Json::Object(members) => Some(Cell::Extra(members)),
            _ => None,
        }
    }

    #[test]
    fn what_a_column_cannot_hold_and_what_has_none_is_extra() {
        let deep = format!("{}1{}", "[".repeat(600), "]".repeat(600));
        let text = format!(
            r#"{{"name":17,"voice":"none","new":{{"a":null}},"gone":null,"deep":{deep},
            "created_at":{deep},"calendly":{{"x":{deep}}}}}"#
        );
        let (columns, is_rejected) = read(&text, &ASSISTANTS);
        assert!(is_rejected);
        assert_eq!(columns.get("name"), Some(&Cell::Null));
        assert_eq!(columns.get("voice_id"), Some(&Cell::Null));
        let Some(Cell::Extra(extra)) = columns.get("_extra") else { panic!("there is an extra") };
        let unstorable = ["calendly", "created_at", "deep"];
        assert_eq!(extra.keys().collect::<Vec<_>>(), [&unstorable[..], &["name", "new", "voice"]].concat());
        assert!(unstorable.iter().all(|key| extra.get(*key) == Some(&Json::Unstorable)));
    }
}
