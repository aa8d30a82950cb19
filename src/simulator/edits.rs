//! Edits of the simulated account, as its users and its calls would make them.
//!
//! An edit moves the campaign's `updated_at` and `row_stats` with it, unless it is made [quietly](Account::quietly)
//! or the [fingerprint is frozen](Account::freeze_fingerprint). Rows are addressed by their place in the order
//! in which the API shows them, from 0.

use super::account::Account;
use super::call::{Call, Status};
use super::campaign::{Campaign, CampaignStatus, Row, ShownTotal};
use chrono::{DateTime, Utc};
use std::cell::OnceCell;

/// How an edit names a campaign: by its place in the list, or by its id.
#[derive(Debug, Clone)]
pub enum CampaignKey {
    /// The place in the list, from 0.
    Place(usize),
    /// The id.
    Id(String),
}

impl From<usize> for CampaignKey {
    fn from(place: usize) -> Self {
        Self::Place(place)
    }
}

impl From<&str> for CampaignKey {
    fn from(id: &str) -> Self {
        Self::Id(id.to_owned())
    }
}

impl From<&String> for CampaignKey {
    fn from(id: &String) -> Self {
        Self::Id(id.clone())
    }
}

/// Why an edit cannot be made. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// There is no such campaign.
    #[error("the account has no campaign {0:?}")]
    NoCampaign(CampaignKey),
    /// The campaign has no such row.
    #[error("the campaign has no row at {0}")]
    NoRow(usize),
    /// The row has no call, or the call no attempt.
    #[error("the row at {0} has no such call or attempt")]
    NoCall(usize),
    /// There is no such assistant.
    #[error("the account has no assistant at {0}")]
    NoAssistant(usize),
}

impl Account {
    /// Makes edits that leave the campaigns' `updated_at` alone. (`row_stats` still tell the truth.)
    pub fn quietly<R>(&mut self, edit: impl FnOnce(&mut Self) -> R) -> R {
        let before = std::mem::replace(&mut self.quiet, true);
        let result = edit(self);
        self.quiet = before;
        result
    }

    /// From now on the campaign shows the `updated_at`, `status` and `row_stats` that it shows now.
    pub fn freeze_fingerprint(&mut self, campaign: impl Into<CampaignKey>) -> Result<(), EditError> {
        let newer = self.look().newer;
        let at = self.place(campaign)?;
        let frozen = self.campaigns.get(at).map(|it| it.fingerprint(&self.calls, newer));
        self.campaign_mut(at)?.frozen = frozen;
        Ok(())
    }

    /// The campaign shows its true `updated_at`, `status` and `row_stats` again.
    pub fn thaw_fingerprint(&mut self, campaign: impl Into<CampaignKey>) -> Result<(), EditError> {
        self.campaign_mut(campaign)?.frozen = None;
        Ok(())
    }

    /// Moves the campaign's `updated_at`, and nothing else.
    pub fn touch(&mut self, campaign: impl Into<CampaignKey>) -> Result<(), EditError> {
        let at = self.place(campaign)?;
        let now = self.step();
        self.campaign_mut(at)?.updated_at = now;
        Ok(())
    }

    /// Appends `count` rows that have no call yet.
    pub fn append_rows(&mut self, campaign: impl Into<CampaignKey>, count: usize) -> Result<(), EditError> {
        let at = self.place(campaign)?;
        for _ in 0..count {
            let index = self.campaign_mut(at)?.rows.last().map_or(0, |row| row.index + 1);
            let row = Row::draw(&mut self.draw, index);
            self.campaign_mut(at)?.rows.push(row);
        }
        self.changed(at)
    }

    /// Inserts a row without a call so that it stands at `row`. The ones behind it move up by an index where
    /// no gap is left.
    pub fn insert_row(&mut self, campaign: impl Into<CampaignKey>, row: usize) -> Result<(), EditError> {
        let at = self.place(campaign)?;
        let index = self.row(at, row)?.index;
        let inserted = Row::draw(&mut self.draw, index);
        let rows = &mut self.campaign_mut(at)?.rows;
        rows.insert(row, inserted);
        let mut taken = index;
        for behind in rows.iter_mut().skip(row + 1).take_while(|behind| {
            let moves = behind.index == taken;
            taken += 1;
            moves
        }) {
            behind.index += 1;
            behind.text = OnceCell::new();
        }
        self.changed(at)
    }

    /// Deletes the row at `row`; its index is not given again.
    pub fn delete_row(&mut self, campaign: impl Into<CampaignKey>, row: usize) -> Result<(), EditError> {
        let at = self.place(campaign)?;
        self.row(at, row)?;
        self.campaign_mut(at)?.rows.remove(row);
        self.changed(at)
    }

    /// Deletes all rows of the campaign.
    pub fn clear_rows(&mut self, campaign: impl Into<CampaignKey>) -> Result<(), EditError> {
        let at = self.place(campaign)?;
        self.campaign_mut(at)?.rows.clear();
        self.changed(at)
    }

    /// Gives the row a new call in place of the one it has.
    pub fn replace_call(&mut self, campaign: impl Into<CampaignKey>, row: usize) -> Result<(), EditError> {
        let at = self.place(campaign)?;
        self.launch_call(at, row, Status::Completed)?;
        self.changed(at)
    }

    /// Takes its call from the row.
    pub fn remove_call(&mut self, campaign: impl Into<CampaignKey>, row: usize) -> Result<(), EditError> {
        let at = self.place(campaign)?;
        self.set_call(at, row, None)?;
        self.changed(at)
    }

    /// Shows the call of the row `from` on the row `to` as well. Both are a campaign and a place in it.
    pub fn share_call(
        &mut self,
        from: (impl Into<CampaignKey>, usize),
        to: (impl Into<CampaignKey>, usize),
    ) -> Result<(), EditError> {
        let (from, to) = ((self.place(from.0)?, from.1), (self.place(to.0)?, to.1));
        let call = self.row(from.0, from.1)?.call.ok_or(EditError::NoCall(from.1))?;
        self.set_call(to.0, to.1, Some(call))?;
        self.changed(to.0)
    }

    /// Moves the call of the row `from` to the row `to`. Both are a campaign and a place in it.
    pub fn move_call(
        &mut self,
        from: (impl Into<CampaignKey>, usize),
        to: (impl Into<CampaignKey>, usize),
    ) -> Result<(), EditError> {
        let (from, to) = ((self.place(from.0)?, from.1), (self.place(to.0)?, to.1));
        self.share_call(from, to)?;
        self.set_call(from.0, from.1, None)?;
        self.changed(from.0)
    }

    /// Lists the newest attempt of the call on the row `from` in the call on the row `to` as well, as its oldest.
    /// Both are a campaign and a place in it.
    pub fn share_attempt(
        &mut self,
        from: (impl Into<CampaignKey>, usize),
        to: (impl Into<CampaignKey>, usize),
    ) -> Result<(), EditError> {
        let (from, to) = ((self.place(from.0)?, from.1), (self.place(to.0)?, to.1));
        let newest =
            self.call_mut(from.0, from.1)?.attempts.first().cloned().ok_or(EditError::NoCall(from.1))?;
        let now = self.step();
        let call = self.call_mut(to.0, to.1)?;
        call.attempts.push(newest);
        call.changed(now);
        self.changed(to.0)
    }

    /// Deletes the oldest attempt of the row's call.
    pub fn delete_attempt(&mut self, campaign: impl Into<CampaignKey>, row: usize) -> Result<(), EditError> {
        let at = self.place(campaign)?;
        let now = self.step();
        let call = self.call_mut(at, row)?;
        call.attempts.pop().ok_or(EditError::NoCall(row))?;
        call.changed(now);
        self.changed(at)
    }

    /// Changes the row's `input_data`.
    pub fn edit_input_data(&mut self, campaign: impl Into<CampaignKey>, row: usize) -> Result<(), EditError> {
        let at = self.place(campaign)?;
        let it = self.row_mut(at, row)?;
        it.revision += 1;
        it.text = OnceCell::new();
        self.changed(at)
    }

    /// Changes the `metadata` of the row's call.
    pub fn edit_metadata(&mut self, campaign: impl Into<CampaignKey>, row: usize) -> Result<(), EditError> {
        let at = self.place(campaign)?;
        let now = self.step();
        let call = self.call_mut(at, row)?;
        call.revision += 1;
        call.changed(now);
        self.changed(at)
    }

    /// Changes the `metadata` of the calls of so many rows, all at one moment.
    pub fn edit_metadata_at_once(
        &mut self,
        campaign: impl Into<CampaignKey>,
        rows: std::ops::Range<usize>,
    ) -> Result<(), EditError> {
        let at = self.place(campaign)?;
        let now = self.step();
        for row in rows {
            let call = self.call_mut(at, row)?;
            call.revision += 1;
            call.changed(now);
        }
        self.changed(at)
    }

    /// From now on the search leaves a call out, or (`None`) none.
    pub fn leave_out_of_search(&mut self, call: Option<String>) {
        self.left_out = call;
    }

    /// Changes the prompt of the assistant at `assistant`, which stands in all its calls and campaigns.
    pub fn edit_assistant_prompt(&mut self, assistant: usize) -> Result<(), EditError> {
        let now = self.step();
        let it = self.assistants.get_mut(assistant).ok_or(EditError::NoAssistant(assistant))?;
        it.prompt.push_str("\n\nSois plus bref.");
        it.updated_at = now;
        it.text = OnceCell::new();
        Ok(())
    }

    /// Puts `text` in place of the row's JSON: anything at all.
    pub fn set_raw_row(
        &mut self,
        campaign: impl Into<CampaignKey>,
        row: usize,
        text: impl Into<String>,
    ) -> Result<(), EditError> {
        let at = self.place(campaign)?;
        self.row_mut(at, row)?.raw = Some(text.into().into());
        self.changed(at)
    }

    /// Shows the row's own JSON again.
    pub fn mend_row(&mut self, campaign: impl Into<CampaignKey>, row: usize) -> Result<(), EditError> {
        let at = self.place(campaign)?;
        self.row_mut(at, row)?.raw = None;
        self.changed(at)
    }

    /// Shows the call from outside, of no campaign, that just came in (newer API, in the search).
    pub fn add_inbound_call(&mut self) {
        let now = self.step();
        let place = self.draw_inbound_call();
        if let Some(call) = self.calls.get_mut(place) {
            call.changed(now);
        }
    }

    /// Says another number of rows than there are, or none, or (`None`) the truth.
    pub fn override_total(
        &mut self,
        campaign: impl Into<CampaignKey>,
        total: Option<ShownTotal>,
    ) -> Result<(), EditError> {
        self.campaign_mut(campaign)?.total = total;
        Ok(())
    }

    /// One moment of the account's time; without a clock, a second passes.
    pub(super) fn step(&mut self) -> DateTime<Utc> {
        self.edits += 1;
        self.now()
    }

    /// Says that rows or calls of the campaign at `at` changed.
    pub(super) fn changed(&mut self, at: usize) -> Result<(), EditError> {
        let now = self.step();
        let quiet = self.quiet;
        let open = {
            let campaign = self.campaigns.get(at).ok_or(EditError::NoCampaign(at.into()))?;
            campaign.row_statuses(&self.calls).any(|status| !status.is_some_and(Status::is_final))
        };
        let campaign = self.campaign_mut(at)?;
        match campaign.status {
            CampaignStatus::Running if !open => campaign.status = CampaignStatus::Completed,
            CampaignStatus::Completed if open => campaign.status = CampaignStatus::Running,
            _ => {}
        }
        if !quiet {
            campaign.updated_at = now;
        }
        Ok(())
    }

    /// Gives the row a new call with `status`.
    pub(super) fn launch_call(&mut self, at: usize, row: usize, status: Status) -> Result<(), EditError> {
        let it = self.row(at, row)?;
        let (person, phone_number) = (it.person, it.phone_number.clone());
        let call = self.draw_call(at, person, &phone_number, status);
        let now = self.step();
        if let Some(call) = self.calls.get_mut(call) {
            call.changed(now);
        }
        self.set_call(at, row, Some(call))
    }

    pub(super) fn place(&self, campaign: impl Into<CampaignKey>) -> Result<usize, EditError> {
        let key = campaign.into();
        let place = match &key {
            CampaignKey::Place(place) => Some(*place).filter(|place| *place < self.campaigns.len()),
            CampaignKey::Id(id) => self.campaigns.iter().position(|it| it.id == *id),
        };
        place.ok_or(EditError::NoCampaign(key))
    }

    pub(super) fn campaign_mut(
        &mut self,
        campaign: impl Into<CampaignKey>,
    ) -> Result<&mut Campaign, EditError> {
        let key = campaign.into();
        let place = self.place(key.clone())?;
        self.campaigns.get_mut(place).ok_or(EditError::NoCampaign(key))
    }

    pub(super) fn row(&self, at: usize, row: usize) -> Result<&Row, EditError> {
        self.campaigns.get(at).and_then(|it| it.rows.get(row)).ok_or(EditError::NoRow(row))
    }

    fn row_mut(&mut self, at: usize, row: usize) -> Result<&mut Row, EditError> {
        self.campaign_mut(at)?.rows.get_mut(row).ok_or(EditError::NoRow(row))
    }

    pub(super) fn call_mut(&mut self, at: usize, row: usize) -> Result<&mut Call, EditError> {
        let call = self.row(at, row)?.call.ok_or(EditError::NoCall(row))?;
        self.calls.get_mut(call).ok_or(EditError::NoCall(row))
    }

    fn set_call(&mut self, at: usize, row: usize, call: Option<usize>) -> Result<(), EditError> {
        let row = self.row_mut(at, row)?;
        row.call = call;
        row.text = OnceCell::new();
        Ok(())
    }
}
