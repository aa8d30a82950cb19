//! Rows, assistants and campaigns of both APIs, as they should be and as they should not.

mod bad_values;
mod drifting;
mod landing_parents;
mod landing_rows;
mod rejects;
mod samples;

use super::*;
use crate::records::{Field, JsonText, Time};

/// A row's records and the drift that came up.
fn read_row(json: &str) -> (RowRecords, Vec<(String, String, u64)>) {
    let mut drift = DriftCounts::new();
    let records = row(json, 3, &Options::default(), &mut drift);
    (records, listed(&drift))
}

fn listed(drift: &DriftCounts) -> Vec<(String, String, u64)> {
    drift.iter().map(|(drift, seen)| (drift.path.clone(), drift.kind.clone(), seen.count)).collect()
}

/// The rejects as key, path and reason.
fn outlined(rejects: &[Reject]) -> Vec<(&str, &str, &str)> {
    rejects
        .iter()
        .map(|reject| (reject.row_key.as_str(), reject.path.as_str(), reject.reason.as_str()))
        .collect()
}

/// A sample with one piece of its text replaced, which must be there.
fn with(sample: &str, piece: &str, replacement: &str) -> String {
    assert!(sample.contains(piece), "{piece}");
    sample.replacen(piece, replacement, 1)
}

fn text(value: &str) -> Field<String> {
    Field::Value(value.to_owned())
}

fn json(value: &str) -> Field<JsonText> {
    Field::Value(JsonText(value.to_owned()))
}

fn moment(text: &str) -> Field<Time> {
    Field::Value(text.parse().expect("a time"))
}
