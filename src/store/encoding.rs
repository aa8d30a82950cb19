//! New rows in the form in which `COPY` takes them, without a database.
//!
//! Owns the count of their bytes: the last step of the line before Postgres, so that what the line costs can be measured alone.

use super::batch::Lines;
use super::copy::encoded;
use super::lines::Line;
use super::parts::lines_of;
use super::tables::{
    CALL_ATTEMPTS, CALLS, CAMPAIGN_ROWS, EMAIL_MESSAGES, POST_CALL_TRANSCRIPT_TURNS, SMS_MESSAGES,
    SPEECH_EVENTS, TRANSCRIPT_TURNS,
};
use crate::normalize::RowRecords;
use crate::records::Time;

/// Writes rows that are new, with their calls, attempts and parts, as a batch sends them; returns how many bytes they come to.
#[must_use]
pub fn encode_new_rows(campaign_id: &str, rows: &[RowRecords], now: Time) -> usize {
    let lines = Lines::of(rows);
    let owner = campaign_id;
    let calls: Vec<_> =
        lines.calls.values().map(|record| Line { owner, index: 0, record: *record }).collect();
    let rows: Vec<_> = lines.rows.values().map(|record| Line { owner, index: 0, record: *record }).collect();
    let attempts: Vec<_> =
        lines.attempts.values().map(|(owner, record)| Line { owner, index: 0, record: *record }).collect();
    let mut bytes = encoded(&CALLS, &calls, now) + encoded(&CAMPAIGN_ROWS, &rows, now);
    bytes += encoded(&CALL_ATTEMPTS, &attempts, now);
    macro_rules! parts {
        ($table:ident, $field:ident) => {
            let lists: Vec<_> =
                lines.attempts.iter().map(|(id, (_, record))| (*id, &record.$field)).collect();
            bytes += encoded(&$table, &lines_of(&lists), now);
        };
    }
    parts!(TRANSCRIPT_TURNS, transcript);
    parts!(POST_CALL_TRANSCRIPT_TURNS, post_call_transcript);
    parts!(SPEECH_EVENTS, speech_events);
    parts!(SMS_MESSAGES, sms_messages);
    parts!(EMAIL_MESSAGES, email_messages);
    bytes
}
