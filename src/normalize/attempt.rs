//! An attempt at a call, with what was said in it and sent because of it.

use super::fields::{Fields, Missing, Position};
use super::shape::Shape;
use super::values::IdFault;
use super::{Options, known};
use crate::records::{CallAttempt, EmailMessage, Listed, SmsMessage, SpeechEvent, TranscriptTurn};
use crate::wire::Kind;

/// Of who handled an attempt: what has no column.
const HANDLER_NAMES: &[(&str, Shape)] = &[("first_name", Shape::Text), ("last_name", Shape::Text)];

pub(super) fn read(
    fields: &mut Fields<'_, '_>,
    position: Position,
    options: &Options,
) -> Result<CallAttempt, IdFault> {
    let id = fields.own_id()?;
    let (handled_by_user_id, handled_by_user_email) =
        fields.nested("handled_by_user", HANDLER_NAMES, Missing::Null, |user| {
            (user.id("id"), user.word("email"))
        });
    Ok(CallAttempt {
        id,
        // The most recent attempt comes first, and the oldest is number 1.
        attempt_number: i32::try_from(position.count - position.index).unwrap_or(i32::MAX),
        phone_number: fields.phone_number("phone_number"),
        status: fields.one_of("status", known::ATTEMPT_STATUSES),
        result: fields.one_of("result", known::RESULTS),
        dial_error: fields.one_of("dial_error", known::DIAL_ERRORS),
        started_at: fields.time("started_at"),
        answered_at: fields.time("answered_at"),
        ended_at: fields.time("ended_at"),
        recording_url: fields.signed_url("recording_url"),
        end_reason: fields.one_of("end_reason", known::END_REASONS),
        ended_by: fields.one_of("ended_by", known::ENDED_BY),
        structured_output: fields.json("structured_output", &[Kind::Object]),
        handled_by_ai: fields.boolean("handled_by_ai"),
        handled_by_human: fields.boolean("handled_by_human"),
        handled_by_user_id,
        handled_by_user_email,
        assistants_used: fields.texts("assistants_used"),
        transcript: read_transcript(fields, "transcript"),
        post_call_transcript: read_transcript(fields, "post_call_transcript"),
        speech_events: fields.items("speech_events", |event, _| read_speech_event(event, options)),
        sms_messages: fields.items("sms_log", |message, _| read_sms_message(message)),
        email_messages: fields.items("email_log", |message, _| read_email_message(message)),
        extra: fields.finish(&[]),
    })
}

fn read_transcript(fields: &mut Fields<'_, '_>, key: &'static str) -> Listed<TranscriptTurn> {
    fields.places(key, |turn| TranscriptTurn {
        role: turn.one_of("role", known::ROLES).into(),
        content: turn.text("content").into(),
        tool_name: turn.text("tool_name").into(),
        tool_arguments: turn.json("tool_arguments", &[Kind::Object, Kind::String]).into(),
        tool_is_error: turn.boolean("tool_is_error").into(),
        tool_output: turn.text("tool_output"),
        extra: turn.finish(&[]),
    })
}

fn read_speech_event(event: &mut Fields<'_, '_>, options: &Options) -> Result<SpeechEvent, IdFault> {
    Ok(SpeechEvent {
        id: event.own_id()?,
        is_real_turn: event.boolean("is_real_turn").into(),
        llm_system_prompt: if options.keep_llm_system_prompt {
            event.text("llm_system_prompt").into()
        } else {
            event.raw("llm_system_prompt");
            None
        },
        llm_ttft_ms: event.float("llm_ttft_ms").into(),
        llm_winner_model: event.word("llm_winner_model").into(),
        speaker: event.one_of("speaker", known::SPEAKERS).into(),
        started_speaking_at_ms: event.float("started_speaking_at_ms").into(),
        stopped_speaking_at_ms: event.float("stopped_speaking_at_ms").into(),
        stt_transcription_delay_ms: event.float("stt_transcription_delay_ms").into(),
        transcript: event.text("transcript").into(),
        tts_ttfb_ms: event.float("tts_ttfb_ms").into(),
        was_cut: event.boolean("was_cut").into(),
        extra: event.finish(&[]),
    })
}

fn read_sms_message(message: &mut Fields<'_, '_>) -> Result<SmsMessage, IdFault> {
    Ok(SmsMessage {
        id: message.own_id()?,
        created_at: message.time("created_at").into(),
        message_body: message.text("message_body").into(),
        provider: message.one_of("provider", known::SMS_PROVIDERS).into(),
        provider_message_id: message.id("provider_message_id").into(),
        to_phone_number: message.phone_number("to_phone_number").into(),
        r#type: message.one_of("type", known::SMS_TYPES).into(),
        extra: message.finish(&[]),
    })
}

fn read_email_message(message: &mut Fields<'_, '_>) -> Result<EmailMessage, IdFault> {
    Ok(EmailMessage {
        id: message.own_id()?,
        created_at: message.time("created_at").into(),
        from_address: message.word("from_address").into(),
        resend_message_id: message.id("resend_message_id").into(),
        subject: message.text("subject").into(),
        to_emails: message.texts("to_emails").into(),
        extra: message.finish(&[]),
    })
}
