//! Edits of the simulated account's list of campaigns, and questions about what it holds.

use super::account::Account;
use super::campaign::Campaign;
use super::edits::{CampaignKey, EditError};

impl Account {
    /// The ids of all campaigns, listed or not.
    #[must_use]
    pub fn campaign_ids(&self) -> Vec<String> {
        self.campaigns.iter().map(|campaign| campaign.id.clone()).collect()
    }

    /// How many rows the campaign has.
    pub fn row_count(&self, campaign: impl Into<CampaignKey>) -> Result<usize, EditError> {
        Ok(self.campaign(campaign)?.rows.len())
    }

    /// The ids of the campaign's rows, in order.
    pub fn row_ids(&self, campaign: impl Into<CampaignKey>) -> Result<Vec<String>, EditError> {
        Ok(self.campaign(campaign)?.rows.iter().map(|row| row.id.clone()).collect())
    }

    /// The id of the row's call, if it has one.
    pub fn call_id(&self, campaign: impl Into<CampaignKey>, row: usize) -> Result<Option<String>, EditError> {
        let at = self.place(campaign)?;
        Ok(self.row(at, row)?.call.and_then(|call| self.calls.get(call)).map(|call| call.id.clone()))
    }

    /// The status of the row's call as the API shows it, if it has one.
    pub fn call_status(
        &self,
        campaign: impl Into<CampaignKey>,
        row: usize,
    ) -> Result<Option<&'static str>, EditError> {
        let at = self.place(campaign)?;
        let call = self.row(at, row)?.call.and_then(|call| self.calls.get(call));
        Ok(call.map(|call| call.status.shown(self.look().newer)))
    }

    /// The rows' JSON as the API shows it now. Only the signatures of the recordings, which differ on every
    /// read, are all zeros here.
    pub fn truth(&self, campaign: impl Into<CampaignKey>) -> Result<Vec<String>, EditError> {
        Ok(self.row_texts(self.campaign(campaign)?))
    }

    /// The campaign's JSON as the list shows it now.
    pub fn campaign_truth(&self, campaign: impl Into<CampaignKey>) -> Result<String, EditError> {
        Ok(self.campaign_text(self.campaign(campaign)?))
    }

    /// Adds a campaign with rows, and gives its id.
    pub fn add_campaign(&mut self, rows: usize) -> String {
        let now = self.step();
        self.draw_campaign(self.campaigns.len(), rows);
        match self.campaigns.last_mut() {
            Some(campaign) => {
                campaign.created_at = now;
                campaign.updated_at = now;
                campaign.id.clone()
            }
            None => String::new(),
        }
    }

    /// Deletes the campaign: it is on no list, and asking for it gives 404.
    pub fn delete_campaign(&mut self, campaign: impl Into<CampaignKey>) -> Result<(), EditError> {
        let at = self.place(campaign)?;
        self.campaigns.remove(at);
        Ok(())
    }

    /// Shows the campaign on the list, or not. It can be asked for in both cases.
    pub fn list_campaign(&mut self, campaign: impl Into<CampaignKey>, listed: bool) -> Result<(), EditError> {
        self.campaign_mut(campaign)?.listed = listed;
        Ok(())
    }

    /// Puts `text` in place of the campaign's JSON: anything at all. `None` shows its own again.
    pub fn set_raw_campaign(
        &mut self,
        campaign: impl Into<CampaignKey>,
        text: Option<String>,
    ) -> Result<(), EditError> {
        self.campaign_mut(campaign)?.raw = text;
        Ok(())
    }

    /// Makes the key one of another organization, with the same campaigns.
    pub fn set_organization_id(&mut self, organization_id: impl Into<String>) {
        self.options.organization_id = organization_id.into();
        self.forget_texts();
    }

    /// Lets in another key, and the old one no more.
    pub fn set_api_key(&mut self, api_key: impl Into<String>) {
        self.options.api_key = api_key.into();
    }

    pub(super) fn campaign(&self, campaign: impl Into<CampaignKey>) -> Result<&Campaign, EditError> {
        let key = campaign.into();
        let place = self.place(key.clone())?;
        self.campaigns.get(place).ok_or(EditError::NoCampaign(key))
    }
}
