//! What others are given (the role that reads, the publication): made where the right is there, and said where it is not.

use crate::store::{MissingShare, Store};

/// Makes what may be made; returns what is still missing. That something is missing stops nobody from mirroring.
pub(super) async fn share(store: &Store) -> Vec<MissingShare> {
    match store.share().await {
        Ok(missing) => {
            if !missing.is_empty() {
                tracing::info!(
                    statements = missing.len(),
                    "the role revox_reader or the publication revox_mirror is not complete; revox-mirror check says what an administrator can do"
                );
            }
            missing
        }
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "it is not known what others may read; revox-mirror check tries again"
            );
            Vec::new()
        }
    }
}

/// What an administrator can do about what this user may not; none when nothing is missing.
pub(super) fn advice(missing: &[MissingShare]) -> Option<String> {
    if missing.is_empty() {
        return None;
    }
    let statements: Vec<String> = missing.iter().map(|missing| format!("  {};", missing.statement)).collect();
    Some(format!(
        "The mirror works without them; the role revox_reader is for BI tools (docs/bi.md), the publication revox_mirror for other \
         databases that follow (docs/scaling.md). As an administrator, in this database:\n{}",
        statements.join("\n")
    ))
}

/// What `check` says.
pub(super) fn finding(missing: &[MissingShare]) -> String {
    if missing.is_empty() {
        return "the role revox_reader may read the tables, and the publication revox_mirror has them all"
            .to_owned();
    }
    if missing.iter().all(|missing| missing.may) {
        return "the role revox_reader and the publication revox_mirror are completed by the next run, or by \
                `revox-mirror migrate`"
            .to_owned();
    }
    let statements: Vec<MissingShare> = missing.iter().filter(|missing| !missing.may).cloned().collect();
    format!(
        "the role revox_reader or the publication revox_mirror is not complete.\n{}",
        advice(&statements).unwrap_or_default()
    )
}
