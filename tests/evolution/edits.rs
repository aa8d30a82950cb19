//! The edits that an account knows: every one that the simulator offers, alone and in the pairs that are hard to see.

use crate::chance::Chance;

/// Something that happens to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Edit {
    AppendRows,
    InsertRow,
    DeleteRow,
    /// The first row is deleted and one is appended: the total stands still.
    SlipRow,
    AdvanceCalls,
    AdvanceCall,
    ReplaceCall,
    RemoveCall,
    ShareCall,
    MoveCall,
    ShareCallAbroad,
    MoveCallAbroad,
    ShareAttempt,
    DeleteAttempt,
    ChangeInputData,
    ChangeMetadata,
    ChangePrompt,
    SpoilRow,
    MendRow,
    Touch,
    /// From now on analyses come late, or no longer do.
    TurnLateAnalysis,
    DeliverAnalysis,
    Tick,
    AddInboundCall,
    AddCampaign,
    DeleteCampaign,
    /// The list shows a campaign no longer, or again.
    TurnListing,
    /// A campaign's fingerprint stands still from now on, or no longer does.
    TurnFreezing,
    /// The total of a campaign's pages is a lie from now on, or no longer is.
    TurnTotal,
    QuietInputData,
    QuietAppend,
    QuietSlip,
    QuietAdvance,
}

impl Edit {
    pub(crate) const ALL: &[Self] = &[
        Self::AppendRows,
        Self::InsertRow,
        Self::DeleteRow,
        Self::SlipRow,
        Self::AdvanceCalls,
        Self::AdvanceCall,
        Self::ReplaceCall,
        Self::RemoveCall,
        Self::ShareCall,
        Self::MoveCall,
        Self::ShareCallAbroad,
        Self::MoveCallAbroad,
        Self::ShareAttempt,
        Self::DeleteAttempt,
        Self::ChangeInputData,
        Self::ChangeMetadata,
        Self::ChangePrompt,
        Self::SpoilRow,
        Self::MendRow,
        Self::Touch,
        Self::TurnLateAnalysis,
        Self::DeliverAnalysis,
        Self::Tick,
        Self::AddInboundCall,
        Self::AddCampaign,
        Self::DeleteCampaign,
        Self::TurnListing,
        Self::TurnFreezing,
        Self::TurnTotal,
        Self::QuietInputData,
        Self::QuietAppend,
        Self::QuietSlip,
        Self::QuietAdvance,
    ];

    /// Some of them, and always enough that an account can evolve.
    pub(crate) fn draw_menu(chance: &mut Chance) -> Vec<Self> {
        let always = [Self::AppendRows, Self::DeleteRow, Self::AdvanceCalls, Self::ChangeInputData];
        let mut menu: Vec<Self> = always.to_vec();
        menu.extend(Self::ALL.iter().filter(|it| !always.contains(it) && chance.happens(35)));
        // Who owns an attempt that two calls list cannot be told while one of the calls is not shown, or stands in
        // a campaign that is not compared.
        if menu.contains(&Self::ShareAttempt) {
            menu.retain(|it| !matches!(it, Self::ShareCallAbroad | Self::MoveCallAbroad | Self::SpoilRow));
        }
        menu
    }

    /// Whether a campaign that is edited like this in the middle of its walk shows that it was.
    pub(crate) fn shows_itself(self) -> bool {
        matches!(
            self,
            Self::AppendRows
                | Self::InsertRow
                | Self::DeleteRow
                | Self::SlipRow
                | Self::AdvanceCalls
                | Self::AdvanceCall
                | Self::ReplaceCall
                | Self::RemoveCall
                | Self::ShareCall
                | Self::MoveCall
                | Self::ShareAttempt
                | Self::DeleteAttempt
                | Self::ChangeInputData
                | Self::ChangeMetadata
                | Self::SpoilRow
                | Self::MendRow
                | Self::Touch
        )
    }

    /// Whether the campaign's fingerprint may not show it at once.
    pub(crate) fn is_hidden(self) -> bool {
        matches!(
            self,
            Self::DeliverAnalysis
                | Self::Tick
                | Self::QuietInputData
                | Self::QuietAppend
                | Self::QuietSlip
                | Self::QuietAdvance
        )
    }

    /// Whether rows stand at other places after it.
    pub(crate) fn shifts(self) -> bool {
        matches!(self, Self::InsertRow | Self::DeleteRow | Self::SlipRow | Self::QuietSlip)
    }
}
