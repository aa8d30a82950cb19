//! Holds the shape of the crate: which module may use which, how long a file may be, who may touch what.
//!
//! The rules read the sources as text. Where a rule is in the way, the rule is to be changed here, on purpose.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// For each top-level module: the others that it may name. `*` is all of them.
const RULES: &[(&str, &[&str])] = &[
    ("lib", &[]),
    ("main", &["cli"]),
    ("cli", &["*"]),
    (
        "sync",
        &[
            "plan",
            "api",
            "wire",
            "normalize",
            "store",
            "records",
            "room",
            "clock",
            "observe",
            "typed",
            "sabotage",
        ],
    ),
    // Shares nothing with `normalize`, and of `sync` and `wire` only how pages are asked for and split.
    ("verify", &["sync", "plan", "api", "wire", "store", "records", "clock", "observe"]),
    ("upkeep", &["store", "records", "clock"]),
    ("store", &["records", "room", "normalize", "plan", "clock", "observe", "typed", "sabotage"]),
    ("normalize", &["wire", "records"]),
    ("plan", &["records"]),
    ("api", &["wire", "clock", "observe"]),
    ("observe", &["plan", "records", "clock"]),
    ("daemon", &["sync", "upkeep", "plan", "api", "store", "records", "clock", "observe", "config"]),
    ("admin", &["store", "plan", "records", "clock", "observe"]),
    ("simulator", &["clock"]),
    ("typed", &[]),
    ("wire", &["room"]),
    ("room", &[]),
    ("records", &[]),
    // With the feature of that name alone.
    ("sabotage", &[]),
    ("clock", &[]),
    ("config", &[]),
    ("localdb", &[]),
];

const LONGEST_FILE: usize = 400;

/// The one file that writes to standard output and error.
const TERMINAL: &str = "src/cli/terminal.rs";

/// Modules that may read the environment.
const READERS_OF_THE_ENVIRONMENT: [&str; 2] = ["config", "localdb"];

struct Source {
    /// Relative to the crate: `src/cli/mod.rs`.
    path: String,
    text: String,
}

impl Source {
    /// The top-level module: `cli` for `src/cli/mod.rs`, `clock` for `src/clock.rs`.
    fn module(&self) -> Option<&str> {
        let inner = self.path.strip_prefix("src/")?;
        inner.split('/').next().map(|first| first.trim_end_matches(".rs"))
    }

    /// The text without comments, and without what is in line with them.
    fn code(&self) -> String {
        without_comments(&self.text)
    }
}

fn without_comments(text: &str) -> String {
    let code_of = |line: &str| match line.match_indices("//").find(|(at, _)| !line[..*at].ends_with(':')) {
        Some((at, _)) => line[..at].to_owned(),
        None => line.to_owned(),
    };
    text.lines().map(code_of).collect::<Vec<_>>().join("\n")
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).expect("the folder can be listed");
    for entry in entries {
        let path = entry.expect("the entry can be read").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn sources(folders: &[&str]) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for folder in folders {
        collect(&root.join(folder), &mut paths);
    }
    paths.sort();
    let read = |path: PathBuf| Source {
        text: std::fs::read_to_string(&path).expect("a source is readable text"),
        path: path.strip_prefix(root).expect("it lies in the crate").to_string_lossy().into_owned(),
    };
    let sources: Vec<Source> = paths.into_iter().map(read).collect();
    assert!(sources.len() > 10, "the sources of the crate are found");
    sources
}

/// The top-level modules that a piece of code names after `crate::` or `revox_mirror::`.
fn modules_named(code: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for root in ["crate::", "revox_mirror::"] {
        for (at, _) in code.match_indices(root) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_' || letter == '$') {
                continue;
            }
            let rest = &code[at + root.len()..];
            match rest.strip_prefix('{') {
                Some(group) => named.extend(first_words_of_group(group)),
                None => named.extend(first_word(rest)),
            }
        }
    }
    named
}

fn first_word(text: &str) -> Option<String> {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let word: String = text.trim_start().chars().take_while(|letter| is_part(*letter)).collect();
    (!word.is_empty()).then_some(word)
}

/// `a` and `d` of `a::{b, c}, d::e};`.
fn first_words_of_group(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut words) = (0_usize, 0, Vec::new());
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => {
                words.extend(first_word(&group[start..at]));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                words.extend(first_word(&group[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    words
}

#[test]
fn the_reader_of_sources_sees_every_way_to_name_a_module() {
    for (code, expected) in [
        ("use crate::wire::Page;", &["wire"][..]),
        (
            "pub(crate) use crate::{api::{Client, Cost}, clock, store::Store as S};",
            &["api", "clock", "store"],
        ),
        ("let x: crate::records::Call = f::<crate::api::Cost>();", &["api", "records"]),
        ("use revox_mirror::cli;", &["cli"]),
        ("use crate::{\n    plan,\n    wire::Page,\n};", &["plan", "wire"]),
        ("pub(in crate::sync) fn f() {} pub(crate) fn g() {}", &["sync"]),
        ("use other_crate::wire;", &[]),
    ] {
        let named = modules_named(code);
        assert_eq!(named.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{code}");
    }
    assert_eq!(
        without_comments("a // crate::api\n//! crate::wire\nb(\"http://c\")"),
        "a \n\nb(\"http://c\")"
    );
}

#[test]
fn every_module_uses_only_those_that_it_may() {
    let mut wrong = Vec::new();
    for source in sources(&["src"]) {
        let module = source.module().expect("it lies under src");
        let Some((_, allowed)) = RULES.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{}: no rule names the module {module}", source.path));
            continue;
        };
        for named in modules_named(&source.code()) {
            let is_module = RULES.iter().any(|(name, _)| *name == named);
            if is_module && named != module && !allowed.contains(&"*") && !allowed.contains(&named.as_str()) {
                wrong.push(format!("{}: {module} must not use {named}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_module_leaves_itself_by_way_of_super() {
    let mut wrong = Vec::new();
    for source in sources(&["src"]) {
        let code = source.code();
        // A module within the file, as tests are, lies one deeper.
        let code = code.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let path = source.path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
        let depth = path.split('/').count();
        if code.contains(&"super::".repeat(depth)) {
            wrong.push(source.path.clone());
        }
    }
    assert!(wrong.is_empty(), "these name other modules by super::, where no rule sees it: {wrong:?}");
}

#[test]
fn every_rule_is_about_a_module_that_exists() {
    let sources = sources(&["src"]);
    for (module, _) in RULES {
        assert!(sources.iter().any(|source| source.module() == Some(module)), "there is no module {module}");
    }
}

#[test]
fn no_file_is_longer_than_one_can_read_at_a_sitting() {
    let too_long: Vec<String> = sources(&["src", "tests"])
        .iter()
        .map(|source| (source.text.lines().count(), &source.path))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .map(|(lines, path)| format!("{path} has {lines} lines"))
        .collect();
    assert!(too_long.is_empty(), "more than {LONGEST_FILE} lines: {}", too_long.join(", "));
}

#[test]
fn every_file_opens_with_what_it_owns() {
    let all = sources(&["src", "tests"]);
    let mute: Vec<&str> = all
        .iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| source.path.as_str())
        .collect();
    assert!(mute.is_empty(), "these do not open with //!: {mute:?}");
}

#[test]
fn one_file_alone_writes_to_standard_output_and_error() {
    let writers = ["println!", "print!", "stdout()", "stderr()", "io::Stdout", "io::Stderr"];
    let mut wrong = Vec::new();
    // What tests show is no part of the program.
    let may = |path: &str| path == TERMINAL || path.contains("/tests/");
    for source in sources(&["src"]).iter().filter(|source| !may(&source.path)) {
        let code = source.code();
        let found = writers.iter().filter(|writer| code.contains(**writer));
        wrong.extend(found.map(|writer| format!("{} uses {writer}", source.path)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_environment_is_read_in_its_homes_alone() {
    let mut wrong = Vec::new();
    for source in sources(&["src"]) {
        let may = source.module().is_some_and(|module| READERS_OF_THE_ENVIRONMENT.contains(&module));
        let code = source.code();
        if !may && ["std::env", "env::var", "env::vars"].iter().any(|reader| code.contains(reader)) {
            wrong.push(source.path);
        }
    }
    assert!(wrong.is_empty(), "these read the environment: {wrong:?}");
}
