//! The simulated account's own life: calls that move on, results that arrive late, contacts that are added.

use super::account::Account;
use super::call::{Attempt, Status};
use super::campaign::CampaignStatus;
use super::edits::{CampaignKey, EditError};

impl Account {
    /// Moves up to `count` unfinished calls of the campaign on by one step, the ones furthest on first: a row
    /// without a call gets one, a waiting call is called, a running call ends (with attempt, transcript and
    /// recording) or waits for its next try. Gives how many moved.
    pub fn advance_calls(
        &mut self,
        campaign: impl Into<CampaignKey>,
        count: usize,
    ) -> Result<usize, EditError> {
        let at = self.place(campaign)?;
        let statuses = self.campaigns.get(at).map(|it| it.row_statuses(&self.calls).enumerate());
        let mut open: Vec<(u8, usize)> = statuses
            .into_iter()
            .flatten()
            .filter_map(|(row, status)| Some((urgency(status)?, row)))
            .collect();
        open.sort_unstable();
        open.truncate(count);
        for (_, row) in &open {
            self.advance_row(at, *row)?;
        }
        if !open.is_empty() {
            self.changed(at)?;
        }
        Ok(open.len())
    }

    /// Moves the call of one row on by one step, as [`advance_calls`](Self::advance_calls) does. Nothing changes
    /// when it is finished.
    pub fn advance_call(&mut self, campaign: impl Into<CampaignKey>, row: usize) -> Result<(), EditError> {
        let at = self.place(campaign)?;
        let call = self.row(at, row)?.call.and_then(|call| self.calls.get(call));
        if call.is_some_and(|call| call.status.is_final()) {
            return Ok(());
        }
        self.advance_row(at, row)?;
        self.changed(at)
    }

    /// Gives the row's call a status that no API has documented so far; the next step of its life ends it.
    pub fn set_unknown_status(
        &mut self,
        campaign: impl Into<CampaignKey>,
        row: usize,
        status: &'static str,
    ) -> Result<(), EditError> {
        let at = self.place(campaign)?;
        let now = self.step();
        let call = self.call_mut(at, row)?;
        call.status = Status::Other(status);
        call.changed(now);
        self.changed(at)
    }

    /// From now on calls end without recording, structured output and analysis, or with them.
    pub fn set_late_analysis(&mut self, late: bool) {
        self.late_analysis = late;
    }

    /// Adds recording, structured output and analysis to up to `count` calls of the campaign that ended without.
    /// Gives how many there were. The campaign's `updated_at` stays as it is, a call's moves.
    pub fn deliver_analysis(
        &mut self,
        campaign: impl Into<CampaignKey>,
        count: usize,
    ) -> Result<usize, EditError> {
        let now = self.step();
        let places: Vec<usize> = self.campaign(campaign)?.rows.iter().filter_map(|row| row.call).collect();
        let mut delivered = 0;
        for place in places {
            let Some(call) = self.calls.get_mut(place) else {
                continue;
            };
            let waits = |attempt: &Attempt| attempt.stage.result().is_some() && !attempt.analysed;
            if delivered < count && call.status.is_final() && call.attempts.iter().any(waits) {
                call.attempts.iter_mut().filter(|it| waits(it)).for_each(|it| it.analysed = true);
                call.changed(now);
                delivered += 1;
            }
        }
        Ok(delivered)
    }

    /// A moment in the account's life: in each running campaign some calls move on, some analyses arrive, and
    /// now and then contacts are added.
    pub fn tick(&mut self) -> Result<(), EditError> {
        let late_before = std::mem::replace(&mut self.late_analysis, true);
        let result = (0..self.campaigns.len()).try_for_each(|at| self.tick_campaign(at));
        self.late_analysis = late_before;
        result
    }

    fn tick_campaign(&mut self, at: usize) -> Result<(), EditError> {
        if self.campaign(at)?.status != CampaignStatus::Running {
            return Ok(());
        }
        self.deliver_analysis(at, 2)?;
        let moving = self.draw.count(1..5);
        self.advance_calls(at, moving)?;
        if self.draw.chance(20) {
            let arriving = self.draw.count(1..4);
            self.append_rows(at, arriving)?;
        }
        Ok(())
    }

    fn advance_row(&mut self, at: usize, row: usize) -> Result<(), EditError> {
        if self.row(at, row)?.call.is_none() {
            return self.launch_call(at, row, Status::Queued);
        }
        let (late, turns) = (self.late_analysis, self.options.turns);
        let now = self.step();
        let mut draw = self.draw.branch();
        self.call_mut(at, row)?.advance(&mut draw, now, turns, late);
        Ok(())
    }
}

/// Which calls move first, the smallest first; `None` for one that is finished.
fn urgency(status: Option<Status>) -> Option<u8> {
    match status {
        Some(Status::Calling | Status::PostProcessing | Status::Other(_)) => Some(0),
        Some(Status::Queued) => Some(1),
        Some(Status::Initializing | Status::Scheduled | Status::NotLaunched | Status::Paused) => Some(2),
        None => Some(3),
        Some(Status::Completed | Status::Cancelled | Status::Errored) => None,
    }
}
