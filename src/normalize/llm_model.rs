//! The language model of a call or an assistant, whose fields differ by its type.

use super::fields::Fields;
use super::known;
use super::shape::{Known, Shape};
use crate::records::Field;

/// Fields that have no column, or share theirs with one that came before them.
pub(super) const KNOWN: &[Known] = &[
    ("api_url", Shape::Text),
    ("model_name", Shape::Text),
    ("name", Shape::Text),
    ("openrouter_model_id", Shape::Text),
    ("openrouter_provider", Shape::Text),
    ("provider", Shape::Text),
    ("realtime_model_id", Shape::Text),
    ("realtime_voice_id", Shape::Text),
];

pub(super) struct LlmModel {
    pub(super) r#type: Field<String>,
    pub(super) name: Field<String>,
    pub(super) provider: Field<String>,
    pub(super) has_api_key: Field<bool>,
}

pub(super) fn read(model: &mut Fields<'_, '_>) -> LlmModel {
    LlmModel {
        r#type: model.one_of("type", known::MODEL_TYPES),
        name: first_of(
            model,
            &[
                ("name", Some(known::MODEL_NAMES)),
                ("openrouter_model_id", None),
                ("model_name", None),
                ("realtime_model_id", None),
            ],
        ),
        provider: first_of(
            model,
            &[("openrouter_provider", None), ("provider", Some(known::REALTIME_PROVIDERS))],
        ),
        has_api_key: {
            // The key itself goes nowhere.
            let key = model.raw("api_key");
            if model.is_shown() {
                Field::Value(key.is_some_and(|key| key != "\"\""))
            } else {
                model.missing()
            }
        },
    }
}

/// The first of the fields that has a value; some are one of a few.
fn first_of(
    model: &mut Fields<'_, '_>,
    keys: &[(&'static str, Option<&'static [&'static str]>)],
) -> Field<String> {
    for (key, known) in keys {
        let field = match known {
            Some(known) => model.one_of(key, known),
            None => model.word(key),
        };
        if field.value().is_some() {
            return field;
        }
    }
    model.missing()
}
