//! Calls and their attempts: what is kept of them, and how a call lives.
//!
//! Only the facts are kept; the words (transcripts and the like) follow from seeds and are made in `render`.

use super::assistant::Model;
use super::draw::Draw;
use super::render::CallText;
use chrono::{DateTime, Duration, Utc};
use std::cell::OnceCell;

/// A call order, which is worked off in one or more attempts.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) seed: u64,
    /// The seed of the person who is called.
    pub(super) person: u64,
    pub(super) status: Status,
    /// Id and name of its campaign, if it has one.
    pub(super) campaign: Option<(String, String)>,
    /// The place of its assistant in the account.
    pub(super) assistant: Option<usize>,
    pub(super) model: Model,
    pub(super) inbound: bool,
    pub(super) from_phone_number: String,
    pub(super) to_phone_number: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) scheduled_at: Option<DateTime<Utc>>,
    /// The newest first.
    pub(super) attempts: Vec<Attempt>,
    /// Raised by edits that change words only.
    pub(super) revision: u64,
    /// Its JSON, until something about it changes.
    pub(super) text: OnceCell<CallText>,
}

/// Every status of a call, in either API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Initializing,
    Queued,
    Calling,
    PostProcessing,
    NotLaunched,
    Scheduled,
    Paused,
    Completed,
    Cancelled,
    Errored,
    /// One that no API has documented so far.
    Other(&'static str),
}

impl Status {
    pub(super) const ALL: &[Self] = &[
        Self::Completed,
        Self::Calling,
        Self::Queued,
        Self::Initializing,
        Self::Scheduled,
        Self::Errored,
        Self::Cancelled,
        Self::PostProcessing,
        Self::NotLaunched,
        Self::Paused,
    ];

    /// The status as an API shows it; the older one lacks three and says the nearest.
    pub(super) fn shown(self, newer: bool) -> &'static str {
        match self {
            Self::PostProcessing if newer => "post_processing",
            Self::NotLaunched if newer => "not_launched",
            Self::Paused if newer => "paused",
            Self::Initializing | Self::NotLaunched => "initializing",
            Self::Queued => "queued_for_calling",
            Self::Calling | Self::PostProcessing => "calling",
            Self::Scheduled | Self::Paused => "scheduled",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Errored => "errored",
            Self::Other(status) => status,
        }
    }

    /// Whether nothing more comes of the call.
    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled | Self::Errored)
    }
}

/// One dialling of one number.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) id: String,
    pub(super) seed: u64,
    /// The seed of the person who is dialled, which stays theirs when another call lists the attempt.
    pub(super) person: u64,
    pub(super) phone_number: String,
    pub(super) stage: Stage,
    pub(super) started_at: Option<DateTime<Utc>>,
    pub(super) ring_seconds: u32,
    pub(super) talk_seconds: u32,
    /// Transcript turns, at most.
    pub(super) turns: usize,
    /// Whether recording, structured output and the newer API's analysis are there already.
    pub(super) analysed: bool,
}

/// How far an attempt got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Queued,
    Ringing,
    Ongoing,
    /// Answered by what `result` says.
    Answered(&'static str),
    /// Not answered, for the reason that `dial_error` says.
    Failed(&'static str),
}

impl Stage {
    pub(super) fn is_answered(self) -> bool {
        matches!(self, Self::Ongoing | Self::Answered(_))
    }

    /// What answered, once the attempt is over.
    pub(super) fn result(self) -> Option<&'static str> {
        match self {
            Self::Answered(result) => Some(result),
            _ => None,
        }
    }
}

const RESULTS: &[(&str, u32)] =
    &[("human", 70), ("voicemail", 16), ("IVR", 6), ("unknown", 4), ("ios-screening-filter", 4)];

const DIAL_ERRORS: &[(&str, u32)] = &[
    ("no_answer", 40),
    ("busy", 20),
    ("temporarily_unavailable", 12),
    ("number_non_attributed", 8),
    ("too_many_calls", 6),
    ("no_international_permission", 5),
    ("precondition_failed", 5),
    ("non_classified_error", 4),
];

/// How often a call is tried before it is given up.
const TRIES: usize = 3;

impl Attempt {
    pub(super) fn answered_at(&self) -> Option<DateTime<Utc>> {
        self.started_at
            .filter(|_| self.stage.is_answered())
            .map(|at| at + Duration::seconds(self.ring_seconds.into()))
    }

    pub(super) fn ended_at(&self) -> Option<DateTime<Utc>> {
        let seconds = match self.stage {
            Stage::Answered(_) => self.ring_seconds + self.talk_seconds,
            Stage::Failed(_) => self.ring_seconds,
            Stage::Queued | Stage::Ringing | Stage::Ongoing => return None,
        };
        self.started_at.map(|at| at + Duration::seconds(seconds.into()))
    }
}

impl Call {
    /// Gives a fresh call the attempts that its status calls for, the last of them near `now`.
    pub(super) fn draw_attempts(&mut self, draw: &mut Draw, now: DateTime<Utc>, turns: usize) {
        let failures = match self.status {
            Status::Initializing | Status::Queued | Status::NotLaunched | Status::Other(_) => 0,
            Status::Scheduled | Status::Paused => draw.count(1..TRIES),
            Status::Errored => TRIES,
            Status::Cancelled => draw.count(0..2),
            Status::Calling | Status::Completed | Status::PostProcessing => {
                draw.weighted(&[(0, 70), (1, 20), (2, 10)])
            }
        };
        let mut at = self.created_at + Duration::minutes(12);
        for _ in 0..failures {
            let stage = Stage::Failed(draw.weighted(DIAL_ERRORS));
            self.try_at(draw, stage, at, turns);
            at += Duration::hours(2);
        }
        match self.status {
            Status::Calling => {
                let stage = draw.pick(&[Stage::Queued, Stage::Ringing, Stage::Ongoing]);
                self.try_at(draw, stage, now - Duration::seconds(45), turns);
            }
            Status::Completed => {
                let stage = Stage::Answered(draw.weighted(RESULTS));
                self.try_at(draw, stage, at, turns);
            }
            Status::PostProcessing => {
                self.try_at(draw, Stage::Answered("human"), at, turns);
                self.newest(|attempt| attempt.analysed = false);
            }
            Status::Scheduled | Status::Paused => self.scheduled_at = Some(now + Duration::hours(2)),
            _ => {}
        }
        let ended = self.attempts.first().and_then(Attempt::ended_at);
        self.updated_at = ended.map_or(at, |ended| ended + Duration::seconds(20));
    }

    /// Moves the call on by one step of its life. `late`: recording and analysis are not there yet when it ends.
    pub(super) fn advance(&mut self, draw: &mut Draw, now: DateTime<Utc>, turns: usize, late: bool) {
        match self.status {
            Status::Initializing | Status::NotLaunched => self.status = Status::Queued,
            Status::Queued | Status::Scheduled | Status::Paused => {
                self.status = Status::Calling;
                self.scheduled_at = None;
                self.try_at(draw, Stage::Ongoing, now, turns);
            }
            Status::Calling => self.hang_up(draw, now, turns, late),
            Status::PostProcessing => {
                self.status = Status::Completed;
                self.newest(|attempt| attempt.analysed = !late);
            }
            Status::Other(_) => self.status = Status::Errored,
            Status::Completed | Status::Cancelled | Status::Errored => return,
        }
        self.changed(now);
    }

    /// Says that something about the call changed.
    pub(super) fn changed(&mut self, now: DateTime<Utc>) {
        self.updated_at = now;
        self.text = OnceCell::new();
    }

    /// Ends the attempt that runs: the call is through, or waits for its next try, or is given up.
    fn hang_up(&mut self, draw: &mut Draw, now: DateTime<Utc>, turns: usize, late: bool) {
        if self.attempts.is_empty() {
            self.try_at(draw, Stage::Ringing, now, turns);
        }
        let reached = draw.chance(70);
        let stage = if reached {
            Stage::Answered(draw.weighted(RESULTS))
        } else {
            Stage::Failed(draw.weighted(DIAL_ERRORS))
        };
        self.newest(|attempt| {
            attempt.stage = stage;
            attempt.started_at.get_or_insert(now);
            attempt.analysed = reached && !late;
        });
        self.status = match reached {
            true => Status::Completed,
            false if self.attempts.len() < TRIES => {
                self.scheduled_at = Some(now + Duration::hours(2));
                Status::Scheduled
            }
            false => Status::Errored,
        };
    }

    /// Dials the person at `at`.
    fn try_at(&mut self, draw: &mut Draw, stage: Stage, at: DateTime<Utc>, turns: usize) {
        let number = if self.inbound { &self.from_phone_number } else { &self.to_phone_number };
        let mut seconds = |range| u32::try_from(draw.number(range)).unwrap_or(0);
        let attempt = Attempt {
            ring_seconds: seconds(3..29),
            talk_seconds: seconds(20..400),
            id: draw.uuid(),
            seed: draw.seed(),
            person: self.person,
            phone_number: number.clone(),
            stage,
            started_at: (stage != Stage::Queued).then_some(at),
            turns,
            analysed: stage.result().is_some(),
        };
        self.attempts.insert(0, attempt);
    }

    fn newest(&mut self, edit: impl FnOnce(&mut Attempt)) {
        if let Some(attempt) = self.attempts.first_mut() {
            edit(attempt);
        }
    }
}
