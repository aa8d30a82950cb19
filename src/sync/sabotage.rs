//! Deliberate faults of a walk; see `crate::sabotage`.

use super::seen::Seen;
use super::walk::Walker;
use crate::plan::WalkFacts;
use crate::sabotage::Sabotage;

/// Spoils what a walk has shown before it is judged.
pub(super) fn spoil(walker: &mut Walker<'_>, facts: &mut WalkFacts) {
    if Sabotage::TombstoneWithoutProof.is_on() {
        facts.first_total = facts.distinct_ids + facts.rows_without_id;
        (facts.other_total, facts.odd_page) = (None, None);
        facts.after.clone_from(&facts.before);
    }
    if Sabotage::FingerprintTooLate.is_on() {
        walker.walk.fingerprint.clone_from(&facts.after);
        facts.before.clone_from(&facts.after);
    }
    if Sabotage::ShiftUnnoticed.is_on() {
        facts.after.clone_from(&facts.before);
    }
}

/// Forgets what a walk had seen before it was broken off.
pub(super) fn forget(seen: &mut Seen) {
    if Sabotage::ResumeForgetsSeen.is_on() {
        *seen = Seen::default();
    }
}
