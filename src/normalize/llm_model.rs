//! The language model of a call or an assistant, whose fields differ by its type.

use super::fields::Fields;
use crate::records::Field;

/// Fields that have no column, or share theirs with one that came before them.
pub(super) const KNOWN: &[&str] = &[
    "api_url",
    "model_name",
    "name",
    "openrouter_model_id",
    "openrouter_provider",
    "provider",
    "realtime_model_id",
    "realtime_voice_id",
];

pub(super) struct LlmModel {
    pub(super) r#type: Field<String>,
    pub(super) name: Field<String>,
    pub(super) provider: Field<String>,
    pub(super) has_api_key: Field<bool>,
}

pub(super) fn read(model: &mut Fields<'_, '_>) -> LlmModel {
    LlmModel {
        r#type: model.word("type"),
        name: first_of(model, &["name", "openrouter_model_id", "model_name", "realtime_model_id"]),
        provider: first_of(model, &["openrouter_provider", "provider"]),
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

/// The first of the fields that has a value.
fn first_of(model: &mut Fields<'_, '_>, keys: &[&'static str]) -> Field<String> {
    for key in keys {
        let field = model.word(key);
        if field.value().is_some() {
            return field;
        }
    }
    model.missing()
}
