//! New rows: written out for `COPY` where they are normalized, while they are at hand, and held as bytes until their batch is sent.
//!
//! Owns the form in which they are held, and their way into the tables. The database is not asked whether they are there: a key
//! that is makes a conflict, after which whoever has read them reads them again and has them compared.

use super::StoreError;
use super::batch::{Batch, Landed, last_of_each};
use super::copy::{copy_written, write_line};
use super::lines::Line;
use super::open::Store;
use super::parts::{PartId, lines_of};
use super::states::copy_states;
use super::table::Target;
use super::tables::{
    CALL_ATTEMPTS, CALLS, CAMPAIGN_ROWS, EMAIL_MESSAGES, POST_CALL_TRANSCRIPT_TURNS, SMS_MESSAGES,
    SPEECH_EVENTS, TRANSCRIPT_TURNS,
};
use super::wholesale::{Referred, end_wholesale};
use crate::normalize::RowRecords;
use crate::records::{Call, CallAttempt, Listed, Reject, Time};
use crate::room::Room;
use sqlx::PgConnection;
use std::collections::HashSet;
use std::ops::Range;

/// Of JSON so many eighths are written, as a rule; more of it where people talk much.
const WRITTEN_EIGHTHS: usize = 3;

/// Rows of a page with all that they hold, as `COPY` takes them, but for the moment at which they are written.
#[derive(Debug, Default)]
pub struct NewRows {
    /// Lines, one behind the other.
    bytes: Room,
    rows: Vec<NewRow>,
    calls: Vec<NewCall>,
    attempts: Vec<NewAttempt>,
    /// What they refer to and do not bring.
    referred: Referred<String>,
    /// Calls that are left out because they are past their time.
    past_calls: Vec<String>,
    rejects: Vec<Reject>,
}

#[derive(Debug)]
struct NewRow {
    line: Range<usize>,
    /// Of the page's calls.
    call: Option<usize>,
    /// Whether all of it could land.
    is_whole: bool,
}

#[derive(Debug)]
struct NewCall {
    line: Range<usize>,
    /// Of the page's attempts.
    attempts: Range<usize>,
}

#[derive(Debug)]
struct NewAttempt {
    line: Range<usize>,
    /// Where the lines of its parts end, which follow it table by table, as in [`NewAttempt::parts`].
    ends: [usize; PARTS],
}

/// Tables of parts of attempts.
const PARTS: usize = 5;

impl NewAttempt {
    /// The lines of one of its tables: turns, turns of the transcript after the call, speech events, SMS, e-mail.
    fn parts(&self, table: usize) -> Range<usize> {
        let start = table.checked_sub(1).and_then(|before| self.ends.get(before));
        let start = start.copied().unwrap_or(self.line.end);
        start..self.ends.get(table).copied().unwrap_or(start)
    }
}

impl NewRows {
    /// Room for rows of so many bytes of JSON.
    #[must_use]
    pub fn with_room_for(json_bytes: usize) -> Self {
        Self { bytes: Room::of(json_bytes / 8 * WRITTEN_EIGHTHS), ..Self::default() }
    }

    /// Adds a row of a campaign.
    pub fn add(&mut self, campaign_id: &str, records: RowRecords) {
        let call = records.call.as_ref().map(|call| self.add_call(campaign_id, call));
        if let Some(row) = &records.row {
            let shows = |id: &String| records.call.as_ref().is_some_and(|call| call.id == *id);
            self.referred.calls_elsewhere |= row.call_id.value().is_some_and(|id| !shows(id));
            let line = self.write(&CAMPAIGN_ROWS, &Line { owner: campaign_id, index: 0, record: row });
            self.rows.push(NewRow { line, call, is_whole: records.rejects.is_empty() });
        }
        self.past_calls.extend(records.past_call);
        self.rejects.extend(records.rejects);
    }

    fn add_call(&mut self, campaign_id: &str, call: &Call) -> usize {
        let line = self.write(&CALLS, &Line { owner: campaign_id, index: 0, record: call });
        self.referred.add(call);
        let first = self.attempts.len();
        for attempt in call.attempts.items() {
            self.add_attempt(&call.id, attempt);
        }
        self.calls.push(NewCall { line, attempts: first..self.attempts.len() });
        self.calls.len() - 1
    }

    fn add_attempt(&mut self, call_id: &str, attempt: &CallAttempt) {
        let line = self.write(&CALL_ATTEMPTS, &Line { owner: call_id, index: 0, record: attempt });
        let id = &attempt.id;
        let ends = [
            self.write_parts(&TRANSCRIPT_TURNS, id, &attempt.transcript),
            self.write_parts(&POST_CALL_TRANSCRIPT_TURNS, id, &attempt.post_call_transcript),
            self.write_parts(&SPEECH_EVENTS, id, &attempt.speech_events),
            self.write_parts(&SMS_MESSAGES, id, &attempt.sms_messages),
            self.write_parts(&EMAIL_MESSAGES, id, &attempt.email_messages),
        ];
        self.attempts.push(NewAttempt { line, ends });
    }

    /// Writes the parts of an attempt; returns where they end.
    fn write_parts<R: PartId + Default + PartialEq>(
        &mut self,
        target: &Target<R>,
        attempt_id: &str,
        list: &Listed<R>,
    ) -> usize {
        if !list.items().is_empty() {
            for line in lines_of(&[(attempt_id, list)]) {
                self.write(target, &line);
            }
        }
        self.bytes.len()
    }

    fn write<R>(&mut self, target: &Target<R>, line: &Line<'_, R>) -> Range<usize> {
        let start = self.bytes.len();
        write_line(target, line, &mut self.bytes);
        start..self.bytes.len()
    }

    /// Bytes that are held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Rows that have an id.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.calls.is_empty() && self.past_calls.is_empty() && self.rejects.is_empty()
    }

    fn line(&self, line: &Range<usize>) -> &[u8] {
        self.bytes.get(line.clone()).unwrap_or_default()
    }
}

/// The first key of a line, which stands behind the number of its values and its own length.
fn key(line: &[u8]) -> &str {
    let Some((length, rest)) = line.get(2..).and_then(|line| line.split_first_chunk::<4>()) else {
        return "";
    };
    let length = usize::try_from(i32::from_be_bytes(*length)).unwrap_or(0);
    rest.get(..length).and_then(|key| std::str::from_utf8(key).ok()).unwrap_or_default()
}

/// An attempt, and the call that it belongs to.
#[derive(Clone, Copy)]
struct Owned<'a> {
    call: &'a str,
    page: &'a NewRows,
    attempt: &'a NewAttempt,
}

/// The lines of a batch in the order of their keys, every key once.
struct Lines<'a> {
    rows: Vec<(&'a str, &'a [u8])>,
    calls: Vec<(&'a str, (&'a NewRows, &'a NewCall))>,
    attempts: Vec<(&'a str, Owned<'a>)>,
}

impl<'a> Lines<'a> {
    /// The last one read wins; of an attempt that two calls list, the call with the smaller id.
    fn of(pages: &'a [NewRows]) -> Self {
        let mut rows = Vec::with_capacity(pages.iter().map(|page| page.rows.len()).sum());
        let mut calls = Vec::with_capacity(rows.capacity());
        for page in pages {
            rows.extend(page.rows.iter().map(|row| (key(page.line(&row.line)), page.line(&row.line))));
            calls.extend(page.calls.iter().map(|call| (key(page.line(&call.line)), (page, call))));
        }
        let calls = last_of_each(calls);
        let made = calls.iter().rev().flat_map(|(id, (page, call))| {
            attempts_of(page, call)
                .map(|attempt| (key(page.line(&attempt.line)), Owned { call: id, page, attempt }))
        });
        let attempts = last_of_each(made.collect());
        Self { rows: last_of_each(rows), calls, attempts }
    }

    /// Whether an attempt is another call's.
    fn is_yielded(&self, attempt: &str, call: &str) -> bool {
        let held = self.attempts.binary_search_by_key(&attempt, |(id, _)| id).ok();
        held.and_then(|index| self.attempts.get(index)).is_some_and(|(_, owned)| owned.call != call)
    }

    /// The rows that are to be written again whatever their bytes: what is theirs could not land, or belongs to another call. And
    /// how many yield an attempt to another call.
    fn unfinished(&self, pages: &'a [NewRows]) -> (HashSet<&'a str>, u64) {
        let mut again: HashSet<&str> = HashSet::new();
        let mut yielding = 0;
        for page in pages {
            again.extend(page.rejects.iter().map(|reject| reject.row_key.as_str()));
            for row in &page.rows {
                let call = row.call.and_then(|call| page.calls.get(call));
                let yields = call.is_some_and(|call| {
                    let owner = key(page.line(&call.line));
                    attempts_of(page, call)
                        .any(|attempt| self.is_yielded(key(page.line(&attempt.line)), owner))
                });
                yielding += u64::from(yields);
                if yields || !row.is_whole {
                    again.insert(key(page.line(&row.line)));
                }
            }
        }
        (again, yielding)
    }
}

fn attempts_of<'a>(page: &'a NewRows, call: &NewCall) -> impl Iterator<Item = &'a NewAttempt> {
    page.attempts.get(call.attempts.clone()).unwrap_or_default().iter()
}

impl Store {
    /// Writes rows that are presumed to be new.
    pub(super) async fn write_new<'a>(
        &self,
        connection: &mut PgConnection,
        batch: &Batch<'a>,
        now: Time,
    ) -> Result<Landed<'a>, StoreError> {
        let (owner, pages) = (batch.campaign_id, batch.new_rows);
        let lines = Lines::of(pages);
        let mut referred = Referred::default();
        for page in pages {
            referred.append(&page.referred);
        }
        let is_wholesale = self.check_wholesale(connection, owner, &referred).await?;
        let calls = lines.calls.iter().map(|(_, (page, call))| page.line(&call.line));
        copy_written(connection, &CALLS, calls, now, "writing calls").await?;
        let rows = lines.rows.iter().map(|(_, line)| *line);
        copy_written(connection, &CAMPAIGN_ROWS, rows, now, "writing rows").await?;
        let attempts = lines.attempts.iter().map(|(_, it)| it.page.line(&it.attempt.line));
        copy_written(connection, &CALL_ATTEMPTS, attempts, now, "writing call attempts").await?;
        macro_rules! parts {
            ($table:ident, $place:literal) => {
                let parts = lines.attempts.iter().map(|(_, it)| it.page.line(&it.attempt.parts($place)));
                let parts: Vec<&[u8]> = parts.filter(|lines| !lines.is_empty()).collect();
                copy_written(connection, &$table, parts.into_iter(), now, "writing the parts of a batch")
                    .await?;
            };
        }
        parts!(TRANSCRIPT_TURNS, 0);
        parts!(POST_CALL_TRANSCRIPT_TURNS, 1);
        parts!(SPEECH_EVENTS, 2);
        parts!(SMS_MESSAGES, 3);
        parts!(EMAIL_MESSAGES, 4);
        let (again, contested) = lines.unfinished(pages);
        copy_states(connection, owner, batch.states, &again).await?;
        if is_wholesale {
            end_wholesale(connection, owner, &referred, !lines.attempts.is_empty(), now).await?;
        }
        let whole = |page: &'a NewRows| {
            page.rows.iter().filter(|row| row.is_whole).map(|row| key(page.line(&row.line)))
        };
        let written = lines.calls.len() + lines.rows.len() + lines.attempts.len();
        Ok(Landed {
            inserted: u64::try_from(lines.rows.len()).unwrap_or(u64::MAX),
            written: u64::try_from(written).unwrap_or(u64::MAX),
            contested,
            whole_rows: pages.iter().flat_map(whole).collect(),
            rows: lines.rows.into_iter().map(|(id, _)| id).collect(),
            calls: lines.calls.into_iter().map(|(id, _)| id).collect(),
            attempts: lines.attempts.into_iter().map(|(id, _)| id).collect(),
            past_calls: pages.iter().flat_map(|page| page.past_calls.iter().cloned()).collect(),
            rejects: pages.iter().flat_map(|page| &page.rejects).collect(),
        })
    }
}
