//! The account as it evolves: applies edits, and keeps account of what the checks have to know about them.

use crate::chance::Chance;
use crate::edits::Edit;
use revox_mirror::simulator::{Account, ShownTotal};
use std::collections::{BTreeMap, BTreeSet};

/// Campaigns that an account ever has at most: of five, no two may vanish without a person being asked.
const MOST_CAMPAIGNS: u64 = 4;

/// What has become of an account so far.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) chance: Chance,
    /// Rows that a new campaign has.
    pub(crate) rows: usize,
    /// What happened, in order: told when the case fails.
    pub(crate) story: Vec<String>,
    /// How often each edit was made.
    pub(crate) edits: BTreeMap<Edit, u64>,
    /// Rows that are shown spoilt, and some that were.
    spoilt: BTreeSet<String>,
    /// Calls that rows of two campaigns show, or have shown.
    abroad: BTreeSet<String>,
    frozen: BTreeSet<String>,
    lying: BTreeSet<String>,
    unlisted: BTreeSet<String>,
    late: bool,
    /// Campaigns with a walk that was broken off and may be taken up again.
    pub(crate) under_way: BTreeSet<String>,
    /// Campaigns with an edit that their fingerprint may not show, since they were last proven.
    pub(crate) hidden: BTreeSet<String>,
    /// Requests for the rows of each campaign in this pass.
    pub(crate) requests: BTreeMap<String, u64>,
    /// The request in the middle of which each campaign was last edited in this pass.
    pub(crate) edited_at: BTreeMap<String, u64>,
    /// How often rows shifted in the middle of a walk in this pass.
    pub(crate) shifts: u64,
    /// Campaigns with a walk that was broken off before the account changed its way: what it has read says the old one.
    pub(crate) begun_otherwise: BTreeSet<String>,
    /// Whether the account changed its way in the middle of this pass.
    pub(crate) has_switched: bool,
}

impl World {
    pub(crate) fn new(chance: Chance, rows: usize) -> Self {
        Self {
            chance,
            rows,
            story: Vec::new(),
            edits: BTreeMap::new(),
            spoilt: BTreeSet::new(),
            abroad: BTreeSet::new(),
            frozen: BTreeSet::new(),
            lying: BTreeSet::new(),
            unlisted: BTreeSet::new(),
            late: false,
            under_way: BTreeSet::new(),
            hidden: BTreeSet::new(),
            requests: BTreeMap::new(),
            edited_at: BTreeMap::new(),
            shifts: 0,
            begun_otherwise: BTreeSet::new(),
            has_switched: false,
        }
    }

    /// Forgets what belonged to the pass before.
    pub(crate) fn begin_pass(&mut self) {
        self.requests.clear();
        self.edited_at.clear();
        self.shifts = 0;
        self.has_switched = false;
    }

    /// The campaign whose rows are asked for.
    pub(crate) fn campaign_of(path: &str) -> &str {
        path.trim_start_matches("/api/campaigns/").split('/').next().unwrap()
    }

    /// How many edits were made.
    pub(crate) fn edit_count(&self) -> u64 {
        self.edits.values().sum()
    }

    /// Whether a campaign's pages lie about their number all the time.
    pub(crate) fn lies(&self, campaign: &str) -> bool {
        self.lying.contains(campaign)
    }

    /// The rows of a campaign that are shown spoilt.
    pub(crate) fn spoilt_rows(&self, account: &Account, campaign: &str) -> BTreeSet<String> {
        let rows = account.row_ids(campaign).unwrap_or_default();
        rows.into_iter().filter(|row| self.spoilt.contains(row)).collect()
    }

    /// Edits any campaign between passes. False when this edit cannot be made here.
    pub(crate) fn edit(&mut self, account: &mut Account, edit: Edit) -> bool {
        let campaign = self.chance.pick(&account.campaign_ids()).clone();
        let resting = !self.under_way.contains(&campaign);
        if !resting && (edit.is_hidden() || self.frozen.contains(&campaign)) {
            return false;
        }
        let calls_are_safe = self.abroad.is_empty() || self.under_way.is_empty();
        let done = self.make(account, edit, &campaign, calls_are_safe);
        if done && (edit.is_hidden() || self.frozen.contains(&campaign)) {
            self.hidden.insert(campaign.clone());
        }
        self.note(edit, &campaign, "between", done)
    }

    /// Edits a campaign in the middle of its walk. False when this edit cannot be made, or would not show.
    pub(crate) fn edit_during(&mut self, account: &mut Account, edit: Edit, campaign: &str) -> bool {
        if !edit.shows_itself() || self.frozen.contains(campaign) {
            return false;
        }
        let calls_are_safe = self.abroad.is_empty();
        let done = self.make(account, edit, campaign, calls_are_safe);
        if done {
            self.shifts += u64::from(edit.shifts());
            self.edited_at.insert(campaign.to_owned(), self.requests.get(campaign).copied().unwrap_or(0));
        }
        self.note(edit, campaign, "during", done)
    }

    fn note(&mut self, edit: Edit, campaign: &str, when: &str, done: bool) -> bool {
        if done {
            self.story.push(format!("{when}: {edit:?} in {campaign}"));
            *self.edits.entry(edit).or_default() += 1;
        }
        done
    }

    /// `calls_are_safe`: no campaign is walked just now that shows a call of another campaign, whose fingerprint
    /// would not tell of the call's edit.
    fn make(&mut self, account: &mut Account, edit: Edit, campaign: &str, calls_are_safe: bool) -> bool {
        let rows = account.row_count(campaign).unwrap();
        if rows < 4 && edit.shifts() {
            return false;
        }
        let row = self.chance.count(0..rows.max(1));
        let other_row = self.chance.count(0..rows.max(1));
        let few = self.chance.count(1..5);
        let may_edit_call = |row: usize| {
            let call = account.call_id(campaign, row).ok().flatten();
            call.is_none_or(|call| calls_are_safe || !self.abroad.contains(&call))
        };
        let (safe, other_safe) = (may_edit_call(row), may_edit_call(other_row));
        match edit {
            Edit::AppendRows => account.append_rows(campaign, few).is_ok(),
            Edit::InsertRow => account.insert_row(campaign, row).is_ok(),
            Edit::DeleteRow => account.delete_row(campaign, row).is_ok(),
            Edit::SlipRow => slip(account, campaign),
            Edit::AdvanceCalls => {
                calls_are_safe && account.advance_calls(campaign, few).is_ok_and(|it| it > 0)
            }
            Edit::AdvanceCall => safe && advance(account, campaign, row),
            Edit::ReplaceCall => safe && account.replace_call(campaign, row).is_ok(),
            Edit::RemoveCall => account.remove_call(campaign, row).is_ok(),
            Edit::ShareCall => {
                row != other_row && account.share_call((campaign, row), (campaign, other_row)).is_ok()
            }
            Edit::MoveCall => {
                row != other_row && account.move_call((campaign, row), (campaign, other_row)).is_ok()
            }
            Edit::ShareCallAbroad => self.send_abroad(account, campaign, row, false),
            Edit::MoveCallAbroad => self.send_abroad(account, campaign, row, true),
            Edit::ShareAttempt => other_safe && share_attempt(account, campaign, row, other_row),
            Edit::DeleteAttempt => safe && account.delete_attempt(campaign, row).is_ok(),
            Edit::ChangeInputData => account.edit_input_data(campaign, row).is_ok(),
            Edit::ChangeMetadata => safe && account.edit_metadata(campaign, row).is_ok(),
            Edit::ChangePrompt => account.edit_assistant_prompt(row % 4).is_ok(),
            Edit::SpoilRow => self.spoil(account, campaign, row),
            Edit::MendRow => self.mend(account, campaign),
            Edit::Touch => account.touch(campaign).is_ok(),
            Edit::TurnLateAnalysis => {
                self.late = !self.late;
                account.set_late_analysis(self.late);
                true
            }
            Edit::DeliverAnalysis => {
                calls_are_safe && account.deliver_analysis(campaign, few).is_ok_and(|it| it > 0)
            }
            Edit::Tick => self.under_way.is_empty() && self.tick(account),
            Edit::AddInboundCall => {
                account.add_inbound_call();
                true
            }
            Edit::AddCampaign => {
                let count = |edit| self.edits.get(&edit).copied().unwrap_or(0);
                let there = u64::try_from(account.campaign_ids().len()).unwrap();
                let has_place = there + count(Edit::DeleteCampaign) < MOST_CAMPAIGNS;
                has_place && !account.add_campaign(self.rows).is_empty()
            }
            Edit::DeleteCampaign => {
                account.campaign_ids().len() > 2
                    && !self.unlisted.contains(campaign)
                    && account.delete_campaign(campaign).is_ok()
            }
            Edit::TurnListing => self.turn_listing(account, campaign),
            Edit::TurnFreezing => {
                if self.frozen.remove(campaign) {
                    account.thaw_fingerprint(campaign).is_ok()
                } else {
                    self.frozen.insert(campaign.to_owned());
                    account.freeze_fingerprint(campaign).is_ok()
                }
            }
            Edit::TurnTotal => self.turn_total(account, campaign, rows),
            Edit::QuietInputData => account.quietly(|it| it.edit_input_data(campaign, row)).is_ok(),
            Edit::QuietAppend => account.quietly(|it| it.append_rows(campaign, few)).is_ok(),
            Edit::QuietSlip => account.quietly(|it| slip(it, campaign)),
            Edit::QuietAdvance => {
                calls_are_safe && account.quietly(|it| it.advance_calls(campaign, few)).is_ok_and(|it| it > 0)
            }
        }
    }

    fn tick(&mut self, account: &mut Account) -> bool {
        self.hidden.extend(account.campaign_ids());
        account.tick().is_ok()
    }

    /// Shows a row's call on a row of another campaign, or moves it there.
    fn send_abroad(&mut self, account: &mut Account, campaign: &str, row: usize, moves: bool) -> bool {
        let others: Vec<String> = account
            .campaign_ids()
            .into_iter()
            .filter(|it| it != campaign && !self.frozen.contains(it) && !self.unlisted.contains(it))
            .collect();
        let Some(call) = account.call_id(campaign, row).ok().flatten() else { return false };
        if others.is_empty() || !self.under_way.is_empty() {
            return false;
        }
        let to = self.chance.pick(&others).clone();
        let to_row = self.chance.count(0..account.row_count(&to).unwrap().max(1));
        self.abroad.insert(call);
        if moves {
            account.move_call((campaign, row), (&to, to_row)).is_ok()
        } else {
            account.share_call((campaign, row), (&to, to_row)).is_ok()
        }
    }

    fn spoil(&mut self, account: &mut Account, campaign: &str, row: usize) -> bool {
        let Some(id) = account.row_ids(campaign).unwrap().get(row).cloned() else { return false };
        let texts = [
            "17".to_owned(),
            "{}".to_owned(),
            r#"{"id":null,"phone_number":"+33"}"#.to_owned(),
            format!(r#"{{"id":"{id}","call":[]}}"#),
        ];
        let text = self.chance.pick(&texts);
        self.spoilt.insert(id);
        account.set_raw_row(campaign, row, text.as_str()).is_ok()
    }

    fn mend(&mut self, account: &mut Account, campaign: &str) -> bool {
        let rows = account.row_ids(campaign).unwrap();
        let Some(place) = rows.iter().position(|row| self.spoilt.contains(row)) else { return false };
        self.spoilt.remove(&rows[place]);
        account.mend_row(campaign, place).is_ok()
    }

    fn turn_listing(&mut self, account: &mut Account, campaign: &str) -> bool {
        let listed = self.unlisted.remove(campaign);
        if !listed {
            if self.unlisted.len() + 2 > account.campaign_ids().len() {
                return false;
            }
            self.unlisted.insert(campaign.to_owned());
        }
        account.list_campaign(campaign, listed).is_ok()
    }

    fn turn_total(&mut self, account: &mut Account, campaign: &str, rows: usize) -> bool {
        let total = if self.lying.remove(campaign) {
            None
        } else {
            self.lying.insert(campaign.to_owned());
            Some(*self.chance.pick(&[ShownTotal::Number(rows + 3), ShownTotal::Number(rows / 2)]))
        };
        account.override_total(campaign, total).is_ok()
    }

    /// Lets the dust settle: every campaign is listed again and tells the truth, and every row is mended.
    pub(crate) fn settle(&mut self, account: &mut Account) {
        for campaign in account.campaign_ids() {
            account.list_campaign(&campaign, true).unwrap();
            account.thaw_fingerprint(&campaign).unwrap();
            account.override_total(&campaign, None).unwrap();
            while self.mend(account, &campaign) {}
        }
        self.unlisted.clear();
        self.frozen.clear();
        self.lying.clear();
        self.spoilt.clear();
    }
}

fn slip(account: &mut Account, campaign: &str) -> bool {
    account.delete_row(campaign, 0).is_ok() && account.append_rows(campaign, 1).is_ok()
}

fn advance(account: &mut Account, campaign: &str, row: usize) -> bool {
    let before = account.call_status(campaign, row).ok();
    account.advance_call(campaign, row).is_ok() && account.call_status(campaign, row).ok() != before
}

fn share_attempt(account: &mut Account, campaign: &str, row: usize, other_row: usize) -> bool {
    let call = |row| account.call_id(campaign, row).ok().flatten();
    call(row) != call(other_row) && account.share_attempt((campaign, row), (campaign, other_row)).is_ok()
}
