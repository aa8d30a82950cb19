//! Names in SQL out of whatever people call their campaigns, assistants and keys.
//!
//! Letters and digits of every script are kept, in lower case, and all else becomes `_`: Postgres takes them without
//! quotes, and a transliteration would have to know the language. Accents written apart from their letters are dropped.

use super::{Owner, Source};
use std::collections::HashMap;

/// What Postgres takes, in bytes.
const LONGEST: usize = 63;

/// Words that cannot be a column's name without quotes (`pg_get_keywords()`, categories R and T).
const RESERVED: &str = " all analyse analyze and any array as asc asymmetric authorization binary both case cast check \
    collate collation column concurrently constraint create cross current_catalog current_date current_role \
    current_schema current_time current_timestamp current_user default deferrable desc distinct do else end except \
    false fetch for foreign freeze from full grant group having ilike in initially inner intersect into is isnull join \
    lateral leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer \
    overlaps placing primary references returning right select session_user similar some symmetric system_user table \
    tablesample then to trailing true union unique user using variadic verbose when where window with ";

/// The text up to so many bytes, cut between characters.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

/// Lower case letters and digits with single `_` between them; empty when there are none.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for letter in text.chars().flat_map(char::to_lowercase) {
        if slug.len() > LONGEST {
            break;
        }
        if letter.is_alphanumeric() {
            slug.push(letter);
        } else if !('\u{300}'..='\u{36f}').contains(&letter) && !slug.is_empty() && !slug.ends_with('_') {
            slug.push('_');
        }
    }
    slug.truncate(slug.trim_end_matches('_').len());
    slug
}

/// `stem` with `end` behind it, within what Postgres takes.
fn join(stem: &str, end: &str) -> String {
    let stem = cut(stem, LONGEST.saturating_sub(end.len())).trim_end_matches('_');
    format!("{stem}{end}")
}

/// The names for a view, the best one first, each to be taken where those before it are another's: its owner's name and
/// the first eight characters of its id.
pub fn view_names(owner: Owner<'_>, owner_name: Option<&str>) -> impl Iterator<Item = String> {
    let or = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
    let name = or(slug(owner_name.unwrap_or_default()), owner.kind.as_str());
    let id: String = owner.id.chars().take(8).collect();
    let id = or(slug(&id), "id");
    let digit = name.starts_with(|letter: char| letter.is_numeric());
    let name = if digit { format!("_{name}") } else { name };
    let first = join(&name, &format!("_{id}"));
    let others = (2..).map(move |number: u32| join(&name, &format!("_{id}_{number}")));
    std::iter::once(first).chain(others)
}

/// A name for the column of a key, which none of those that are taken has. These are given with the source that has
/// them, none for the fixed columns.
pub(super) fn column_name(key: &str, source: Source, taken: &HashMap<String, Option<Source>>) -> String {
    let mut stem = slug(key);
    if stem.is_empty() {
        "key".clone_into(&mut stem);
    }
    if stem.starts_with(|letter: char| letter.is_numeric()) {
        stem.insert(0, '_');
    }
    let is_reserved = RESERVED.contains(&format!(" {stem} "));
    let first = join(&stem, if is_reserved { "_" } else { "" });
    match taken.get(&first) {
        None => return first,
        // `output_email` beside `email` of the contacts; `input_status` beside the call's.
        Some(holder) if *holder != Some(source) => stem = format!("{}_{stem}", source.as_str()),
        Some(_) => {}
    }
    let mut name = join(&stem, "");
    let mut number = 1_u32;
    while taken.contains_key(&name) {
        number += 1;
        name = join(&stem, &format!("_{number}"));
    }
    name
}
