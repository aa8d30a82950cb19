//! What the mirror did not know: counted, with where it was seen first and last.
//!
//! Owns: that this stays small whatever comes. Values of known fields are named only where they look like one word of
//! a few; values of unknown fields are never part of it.

use crate::records::Drift;
use std::collections::BTreeMap;
use std::collections::btree_map::{self, Entry};

/// As many lines are counted apart at most.
pub const MAX_LINES: usize = 1000;

/// As many lines of one family: a map in the place of a list of fields has no end of them, and is not to take the place
/// of everything else.
pub const MAX_FAMILY: usize = 100;

/// How the kind of an unknown value begins.
const UNKNOWN_VALUE: &str = "string, not a known value";

/// A value that is longer than this (in bytes) is not named.
const MAX_NAMED_BYTES: usize = 40;

/// How often something was seen, and in what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sighting {
    /// How many times.
    pub count: u64,
    /// The id of what it was seen in first: a row, or the campaign or assistant whose name the path begins with.
    pub first_seen_in: String,
    /// The same of the last time.
    pub last_seen_in: String,
}

/// What the mirror did not know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DriftCounts {
    lines: BTreeMap<Drift, Sighting>,
    families: BTreeMap<String, usize>,
}

impl DriftCounts {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether everything was known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Each line, in the order of its key.
    pub fn iter(&self) -> btree_map::Iter<'_, Drift, Sighting> {
        self.lines.iter()
    }

    /// Adds what was seen later.
    pub fn append(&mut self, later: Self) {
        for (drift, sighting) in later.lines {
            self.add(drift, sighting);
        }
    }

    /// Adds what was counted while the object of this id was read.
    pub(super) fn append_seen_in(&mut self, id: &str, seen: Self) {
        for (drift, Sighting { count, .. }) in seen.lines {
            let seen_in = id.to_owned();
            self.add(drift, Sighting { count, first_seen_in: seen_in.clone(), last_seen_in: seen_in });
        }
    }

    pub(super) fn add(&mut self, drift: Drift, sighting: Sighting) {
        let mut drift = drift;
        if !self.lines.contains_key(&drift) {
            let relatives = self.families.entry(family(&drift).to_owned()).or_default();
            if self.lines.len() >= MAX_LINES || *relatives >= MAX_FAMILY {
                drift = Drift::others();
            } else {
                *relatives += 1;
            }
        }
        match self.lines.entry(drift) {
            Entry::Vacant(line) => {
                line.insert(sighting);
            }
            Entry::Occupied(mut line) => {
                let line = line.get_mut();
                line.count += sighting.count;
                line.last_seen_in = sighting.last_seen_in;
            }
        }
    }
}

impl<'a> IntoIterator for &'a DriftCounts {
    type Item = (&'a Drift, &'a Sighting);
    type IntoIter = btree_map::Iter<'a, Drift, Sighting>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// What a line has in common with others: the field of its value, or the object of its field. The database goes by the
/// same.
fn family(drift: &Drift) -> &str {
    if drift.kind.starts_with(UNKNOWN_VALUE) {
        return &drift.path;
    }
    drift.path.rsplit_once('.').map_or("", |(parent, _)| parent)
}

/// The kind of a text that is none of the known ones. Only what looks like one of them is named.
pub(super) fn unknown_value(text: &str) -> String {
    let is_word = |character: char| character.is_ascii_alphanumeric() || "_-./ ".contains(character);
    if (1..=MAX_NAMED_BYTES).contains(&text.len()) && text.chars().all(is_word) {
        format!("{UNKNOWN_VALUE}: {text}")
    } else {
        UNKNOWN_VALUE.to_owned()
    }
}
