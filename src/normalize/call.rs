//! A call: the order to reach a contact, with its attempts.

use super::fields::{Fields, Missing};
use super::repair::repair;
use super::values::{IdFault, read_id};
use super::{CallOutline, Options, attempt, known, llm_model, retry, time};
use crate::records::{Call, Field};
use crate::wire::{Kind, Object};

struct Contact {
    first_name: Field<String>,
    last_name: Field<String>,
    email: Field<String>,
    company: Field<String>,
    job_title: Field<String>,
}

struct Assignee {
    id: Field<String>,
    email: Field<String>,
    first_name: Field<String>,
    last_name: Field<String>,
}

/// The outline of a call that is not part of a row.
pub(super) fn outline(json: &str) -> Option<CallOutline> {
    let (json, _) = repair(json);
    let mut call = Object::read(&json)?;
    let campaign = call.get("campaign").and_then(Object::read);
    Some(CallOutline {
        id: read_id(call.take("id")?).ok()?,
        updated_at: call.get("updated_at").and_then(time::time),
        campaign_id: campaign.and_then(|mut campaign| read_id(campaign.take("id")?).ok()),
    })
}

pub(super) fn read(fields: &mut Fields<'_, '_>, options: &Options) -> Result<Call, IdFault> {
    let id = fields.own_id()?;
    // The campaign is the one that is walked; here it is repeated with its name.
    fields.nested("campaign", &[], Missing::Null, |campaign| {
        campaign.raw("id");
        campaign.raw("name");
    });
    let model = fields.nested("llm_model", llm_model::KNOWN, Missing::Null, llm_model::read);
    let contact = fields.nested("contact", &[], Missing::Null, |contact| Contact {
        first_name: contact.word("first_name"),
        last_name: contact.word("last_name"),
        email: contact.word("email"),
        company: contact.word("company"),
        job_title: contact.word("job_title"),
    });
    let assignee = fields.nested("assignee", &[], Missing::Null, |assignee| Assignee {
        id: assignee.id("id"),
        email: assignee.word("email"),
        first_name: assignee.word("first_name"),
        last_name: assignee.word("last_name"),
    });
    Ok(Call {
        id,
        // The assistant itself is normalized apart, once for all the calls that show it.
        assistant_id: fields.id_or_reject("assistant"),
        organization_id: fields.id("organization_id"),
        direction: fields.one_of("direction", known::DIRECTIONS),
        status: fields.one_of("status", known::CALL_STATUSES),
        from_phone_number: fields.phone_number("from_phone_number"),
        to_phone_number: fields.phone_number("to_phone_number"),
        calls_count: fields.integer("calls_count"),
        first_sentence_delay_ms: fields.integer("first_sentence_delay_ms"),
        llm_model_type: model.r#type,
        llm_model_name: model.name,
        llm_model_provider: model.provider,
        has_llm_api_key: model.has_api_key,
        metadata: fields.json("metadata", &[Kind::Object]),
        call_retry_config_id: retry::read(fields, "call_retry_config"),
        last_call_attempt_id: fields.id_within("last_call_attempt"),
        is_cancelled: fields.boolean("is_cancelled"),
        is_completed: fields.boolean("is_completed"),
        created_at: fields.time("created_at"),
        scheduled_at: fields.time("scheduled_at"),
        updated_at: fields.time("updated_at"),
        outcome: fields.one_of("outcome", known::OUTCOMES),
        outcome_summary: fields.text("outcome_summary"),
        contact_first_name: contact.first_name,
        contact_last_name: contact.last_name,
        contact_email: contact.email,
        contact_company: contact.company,
        contact_job_title: contact.job_title,
        assignee_id: assignee.id,
        assignee_email: assignee.email,
        assignee_first_name: assignee.first_name,
        assignee_last_name: assignee.last_name,
        prompt_variables: fields.json("prompt_variables", &[Kind::Object]),
        follow_up_emails: fields.texts("follow_up_emails"),
        slack_channel_ids: fields.texts("slack_channel_ids"),
        attempts: fields.items("call_attempts", |fields, position| attempt::read(fields, position, options)),
        extra: fields.finish(&[]),
    })
}
