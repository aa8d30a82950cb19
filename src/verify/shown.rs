//! What the API shows, as lines of the tables: rows with their calls, attempts and parts, campaigns, assistants.

use super::erased::Erased;
use super::json::{Json, Members};
use super::left_out::LeftOut;
use super::retention::Past;
use super::source::{Columns, Inner, Source};
use super::tables::{
    ASSISTANT_PARTS, ASSISTANTS, ATTEMPT_PARTS, CALL_ATTEMPTS, CALL_RETRY_CONFIGS, CALLING_WINDOWS, CALLS,
    CAMPAIGN_ROWS, CAMPAIGNS, SPEECH_EVENTS, Table,
};
use super::value::{Cell, read_id};
use std::collections::BTreeMap;

/// A hash of what the API shows, by which it is told whether it moved on.
pub(super) type Digest = [u8; 16];

/// A line that a table must hold.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) table: &'static Table,
    pub(super) key: Vec<String>,
    pub(super) columns: Columns,
    /// The retry configuration that it refers to.
    pub(super) config: Option<RetryConfig>,
}

/// A retry configuration, whose key only the mirror knows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RetryConfig {
    pub(super) columns: Columns,
    pub(super) windows: Vec<Columns>,
}

/// The lines of a list that is replaced with its owner.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parts {
    pub(super) table: &'static Table,
    pub(super) lines: Vec<Line>,
    /// Whether the list was read whole, so that there must be no others.
    pub(super) is_whole: bool,
}

/// An attempt.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ShownAttempt {
    pub(super) line: Line,
    pub(super) parts: Vec<Parts>,
}

/// A call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ShownCall {
    pub(super) line: Line,
    /// By id.
    pub(super) attempts: BTreeMap<String, ShownAttempt>,
    /// Whether every attempt is among them, so that there must be no others.
    pub(super) is_whole: bool,
}

/// An assistant, as a campaign or a call shows it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ShownAssistant {
    pub(super) line: Line,
    pub(super) parts: Vec<Parts>,
    pub(super) digest: Digest,
}

/// A row.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ShownRow {
    /// None when it has no id that can be a key: the mirror has to keep the row as a reject.
    pub(super) line: Option<Line>,
    pub(super) call: Option<ShownCall>,
    pub(super) assistant: Option<ShownAssistant>,
    /// Whether a piece of it cannot be stored, so that there must be a reject.
    pub(super) is_rejected: bool,
    /// Whether it is somebody's who was erased.
    pub(super) is_erased: bool,
    /// Whether it holds something past its time that may or may not be there still.
    pub(super) is_on_its_way: bool,
    /// Over all of it but the assistant.
    pub(super) digest: Digest,
}

/// A campaign.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ShownCampaign {
    pub(super) line: Line,
    pub(super) assistant: Option<ShownAssistant>,
    pub(super) digest: Digest,
}

impl Line {
    pub(super) fn id(&self) -> &str {
        self.key.first().map_or("", String::as_str)
    }

    pub(super) fn column(&self, name: &str) -> Option<&Cell> {
        self.columns.iter().find(|(column, _)| *column == name).map(|(_, cell)| cell)
    }
}

impl ShownAssistant {
    /// `updated_at`, in microseconds since 1970.
    pub(super) fn updated_at(&self) -> Option<i64> {
        match self.line.column("updated_at") {
            Some(Cell::Moment(micros)) => Some(*micros),
            _ => None,
        }
    }
}

fn digest(json: &Json) -> Digest {
    let mut hasher = blake3::Hasher::new();
    json.digest(&mut hasher);
    let mut digest = Digest::default();
    hasher.finalize_xof().fill(&mut digest);
    digest
}

/// Finishes an entity, with the retry configuration that it refers to.
fn finish(mut source: Source, table: &'static Table, id: String, own: Columns) -> (Line, bool) {
    let config = source.take_object("call_retry_config");
    let (mut columns, is_rejected) = source.finish(table);
    columns.extend(own);
    let mut is_rejected = is_rejected;
    let config = match config {
        Inner::Missing => None,
        Inner::Null => {
            columns.push(("call_retry_config_id", Cell::Null));
            None
        }
        Inner::Shown(members) => {
            let (config, rejected) = read_config(members);
            is_rejected |= rejected;
            Some(config)
        }
    };
    (Line { table, key: vec![id], columns, config }, is_rejected)
}

fn read_config(members: Members) -> (RetryConfig, bool) {
    let mut source = Source::new(members);
    let windows = source.take_list("calling_windows").unwrap_or_default();
    let mut is_rejected = false;
    let windows = windows
        .into_iter()
        .map(|window| {
            let (source, rejected) = match window {
                Json::Object(members) => (Source::new(members), false),
                // Its place stays empty.
                _ => (Source::default(), true),
            };
            let (mut columns, more_rejected) = source.finish(&CALLING_WINDOWS);
            is_rejected |= rejected | more_rejected;
            for (time, text) in [("starts_at", "start_time"), ("ends_at", "end_time")] {
                let text = columns.iter().find(|(column, _)| *column == text);
                let cell = text.map_or(Cell::Null, |(_, text)| text.time_of_day());
                columns.push((time, cell));
            }
            columns
        })
        .collect();
    let (columns, more_rejected) = source.finish(&CALL_RETRY_CONFIGS);
    (RetryConfig { columns, windows }, is_rejected | more_rejected)
}

/// Takes a list of parts. None when there is no list: then those that the mirror has stay.
fn take_parts(
    owner: &mut Source,
    owner_id: &str,
    (list, table, by_place): (&str, &'static Table, bool),
    keep_prompts: bool,
) -> Option<Parts> {
    let items = owner.take_list(list)?;
    let mut lines: BTreeMap<String, Line> = BTreeMap::new();
    let mut is_whole = true;
    for (place, item) in items.into_iter().enumerate() {
        let Json::Object(members) = item else {
            is_whole = false;
            continue;
        };
        let mut source = Source::new(members);
        if *table == SPEECH_EVENTS && !keep_prompts {
            source.take("llm_system_prompt");
        }
        let key = if by_place { Some(place.to_string()) } else { source.take_id() };
        let Some(key) = key else {
            is_whole = false;
            continue;
        };
        let (columns, rejected) = source.finish(table);
        owner.is_rejected |= rejected;
        let key_columns = vec![owner_id.to_owned(), key.clone()];
        lines.insert(key, Line { table, key: key_columns, columns, config: None });
    }
    owner.is_rejected |= !is_whole;
    let mut lines: Vec<Line> = lines.into_values().collect();
    if !is_whole {
        // An empty item says as little as one that could not be read.
        lines.retain(|line| line.columns.iter().any(|(_, cell)| !is_blank(cell)));
    }
    Some(Parts { table, lines, is_whole })
}

fn is_blank(cell: &Cell) -> bool {
    match cell {
        Cell::Extra(members) => members.is_empty(),
        cell => *cell == Cell::Null,
    }
}

fn read_attempt(
    item: Json,
    call_id: &str,
    number: usize,
    keep_prompts: bool,
) -> Option<(String, ShownAttempt, bool)> {
    let Json::Object(members) = item else {
        return None;
    };
    let mut source = Source::new(members);
    let id = source.take_id()?;
    let parts =
        ATTEMPT_PARTS.iter().filter_map(|parts| take_parts(&mut source, &id, *parts, keep_prompts)).collect();
    let (mut columns, is_rejected) = source.finish(&CALL_ATTEMPTS);
    columns.extend(durations(&columns));
    columns.push(("call_id", Cell::Text(call_id.to_owned())));
    columns.push(("attempt_number", Cell::Integer(i64::try_from(number).unwrap_or(i64::MAX))));
    let line = Line { table: &CALL_ATTEMPTS, key: vec![id.clone()], columns, config: None };
    Some((id, ShownAttempt { line, parts }, is_rejected))
}

/// The columns that are computed from an attempt's times; none where a time is not shown.
fn durations(columns: &Columns) -> Columns {
    let moment = |name: &str| {
        let cell = columns.iter().find(|(column, _)| *column == name).map(|(_, cell)| cell)?;
        Some(if let Cell::Moment(micros) = cell { Some(*micros) } else { None })
    };
    let (Some(started), Some(answered), Some(ended)) =
        (moment("started_at"), moment("answered_at"), moment("ended_at"))
    else {
        return Columns::new();
    };
    #[expect(
        clippy::cast_precision_loss,
        reason = "no call takes the centuries that a float cannot count in microseconds"
    )]
    let seconds = |from: Option<i64>, to: Option<i64>| match (from, to) {
        (Some(from), Some(to)) => Cell::Float((to - from) as f64 / 1e6),
        _ => Cell::Null,
    };
    vec![("ring_seconds", seconds(started, answered.or(ended))), ("talk_seconds", seconds(answered, ended))]
}

fn read_call(mut source: Source, keep_prompts: bool) -> Option<(ShownCall, Option<ShownAssistant>, bool)> {
    let id = source.take_id()?;
    let mut own = Columns::new();
    let mut assistant = None;
    match source.take("assistant") {
        None => {}
        Some(Json::Null) => own.push(("assistant_id", Cell::Null)),
        Some(json) => match read_assistant(json) {
            Some(shown) => {
                own.push(("assistant_id", Cell::Text(shown.line.id().to_owned())));
                assistant = Some(shown);
            }
            None => source.is_rejected = true,
        },
    }
    if let Some(last) = source.take("last_call_attempt") {
        let last_id = match last {
            Json::Object(members) => members.get("id").and_then(read_id),
            _ => None,
        };
        own.push(("last_call_attempt_id", last_id.map_or(Cell::Null, Cell::Text)));
    }
    let mut attempts = BTreeMap::new();
    let mut is_whole = false;
    if let Some(items) = source.take_list("call_attempts") {
        is_whole = true;
        let count = items.len();
        for (place, item) in items.into_iter().enumerate() {
            // The newest comes first; the oldest is number 1.
            if let Some((attempt_id, attempt, rejected)) =
                read_attempt(item, &id, count - place, keep_prompts)
            {
                source.is_rejected |= rejected;
                attempts.insert(attempt_id, attempt);
            } else {
                source.is_rejected = true;
                is_whole = false;
            }
        }
    }
    let (line, is_rejected) = finish(source, &CALLS, id, own);
    Some((ShownCall { line, attempts, is_whole }, assistant, is_rejected))
}

/// A row. `keep_prompts`: the operator wants the prompts of speech events.
pub(super) fn read_row(
    text: &str,
    campaign_id: &str,
    keep_prompts: bool,
    (erased, left_out, past): (&Erased, &LeftOut, &Past),
) -> ShownRow {
    let nothing = |digest| ShownRow { is_rejected: true, digest, ..ShownRow::default() };
    let Some(mut json) = Json::parse(text) else {
        return nothing(Digest::default());
    };
    let mut assistant_json = None;
    if let Json::Object(members) = &mut json
        && let Some(Json::Object(call)) = members.get_mut("call")
    {
        assistant_json = call.remove("assistant");
    }
    let digest = digest(&json);
    let Json::Object(mut members) = json else {
        return nothing(digest);
    };
    let is_erased = erased.has_row(&members);
    left_out.take_from(&mut members);
    let is_on_its_way = past.take_from(&mut members) && !past.is_swept;
    let mut source = Source::new(members);
    let Some(id) = source.take_id() else {
        return nothing(digest);
    };
    let (mut call, mut assistant, mut call_is_rejected) = (None, None, false);
    let mut own: Columns = vec![("campaign_id", Cell::Text(campaign_id.to_owned()))];
    match source.take("call") {
        None | Some(Json::Null) => own.push(("call_id", Cell::Null)),
        Some(Json::Object(mut members)) => {
            members.extend(assistant_json.map(|assistant| ("assistant".to_owned(), assistant)));
            match read_call(Source::new(members), keep_prompts) {
                Some((shown, its_assistant, rejected)) => {
                    own.push(("call_id", Cell::Text(shown.line.id().to_owned())));
                    (call, assistant, call_is_rejected) = (Some(shown), its_assistant, rejected);
                }
                None => call_is_rejected = true,
            }
        }
        Some(_) => call_is_rejected = true,
    }
    let (mut columns, is_rejected) = source.finish(&CAMPAIGN_ROWS);
    columns.extend(own);
    let line = Some(Line { table: &CAMPAIGN_ROWS, key: vec![id], columns, config: None });
    let is_rejected = is_rejected | call_is_rejected;
    ShownRow { line, call, assistant, is_rejected, is_erased, is_on_its_way, digest }
}

/// An assistant; none without an id that can be a key.
pub(super) fn read_assistant(json: Json) -> Option<ShownAssistant> {
    let digest = digest(&json);
    let Json::Object(members) = json else {
        return None;
    };
    let mut source = Source::new(members);
    let id = source.take_id()?;
    let mut parts = Vec::new();
    for (list, table) in ASSISTANT_PARTS {
        let taken = match source.take(list) {
            // Null says that there is nothing to be found out.
            Some(Json::Null) if list == "structured_output_config" => {
                Some(Parts { table, lines: Vec::new(), is_whole: true })
            }
            Some(other) => {
                let mut alone = Source::new([(list.to_owned(), other)].into());
                take_parts(&mut alone, &id, (list, table, true), false)
            }
            None => None,
        };
        parts.extend(taken);
    }
    let (line, _) = finish(source, &ASSISTANTS, id, Columns::new());
    Some(ShownAssistant { line, parts, digest })
}

/// A campaign of the list; none without an id that can be a key.
pub(super) fn read_campaign(text: &str) -> Option<ShownCampaign> {
    let json = Json::parse(text)?;
    let digest = digest(&json);
    let Json::Object(members) = json else {
        return None;
    };
    let mut source = Source::new(members);
    let id = source.take_id()?;
    let assistant = source.take("assistant").and_then(read_assistant);
    let (mut line, _) = finish(source, &CAMPAIGNS, id, Columns::new());
    if let (None, Some(assistant)) = (line.column("assistant_id"), &assistant) {
        line.columns.push(("assistant_id", Cell::Text(assistant.line.id().to_owned())));
    }
    Some(ShownCampaign { line, assistant, digest })
}
