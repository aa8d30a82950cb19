//! An assistant: what it is to say, and how.

use super::fields::{Fields, Missing};
use super::notes::{Notes, Path};
use super::repair::repair;
use super::shape::{Known, MEMBER, Shape};
use super::values::IdFault;
use super::{AssistantRecords, DriftCounts, known, llm_model, retry};
use crate::records::{Assistant, FaqItem, Listed, Reject, StructuredOutputField};
use crate::wire::Object;

/// Fields of either API that have no column.
const KNOWN: &[Known] = &[
    ("after_call_sms_outcomes", OUTCOMES),
    ("after_call_sms_prompt", Shape::Text),
    ("background_sound_volume", Shape::Number),
    ("cartesia_dictionary_pronunciation_id", Shape::Text),
    ("created_by", MEMBER),
    ("custom_tools", Shape::List(&Shape::Object(CUSTOM_TOOL))),
    ("email_notification_address", Shape::Text),
    ("email_notification_outcomes", OUTCOMES),
    ("from_phone_number", Shape::Text),
    ("human_transfer_mode", Shape::OneOf(known::TRANSFER_MODES)),
    ("is_inbound_receptionist", Shape::Boolean),
    ("is_realestate_assistant", Shape::Boolean),
    ("logo_url", Shape::Text),
    ("max_duration_end_message", Shape::Text),
    ("position", PLACE),
    ("precall_lookup_url", Shape::Text),
    ("prompt_flow", Shape::Object(&[("edges", Shape::List(&EDGE)), ("nodes", Shape::List(&NODE))])),
    ("slack", Shape::Object(SLACK)),
    ("sms_enabled", Shape::Boolean),
    ("sms_template", Shape::Text),
    ("structured_output_prompt", Shape::Text),
    ("stt_context", Shape::Object(&[("general", Shape::List(&PAIR)), ("terms", Shape::List(&Shape::Text))])),
    ("stt_model", Shape::OneOf(known::STT_MODELS)),
    ("thinking_sound", Shape::OneOf(known::THINKING_SOUNDS)),
    ("thinking_sound_probability", Shape::Number),
    ("thinking_sound_volume", Shape::Number),
    (
        "transfer_destinations",
        Shape::List(&Shape::Object(&[("label", Shape::Text), ("phone_number", Shape::Text)])),
    ),
    ("type", Shape::OneOf(known::ASSISTANT_TYPES)),
    ("voicemail_sms_prompt", Shape::Text),
    ("warm_transfer_summary_instructions", Shape::Text),
    ("zoho", Shape::Object(ZOHO)),
];

const VOICE: &[Known] = &[("model", Shape::OneOf(known::VOICE_MODELS)), ("volume", Shape::Number)];
const OUTCOMES: Shape = Shape::List(&Shape::OneOf(known::OUTCOMES_OR_NONE));
const PAIR: Shape = Shape::Object(&[("key", Shape::Text), ("value", Shape::Text)]);
const PLACE: Shape = Shape::Object(&[("x", Shape::Number), ("y", Shape::Number)]);
const EDGE: Shape = Shape::Object(&[("id", Shape::Text), ("source", Shape::Text), ("target", Shape::Text)]);
const NODE: Shape = Shape::Object(&[
    ("data", Shape::Object(&[("body", Shape::Text), ("title", Shape::Text)])),
    ("id", Shape::Text),
    ("position", PLACE),
    ("type", Shape::OneOf(known::NODE_TYPES)),
]);

const CUSTOM_TOOL: &[Known] = &[
    ("body_template", Shape::Text),
    ("description", Shape::Text),
    ("headers", Shape::List(&PAIR)),
    (
        "input_schema",
        Shape::List(&Shape::Object(&[
            ("description", Shape::Text),
            ("enum_options", Shape::List(&Shape::Text)),
            ("name", Shape::Text),
            ("required", Shape::Boolean),
            ("type", Shape::OneOf(known::FIELD_TYPES)),
        ])),
    ),
    ("method", Shape::OneOf(known::METHODS)),
    ("name", Shape::Text),
    ("query_params", Shape::List(&PAIR)),
    ("url", Shape::Text),
];

const SLACK: &[Known] = &[
    ("channels", Shape::List(&Shape::Object(&[("id", Shape::Text), ("name", Shape::Text)]))),
    ("connection_id", Shape::Text),
    ("outcomes", OUTCOMES),
    ("template", Shape::Text),
];

const ZOHO: &[Known] = &[
    ("connection_id", Shape::Text),
    ("field_mapping", Shape::List(&Shape::Object(&[("source", Shape::Text), ("zoho_field", Shape::Text)]))),
    ("log_call_activity", Shape::Boolean),
    ("module", Shape::Text),
    ("outcomes", OUTCOMES),
    ("template", Shape::Text),
];

pub(super) fn normalize(json: &str, drift: &mut DriftCounts) -> Result<AssistantRecords, Reject> {
    let (json, replaced) = repair(json);
    let mut notes = Notes::on("assistant");
    let assistant = match Object::read(&json) {
        Some(object) => read(&mut Fields::new(object, &mut notes)).map_err(|fault| fault.to_string()),
        None => Err("it is not an object".to_owned()),
    };
    match assistant {
        Ok(assistant) => {
            notes.count_drift(&assistant.id, drift);
            let Notes { call_retry_configs, rejects, .. } = notes;
            Ok(AssistantRecords { assistant, call_retry_configs, rejects, replaced })
        }
        Err(reason) => Err(notes.into_reject(&Path::Root, reason, &json)),
    }
}

fn read(fields: &mut Fields<'_, '_>) -> Result<Assistant, IdFault> {
    let id = fields.own_id()?;
    let (voice_id, voice_provider, voice_speed) = fields.nested("voice", VOICE, Missing::Null, |voice| {
        (voice.id("id"), voice.one_of("provider", known::VOICE_PROVIDERS), voice.float("speed"))
    });
    let model = fields.nested("llm_model", llm_model::KNOWN, Missing::Null, llm_model::read);
    let (calendly_connection_id, calendly_event_type_id) =
        fields.nested("calendly", &[], Missing::Null, |calendly| {
            (calendly.reference("connection_id"), calendly.reference("event_type_id"))
        });
    Ok(Assistant {
        id,
        organization_id: fields.id("organization_id"),
        name: fields.text("name"),
        prompt: fields.text("prompt"),
        first_sentence: fields.text("first_sentence"),
        first_sentence_mode: fields.one_of("first_sentence_mode", known::FIRST_SENTENCE_MODES),
        first_sentence_delay_ms: fields.integer("first_sentence_delay_ms"),
        end_of_call_sentence: fields.text("end_of_call_sentence"),
        voicemail_message: fields.text("voicemail_message"),
        background_sound: fields.one_of("background_sound", known::BACKGROUND_SOUNDS),
        ivr_navigation_enabled: fields.boolean("ivr_navigation_enabled"),
        max_call_duration_secs: fields.float("max_call_duration_secs"),
        transfer_phone_number: fields.phone_number("transfer_phone_number"),
        webhook_url: fields.url("webhook_url"),
        voice_id,
        voice_provider,
        voice_speed,
        llm_model_type: model.r#type,
        llm_model_name: model.name,
        llm_model_provider: model.provider,
        has_llm_api_key: model.has_api_key,
        calendly_connection_id,
        calendly_event_type_id,
        call_retry_config_id: retry::read(fields, "call_retry_config"),
        pending_faq_count: fields.integer("pending_faq_count"),
        created_at: fields.time("created_at"),
        updated_at: fields.time("updated_at"),
        structured_output_fields: read_structured_output_fields(fields),
        faq_items: read_faq_items(fields),
        extra: fields.finish(KNOWN),
    })
}

fn read_structured_output_fields(fields: &mut Fields<'_, '_>) -> Listed<StructuredOutputField> {
    // Null says that there is nothing to be extracted.
    if fields.take_null("structured_output_config") {
        return Listed::Whole(Vec::new());
    }
    fields.places("structured_output_config", |field| StructuredOutputField {
        name: field.text("name").into(),
        r#type: field.one_of("type", known::FIELD_TYPES).into(),
        required: field.boolean("required").into(),
        description: field.text("description").into(),
        enum_options: field.texts("enum_options").into(),
        extra: field.finish(&[]),
    })
}

fn read_faq_items(fields: &mut Fields<'_, '_>) -> Listed<FaqItem> {
    fields.places("faq_items", |item| FaqItem {
        id: item.id("id").into(),
        question: item.text("question").into(),
        answer: item.text("answer").into(),
        source: item.one_of("source", known::FAQ_SOURCES).into(),
        needs_human_answer: item.boolean("needs_human_answer").into(),
        extra: item.finish(&[]),
    })
}
