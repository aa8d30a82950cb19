//! What kind of thing went wrong, for whoever decides what becomes of it.

use super::SyncError;
use super::page::PageError;
use crate::api::ApiError;
use crate::store::StoreError;
use std::time::Duration;

/// Kinds of failure, told apart by what can be done about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The API refuses the key.
    KeyRefused,
    /// The key and the base URL belong to another account than the mirror's.
    AnotherAccount,
    /// The settings cannot work: nothing was sent.
    Settings,
    /// The API refuses this campaign, or does not know it.
    CampaignRefused,
    /// The API asks to be left alone, for as long as it says.
    RateLimited(Option<Duration>),
    /// The API cannot be reached, or is not able to answer.
    ApiAway,
    /// The API answers with what cannot be used.
    ApiOdd,
    /// An answer that holds another campaign's rows.
    Unbelievable,
    /// The database cannot be reached.
    DatabaseAway,
    /// The database is there and does not do: rights, version, schema, room.
    DatabaseUnfit,
    /// The lease was lost in the middle: another process works on it by now.
    LeaseLost,
    /// Another process works on it.
    Busy,
    /// It was told to stop, and did so between two pages.
    Stopped,
    /// A task panicked.
    Broken,
}

impl FailureKind {
    /// Every kind, for tables of them.
    pub const ALL: [Self; 14] = [
        Self::KeyRefused,
        Self::AnotherAccount,
        Self::Settings,
        Self::CampaignRefused,
        Self::RateLimited(None),
        Self::ApiAway,
        Self::ApiOdd,
        Self::Unbelievable,
        Self::DatabaseAway,
        Self::DatabaseUnfit,
        Self::LeaseLost,
        Self::Busy,
        Self::Stopped,
        Self::Broken,
    ];

    /// The word for it, as metrics and docs have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KeyRefused => "key_refused",
            Self::AnotherAccount => "another_account",
            Self::Settings => "settings",
            Self::CampaignRefused => "campaign_refused",
            Self::RateLimited(_) => "rate_limited",
            Self::ApiAway => "api_away",
            Self::ApiOdd => "api_odd",
            Self::Unbelievable => "unbelievable",
            Self::DatabaseAway => "database_away",
            Self::DatabaseUnfit => "database_unfit",
            Self::LeaseLost => "lease_lost",
            Self::Busy => "busy",
            Self::Stopped => "stopped",
            Self::Broken => "broken",
        }
    }

    fn of_api(error: &ApiError) -> Self {
        match error {
            ApiError::Refused { .. } => Self::KeyRefused,
            ApiError::RateLimited { retry_after } => Self::RateLimited(*retry_after),
            ApiError::Unavailable { .. }
            | ApiError::Unreachable { .. }
            | ApiError::TimedOut { .. }
            | ApiError::BrokenOff { .. } => Self::ApiAway,
            error if error.is_configuration() => Self::Settings,
            _ => Self::ApiOdd,
        }
    }

    fn of_store(error: &StoreError) -> Self {
        match error {
            StoreError::LeaseLost { .. } => Self::LeaseLost,
            StoreError::ForeignRows { .. } => Self::Unbelievable,
            StoreError::ErasedMeanwhile => Self::Busy,
            StoreError::NoPrivacyKey | StoreError::OtherPrivacyKey => Self::Settings,
            error if error.is_away() => Self::DatabaseAway,
            _ => Self::DatabaseUnfit,
        }
    }

    /// What kind of failure ended a campaign's pass.
    pub(super) fn of_page(error: &PageError) -> Self {
        match error {
            // 401 is said of a key, 403 of what it may read.
            PageError::Api(ApiError::Refused { status: 403 } | ApiError::NotFound) => Self::CampaignRefused,
            PageError::Api(error) => Self::of_api(error),
            PageError::Unbelievable(_) => Self::Unbelievable,
            PageError::ErasedMeanwhile => Self::Busy,
            PageError::Store(error) => Self::of_store(error),
            PageError::Task(_) => Self::Broken,
            PageError::PagedOtherwise | PageError::NotNew => Self::ApiOdd,
            PageError::Stopped => Self::Stopped,
        }
    }
}

impl From<&SyncError> for FailureKind {
    fn from(error: &SyncError) -> Self {
        match error {
            SyncError::UnknownCampaign { .. } => Self::CampaignRefused,
            SyncError::AnotherAccount { .. } => Self::AnotherAccount,
            SyncError::List(error) => Self::of_api(error),
            SyncError::Store(error) => Self::of_store(error),
            SyncError::Busy => Self::Busy,
        }
    }
}
