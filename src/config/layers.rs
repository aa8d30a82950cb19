//! Lays defaults, file and environment over one another, and knows for each key which of them set it.

use super::environment::Environment;
use super::{ConfigError, Origin, Settings, fields, keys_of};
use config::{Config, FileFormat, Map, Source, Value, ValueKind};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const DEFAULTS: &str = include_str!("../../config/default.toml");

/// Pairs of keys that say the same thing. The stronger source decides for both; one source must not set both.
const EITHER_OR: [(&str, &str); 4] = [
    ("revox.api_key", "revox.api_key_file"),
    ("database.url", "database.url_file"),
    ("admin.token", "admin.token_file"),
    ("admin.hook_secret", "admin.hook_secret_file"),
];

/// The file after `--config`, read but not believed.
pub(super) struct ConfigFile {
    path: PathBuf,
    values: Config,
    sections: Map<String, Value>,
}

impl ConfigFile {
    fn has(&self, key: &str) -> bool {
        let (section, name) = key.split_once('.').unwrap_or((key, ""));
        let table = self.sections.get(section).map(|value| &value.kind);
        let Some(ValueKind::Table(table)) = table else {
            return false;
        };
        let name = name.split('.').next().unwrap_or_default();
        table
            .get(name)
            .is_some_and(|value| !matches!(&value.kind, ValueKind::String(text) if text.is_empty()))
    }
}

/// Reads a file, naming what is wrong without quoting it.
pub(super) fn read_file(path: &Path) -> Result<ConfigFile, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::FileUnreadable { path: path.to_owned(), source })?;
    let source = config::File::from_str(&text, FileFormat::Toml);
    let values = Config::builder().add_source(source).build();
    let sections = values.as_ref().map_or_else(|_| Ok(Map::new()), Source::collect);
    match (values, sections) {
        (Ok(values), Ok(sections)) => Ok(ConfigFile { path: path.to_owned(), values, sections }),
        (Err(error), _) | (_, Err(error)) => {
            Err(ConfigError::FileMalformed { path: path.to_owned(), problem: without_quotes(&error) })
        }
    }
}

/// The parser's message without its picture of the line, which may hold a secret.
fn without_quotes(error: &config::ConfigError) -> String {
    let message = error.to_string();
    let is_picture = |line: &&str| {
        line.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ' ').starts_with('|')
    };
    let lines: Vec<&str> = message.lines().filter(|line| !line.is_empty() && !is_picture(line)).collect();
    lines.join(": ")
}

/// An error for the first key that no section has.
pub(super) fn refuse_unknown_keys(
    file: Option<&ConfigFile>,
    environment: &Environment,
) -> Result<(), ConfigError> {
    if let Some(file) = file {
        for (section, value) in &file.sections {
            let origin = || Origin::File(file.path.clone());
            let known = keys_of_section(section, origin)?;
            match &value.kind {
                ValueKind::Table(table) => {
                    table.keys().try_for_each(|name| refuse_unknown_key(known, section, name, origin))?;
                }
                // A value where a section should be.
                _ => return refuse_unknown_key(known, section, "", origin),
            }
        }
    }
    for (key, variable) in environment {
        let origin = || Origin::Variable(variable.name.clone());
        let mut words = key.split('.');
        let (section, name) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        refuse_unknown_key(keys_of_section(section, origin)?, section, name, origin)?;
    }
    Ok(())
}

fn keys_of_section(
    section: &str,
    origin: impl FnOnce() -> Origin,
) -> Result<&'static [&'static str], ConfigError> {
    let unknown = || ConfigError::UnknownKey {
        key: section.to_owned(),
        origin: origin(),
        known: fields::names_of::<Settings>().to_vec(),
    };
    keys_of(section).ok_or_else(unknown)
}

fn refuse_unknown_key(
    known: &[&'static str],
    section: &str,
    name: &str,
    origin: impl FnOnce() -> Origin,
) -> Result<(), ConfigError> {
    if known.contains(&name) || (known.is_empty() && !name.is_empty()) {
        return Ok(());
    }
    if name.is_empty() {
        let problem = "is a section, and takes no value of its own".to_owned();
        return Err(ConfigError::Invalid { key: section.to_owned(), problem, origin: origin() });
    }
    Err(ConfigError::UnknownKey { key: format!("{section}.{name}"), origin: origin(), known: known.to_vec() })
}

/// An error when one source gives a secret and a file for it, too.
pub(super) fn refuse_two_sources(
    file: Option<&ConfigFile>,
    environment: &Environment,
) -> Result<(), ConfigError> {
    for (value, path) in EITHER_OR {
        let in_environment = environment.contains_key(value) && environment.contains_key(path);
        let in_file = file.is_some_and(|file| file.has(value) && file.has(path));
        if in_environment || in_file {
            let origin = origin(path, file.filter(|_| !in_environment), environment);
            let problem = format!("must not be set together with {path}");
            return Err(ConfigError::Invalid { key: value.to_owned(), problem, origin });
        }
    }
    Ok(())
}

/// Lays the sources over one another.
pub(super) fn merge(file: Option<&ConfigFile>, environment: &Environment) -> Result<Settings, ConfigError> {
    let set_by = |error: config::ConfigError| named(&error).set_by(|key| origin(key, file, environment));
    let mut builder = Config::builder().add_source(config::File::from_str(DEFAULTS, FileFormat::Toml));
    if let Some(file) = file {
        builder = builder.add_source(file.values.clone());
    }
    for (one, other) in EITHER_OR.into_iter().flat_map(|(one, other)| [(one, other), (other, one)]) {
        if environment.contains_key(one) {
            builder = builder.set_override(other, None::<String>).map_err(set_by)?;
        }
    }
    for (key, variable) in environment {
        builder = builder.set_override(key, variable.value.as_str()).map_err(|_| ConfigError::Invalid {
            key: key.clone(),
            problem: "cannot be set by a variable".to_owned(),
            origin: Origin::Variable(variable.name.clone()),
        })?;
    }
    let config = builder.build().map_err(set_by)?;
    let flat = Flat::of(&config.collect().map_err(set_by)?);
    let settings: Settings = config.try_deserialize().map_err(set_by)?;
    Ok(Settings { flat, ..settings })
}

/// Every value as text, by its key. Some are secrets: none is ever shown.
#[derive(Clone, Default)]
pub(super) struct Flat(BTreeMap<String, String>);

impl std::fmt::Debug for Flat {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} values", self.0.len())
    }
}

impl Flat {
    fn of(values: &Map<String, Value>) -> Self {
        let mut flat = Self::default();
        flat.add("", values);
        flat
    }

    fn add(&mut self, prefix: &str, values: &Map<String, Value>) {
        for (name, value) in values {
            let key = format!("{prefix}{name}");
            match &value.kind {
                ValueKind::Table(table) => self.add(&format!("{key}."), table),
                ValueKind::Nil => {}
                kind => {
                    self.0.insert(key, kind.to_string());
                }
            }
        }
    }

    pub(super) fn keys_that_differ(&self, other: &Self) -> Vec<String> {
        let keys: BTreeSet<&String> = self.0.keys().chain(other.0.keys()).collect();
        keys.into_iter().filter(|key| self.0.get(*key) != other.0.get(*key)).cloned().collect()
    }
}

/// Which source set a key.
pub(super) fn origin(key: &str, file: Option<&ConfigFile>, environment: &Environment) -> Origin {
    if let Some(variable) = environment.get(key) {
        return Origin::Variable(variable.name.clone());
    }
    match file {
        Some(file) if file.has(key) => Origin::File(file.path.clone()),
        _ => Origin::Defaults,
    }
}

/// The library's error in our words.
fn named(error: &config::ConfigError) -> ConfigError {
    match error {
        config::ConfigError::At { error, key: Some(key), .. } => ConfigError::invalid(key, reason(error)),
        config::ConfigError::Type { key: Some(key), expected, .. } => {
            ConfigError::invalid(key, format!("must be {expected}"))
        }
        config::ConfigError::NotFound(key) => ConfigError::invalid(key, "is missing"),
        other => ConfigError::invalid("the configuration", reason(other)),
    }
}

/// `must be ...` stands by itself; anything else is the library's message.
fn reason(error: &config::ConfigError) -> String {
    let message = error.to_string();
    if message.starts_with("must ") { message } else { format!("is not right: {message}") }
}
