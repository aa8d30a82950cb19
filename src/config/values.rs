//! How values are read: leniently, because the environment has nothing but strings, and with errors that say
//! what would have been right.
//!
//! Each function is a `deserialize_with`. The source turns numbers and bools of the file into text first, so
//! text is all there is to read.

use bytesize::ByteSize;
use secrecy::SecretString;
use serde::de::{Deserialize, Deserializer, Error};
use std::str::FromStr;
use std::time::Duration;

fn wrong<E: Error>(text: &str, expected: &str) -> E {
    E::custom(format!("must be {expected}, and is {text:?}"))
}

/// A number, within what its type holds.
pub(super) fn number<'de, D: Deserializer<'de>, T: FromStr>(source: D) -> Result<T, D::Error> {
    let text = String::deserialize(source)?;
    text.trim().parse().map_err(|_| wrong(&text, "a whole number that is not negative"))
}

/// A number that may have a fraction; empty: none.
pub(super) fn optional_rate<'de, D: Deserializer<'de>>(source: D) -> Result<Option<f64>, D::Error> {
    let Some(text) = optional_text(source)? else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_| wrong(&text, "a number"))
}

/// `true` or `false`.
pub(super) fn flag<'de, D: Deserializer<'de>>(source: D) -> Result<bool, D::Error> {
    let text = String::deserialize(source)?;
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err(wrong(&text, "true or false")),
    }
}

/// One of a few words.
pub(super) fn one_of<'de, D: Deserializer<'de>, T: Copy>(
    source: D,
    words: &[(&str, T)],
) -> Result<T, D::Error> {
    let text = String::deserialize(source)?;
    let meant = words.iter().find(|(word, _)| *word == text.trim());
    meant.map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
        wrong(&text, &known.join(" or "))
    })
}

/// A length of time with its unit: `30s`, `2m`, `24h`, `90d`.
pub(super) fn duration<'de, D: Deserializer<'de>>(source: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(source)?;
    humantime::parse_duration(text.trim())
        .map_err(|_| wrong(&text, "a length of time with its unit, such as \"30s\" or \"24h\""))
}

/// A length of time with its unit; empty: none.
pub(super) fn optional_duration<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Duration>, D::Error> {
    let Some(text) = optional_text(source)? else {
        return Ok(None);
    };
    let expected = "a length of time with its unit, such as \"180d\", or empty";
    humantime::parse_duration(&text).map(Some).map_err(|_| wrong(&text, expected))
}

/// A number of bytes: `32MiB`, `1GB`, `4096`.
pub(super) fn bytes<'de, D: Deserializer<'de>>(source: D) -> Result<usize, D::Error> {
    let text = String::deserialize(source)?;
    let size = ByteSize::from_str(text.trim()).ok().and_then(|size| usize::try_from(size.as_u64()).ok());
    size.ok_or_else(|| wrong(&text, "a number of bytes, such as \"32MiB\""))
}

/// Text; empty: none.
pub(super) fn optional_text<'de, D: Deserializer<'de>>(source: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(source)?;
    Ok(text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// A path; empty: none.
pub(super) fn optional_path<'de, D: Deserializer<'de>>(
    source: D,
) -> Result<Option<std::path::PathBuf>, D::Error> {
    let text = Option::<String>::deserialize(source)?;
    Ok(text.filter(|text| !text.is_empty()).map(Into::into))
}

/// A secret, without the white space around it; empty: none.
pub(super) fn optional_secret<'de, D: Deserializer<'de>>(
    source: D,
) -> Result<Option<SecretString>, D::Error> {
    Ok(optional_text(source)?.map(SecretString::from))
}

/// An error unless `value` lies within the bounds.
pub(super) fn within<T>(key: &str, value: T, least: T, most: T) -> Result<(), super::ConfigError>
where
    T: PartialOrd + std::fmt::Display + Copy,
{
    if value < least || value > most {
        let problem = format!("must be between {least} and {most}, and is {value}");
        return Err(super::ConfigError::invalid(key, problem));
    }
    Ok(())
}

/// An error when `value` is zero.
pub(super) fn some_time(key: &str, value: Duration) -> Result<(), super::ConfigError> {
    if value.is_zero() {
        return Err(super::ConfigError::invalid(key, "must be longer than zero"));
    }
    Ok(())
}
