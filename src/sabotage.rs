//! Deliberate faults, of which the property test must find each: only with the feature `sabotage`, which no build for
//! use has. The points that ask for them are single lines where the fault would be.

use std::sync::atomic::{AtomicU8, Ordering};

/// A deliberate fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Sabotage {
    /// Rows that are gone stay alive.
    NoTombstone = 1,
    /// What a walk did not show is gone, whatever speaks against it.
    TombstoneWithoutProof,
    /// The fingerprint of a walk is the one read after its last page.
    FingerprintTooLate,
    /// A walk that is taken up again does not know what it has seen.
    ResumeForgetsSeen,
    /// A checkpoint is committed, and then its rows.
    CheckpointBeforeRows,
    /// What cannot land leaves no trace.
    RejectDropped,
    /// A campaign that changed in the middle of its walk is no reason to doubt.
    ShiftUnnoticed,
    /// Calls that no row shows stay alive.
    CallsNeverGone,
}

impl Sabotage {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::NoTombstone,
        Self::TombstoneWithoutProof,
        Self::FingerprintTooLate,
        Self::ResumeForgetsSeen,
        Self::CheckpointBeforeRows,
        Self::RejectDropped,
        Self::ShiftUnnoticed,
        Self::CallsNeverGone,
    ];

    /// Whether it is the one that is switched on.
    #[must_use]
    pub fn is_on(self) -> bool {
        SWITCHED_ON.load(Ordering::Relaxed) == self as u8
    }
}

/// The number of the fault that is switched on, in the whole process; 0: none.
static SWITCHED_ON: AtomicU8 = AtomicU8::new(0);

/// Switches one on, or all off.
pub fn switch(sabotage: Option<Sabotage>) {
    SWITCHED_ON.store(sabotage.map_or(0, |it| it as u8), Ordering::Relaxed);
}
