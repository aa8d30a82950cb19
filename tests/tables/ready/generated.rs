//! Files, or parts of files, that are made from the database, and must not go stale.
//!
//! `UPDATE_DOCUMENTS=1 cargo test --test tables ready::` writes them anew.

use std::path::{Path, PathBuf};

fn path_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A file of the repository.
pub(crate) fn read(name: &str) -> String {
    std::fs::read_to_string(path_of(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The file is as it is to be, or is made so.
#[track_caller]
pub(crate) fn hold(name: &str, expected: &str) {
    if crate::support::variable("UPDATE_DOCUMENTS").is_some() {
        std::fs::write(path_of(name), expected).unwrap();
        return;
    }
    let found = std::fs::read_to_string(path_of(name)).unwrap_or_default();
    let differs =
        found.lines().zip(expected.lines()).position(|(one, other)| one != other).map(|line| line + 1);
    assert!(
        found == expected,
        "{name} is not what the database says (line {differs:?}): run UPDATE_DOCUMENTS=1 cargo test --test tables ready::"
    );
}

/// The text with what stands between two marks replaced; the marks stay.
pub(crate) fn between(text: &str, begin: &str, end: &str, inner: &str) -> String {
    let (before, rest) = text.split_once(begin).unwrap_or_else(|| panic!("there is no {begin}"));
    let (_, after) = rest.split_once(end).unwrap_or_else(|| panic!("there is no {end}"));
    format!("{before}{begin}{inner}{end}{after}")
}

#[test]
fn what_stands_between_two_marks_is_replaced() {
    assert_eq!(between("a <b>c</b> d <b>e</b>", "<b>", "</b>", "x"), "a <b>x</b> d <b>e</b>");
}
