//! Which columns a view is to have: those that it has, and behind them one for each key and field that is new.

use super::names::{column_name, cut};
use super::{Column, ColumnType, Field, Impossible, Obstacle, OwnerKind, SeenValues, Source};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Columns of a view at most, the fixed ones apart. Postgres takes 1,600 in all.
pub const MOST_COLUMNS: usize = 1_500;

/// The longest key that gets a column, in bytes.
pub const MOST_KEY_BYTES: usize = 16_384;

/// How many things of one kind that could not be done are listed, a view.
const MOST_IMPOSSIBLE: usize = 100;

/// How much of a key is shown in comments and lists, in bytes.
const KEY_SHOWN: usize = 200;

/// What a view is to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Its columns behind the fixed ones, in order; those that it had come first, as they were but for their comments.
    pub columns: Vec<Column>,
    /// What could not be done.
    pub impossible: Vec<Impossible>,
}

/// Plans a view.
///
/// `held` and `impossible` are what the last plan came to. A column never goes, moves, or changes its type; new ones
/// come behind: input keys by their bytes, then the assistant's fields in its order, then keys of findings that no field
/// names.
#[must_use]
pub fn plan(
    kind: OwnerKind,
    (held, impossible): (&[Column], &[Impossible]),
    fields: &[Field],
    seen: &BTreeMap<(Source, String), SeenValues>,
) -> Plan {
    let mut planning = Planning::over(kind, held, impossible);
    let fields: Vec<(&str, &Field)> = first_of_each(fields);
    let named: HashSet<&str> = fields.iter().map(|(name, _)| *name).collect();
    let of = |source: Source| seen.iter().filter(move |((of, _), _)| *of == source);
    for ((source, key), values) in of(Source::Input) {
        planning.want(*source, key, values.column_type(), || comment_of_key(*source, key));
    }
    for (name, field) in fields {
        let comment = comment_of_field(name, field);
        if let Some(column) = planning.find(Source::Output, name) {
            column.comment = comment;
            let (now, kept) = (type_of(field), column.r#type);
            if now != kept {
                let kind = field.r#type.as_deref().unwrap_or("without a type");
                let why = format!(
                    "the assistant's field is {} now, and the column stays {}",
                    cut(kind, KEY_SHOWN),
                    kept.as_str()
                );
                planning.cannot(Obstacle::TypeKept, Source::Output, name, why);
            }
        } else {
            planning.want(Source::Output, name, type_of(field), || comment);
        }
    }
    for ((source, key), values) in of(Source::Output).filter(|((_, key), _)| !named.contains(key.as_str())) {
        planning.want(*source, key, values.column_type(), || comment_of_key(*source, key));
    }
    planning.plan
}

/// Fields that have a name, each name once.
fn first_of_each(fields: &[Field]) -> Vec<(&str, &Field)> {
    let mut known = HashSet::new();
    let named = fields.iter().filter_map(|field| Some((field.name.as_deref()?, field)));
    named.filter(|(name, _)| known.insert(*name)).collect()
}

/// The type of a field's column; text for what the mirror does not know.
fn type_of(field: &Field) -> ColumnType {
    match field.r#type.as_deref().unwrap_or_default().to_ascii_lowercase().as_str() {
        "number" | "integer" => ColumnType::Numeric,
        "boolean" => ColumnType::Boolean,
        "date" => ColumnType::Date,
        "datetime" => ColumnType::Timestamptz,
        _ => ColumnType::Text,
    }
}

fn comment_of_key(source: Source, key: &str) -> String {
    let holder = if source == Source::Input { "input_data" } else { "structured_output" };
    format!("{holder}: {}", cut(key, KEY_SHOWN))
}

fn comment_of_field(name: &str, field: &Field) -> String {
    let mut comment = comment_of_key(Source::Output, name);
    if let Some(description) = field.description.as_deref().filter(|text| !text.trim().is_empty()) {
        comment = format!("{comment}. {}", cut(description, 2_000));
    }
    if let Some(options) = field.enum_options.as_deref().filter(|options| !options.is_empty()) {
        comment = format!("{comment}. One of: {}", cut(&options.join(", "), 2_000));
    }
    comment
}

struct Planning {
    plan: Plan,
    places: HashMap<(Source, String), usize>,
    taken: HashMap<String, Option<Source>>,
}

impl Planning {
    fn over(kind: OwnerKind, held: &[Column], impossible: &[Impossible]) -> Self {
        let places = held.iter().enumerate().map(|(at, it)| ((it.source, it.key.clone()), at)).collect();
        let mut taken: HashMap<String, Option<Source>> =
            kind.fixed_columns().iter().map(|name| ((*name).to_owned(), None)).collect();
        taken.extend(held.iter().map(|column| (column.name.clone(), Some(column.source))));
        // Whether a type is kept shows anew each time; a key that was left out is not seen again as long as its row stays.
        let left_out = impossible.iter().filter(|it| it.obstacle == Obstacle::LeftOut).cloned().collect();
        Self { plan: Plan { columns: held.to_vec(), impossible: left_out }, places, taken }
    }

    fn find(&mut self, source: Source, key: &str) -> Option<&mut Column> {
        let at = self.places.get(&(source, key.to_owned()))?;
        self.plan.columns.get_mut(*at)
    }

    /// Adds a column, unless the key has one.
    fn want(&mut self, source: Source, key: &str, r#type: ColumnType, comment: impl FnOnce() -> String) {
        if self.places.contains_key(&(source, key.to_owned())) {
            return;
        }
        if key.len() > MOST_KEY_BYTES {
            let why = format!("the key is longer than {MOST_KEY_BYTES} bytes");
            return self.cannot(Obstacle::LeftOut, source, key, why);
        }
        if self.plan.columns.len() >= MOST_COLUMNS {
            let why = format!("the view has {MOST_COLUMNS} columns already");
            return self.cannot(Obstacle::LeftOut, source, key, why);
        }
        let name = column_name(key, source, &self.taken);
        self.taken.insert(name.clone(), Some(source));
        self.places.insert((source, key.to_owned()), self.plan.columns.len());
        self.plan.columns.push(Column { name, source, key: key.to_owned(), r#type, comment: comment() });
    }

    fn cannot(&mut self, obstacle: Obstacle, source: Source, key: &str, why: String) {
        let it = Impossible { obstacle, source, key: cut(key, KEY_SHOWN).to_owned(), why };
        let alike = self.plan.impossible.iter().filter(|other| other.obstacle == obstacle).count();
        if alike < MOST_IMPOSSIBLE && !self.plan.impossible.contains(&it) {
            self.plan.impossible.push(it);
        }
    }
}
