//! An assistant: what it is to say, and how.

use super::fields::{Fields, Missing};
use super::notes::{Notes, Path};
use super::repair::repair;
use super::secrets::scrub_url;
use super::values::IdFault;
use super::{AssistantRecords, DriftCounts, llm_model, retry};
use crate::records::{Assistant, FaqItem, Field, Listed, Reject, StructuredOutputField};
use crate::wire::Object;

/// Fields of either API that have no column.
const KNOWN: &[&str] = &[
    "after_call_sms_outcomes",
    "after_call_sms_prompt",
    "background_sound_volume",
    "cartesia_dictionary_pronunciation_id",
    "created_by",
    "custom_tools",
    "email_notification_address",
    "email_notification_outcomes",
    "from_phone_number",
    "human_transfer_mode",
    "is_inbound_receptionist",
    "is_realestate_assistant",
    "logo_url",
    "max_duration_end_message",
    "position",
    "precall_lookup_url",
    "prompt_flow",
    "slack",
    "sms_enabled",
    "sms_template",
    "structured_output_prompt",
    "stt_context",
    "stt_model",
    "thinking_sound",
    "thinking_sound_probability",
    "thinking_sound_volume",
    "transfer_destinations",
    "type",
    "voicemail_sms_prompt",
    "warm_transfer_summary_instructions",
    "zoho",
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
            notes.count_drift(drift);
            let Notes { call_retry_configs, rejects, .. } = notes;
            Ok(AssistantRecords { assistant, call_retry_configs, rejects, replaced })
        }
        Err(reason) => Err(notes.into_reject(&Path::Root, reason, &json)),
    }
}

fn read(fields: &mut Fields<'_, '_>) -> Result<Assistant, IdFault> {
    let id = fields.own_id()?;
    let (voice_id, voice_provider, voice_speed) =
        fields.nested("voice", &["model", "volume"], Missing::Null, |voice| {
            (voice.id("id"), voice.word("provider"), voice.float("speed"))
        });
    let model = fields.nested("llm_model", llm_model::KNOWN, Missing::Null, llm_model::read);
    let (calendly_connection_id, calendly_event_type_id) =
        fields.nested("calendly", &[], Missing::Null, |calendly| {
            (calendly.id("connection_id"), calendly.id("event_type_id"))
        });
    let webhook_url = match fields.text("webhook_url") {
        Field::Value(url) => Field::Value(scrub_url(&url).into_owned()),
        none => none,
    };
    Ok(Assistant {
        id,
        organization_id: fields.id("organization_id"),
        name: fields.text("name"),
        prompt: fields.text("prompt"),
        first_sentence: fields.text("first_sentence"),
        first_sentence_mode: fields.word("first_sentence_mode"),
        first_sentence_delay_ms: fields.integer("first_sentence_delay_ms"),
        end_of_call_sentence: fields.text("end_of_call_sentence"),
        voicemail_message: fields.text("voicemail_message"),
        background_sound: fields.word("background_sound"),
        ivr_navigation_enabled: fields.boolean("ivr_navigation_enabled"),
        max_call_duration_secs: fields.float("max_call_duration_secs"),
        transfer_phone_number: fields.phone_number("transfer_phone_number"),
        webhook_url,
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
        r#type: field.word("type").into(),
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
        source: item.word("source").into(),
        needs_human_answer: item.boolean("needs_human_answer").into(),
        extra: item.finish(&[]),
    })
}
