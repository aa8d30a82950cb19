//! How a campaign's pass ended, in one word.

/// How a campaign's pass ended. The words are those of `revox_sync.runs.outcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Everything was read and proven.
    Complete,
    /// What was read is written, but it is not proven to be all.
    Partial,
    /// So much would vanish that a person should look first; nothing was tombstoned.
    Suspicious,
    /// It could not be read or written to its end.
    Failed,
    /// Nothing had changed, so nothing was read; leaves no run line.
    Skipped,
}

impl Outcome {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Suspicious => "suspicious",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}
