//! The JSON of what the newer API knows of an attempt besides its transcripts: speech events and messages sent.

use crate::simulator::call::Attempt;
use crate::simulator::draw::Draw;
use crate::simulator::json::{Json, NULL};
use crate::simulator::texts::people::Person;
use chrono::Duration;

/// `"speech_events":[...]`: who spoke when, and how long the machine took to answer.
pub(super) fn speech_events(json: &mut Json, attempt: &Attempt, person: &Person, draw: &mut Draw) {
    let events = if attempt.stage.is_answered() { attempt.turns.min(8) } else { 0 };
    let mut at_ms = 400_usize;
    json.list_field("speech_events", 0..events, |json, event| {
        let agent = event % 2 == 0;
        let length_ms = draw.count(300..6_000);
        json.object(|json| {
            json.field("id", format!("{}-{event}", attempt.id));
            json.field("is_real_turn", draw.chance(95));
            json.field("speaker", if agent { "agent" } else { "user" });
            json.field("started_speaking_at_ms", at_ms);
            json.field("stopped_speaking_at_ms", (event + 1 < events).then_some(at_ms + length_ms));
            if agent {
                json.field("llm_system_prompt", r#"[{"role":"system","content":"Tu es l'assistant…"}]"#);
                json.field("llm_ttft_ms", 312.5);
                json.field("llm_winner_model", "gpt-4.1");
                json.field("transcript", person.language.agent_line(draw));
                json.field("tts_ttfb_ms", draw.number(80..400));
                json.field("was_cut", draw.chance(10));
            } else {
                json.field("stt_transcription_delay_ms", draw.number(90..300));
                json.field("transcript", draw.chance(80).then_some("…"));
                json.field("was_cut", NULL);
            }
        });
        at_ms += length_ms + 350;
    });
}

/// `"sms_log":[...],"email_log":[...]`: what was sent after the call.
pub(super) fn messages(json: &mut Json, attempt: &Attempt, draw: &mut Draw) {
    let sent_at = attempt.ended_at().map(|at| at + Duration::seconds(30));
    let messages = if sent_at.is_some() && attempt.analysed { draw.count(0..3) } else { 0 };
    json.list_field("sms_log", 0..messages, |json, message| {
        json.object(|json| {
            json.field("id", format!("sms-{}-{message}", attempt.id));
            json.field("created_at", sent_at);
            json.field(
                "message_body",
                "Merci pour votre temps 😊 Voici le lien : https://example.com/rdv?id=42",
            );
            json.field("provider", draw.pick(&["twilio", "vonage"]));
            json.field("provider_message_id", draw.chance(80).then(|| draw.token("SM", 16)));
            json.field("to_phone_number", &attempt.phone_number);
            json.field("type", draw.pick(&["in_call", "voicemail", "after_call"]));
        });
    });
    json.list_field("email_log", 0..messages / 2, |json, message| {
        json.object(|json| {
            json.field("id", format!("mail-{}-{message}", attempt.id));
            json.field("created_at", sent_at);
            json.field("from_address", "Revox <no-reply@example.com>");
            json.field("resend_message_id", draw.chance(80).then(|| draw.token("re_", 16)));
            json.field("subject", "Nouvel appel : « intéressé »");
            json.strings_field("to_emails", &["sales@example.com", "ops@example.com"]);
        });
    });
}
