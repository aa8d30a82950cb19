//! The simulated account: its campaigns, rows, calls and assistants, and how they read as JSON.
//!
//! Edits stand in `edits`, the account's own life in `live`.

use super::assistant::{Assistant, Model};
use super::call::{Call, Status};
use super::campaign::{Campaign, CampaignStatus, Row};
use super::document::{Document, signature};
use super::draw::Draw;
use super::options::{EPOCH, Flavour, Mix, Numbers, Options};
use super::render::{self, CallText, Look};
use chrono::{DateTime, Duration, Utc};
use std::cell::OnceCell;
use std::sync::Arc;

/// An account, as large as a lock: [`Simulator::edit`](super::Simulator::edit) hands it out.
#[derive(Debug)]
pub struct Account {
    pub(super) options: Options,
    pub(super) campaigns: Vec<Campaign>,
    pub(super) assistants: Vec<Assistant>,
    /// Every call that ever was; rows refer to places in it.
    pub(super) calls: Vec<Call>,
    pub(super) draw: Draw,
    pub(super) started_at: DateTime<Utc>,
    /// How many edits there were; without a clock, each takes a second.
    pub(super) edits: i64,
    /// Whether edits leave the campaigns' `updated_at` alone.
    pub(super) quiet: bool,
    /// Whether calls end without recording and analysis.
    pub(super) late_analysis: bool,
    /// A call that the search does not show.
    pub(super) left_out: Option<String>,
}

/// The statuses of calls in a running campaign, `None` for a row without one, by weight.
const RUNNING: &[(Option<Status>, u32)] = &[
    (Some(Status::Completed), 64),
    (Some(Status::Scheduled), 8),
    (Some(Status::Queued), 6),
    (Some(Status::Calling), 2),
    (Some(Status::Errored), 5),
    (Some(Status::Cancelled), 3),
    (None, 12),
];

const FINISHED: &[(Option<Status>, u32)] =
    &[(Some(Status::Completed), 90), (Some(Status::Errored), 7), (Some(Status::Cancelled), 3)];

const PAUSED: &[(Option<Status>, u32)] =
    &[(Some(Status::Completed), 50), (Some(Status::Paused), 25), (Some(Status::NotLaunched), 10), (None, 15)];

/// What campaigns are called, and their statuses.
const CAMPAIGNS: &[(&str, CampaignStatus)] = &[
    ("Rénovation énergétique – printemps", CampaignStatus::Running),
    ("Rappel des rendez-vous \"clinique\"", CampaignStatus::Completed),
    ("Relance devis 🚀", CampaignStatus::Paused),
    ("Enquête de satisfaction / 満足度調査", CampaignStatus::Running),
    ("Brouillon été", CampaignStatus::Draft),
];

impl Account {
    /// The account of `options`.
    pub(super) fn draw(options: Options) -> Self {
        let epoch = DateTime::from_timestamp(EPOCH, 0).unwrap_or_default();
        let mut account = Self {
            started_at: options.clock.as_ref().map_or(epoch, crate::clock::Clock::now),
            campaigns: Vec::new(),
            assistants: Vec::new(),
            calls: Vec::new(),
            draw: Draw::new(options.seed),
            edits: 0,
            quiet: false,
            late_analysis: false,
            left_out: None,
            options,
        };
        for place in 0..4 {
            let assistant = Assistant::draw(&mut account.draw, place, account.started_at);
            account.assistants.push(assistant);
        }
        for place in 0..account.options.campaigns {
            account.draw_campaign(place, account.options.rows);
        }
        for _ in 0..2 {
            account.draw_inbound_call();
        }
        account
    }

    /// Adds the campaign at `place`, with rows.
    pub(super) fn draw_campaign(&mut self, place: usize, rows: usize) {
        let (name, mut status) =
            CAMPAIGNS.iter().cycle().nth(place).copied().unwrap_or(("", CampaignStatus::Running));
        if self.options.mix != Mix::Varied {
            status = CampaignStatus::Running;
        }
        let round = place / CAMPAIGNS.len();
        let weeks = i32::try_from(place % 50).unwrap_or(0);
        self.campaigns.push(Campaign {
            id: self.draw.uuid(),
            seed: self.draw.seed(),
            name: if round == 0 { name.to_owned() } else { format!("{name} ({})", round + 1) },
            status,
            assistant: place % self.assistants.len().max(1),
            from_phone_number: "+33477000001".to_owned(),
            created_at: self.started_at - Duration::hours(24 * 12) - Duration::hours(7) * weeks,
            updated_at: self.started_at - Duration::hours(1) - Duration::minutes(13) * weeks,
            rows: Vec::with_capacity(rows),
            raw: None,
            listed: true,
            total: None,
            frozen: None,
        });
        let at = self.campaigns.len() - 1;
        for index in 0..rows {
            let dialled = match self.options.mix {
                Mix::Varied => None,
                Mix::DialledInOrder => Some(100 * index / rows.max(1)),
                Mix::DialledAtRandom => Some(self.draw.count(0..100)),
            };
            let status = match status {
                _ if let Some(percent) = dialled => match percent {
                    0..60 => Some(Status::Completed),
                    60 => Some(Status::Calling),
                    _ => None,
                },
                CampaignStatus::Draft => None,
                CampaignStatus::Completed => self.draw.weighted(FINISHED),
                CampaignStatus::Paused => self.draw.weighted(PAUSED),
                // The first rows of the first campaign have every status there is.
                CampaignStatus::Running if place == 0 && index < Status::ALL.len() => {
                    Status::ALL.get(index).copied()
                }
                CampaignStatus::Running => self.draw.weighted(RUNNING),
            };
            let mut row = Row::draw(&mut self.draw, index);
            if let Some(status) = status {
                row.call = Some(self.draw_call(at, row.person, &row.phone_number, status));
            }
            if let Some(campaign) = self.campaigns.get_mut(at) {
                campaign.rows.push(row);
            }
        }
    }

    /// Adds a call of the campaign at `at` to a person, and gives its place.
    pub(super) fn draw_call(&mut self, at: usize, person: u64, phone_number: &str, status: Status) -> usize {
        let campaign = self.campaigns.get(at);
        let assistant = match self.draw.count(0..40) {
            0 => None,
            1..4 => Some(self.draw.count(0..self.assistants.len().max(1))),
            _ => campaign.map(|campaign| campaign.assistant),
        };
        let age = if self.options.mix == Mix::Varied { 600..9_000 } else { 4_000..9_000 };
        let created_at =
            self.started_at - Duration::minutes(i64::try_from(self.draw.number(age)).unwrap_or(600));
        let mut call = Call {
            id: self.draw.uuid(),
            seed: self.draw.seed(),
            person,
            status,
            campaign: campaign.map(|campaign| (campaign.id.clone(), campaign.name.clone())),
            assistant,
            model: self.draw.pick(Model::ALL),
            inbound: false,
            from_phone_number: "+33477000001".to_owned(),
            to_phone_number: phone_number.to_owned(),
            created_at,
            updated_at: created_at,
            scheduled_at: None,
            attempts: Vec::new(),
            revision: 0,
            text: OnceCell::new(),
        };
        call.draw_attempts(&mut self.draw, self.started_at, self.options.turns);
        self.calls.push(call);
        self.calls.len() - 1
    }

    /// Adds a call from outside, of no campaign, and gives its place.
    pub(super) fn draw_inbound_call(&mut self) -> usize {
        let (person, phone_number) = (self.draw.seed(), self.draw.phone());
        let place = self.draw_call(usize::MAX, person, &phone_number, Status::Completed);
        if let Some(call) = self.calls.get_mut(place) {
            call.inbound = true;
            std::mem::swap(&mut call.from_phone_number, &mut call.to_phone_number);
        }
        place
    }

    /// The time of the account, which passes with a clock or with edits.
    pub(super) fn now(&self) -> DateTime<Utc> {
        match &self.options.clock {
            Some(clock) => clock.now(),
            None => self.started_at + Duration::seconds(self.edits),
        }
    }

    pub(super) fn look(&self) -> Look {
        Look { newer: self.options.flavour.is_newer(), floats: self.options.numbers == Numbers::Floats }
    }

    /// Speaks another API from now on, about the same campaigns and calls.
    pub fn set_flavour(&mut self, flavour: Flavour) {
        self.options.flavour = flavour;
        self.forget_texts();
    }

    /// The API that is spoken now.
    #[must_use]
    pub fn flavour(&self) -> Flavour {
        self.options.flavour
    }

    /// Makes all JSON anew, as another API shows it.
    pub(super) fn forget_texts(&mut self) {
        self.assistants.iter_mut().for_each(|assistant| assistant.text = OnceCell::new());
        self.calls.iter_mut().for_each(|call| call.text = OnceCell::new());
        self.campaigns.iter_mut().flat_map(|it| &mut it.rows).for_each(|row| row.text = OnceCell::new());
    }

    /// Makes all JSON now, not when it is first asked for: what a bench wants before it takes the time.
    pub fn render_all(&self) {
        for campaign in &self.campaigns {
            for row in &campaign.rows {
                self.write_row(&mut Document::default(), row);
            }
        }
    }

    /// The JSON of a campaign, with its assistant or without.
    pub(super) fn campaign_text(&self, campaign: &Campaign) -> String {
        if let Some(raw) = &campaign.raw {
            return raw.clone();
        }
        let look = self.look();
        let detail = self.options.campaign_detail;
        let assistant = self.assistants.get(campaign.assistant);
        let text = assistant.filter(|_| detail.shows_assistant()).map(|it| self.assistant_text(it));
        render::campaign(
            look,
            campaign,
            &self.options.organization_id,
            (campaign.fingerprint(&self.calls, look.newer), detail.shows_row_stats()),
            (assistant.map_or("", |it| it.id.as_str()), text.as_deref()),
        )
    }

    /// Appends a row's JSON.
    pub(super) fn write_row(&self, document: &mut Document, row: &Row) {
        if let Some(raw) = &row.raw {
            document.shared(raw);
            return;
        }
        document.shared(row.text.get_or_init(|| render::row_head(self.look(), row).into()));
        if let Some(call) = row.call.and_then(|call| self.calls.get(call)) {
            self.write_call(document, call);
            document.fixed("}");
        }
    }

    /// Appends a call's JSON.
    pub(super) fn write_call(&self, document: &mut Document, call: &Call) {
        let CallText { before, after } =
            call.text.get_or_init(|| render::call(self.look(), call, &self.options.organization_id));
        document.shared(before);
        match call.assistant.and_then(|assistant| self.assistants.get(assistant)) {
            Some(assistant) => document.shared(&self.assistant_text(assistant)),
            None => document.fixed("null"),
        }
        document.signed(after);
    }

    /// The rows' JSON as the API shows it, the recordings' signatures (which differ on every read) all zeros.
    pub(super) fn row_texts(&self, campaign: &Campaign) -> Vec<String> {
        let rows = campaign.rows.iter().map(|row| {
            let mut document = Document::default();
            self.write_row(&mut document, row);
            String::from_utf8(document.into_bytes(&signature(0))).unwrap_or_default()
        });
        rows.collect()
    }

    fn assistant_text(&self, assistant: &Assistant) -> Arc<str> {
        let text = || render::assistant(self.look(), assistant, &self.options.organization_id).into();
        Arc::clone(assistant.text.get_or_init(text))
    }
}
